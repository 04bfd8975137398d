// One x axis for all rows: verdicts and findings, queues, and a row per unit.
const CURVES = [["k-channel", "solid"], ["k-lock", "solid"], ["k-io", "solid"], ["soft", "dot"]];
const LEVEL_PATTERN = { ok: "", warning: "/", critical: "x", unknown: "." };
const SYMBOL = { info: "circle", warning: "triangle-up", critical: "x" };

function timelineChart(line) {
  const rows = [];
  if (line.stretches.length || line.marks.length) rows.push({ kind: "strip", height: 26 + 22 * verdictNames(line).length });
  if (line.lanes) rows.push({ kind: "lanes", height: Math.max(line.lanes.rows.length * (line.lanes.rows.length > 12 ? 14 : 24), 48) });
  if (line.queues) rows.push({ kind: "heat", height: Math.min(60 + 16 * line.queues.rows.length, 230) });
  for (const panel of line.panels) rows.push({ kind: "panel", panel: panel, height: 96 });
  const gap = 34, total = rows.reduce((sum, row) => sum + row.height + gap, 0);
  const made = { data: [], layout: layout({
    height: total + 60, margin: { l: narrow() ? 60 : 66, r: narrow() ? 12 : 24, t: 8, b: 40 }, dragmode: "zoom", hovermode: "closest", bargap: 0.15,
    barmode: "overlay", annotations: [],
    shapes: (line.marking || []).map(([from, to]) => ({ type: "rect", xref: "x", yref: "paper", x0: from, x1: to, y0: 0, y1: 1, fillcolor: colour("k-gc"), opacity: 0.18, line: { width: 0 }, layer: "below" })),
    xaxis: { range: [0, line.end || 1], title: { text: (line.unit === "ms" ? "milliseconds" : "seconds") + " since the start" + (line.unit ? " of the trace" : "") }, showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "dot", spikecolor: colour("soft"), spikesnap: "cursor", gridcolor: colour("line"), zeroline: false, anchor: "free", position: 0, ticks: "outside", tickcolor: colour("line") },
  }) };
  let top = 1;
  rows.forEach((row, i) => {
    const high = top - gap / total, low = high - row.height / total;
    top = low;
    const axis = "y" + (i ? i + 1 : "");
    made.layout["yaxis" + (i ? i + 1 : "")] = { domain: [Math.max(low, 0), high], fixedrange: true, zeroline: false, gridcolor: colour("line"), automargin: false, rangemode: "tozero", nticks: 4, tickfont: { size: 10.5 } };
    const ytitle = made.layout["yaxis" + (i ? i + 1 : "")];
    if (row.kind === "strip") strip(made, line, axis, ytitle, high);
    else if (row.kind === "lanes") lanes(made, line, axis, ytitle, high);
    else if (row.kind === "heat") heat(made, line.queues, axis, ytitle, high);
    else panelRow(made, row.panel, axis, ytitle, high, line.unit || "s");
  });
  return made;
}

const verdictNames = line => [...new Set(line.stretches.map(s => s.verdict)), ...(line.marks.length ? ["findings"] : [])];
const heading = (made, high, text) => made.layout.annotations.push({ xref: "paper", yref: "paper", x: 0, y: high, xanchor: "left", yanchor: "bottom", showarrow: false, text: text, font: { size: 12 }, align: "left", bgcolor: colour("card") });

function strip(made, line, axis, yaxis, high) {
  const names = verdictNames(line);
  Object.assign(yaxis, { type: "category", categoryorder: "array", categoryarray: names.slice().reverse(), range: [-0.5, names.length - 0.5], showgrid: false, rangemode: undefined, nticks: undefined });
  heading(made, high, "<b>Verdicts and findings</b>");
  for (const name of names) for (const level of Object.keys(LEVEL_PATTERN)) {
    const own = line.stretches.filter(s => s.verdict === name && s.level === level);
    if (!own.length) continue;
    made.data.push({ type: "bar", orientation: "h", yaxis: axis, base: own.map(s => s.start), x: own.map(s => Math.max(s.end - s.start, line.end / 400)), y: own.map(() => name),
      text: own.map(s => s.end - s.start > line.end * (narrow() ? 0.2 : 0.07) ? plain(s.state) : ""), textposition: "inside", insidetextanchor: "start", constraintext: "none", cliponaxis: true, textangle: 0,
      textfont: { color: colour("ink"), size: 11 }, hovertemplate: own.map(s => plain(name + ": " + s.state + ", " + s.start + " to " + s.end + " s") + "<extra></extra>"),
      marker: { color: colour(level + "-tint") || colour("faint"), line: { color: colour(level), width: 1 },
        pattern: { shape: LEVEL_PATTERN[level], fgcolor: colour(level), fgopacity: 0.22, size: 6, fillmode: "overlay" } } });
  }
  if (!line.marks.length) return;
  made.data.push({ type: "scatter", mode: "markers", cliponaxis: false, yaxis: axis, x: line.marks.map(m => m.at), y: line.marks.map(() => "findings"),
    marker: { size: 11, symbol: line.marks.map(m => SYMBOL[m.severity]), color: line.marks.map(m => colour(m.severity)) },
    hovertemplate: line.marks.map(m => plain(m.severity + " " + m.rule) + "<br>" + plain(m.title) + "<br>" + m.at + " s<extra></extra>") });
  for (const mark of line.marks) made.layout.shapes.push({ type: "line", xref: "x", yref: "paper", x0: mark.at, x1: mark.at, y0: 0, y1: high, line: { color: colour(mark.severity), width: 1, dash: "dot" }, layer: "below" });
}

function heat(made, queues, axis, yaxis, high) {
  Object.assign(yaxis, { type: "category", showgrid: false, rangemode: undefined, autorange: "reversed", nticks: queues.rows.length > 14 ? 8 : undefined });
  heading(made, high, "<b>Run queues</b>, goroutines that wait" + (narrow() ? "" : " for each P" + (queues.rows.at(-1) === "global" ? ", and in the global queue" : "")));
  const most = Math.max(0, ...queues.z.map(row => Math.max(0, ...row)));
  made.data.push({ type: "heatmap", yaxis: axis, x: queues.x, y: queues.rows, z: queues.z, zmin: 0, zmax: Math.max(most, 16), zsmooth: false, hoverongaps: false, ygap: queues.rows.length < 30 ? 1 : 0,
    colorscale: [[0, colour("heat0")], [0.02, colour("heat0")], [0.25, colour("heat1")], [0.6, colour("heat2")], [1, colour("heat3")]],
    showscale: false, hovertemplate: "%{y}: %{z} wait<br>%{x} s<extra></extra>" });
  made.layout.annotations.push({ xref: "paper", yref: "paper", x: 1, y: high, xanchor: "right", yanchor: "bottom", showarrow: false, text: narrow() ? "" : "most: " + most.toLocaleString("en"), font: { size: 11, color: colour("soft") } });
}

function panelRow(made, panel, axis, yaxis, high, time) {
  const words = panel.curves.map((curve, i) => {
    const [name, dash] = CURVES[i % CURVES.length];
    const sign = panel.form === "points" ? "●○▲△"[i % 4] : dash === "dot" ? "┄" : "━";
    return '<span style="color:' + colour(name) + '">' + sign + " " + plain(curve.name) + "</span>";
  });
  heading(made, high, "<b>" + plain(panel.title) + "</b>" + (panel.unit ? ", " + panel.unit : "") + (panel.detail && !narrow() ? ", " + plain(panel.detail) : "") + (narrow() ? "<br>" : "&nbsp;&nbsp;&nbsp;") + words.join("&nbsp;&nbsp;"));
  panel.curves.forEach((curve, i) => {
    const [name, dash] = CURVES[i % CURVES.length];
    made.data.push({ type: "scatter", yaxis: axis, name: curve.name, x: curve.x, y: curve.y, mode: panel.form === "points" ? "markers" : curve.x.length < 3 ? "lines+markers" : "lines",
      line: { color: colour(name), width: 1.4, dash: dash, shape: panel.form === "steps" ? "hv" : "linear" },
      marker: { color: colour(name), size: 5, symbol: ["circle", "circle-open", "triangle-up", "triangle-up-open"][i % 4] },
      hovertemplate: plain(curve.name) + ": %{y} " + panel.unit + "<br>%{x} " + time + "<extra></extra>" });
  });
  if (narrow()) yaxis.nticks = 3;
}

function setUpTimeline(lines) {
  const element = document.getElementById("timelinechart"), out = document.getElementById("zoomout"), choice = document.getElementById("process");
  let shown = choice ? Number(choice.value) : 0;
  const drawn = chart(element, () => timelineChart(lines[shown]));
  out.hidden = false;
  out.addEventListener("click", () => Plotly.relayout(element, { "xaxis.range": [0, lines[shown].end || 1] }));
  if (choice) choice.addEventListener("change", () => {
    shown = Number(choice.value);
    const made = timelineChart(lines[shown]);
    Plotly.newPlot(element, made.data, made.layout, config);
  });
  return drawn;
}
