"use strict";
// Theme, search, sorting: all that works on the page itself, without charts.
const root = document.documentElement;
const themed = [];  // what is to be drawn again when the colours change

function setTheme(name) {
  root.dataset.theme = name;
  const button = document.getElementById("theme");
  button.textContent = name === "dark" ? "Light" : "Dark";
  button.setAttribute("aria-label", "Switch to " + button.textContent.toLowerCase() + " colours");
  for (const draw of themed) draw();
}

// Paper is narrower than most screens, and a chart does not notice by itself. In CSS pixels: A4 and Letter hold 690.
const PAPER = 690, HALF = 330;
function fitCharts(width) {
  for (const drawn of document.querySelectorAll(".js-plotly-plot")) {
    if (width === null) Plotly.relayout(drawn, { autosize: true, width: null });
    else if (drawn.clientWidth) Plotly.relayout(drawn, { autosize: false, width: drawn.closest(".pair") ? HALF : width });
  }
}

function setUpTheme() {
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("goscope-theme"); } catch { /* files may have no storage */ }
  setTheme(chosen === "dark" || chosen === "light" ? chosen : system.matches ? "dark" : "light");
  system.addEventListener("change", () => { if (!chosen) setTheme(system.matches ? "dark" : "light"); });
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    chosen = root.dataset.theme === "dark" ? "light" : "dark";
    setTheme(chosen);
    try { localStorage.setItem("goscope-theme", chosen); } catch { /* see above */ }
  });
  let before = null;
  addEventListener("beforeprint", () => { before = root.dataset.theme; if (before === "dark") setTheme("light"); fitCharts(PAPER); });
  addEventListener("afterprint", () => { if (before === "dark") setTheme(before); fitCharts(null); });
}

function colourChips(part) {
  for (const chip of part.querySelectorAll(".chip")) chip.style.background = "var(--k-" + chip.dataset.kind + ", var(--k-other))";
}

function setUpTable(part, onFilter = () => {}) {
  const body = part.querySelector(".sortable tbody");
  const rows = [...body.rows];
  const search = part.querySelector(".search"), state = part.querySelector("select.state"), found = part.querySelector(".found");
  colourChips(part);

  for (const button of part.querySelectorAll(".sortable th button")) button.addEventListener("click", () => {
    const th = button.closest("th"), key = button.dataset.key;
    const numbers = th.classList.contains("n");
    const now = th.getAttribute("aria-sort");
    const descending = now ? now === "ascending" : numbers;
    for (const other of part.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
    th.setAttribute("aria-sort", descending ? "descending" : "ascending");
    const sign = descending ? -1 : 1;
    rows.sort((a, b) => sign * (numbers ? a.dataset[key] - b.dataset[key]
      : a.dataset[key] < b.dataset[key] ? -1 : a.dataset[key] > b.dataset[key] ? 1 : 0));
    body.append(...rows);
  });

  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let groups = 0, goroutines = 0;
    for (const row of rows) {
      const fits = (!state.value || row.dataset.state === state.value) && words.every(word => row.dataset.search.includes(word));
      row.hidden = !fits;
      if (fits) { groups++; goroutines += Number(row.dataset.count); }
    }
    const active = words.length > 0 || state.value !== "";
    found.textContent = active ? goroutines.toLocaleString("en") + " " + (part.dataset.counted || "goroutines") + " in " + groups + " " + (part.dataset.grouped || "groups") : "";
    onFilter(words);
  };
  search.addEventListener("input", filter);
  state.addEventListener("change", filter);
  if (state.value) filter();  // where one kind is always chosen
}
