// An icicle of stacks; what is searched for is marked in it. ``spoken`` words the weight of a node.
function icicle(element, legend, tree, spoken) {
  const ids = tree.names.map((_, i) => String(i)), parents = tree.parents.map(p => p < 0 ? "" : String(p));
  const full = tree.names.map((name, i) => tree.full[i] || name);
  const lower = full.map(name => name.toLowerCase());
  const depth = [0];
  for (let i = 1; i < parents.length; i++) depth[i] = depth[tree.parents[i]] + 1;
  const levels = Math.min(depth.reduce((a, b) => Math.max(a, b), 0) + 1, 14);
  let words = [];
  const colours = () => tree.kinds.map((kind, i) => {
    if (!words.length) return kindColour(i ? kind : "mixed");
    return words.every(word => lower[i].includes(word)) ? colour("warning") : colour("faint");
  });
  legend.replaceChildren(...[...new Set(tree.kinds)].map(kind => legendItem(kind, kind === "mixed" ? "several" : kind.replace("_", " "))));
  return {
    make: () => {
      legend.hidden = false;
      return { data: [{ type: "icicle", ids: ids, labels: tree.names.map(plain), parents: parents, values: tree.counts, text: tree.counts.map(spoken), branchvalues: "total", sort: true,
      maxdepth: levels, tiling: { orientation: "v", pad: 1 }, marker: { colors: colours(), line: { width: 0 } }, pathbar: { visible: true, thickness: 20, textfont: { size: 11 } },
      texttemplate: "%{label} %{text}", textfont: { size: 11.5 }, root: { color: colour("k-mixed") }, leaf: { opacity: 1 },
      hovertemplate: full.map((name, i) => plain(name) + "<br>" + spoken(tree.counts[i], true) + (tree.mixtures[i] ? "<br>" + plain(tree.mixtures[i]) : "") + "<extra></extra>") }],
      layout: layout({ height: 44 + 27 * levels, margin: { l: 0, r: 0, t: 22, b: 0 }, uniformtext: { minsize: 9, mode: "hide" } }) };
    },
    mark: found => {
      words = found;
      if (window.Plotly && element.data) Plotly.restyle(element, { "marker.colors": [colours()] });
    },
  };
}

// The icicle of the goroutines, and the two small charts below the table of groups.
function setUpGoroutines(part, figures) {
  const element = part.querySelector(".icicle");
  const picture = icicle(element, part.querySelector(".legend"), figures.tree, (count, whole) => count.toLocaleString("en") + (whole ? " goroutines" : ""));
  const jobs = [() => chart(element, picture.make)];
  const states = part.querySelector(".states");
  if (states) for (const [name, , kind] of figures.states.rows) states.nextElementSibling.append(legendItem(kind, name));
  setUpTable(part, picture.mark);
  if (states) jobs.push(() => chart(states, () => ({
    data: figures.states.rows.map(([name, counts, kind]) => ({ type: "bar", name: plain(name), x: counts.map((_, i) => i + 1), y: counts, marker: { color: kindColour(kind), line: { width: 0.5, color: colour("card") } },
      hovertemplate: plain(name) + ": %{y}<extra></extra>" })),
    layout: layout({ barmode: "stack", height: 230, margin: { l: 44, r: 8, t: 8, b: 34 }, 
      xaxis: { title: { text: "dump" }, dtick: figures.states.dumps.length < 15 ? 1 : undefined, fixedrange: true }, yaxis: { gridcolor: colour("line"), fixedrange: true } }) })));
  const waits = part.querySelector(".waits");
  if (waits) jobs.push(() => chart(waits, () => ({
    data: [{ type: "bar", orientation: "h", y: figures.waits.map(w => w[0]), x: figures.waits.map(w => w[1]), text: figures.waits.map(w => w[1] ? w[1].toLocaleString("en") : ""), textposition: "auto", cliponaxis: false,
      marker: { color: colour("k-channel") }, hovertemplate: "%{y}: %{x}<extra></extra>" }],
    layout: layout({ height: 230, margin: { l: 170, r: 30, t: 8, b: 24 }, yaxis: { autorange: "reversed", fixedrange: true }, xaxis: { gridcolor: colour("line"), fixedrange: true } }) })));
  return jobs;
}

function legendItem(kind, words) {
  const item = document.createElement("span"), chip = document.createElement("span");
  chip.className = "chip";
  chip.dataset.kind = kind;
  item.append(chip, words);
  return item;
}
