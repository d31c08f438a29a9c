/* A tour of the watchlist: offered once per account and browser, never forced; "?" starts it again. */
"use strict";
(() => {
  const $ = (what) => document.querySelector(what);
  const box = $("#tour"), offer = $("#tour-offer");
  if (!box) return;
  const steps = JSON.parse(box.dataset.steps);
  const key = `xhcredit-tour ${box.dataset.who}`;
  let at = 0, before = null, seen = true;
  try { seen = localStorage.getItem(key) === "seen"; } catch { /* storage is shut: do not offer */ }

  function unlit() { document.querySelectorAll(".lit").forEach((e) => e.classList.remove("lit")); }
  function keep() { offer.hidden = true; try { localStorage.setItem(key, "seen"); } catch { /* as above */ } }
  const there = () => steps.filter((step) => $(step.at));  // a page may lack what one may not see

  function show(to) {
    const now = there();
    at = Math.max(0, Math.min(now.length - 1, to));
    const target = $(now[at].at);
    unlit();
    target.classList.add("lit");
    target.scrollIntoView({block: "center"});
    $("#tour-title").textContent = now[at].title;
    $("#tour-text").textContent = now[at].text;
    $("#tour-at").textContent = `${at + 1} / ${now.length}`;
    $("#tour [data-tour=back]").disabled = at === 0;
    const last = at === now.length - 1;
    $("#tour [data-tour=next]").hidden = last;
    $("#tour [data-tour=end]").textContent = last ? box.dataset.done : box.dataset.skip;
    box.focus();
  }
  function start() {
    const help = $("#help");
    if (help.open) help.close();
    before = document.activeElement;
    keep();
    box.hidden = false;
    show(0);
  }
  function end() {
    box.hidden = true;
    unlit();
    keep();
    ((before && before.isConnected && before !== document.body && before) || $("#main")).focus();
  }
  const deeds = {start, end, next: () => show(at + 1), back: () => show(at - 1), later: keep};
  document.addEventListener("click", (e) => {
    const on = e.target.closest("[data-tour]");
    if (on) deeds[on.dataset.tour]();
  });
  box.addEventListener("keydown", (e) => {
    const deed = {Escape: "end", ArrowRight: "next", ArrowLeft: "back"}[e.key];
    if (deed) { e.stopPropagation(); e.preventDefault(); deeds[deed](); }
  });
  function asked() {
    if (location.hash !== "#tour") return false;
    history.replaceState(history.state, "", location.pathname + location.search);
    start();
    return true;
  }
  window.addEventListener("hashchange", asked);
  if (!asked() && !seen) offer.hidden = false;
})();
