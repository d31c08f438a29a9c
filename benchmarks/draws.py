"""A draw in bulk (S8): frozen, seeded, drawn, beside numpy, samplics and consistent_sampler.

``python -m benchmarks.draws [ROWS] [PAIRS]`` (default 3,000,000 and 5).  Ours is the code of a draw
itself: salts, rows checked and sorted, hash tree, the file; then the file read and checked again,
tickets of everybody and the smallest of each of four strata.  numpy's weighted choice alternates
with it (A B A B …) although it freezes nothing and its odds are not those it is given.  The other
peers need their own environment: ``python -m venv out/peers`` and ``out/peers/bin/pip install
samplics consistent_sampler``; both are far slower, so they get fewer rows and are told per row.
Every measurement is a process of its own: CPU seconds of one thread, medians, peak memory.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from xhcredit.domain.codes import check_digit, organisation_check_digit
from xhcredit.draws.frame import decoded, frame_in_bulk
from xhcredit.draws.numerics import SALT_BYTES
from xhcredit.draws.selection import draw_stratified
from xhcredit.draws.tickets import bound_ticket

PEERS = Path("out/peers/bin/python")
RATIOS = (0.01, 0.03, 0.1, 0.25)
LENGTH = 18
SAMPLICS = """
import numpy as np, time
from samplics import SelectMethod
from samplics.sampling import SampleSelection
n = {rows}; size = np.random.default_rng(1).random(n) + .1
draw = SampleSelection(method=SelectMethod.pps_sys, strat=False, wr=False)
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


def write_codes(rows: int, to: Path) -> None:
    """Right codes of so many enterprises, one after the other, sorted."""
    with to.open("w") as out:
        for number in range(rows):
            first = f"91310104{number:08d}"
            first += organisation_check_digit(first + "0")
            out.write(first + check_digit(first + "0"))


class Laps:
    """CPU seconds by part."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.last = time.process_time()

    def lap(self, name: str) -> None:
        """End a part."""
        cpu_seconds = time.process_time()
        self.parts[name], self.last = cpu_seconds - self.last, cpu_seconds


def ours(rows: int, file: Path) -> dict[str, float]:
    """Freeze and draw; the seconds of each part."""
    text = file.read_text()
    codes = [text[k : k + LENGTH] for k in range(0, LENGTH * rows, LENGTH)]
    strata = [f"s0{n % 4 + 1}" for n in range(rows)]
    laps = Laps()
    salt_bytes = os.urandom(SALT_BYTES * rows)
    salts = [
        salt_bytes[offset : offset + SALT_BYTES].hex()
        for offset in range(0, len(salt_bytes), SALT_BYTES)
    ]
    laps.lap("salts")
    frame = frame_in_bulk(codes, strata, salts)
    laps.lap("rows")
    root = frame.tree.root
    laps.lap("tree")
    written = frame.encoded()
    del codes, strata, salts, salt_bytes, text, frame
    laps.lap("file")
    read = decoded(written)
    laps.lap("read again")
    drawn = draw_stratified(read, ratios(), bound_ticket("2 7 11 13", "2026-11"))
    laps.lap("tickets and list")
    assert len(root) == 64
    assert abs(len(drawn) - rows * sum(RATIOS) / 4) < len(RATIOS)
    return laps.parts


def ratios() -> dict[str, str]:
    """Ratios of the four strata as a plan writes them."""
    return {f"s0{n}": str(r) for n, r in enumerate(RATIOS, 1)}


def numpy_choice(rows: int, _: Path) -> dict[str, float]:
    """Weighted choice without replacement; its inclusion probabilities are not the weights."""
    p = np.array(RATIOS)[np.arange(rows) % 4]
    laps = Laps()
    np.random.default_rng(1).choice(rows, int(p.sum()), replace=False, p=p / p.sum())
    laps.lap("choice")
    return laps.parts


WORK: dict[str, Callable[[int, Path], dict[str, float]]] = {"ours": ours, "numpy": numpy_choice}


def measured(name: str, rows: int, file: Path) -> dict[str, float]:
    """One measurement in a process of its own: seconds by part, and ``MB`` at the peak."""
    command = [sys.executable, "-m", "benchmarks.draws", "child", name, str(rows), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds_by_step: dict[str, float] = json.loads(done.stdout)
    return seconds_by_step


def child(name: str, rows: int, file: Path) -> int:
    """Measure and print."""
    parts = WORK[name](rows, file)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**parts, "MB": peak}))
    return 0


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median of each part, and of the whole without memory."""
    whole = [sum(v for k, v in run.items() if k != "MB") for run in runs]
    return {k: statistics.median(r[k] for r in runs) for k in runs[0]} | {
        "all": statistics.median(whole)
    }


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


def compare(rows: int, pairs: int, file: Path) -> float:
    """Ours and numpy in turn; prints, and returns our seconds."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in WORK}
    for _ in range(pairs):
        for name, done in runs.items():
            done.append(measured(name, rows, file))
    mine, choice = medians(runs["ours"]), medians(runs["numpy"])
    parts = ", ".join(
        f"{k} {v / rows * 1e6:.2f}" for k, v in mine.items() if k not in ("MB", "all")
    )
    print(
        f"{rows:,} rows: ours {mine['all']:.2f} CPU-s, {mine['all'] / rows * 1e6:.2f} µs a row "
        f"({parts}), {mine['MB']:,.0f} MB; numpy choice {choice['all']:.2f} CPU-s, "
        f"{choice['MB']:,.0f} MB"
    )
    return mine["all"]


def grown(sizes: list[int], seconds: list[float]) -> tuple[float, float]:
    """Power of growth over the sizes, and seconds for 50 million by it."""
    power, log = np.polyfit(np.log(sizes), np.log(seconds), 1)
    return float(power), float(np.exp(log) * 5e7**power)


def main() -> int:
    """Measure at growing sizes, extrapolate, then the peers."""
    if sys.argv[1:2] == ["child"]:
        return child(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 3_000_000
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    sizes = [rows // 12, rows // 6, rows // 3, rows]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "codes"
        write_codes(rows, file)
        seconds = [compare(size, pairs, file) for size in sizes]
    power, fifty = grown(sizes, seconds)
    print(f"growth: seconds ~ rows^{power:.3f}; 50 million: {fifty:.0f} CPU-s")
    for _ in range(pairs):
        peer("samplics, systematic", SAMPLICS, min(rows, 20_000))
        peer("consistent_sampler", CONSISTENT, min(rows, 100_000))
    return 0


if __name__ == "__main__":
    sys.exit(main())
