/* A tour of the watchlist: offered once per account and browser, never forced; "?" starts it again. */
"use strict";
(() => {
  const $ = (what) => document.querySelector(what);
  const box = $("#tour"),
    offer = $("#tour-offer");
  if (!box) return;
  const steps = JSON.parse(box.dataset.steps);
  const key = `xhcredit-tour ${box.dataset.who}`;
  let position = 0,
    before = null,
    wasSeen = true;
  try {
    wasSeen = localStorage.getItem(key) === "seen";
  } catch {
    /* storage is shut: do not offer */
  }

  function unlit() {
    for (const element of document.querySelectorAll(".lit")) element.classList.remove("lit");
  }
  function keep() {
    offer.hidden = true;
    try {
      localStorage.setItem(key, "seen");
    } catch {
      /* as above */
    }
  }
  const reachableSteps = () => steps.filter((step) => $(step.target)); // a page may lack what one may not see

  function show(to) {
    const reachable = reachableSteps();
    position = Math.max(0, Math.min(reachable.length - 1, to));
    const target = $(reachable[position].target);
    unlit();
    target.classList.add("lit");
    target.scrollIntoView({ block: "center" });
    $("#tour-title").textContent = reachable[position].title;
    $("#tour-text").textContent = reachable[position].text;
    $("#tour-at").textContent = `${position + 1} / ${reachable.length}`;
    $("#tour [data-tour=back]").disabled = position === 0;
    const last = position === reachable.length - 1;
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
    ((before?.isConnected && before !== document.body && before) || $("#main")).focus();
  }
  const deeds = {
    start,
    end,
    next: () => show(position + 1),
    back: () => show(position - 1),
    later: keep,
  };
  document.addEventListener("click", (e) => {
    const on = e.target.closest("[data-tour]");
    if (on) deeds[on.dataset.tour]();
  });
  box.addEventListener("keydown", (e) => {
    const deed = { Escape: "end", ArrowRight: "next", ArrowLeft: "back" }[e.key];
    if (deed) {
      e.stopPropagation();
      e.preventDefault();
      deeds[deed]();
    }
  });
  function startsByAddress() {
    if (location.hash !== "#tour") return false;
    history.replaceState(history.state, "", location.pathname + location.search);
    start();
    return true;
  }
  window.addEventListener("hashchange", startsByAddress);
  if (!startsByAddress() && !wasSeen) offer.hidden = false;
})();
