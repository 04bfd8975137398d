// Execution traces: what the Ps did, profiles, latencies.
function duration(ns) {
  for (const [size, unit] of [[1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) if (ns >= size) {
    const value = ns / size;
    return (value >= 100 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)))) + " " + unit;
  }
  return ns + " ns";
}

// A row per P, filled from below by what it did: an image, for ten thousand shapes would take a second. A
// transparent heat map lies below it for the hover.
function lanes(made, line, axis, yaxis, high) {
  const { rows, x, states } = line.lanes, edges = [...x, line.end], count = rows.length;
  const step = count > 12 ? 4 : 1;
  Object.assign(yaxis, { range: [0, count], tickvals: rows.map((_, i) => count - i - 0.5).filter((_, i) => i % step === 0), ticktext: rows.filter((_, i) => i % step === 0), showgrid: false, rangemode: undefined, nticks: undefined });
  heading(made, high, "<b>Ps</b>" + (narrow() ? "" : ", share of each slice of time") + (narrow() ? "<br>" : "&nbsp;&nbsp;&nbsp;") + states.map(([kind, words]) => '<span style="color:' + colour("k-" + kind) + '">■ ' + words + "</span>").join("&nbsp;&nbsp;"));
  made.layout.images = [{ source: painted(line.lanes, edges), xref: "x", yref: axis, x: 0, y: count, sizex: line.end, sizey: count, sizing: "stretch", layer: "above" }];
  const words = rows.map((name, p) => x.map((_, i) => {
    const used = states.map(s => s[2][p][i]);
    return name + ": " + states.map((s, n) => used[n] ? used[n] + " % " + s[1] + ", " : "").join("") + Math.max(100 - used.reduce((a, b) => a + b), 0) + " % idle";
  }));
  made.data.push({ type: "heatmap", yaxis: axis, x: edges, y: rows.map((_, i) => count - i - 0.5), z: rows.map(() => x.map(() => 0)), text: words, showscale: false, colorscale: [[0, "rgba(0,0,0,0)"], [1, "rgba(0,0,0,0)"]], hovertemplate: "%{text}<br>%{x} " + line.unit + "<extra></extra>" });
}

function painted({ rows, states }, edges) {
  const canvas = document.createElement("canvas"), pen = canvas.getContext("2d");
  const lane = rows.length > 12 ? 28 : 48, gap = lane / 8, tall = lane - gap, end = edges.at(-1);
  canvas.width = 2 * (edges.length - 1);
  canvas.height = lane * rows.length;
  const at = edges.map(edge => Math.round(edge / end * canvas.width));
  pen.fillStyle = colour("faint");
  rows.forEach((_, p) => pen.fillRect(0, p * lane + gap, canvas.width, tall));
  const floor = rows.map(() => new Float64Array(edges.length - 1));
  for (const [kind, , shares] of states) {
    pen.fillStyle = colour("k-" + kind);
    shares.forEach((row, p) => row.forEach((share, i) => {
      if (!share) return;
      const height = tall * Math.min(share, 100 - floor[p][i]) / 100;
      pen.fillRect(at[i], (p + 1) * lane - tall * floor[p][i] / 100 - height, at[i + 1] - at[i], height);
      floor[p][i] += share;
    }));
  }
  return canvas.toDataURL();
}

function setUpTraceLine(part, line) {
  const element = part.querySelector(".traceline"), out = part.querySelector(".zoomout");
  out.hidden = false;
  out.addEventListener("click", () => Plotly.relayout(element, { "xaxis.range": [0, line.end] }));
  return () => chart(element, () => timelineChart(line));
}

// One icicle and one table for all profiles of a trace; the choice picks what both show.
function setUpProfiles(part, profiles) {
  const element = part.querySelector(".icicle"), choice = part.querySelector("select.state");
  const pictures = new Map(profiles.map(one => [one.kind, one]));
  const legend = part.querySelector(".legend");
  let picture = null;
  const choose = () => {
    const one = pictures.get(choice.value);
    picture = icicle(element, legend, one.tree, weight => one.timed ? duration(weight) : weight.toLocaleString("en") + " samples");
    colourChips(legend);
    for (const about of part.querySelectorAll(".about")) about.hidden = about.dataset.kind !== choice.value;
  };
  choose();
  choice.addEventListener("change", () => {
    choose();
    if (window.Plotly && element.data) { const made = picture.make(); Plotly.react(element, made.data, made.layout, config); }
  });
  setUpTable(part, words => picture.mark(words));
  return () => chart(element, () => picture.make());
}

function setUpLatencies(part, histograms) {
  const element = part.querySelector(".histogram"), choice = part.querySelector("select.choice");
  const make = () => {
    const [what, all, later] = histograms[choice.value];
    const traces = [[later ? "with the first wait of each goroutine" : what, all, "k-channel", "solid"]];
    if (later) traces.push(["without it", later, "k-lock", "dash"]);
    const most = Math.max(...traces.map(t => Math.max(...t[1][1])));
    // Where millions are short, the few long ones that matter would not be seen on an even scale.
    const steep = most > 1000, least = steep ? 0.5 : 0;
    const made = traces.map(([name, [edges, counts], shade, dash]) => ({ type: "scatter", mode: "lines", name: name, x: edges, y: [...counts, 0].map(n => Math.max(n, least)), fill: "tozeroy", fillcolor: colour(shade) + "44",
      line: { shape: "hv", color: colour(shade), width: 1.5, dash: dash }, text: [...counts, 0].map((n, i) => n.toLocaleString("en") + " took " + duration(edges[i]) + (i + 1 < edges.length ? " to " + duration(edges[i + 1]) : "")), hovertemplate: "%{text}" + (later ? "<br>" + name : "") + "<extra></extra>" }));
    const low = Math.min(...traces.map(t => t[1][0][0])), high = Math.max(...traces.map(t => t[1][0].at(-1)));
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) ticks.push(10 ** power);
    const wide = Math.max(Math.log10(high / low) * 0.03, 0.05);
    return { data: made, layout: layout({ height: 250, margin: { l: 50, r: 12, t: 24, b: 40 }, showlegend: Boolean(later), legend: { orientation: "h", x: 1, xanchor: "right", y: 1, yanchor: "bottom" },
      xaxis: { type: "log", range: [Math.log10(low) - wide, Math.log10(high) + wide], tickvals: ticks, ticktext: ticks.map(duration), gridcolor: colour("line"), title: { text: "how long, logarithmic" } },
      yaxis: { title: { text: what + (steep ? ", logarithmic" : "") }, gridcolor: colour("line"), fixedrange: true, ...(steep ? { type: "log", range: [Math.log10(least), Math.log10(most * 1.5)], dtick: most > 1e4 ? 2 : 1 } : { rangemode: "tozero", nticks: 5 }) } }) };
  };
  choice.addEventListener("change", () => { if (window.Plotly && element.data) { const made = make(); Plotly.newPlot(element, made.data, made.layout, config); } });
  setUpTable(part);
  return () => chart(element, make);
}

function setUpTraces(figures) {
  const jobs = [];
  const parts = (name, data, make) => document.querySelectorAll(name).forEach((part, i) => { if (data && data[i]) jobs.push(make(part, data[i])); });
  parts(".tracepart", figures.traces, setUpTraceLine);
  parts(".profilepart", figures.profiles, setUpProfiles);
  parts(".latencypart", figures.latencies, setUpLatencies);
  document.querySelectorAll(".tablepart").forEach(part => setUpTable(part));
  return jobs;
}
