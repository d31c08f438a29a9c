/* What pages need beside htmx: charts from data, a drawer, keys. No inline script anywhere. */
"use strict";
(() => {
  const COLOURS = {A: "#1b6e3c", B: "#1a5aa8", C: "#8a5a00", D: "#b3261e"};
  const $ = (what, from = document) => from.querySelector(what);
  const all = (what, from = document) => [...from.querySelectorAll(what)];

  /* A chart is an element with data-chart: {kind, x: [...], series: [{name, data, colours}], links: [...], unit} */
  function option(told) {
    const bar = told.kind === "bar";
    const category = {type: "category", data: told.x, axisTick: {show: false}, axisLabel: {color: "#3b4654"}};
    const value = {type: "value", name: told.unit || "", min: told.min, max: told.max, axisLabel: {color: "#3b4654"}};
    const series = told.series.map((one) => ({
      name: one.name, type: told.kind, barMaxWidth: 42, symbolSize: 7, stack: told.stack ? "all" : undefined,
      data: one.data.map((v, i) => one.colours
        ? {value: v, itemStyle: {color: COLOURS[one.colours[i]] || one.colours[i]}} : v),
      itemStyle: {color: COLOURS[one.colour] || one.colour || "#1d5aa6"},
      label: {show: bar && told.labels !== false, position: told.flat ? "right" : "top", color: "#1b2430"},
    }));
    return {
      animation: false, aria: {enabled: true}, color: ["#1d5aa6", "#b35900", "#1b6e3c", "#7a3e9d"],
      grid: {left: 8, right: told.flat ? 40 : 16, top: told.series.length > 1 ? 34 : 26, bottom: 4, outerBoundsMode: "same"},
      tooltip: {trigger: told.kind === "scatter" ? "item" : "axis", confine: true},
      legend: told.series.length > 1 ? {top: 0, textStyle: {color: "#1b2430"}} : undefined,
      xAxis: told.flat ? value : category, yAxis: told.flat ? {...category, inverse: true} : value, series,
    };
  }

  function draw(element) {
    if (!window.echarts || window.echarts.getInstanceByDom(element)) return;
    const told = JSON.parse(element.dataset.chart);
    const chart = window.echarts.init(element, null, {renderer: "svg"});
    chart.setOption(option(told));
    if (told.links) chart.on("click", (e) => { const to = told.links[e.dataIndex]; if (to) location.assign(to); });
    new ResizeObserver(() => chart.resize()).observe(element);
  }

  const charts = (from) => all("[data-chart]", from || document).forEach(draw);

  /* The drawer: opened by htmx filling it, closed by Esc or its button; focus goes back. */
  let before = null;
  function opened(drawer) {
    before = before || document.activeElement;
    drawer.hidden = false;
    const first = $("h2, button, a", drawer);
    if (first) { first.setAttribute("tabindex", "-1"); first.focus(); }
  }
  function closed() {
    const drawer = $("#drawer");
    if (!drawer || drawer.hidden) return false;
    drawer.hidden = true; drawer.innerHTML = "";
    if (before) before.focus();
    before = null;
    return true;
  }

  /* Keys: / search, j k rows, Enter opens, Esc closes, ? help. Never while one writes. */
  const writing = (e) => /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey;
  function step(by) {
    const rows = all("tbody tr[data-row]");
    if (!rows.length) return;
    const now = rows.findIndex((r) => r.classList.contains("on"));
    const next = rows[Math.max(0, Math.min(rows.length - 1, now + by))];
    rows.forEach((r) => r.classList.remove("on"));
    next.classList.add("on");
    const link = $("a", next);
    if (link) link.focus();
    next.scrollIntoView({block: "nearest"});
  }
  const keys = {
    "/": () => { const box = $("#search"); if (box) box.focus(); },
    j: () => step(1), k: () => step(-1),
    "?": () => { const help = $("#help"); if (help) help.showModal(); },
  };
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { if (closed()) e.preventDefault(); return; }
    if (writing(e) || !keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });
  document.addEventListener("click", (e) => {
    const on = e.target.closest("[data-close], [data-print], [data-help], [data-all]");
    const speaks = e.target.closest("a[data-language]");
    if (speaks) {  // htmx may have put other filters into the address since
      const to = new URL(location.href);
      to.searchParams.set("lang", speaks.dataset.language);
      speaks.href = to;
    }
    if (!on) return;
    if ("close" in on.dataset) closed();
    if ("print" in on.dataset) window.print();
    if ("help" in on.dataset) keys["?"]();
    if ("all" in on.dataset) all(`input[name="${on.dataset.all}"]`).forEach((box) => { box.checked = on.checked; });
  });
  document.addEventListener("htmx:after:swap", () => {
    const drawer = $("#drawer");
    if (drawer && drawer.innerHTML.trim()) opened(drawer);
    charts();
  });
  window.htmx.process(document.body);  // its own start comes later than a user's first key may
  document.addEventListener("DOMContentLoaded", () => charts());
  if (document.readyState !== "loading") charts();
})();
