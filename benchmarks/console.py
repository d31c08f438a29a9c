"""``python -m benchmarks.console [size]``: S15, the watchlist in a real Chromium.

Two nights of a district answer; somebody logs in and filters.  Of each filter the time from its
change until the new table has been painted is taken, first when nobody asked it before and then
again.  First load: requests and bytes, packed and not.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.data import ensure, warehouse
from benchmarks.runner import OUT
from benchmarks.serving import server, show

NIGHTS = (date(2026, 5, 31), date(2026, 6, 30))
PORT = 8946
ROUNDS = 5
PASSWORD = "fort-Linde-9-Ufer"
#: name, control, value
FILTERS = (
    ("tier D", "input[name=tier][value=D]", None), ("tier B", "input[name=tier][value=B]", None),
    ("worse since the last run", "#moved", "worse"), ("micro", "#size", "micro"),
    ("food", "#field", "x_food"), ("a part of a name", "#search", "商行"),
    ("a rare name", "#search", "000123"), ("nobody's name", "#search", "没有此名"),
)  # fmt: skip
#: milliseconds from a change to the painted table
_TIMED = """([what, value]) => new Promise((done) => {
  const on = document.querySelector(what), begun = performance.now();
  document.addEventListener("htmx:after:swap", () => requestAnimationFrame(() =>
    setTimeout(() => done(performance.now() - begun), 0)), {once: true});
  if (value === null) on.checked = !on.checked; else on.value = value;
  on.dispatchEvent(new Event("change", {bubbles: true}));
})"""


@dataclass(frozen=True)
class Timed:
    """A filter: the first time it was ever asked, and when asked again; milliseconds."""

    filter: str
    rows: str
    first: float
    again: float
    worst: float


def make_store(size: int) -> Path:
    """A store with two nights of a district, and somebody who may look; made once."""
    folder = OUT / "console" / f"e{size}"
    store, ready = folder / "store.db", folder / "ready"
    if ready.exists():
        return store
    ensure(size)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    program = [sys.executable, "-m", "xhcredit.cli.main", "score", "--store", str(store)]
    for day in NIGHTS:
        where = ["--warehouse", str(warehouse(size)), "--out", str(folder / "night")]
        words = [*program, "--as-of", str(day), *where, "--no-alerts"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    _let_in(store)
    ready.touch()
    return store


def _let_in(store: Path) -> None:
    from pwdlib import PasswordHash

    from xhcredit.store.core.transactions import Act
    from xhcredit.store.store import Store

    act = Act("benchmark", "account.new", "benchmark")
    with Store.open(str(store)) as opened:
        hashed = PasswordHash.recommended().hash(PASSWORD)
        opened.access.add_user(act, "wang", "王芳", hashed, must_change=False)
        opened.access.grant(act, "wang", "draw_officer", "*")


def filtered(page: Any) -> list[Timed]:
    """Every filter on a page without filters, the first time and then in turns."""
    timings = []
    for name, what, value in FILTERS:
        times, rows = [], ""
        for _ in range(ROUNDS + 1):
            page.goto("/console/watchlist")
            page.wait_for_load_state("networkidle")
            times.append(page.evaluate(_TIMED, [what, value]))
            caption = page.locator("caption")
            rows = caption.inner_text().split()[0] if caption.count() else "0"
        again = times[1:]
        timings.append(
            Timed(name, rows, *(round(t) for t in (times[0], median(again), max(again))))
        )
    return timings


def first_load(page: Any) -> dict[str, Any]:
    """Requests and bytes of the first page, nothing kept from before."""
    loaded: list[Any] = []
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")

    def take(answer: Any) -> None:
        loaded.append(answer)

    page.on("response", take)
    begun = time.perf_counter()
    page.goto("/console/watchlist")
    page.wait_for_load_state("networkidle")
    page.remove_listener("response", take)
    plain = sum(len(answer.body()) for answer in loaded)
    packed = sum(answer.request.sizes()["responseBodySize"] for answer in loaded)
    taken = round(1000 * (time.perf_counter() - begun))
    return {"requests": len(loaded), "kb": plain // 1000, "packed_kb": packed // 1000, "ms": taken}


def visit(site: str) -> tuple[dict[str, Any], list[Timed]]:
    """Log in, load, filter."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no Chromium; on Debian: apt-get install chromium")
    with sync_playwright() as playwright:
        words = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=chromium, args=words)
        page = browser.new_page(base_url=site, viewport={"width": 1366, "height": 768})
        page.goto("/console/login")
        page.fill("#login", "wang")
        page.fill("#password", PASSWORD)
        page.click("main button")
        page.wait_for_url("**/console/watchlist**")
        page.wait_for_load_state("networkidle")
        visit_times = first_load(page), filtered(page)
        browser.close()
    return visit_times


def main() -> None:
    """Measure, print, keep in out/bench/console.json."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    store = make_store(size)
    site = f"http://127.0.0.1:{PORT}"
    command = (
        sys.executable,
        "-m",
        "xhcredit_serving.main",
        "--store",
        str(store),
        "--port",
        str(PORT),
    )
    with server(*command, ready_url=f"{site}/console/login"):
        load, rows = visit(site)
    show([load])
    show([asdict(row) for row in rows])
    report = {"size": size, "first_load": load, "filters": [asdict(row) for row in rows]}
    (OUT / "console.json").write_text(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
