// What all charts share: colours of the page, harmless text, sizes, and drawing again.
const colour = name => getComputedStyle(root).getPropertyValue("--" + name).trim();
const kindColour = kind => colour("k-" + kind) || colour("k-other");
const narrow = () => document.documentElement.clientWidth < 640;

// plotly reads its texts as a little HTML, and %{...} as a field. Names of the input must be neither.
const plain = text => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/%\{/g, "%\u200b{");

const font = size => ({ family: getComputedStyle(document.body).fontFamily, size: size, color: colour("ink") });
const hover = () => ({ bgcolor: colour("card"), bordercolor: colour("soft"), font: { ...font(12), family: "ui-monospace, Menlo, Consolas, monospace" }, align: "left", namelength: -1 });
const config = { displaylogo: false, responsive: true, displayModeBar: false, showTips: false, doubleClick: "reset" };

function layout(more) {
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: font(12), showlegend: false, hoverlabel: hover(), ...more };
}

// Draws now, and again when the colours change. The figures stay; only the look is made anew.
function chart(element, make) {
  const draw = () => { const made = make(); return Plotly.react(element, made.data, made.layout, config); };
  themed.push(draw);
  return draw();
}
