"""Tickets and selection in bulk (S8), beside numpy's weighted choice, samplics, consistent_sampler.

``python -m benchmarks.draws [ROWS]`` (default 1,000,000).  Ours hashes one ticket per enterprise in
DuckDB and takes the smallest of each of four strata.  numpy's choice is timed although its odds are
not those it is given.  The other peers are run when their own environment is there:
``python -m venv out/peers`` and ``out/peers/bin/pip install samplics consistent_sampler``; both are
far slower, so they get fewer rows and are told per row.  Seconds of CPU; one thread.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np

PEERS = Path("out/peers/bin/python")
RATIOS = (0.01, 0.03, 0.1, 0.25)
SAMPLICS = """
import numpy as np, time
from samplics.sampling import SampleSelection
n = {rows}; size = np.random.default_rng(1).random(n) + .1
draw = SampleSelection(method="pps-sys", strat=False, wr=False)
start = time.process_time()
draw.select(np.arange(n), n // 100, mos=size)
print(time.process_time() - start)
"""
CONSISTENT = """
import time, itertools
from consistent_sampler import sampler
n = {rows}; start = time.process_time()
list(itertools.islice(sampler([f"C{{i:017}}" for i in range(n)], seed="s", output="id"), n // 100))
print(time.process_time() - start)
"""


def frame(rows: int) -> duckdb.DuckDBPyConnection:
    """A frame in DuckDB, four strata of equal size."""
    con = duckdb.connect()
    con.execute("SET threads = 1")
    made = "SELECT printf('%018d', range) code, range % 4 stratum FROM range(?)"
    con.execute(f"CREATE TABLE frame AS {made}", [rows])
    return con


def ours(con: duckdb.DuckDBPyConnection) -> int:
    """Tickets of everybody and the smallest of each stratum."""
    size = con.execute("SELECT count(*) FROM frame").fetchone()[0] // 4
    wanted = [int(size * r) for r in RATIOS]
    con.execute("CREATE OR REPLACE TABLE drawn AS SELECT stratum, code, "
                "sha256('seed|round|' || code) ticket FROM frame")  # fmt: skip
    for stratum, n in enumerate(wanted):
        order = "SELECT code FROM drawn WHERE stratum = ? ORDER BY ticket LIMIT ?"
        con.execute(order, [stratum, n]).fetchall()
    return sum(wanted)


def numpy_choice(rows: int) -> None:
    """Weighted choice without replacement; its inclusion probabilities are not the weights."""
    p = np.array(RATIOS)[np.arange(rows) % 4]
    np.random.default_rng(1).choice(rows, int(p.sum()), replace=False, p=p / p.sum())


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def peer(name: str, script: str, rows: int) -> None:
    """Run a peer in its own environment, or say that it is not there."""
    command = [str(PEERS), "-c", script.format(rows=rows)]
    done = None
    if PEERS.exists():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done is None or done.returncode:
        print(f"{name}: not measured ({'no out/peers' if done is None else done.stderr[-200:]})")
        return
    each = float(done.stdout) / rows * 1e6
    print(f"{name}: {float(done.stdout):.2f} CPU-s for {rows:,} rows, {each:.2f} µs a row")


def main() -> int:
    """Measure at three sizes, to see the growth, then the peers."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for size in (rows // 4, rows // 2, rows):
        con = frame(size)
        mine, choice = seconds(lambda con=con: ours(con)), seconds(lambda n=size: numpy_choice(n))
        print(f"{size:,} rows: ours {mine:.2f} CPU-s ({mine / size * 1e6:.2f} µs a row, 50 M by "
              f"growth {mine / size * 5e7:.0f} CPU-s), numpy choice {choice:.2f}")  # fmt: skip
    peer("samplics, systematic", SAMPLICS, min(rows, 20_000))
    peer("consistent_sampler", CONSISTENT, min(rows, 100_000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
