/* A calm reveal, the same for everybody: one line after the other, in the order of the record. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const rows = [...document.querySelectorAll("[data-reveal]")];
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const button = document.getElementById("reveal");
  if (!button) return;
  button.addEventListener("click", () => {
    button.disabled = true;
    rows.forEach((row, i) => {
      const show = () => {
        row.hidden = false;
      };
      if (still) show();
      else setTimeout(show, Math.min(400 * i, (12000 * (i + 1)) / rows.length));
    });
  });
});
