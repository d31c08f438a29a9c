"""``make bench``: every row of the targets, one part after the other, ours and the peers in turns.

``python -m benchmarks.everything [PART …]`` runs all parts, or those named; ``--list`` shows which
part answers which target, ``--quick`` takes small sizes.  What a part prints is kept in
``out/bench/PART.txt``; what was measured already today by the same code is not measured again
unless ``--again`` says so, so that a run that was broken off goes on where it was.  Peers live in
``out/peers`` (``benchmarks/peers.txt``), which is made first.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.draws import PEERS
from benchmarks.runner import OUT, ROOT

WISHED = Path(__file__).with_name("peers.txt")
CODE = ("xhcredit", "serving", "training", "benchmarks")


@dataclass(frozen=True)
class Part:
    """A command that measures; ``needs`` are programs, or ``data`` for real data sets."""

    name: str
    targets: str
    words: tuple[str, ...]
    quick: tuple[str, ...] | None = None
    needs: tuple[str, ...] = ()
    minutes: int = 5


FUZZED = tuple(
    f"tests/serving/{folder}/test_{name}.py"
    for folder, name in (
        ("http", "fuzz"),
        ("restoration", "restoration_fuzz"),
        ("draws", "draws"),
        ("alerts", "alerts"),
        ("models", "models"),
    )
)
FAULTS = (
    "tests/store/draws/test_draw_kills.py",
    "tests/serving/models/test_champion.py",
    "tests/ingest/test_readers.py",
)
_PEER = ("--peer-python", str(PEERS))
PARTS = (
    Part("engine", "S1 S2 S4 S5 S7b S7c", ("benchmarks",), ("benchmarks", "--quick"), minutes=60),
    Part(
        "incremental", "S6", ("benchmarks.incremental",), ("benchmarks.incremental", "30000", "2")
    ),
    Part(
        "growth",
        "S5 S7",
        ("benchmarks.growth", "--pairs", "3"),
        ("benchmarks.growth", "--sizes", "30000"),
        minutes=20,
    ),
    Part("spark", "S7", ("benchmarks.spark",), ("benchmarks.spark", "30000"), ("java",)),
    Part(
        "restoration",
        "issue 4: a district's list",
        ("benchmarks.restoration",),
        ("benchmarks.restoration", "--size", "30000"),
        minutes=1,
    ),
    Part("draws", "S8", ("benchmarks.draws",), ("benchmarks.draws", "100000", "2"), minutes=10),
    Part("draw_statistics", "D1 D2 D3 S9", ("benchmarks.draw_statistics",), minutes=10),
    Part(
        "draw_agreement",
        "D4",
        ("benchmarks.draw_agreement",),
        ("benchmarks.draw_agreement", "50"),
        ("node",),
    ),
    Part("draw_year", "burden, cap", ("benchmarks.draw_year",), minutes=10),
    Part("draw_replay", "real draws", ("benchmarks.draw_replay",), needs=("data",)),
    Part(
        "serving",
        "S10 S11 S12 S13 S14",
        ("benchmarks.serving",),
        ("benchmarks.serving", "--seconds", "1", "--pairs", "2"),
        ("wrk",),
        minutes=10,
    ),
    Part(
        "console",
        "S15",
        ("benchmarks.console",),
        ("benchmarks.console", "30000"),
        ("chromium",),
        minutes=5,
    ),
    Part(
        "first_visit",
        "S21",
        ("benchmarks.first_visit",),
        ("benchmarks.first_visit", "30000"),
        minutes=5,
    ),
    Part("lead_time", "issue 7: lead time", ("benchmarks.lead_time",), minutes=10),
    Part("beijing", "A2", ("benchmarks.beijing",), needs=("data",), minutes=2),
    Part(
        "training_real",
        "A1 A2 A3 A4 A5",
        ("benchmarks.training_real",),
        needs=("data",),
        minutes=60,
    ),
    Part(
        "training_speed",
        "A6 S3",
        ("benchmarks.training_speed", *_PEER),
        ("benchmarks.training_speed", *_PEER, "--rounds", "1", "--peers", "optbinning"),
        minutes=15,
    ),
    Part("fuzz", "R3", ("pytest", "-q", "-n", "2", "--dist", "loadfile", *FUZZED), minutes=90),
    Part("faults", "R1 R2 R5", ("pytest", "-q", *FAULTS), minutes=10),
    Part("pages", "R4", ("pytest", "-q", "tests/browser"), minutes=10),
)


def missing(part: Part) -> str:
    """Why a part cannot be measured here; empty if it can."""
    folder = Path(os.environ.get("XHCREDIT_REAL_DATA", "../shared/data"))
    for need in part.needs:
        if need == "data" and not folder.is_dir():
            return f'no real data at "{folder}"; set XHCREDIT_REAL_DATA'
        if need != "data" and shutil.which(need) is None:
            return f'"{need}" is not installed'
    return ""


def code_digest() -> str:
    """A name for the code that is measured."""
    digest = hashlib.sha256()
    for folder in CODE:
        for file in sorted((ROOT / folder).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def ensure_peers(tell: Console) -> None:
    """Make the environment of the peers, if it is not there or not of these versions."""
    home, mark = PEERS.parents[1], PEERS.parents[1] / "made-from.txt"
    wished = WISHED.read_text()
    if mark.exists() and mark.read_text() == wished:
        return
    tell.print(f"installing the peers into {home} …")
    venv.create(home, with_pip=True, clear=True)
    subprocess.run([PEERS, "-m", "pip", "install", "--quiet", "-r", WISHED], check=True)
    mark.write_text(wished)


def run(part: Part, words: Sequence[str], tell: Console, into: Path = OUT) -> tuple[str, float]:
    """Run a part, show what it prints and keep it; returns how it ended, and its minutes."""
    begun = time.monotonic()
    lines = []
    environment = {"PYTHONUNBUFFERED": "1", "XHCREDIT_FUZZ": "500", **os.environ}
    with subprocess.Popen(
        [sys.executable, "-m", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
        env=environment,
    ) as child:
        for line in child.stdout or ():
            tell.print(line.rstrip("\n"), markup=False, highlight=False, soft_wrap=True)
            lines.append(line)
    ended = "measured" if child.returncode == 0 else f"FAILED, exit code {child.returncode}"
    (into / f"{part.name}.txt").write_text("".join(lines))
    return ended, (time.monotonic() - begun) / 60


def shown(rows: Iterable[Sequence[str]], *titles: str) -> Table:
    """Rows as a table."""
    table = Table(*titles)
    for row in rows:
        table.add_row(*row)
    return table


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.everything",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("part", nargs="*", choices=[*(p.name for p in PARTS), []])
    parser.add_argument("--quick", action="store_true", help="small sizes, few turns")
    parser.add_argument("--again", action="store_true", help="also what was measured already")
    parser.add_argument("--list", action="store_true", help="only tell the parts")
    return parser.parse_args()


def measure_all(options: argparse.Namespace, tell: Console) -> list[tuple[str, ...]]:
    """Run the parts asked for; returns a row of the last table for each."""
    kept_at = OUT / "everything.json"
    results = json.loads(kept_at.read_text()) if kept_at.exists() else {}
    code, rows = code_digest(), []
    for part in [p for p in PARTS if p.name in options.part or not options.part]:
        words = part.quick if options.quick and part.quick else part.words
        why_not = missing(part)
        key = [code, *words]
        if why_not:
            ended, minutes = f"left out: {why_not}", 0.0
        elif results.get(part.name, {}).get("of") == key and not options.again:
            ended, minutes = f"measured {results[part.name]['at']}", results[part.name]["minutes"]
        else:
            tell.rule(f"{part.name} ({part.targets}), about {part.minutes} minutes at full size")
            ended, minutes = run(part, words, tell)
            if ended == "measured":
                moment = datetime.now().astimezone().isoformat(timespec="minutes")
                results[part.name] = {"of": key, "at": moment, "minutes": minutes}
                kept_at.write_text(json.dumps(results, indent=1))
        rows.append(
            (part.name, part.targets, ended, f"{minutes:.1f}", f"out/bench/{part.name}.txt")
        )
    return rows


def main() -> int:
    """Measure; returns 1 if a part failed."""
    options, tell = arguments(), Console()
    if options.list:
        listed = ((p.name, p.targets, f"{p.minutes}", missing(p) or "yes") for p in PARTS)
        tell.print(shown(listed, "part", "targets", "minutes", "can be measured here"))
        return 0
    OUT.mkdir(parents=True, exist_ok=True)
    ensure_peers(tell)
    rows = measure_all(options, tell)
    tell.print(shown(rows, "part", "targets", "how it ended", "minutes", "what it printed"))
    return int(any("FAILED" in row[2] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
