/* What pages need beside htmx: charts from data, a drawer, keys. No inline script anywhere. */
"use strict";
(() => {
  const $ = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  /* Colours stand in console.css alone: charts name them, --chart-<name>. */
  const styles = getComputedStyle(document.documentElement);
  const colour = (name) => styles.getPropertyValue(`--chart-${name}`).trim();

  /* A chart is an element with data-chart:
     {kind, x: [...], series: [{name, points, colour or colours}], links: [...], unit} */
  function option(chartSpec) {
    const { kind, flat } = chartSpec;
    const severalSeries = chartSpec.series.length > 1;
    const axisLabel = { color: colour("axis") };
    const category = { type: "category", data: chartSpec.x, axisTick: { show: false }, axisLabel };
    const value = {
      type: "value",
      name: chartSpec.unit || "",
      min: chartSpec.min,
      max: chartSpec.max,
      axisLabel,
    };
    const series = chartSpec.series.map((line) => ({
      name: line.name,
      type: kind,
      barMaxWidth: 42,
      symbolSize: 7,
      stack: chartSpec.stack ? "all" : undefined,
      data: line.points.map((point, i) =>
        line.colours ? { value: point, itemStyle: { color: colour(line.colours[i]) } } : point,
      ),
      itemStyle: { color: colour(line.colour || "1") },
      label: {
        show: kind === "bar" && chartSpec.labels !== false,
        position: flat ? "right" : "top",
        color: colour("label"),
      },
    }));
    return {
      animation: false,
      aria: { enabled: true },
      color: ["1", "2", "3", "4"].map(colour),
      grid: {
        left: 8,
        right: flat ? 40 : 16,
        top: severalSeries ? 34 : 26,
        bottom: 4,
        outerBoundsMode: "same",
      },
      tooltip: { trigger: kind === "scatter" ? "item" : "axis", confine: true },
      legend: severalSeries ? { top: 0, textStyle: { color: colour("label") } } : undefined,
      xAxis: flat ? value : category,
      yAxis: flat ? { ...category, inverse: true } : value,
      series,
    };
  }

  function draw(element) {
    if (!window.echarts || window.echarts.getInstanceByDom(element)) return;
    const chartSpec = JSON.parse(element.dataset.chart);
    const chart = window.echarts.init(element, null, { renderer: "svg" });
    chart.setOption(option(chartSpec));
    if (chartSpec.links)
      chart.on("click", (e) => {
        const address = chartSpec.links[e.dataIndex];
        if (address) location.assign(address);
      });
    new ResizeObserver(() => chart.resize()).observe(element);
  }

  const charts = (from) => all("[data-chart]", from || document).forEach(draw);

  /* The drawer: opened by htmx filling it, closed by Esc or its button; focus goes back. */
  let before = null;
  function opened(drawer) {
    before = before || document.activeElement;
    drawer.hidden = false;
    const first = $("h2, button, a", drawer);
    if (first) {
      first.setAttribute("tabindex", "-1");
      first.focus();
    }
  }
  function closed() {
    const drawer = $("#drawer");
    if (!drawer || drawer.hidden) return false;
    drawer.hidden = true;
    drawer.innerHTML = "";
    if (before) before.focus();
    before = null;
    return true;
  }

  /* Keys: / search, j k rows, Enter opens, Esc closes, ? help. Never while one writes. */
  const writing = (e) =>
    /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey;
  function step(by) {
    const rows = all("tbody tr[data-row]");
    if (!rows.length) return;
    const current = rows.findIndex((r) => r.classList.contains("on"));
    const next = rows[Math.max(0, Math.min(rows.length - 1, current + by))];
    for (const row of rows) row.classList.remove("on");
    next.classList.add("on");
    const link = $("a", next);
    if (link) link.focus();
    next.scrollIntoView({ block: "nearest" });
  }
  const keys = {
    "/": () => {
      const box = $("#search");
      if (box) box.focus();
    },
    j: () => step(1),
    k: () => step(-1),
    "?": () => {
      const help = $("#help");
      if (help) help.showModal();
    },
  };
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") {
      if (closed()) e.preventDefault();
      return;
    }
    if (writing(e) || !keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });
  document.addEventListener("click", (e) => {
    const control = e.target.closest("[data-close], [data-print], [data-help], [data-all]");
    const languageLink = e.target.closest("a[data-language]");
    if (languageLink) {
      // htmx may have put other filters into the address since
      const address = new URL(location.href);
      address.searchParams.set("lang", languageLink.dataset.language);
      languageLink.href = address;
    }
    if (!control) return;
    if ("close" in control.dataset) closed();
    if ("print" in control.dataset) window.print();
    if ("help" in control.dataset) keys["?"]();
    if ("all" in control.dataset)
      for (const box of all(`input[name="${control.dataset.all}"]`)) box.checked = control.checked;
  });
  document.addEventListener("htmx:after:swap", () => {
    const drawer = $("#drawer");
    if (drawer?.innerHTML.trim()) opened(drawer);
    charts();
  });
  window.htmx.process(document.body); // its own start comes later than a user's first key may
  document.addEventListener("DOMContentLoaded", () => charts());
  if (document.readyState !== "loading") charts();
})();
