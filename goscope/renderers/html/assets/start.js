// The script of plotly.js, from the compressed text in the page.
async function decompress(base64) {
  const letters = atob(base64), bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i++) bytes[i] = letters.charCodeAt(i);
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

(async () => {
  const figures = JSON.parse(document.getElementById("data").textContent);
  setUpTheme();
  const jobs = [];
  if (figures.timelines) jobs.push(() => setUpTimeline(figures.timelines));
  (figures.goroutines || []).forEach((one, i) => jobs.push(...setUpGoroutines(document.querySelector('.process[data-part="' + i + '"]'), one)));
  jobs.push(...setUpTraces(figures));
  root.dataset.ready = "page";
  root.dataset.interactive = String(Math.round(performance.now()));
  const packed = document.getElementById("plotly");
  if (!packed) return;
  try {
    const code = await decompress(packed.textContent);
    const script = document.createElement("script");
    script.textContent = code;
    document.head.append(script);
    if (!window.Plotly) throw new Error("plotly.js did not start");
    for (const job of jobs) { await job(); await new Promise(resolve => setTimeout(resolve)); }
    root.dataset.drawn = String(Math.round(performance.now()));
    root.dataset.ready = "charts";
  } catch (error) {
    document.getElementById("nocharts").hidden = false;
    for (const element of document.querySelectorAll(".chart:empty")) element.hidden = true;
    root.dataset.ready = "failed";
    root.dataset.problem = String(error);
  }
})();
