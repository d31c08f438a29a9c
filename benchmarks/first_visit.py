"""``python -m benchmarks.first_visit [size]``: S21, what the first visitor after a night waits for.

Two nights of a district are published as a timer does; then the service starts.  Taken are the
seconds from the start of the process to ``/readyz``, and for the watchlist and the files of three
enterprises the milliseconds of the first visit and of a second one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx2

from benchmarks.console import PASSWORD, make_store
from benchmarks.data import warehouse
from benchmarks.runner import OUT
from benchmarks.serving import server, show

PORT = 8947
TARGET_MS = 250  #: S21
SITE = f"http://127.0.0.1:{PORT}"


def codes(client: httpx2.Client) -> list[str]:
    """The first, the last and a middle enterprise of the riskiest fifty."""
    rows = client.get("/v1/watchlist", params={"limit": 50}).json()["enterprises"]
    return [rows[n]["code"] for n in (0, 25, 49)]


def taken_ms(client: httpx2.Client, page: str) -> int:
    """One visit."""
    begun = time.perf_counter()
    client.get(page).raise_for_status()
    return round(1000 * (time.perf_counter() - begun))


def visits(client: httpx2.Client, pages: list[str]) -> Iterator[dict[str, Any]]:
    """Each page twice."""
    for page in pages:
        first, second = (taken_ms(client, page) for _ in range(2))
        yield {"page": page, "first_ms": first, "second_ms": second}


def settled(client: httpx2.Client, page: str) -> tuple[float, int]:
    """Seconds until a page answers within the target, or three minutes; and its last time."""
    begun = time.perf_counter()
    while True:
        taken, waited = taken_ms(client, page), time.perf_counter() - begun
        if taken <= TARGET_MS or waited > 180:
            return round(waited, 1), taken
        time.sleep(1)


def main() -> None:
    """Measure, print, keep in out/bench/first_visit.json."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    store = make_store(size)
    words = ("--store", str(store), "--warehouse", str(warehouse(size)), "--port", str(PORT))
    begun = time.perf_counter()
    with server(sys.executable, "-m", "xhcredit_serving.main", *words, ready_url=f"{SITE}/readyz"):
        start = time.perf_counter() - begun
        with closing(httpx2.Client(base_url=SITE, timeout=60)) as client:
            client.headers["X-Purpose"] = "benchmark"
            opened = client.post("/v1/session", json={"login": "wang", "password": PASSWORD})
            opened.raise_for_status()
            pages = ["/console/watchlist", *(f"/console/enterprises/{c}" for c in codes(client))]
            rows = list(visits(client, pages))
            waited, last = settled(client, pages[1])
    show([{"size": size, "start_s": round(start, 1), "settled_s": waited, "then_ms": last}])
    show(rows)
    report = {"size": size, "start_s": start, "pages": rows}
    (OUT / "first_visit.json").write_text(json.dumps(report, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
