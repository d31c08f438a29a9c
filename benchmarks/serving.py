"""``python -m benchmarks.serving``: S10 to S14 and S11, as ratios of one run.

The server runs on the first processor, the load (wrk) on the second.  Sides take turns; a ratio is
the median of the turns.  A run counts if the second hello is within a tenth of the first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.overload import overload
from benchmarks.runner import OUT, ROOT

_SCRIPT = """
local codes = {}
for line in io.lines("%(codes)s") do codes[#codes + 1] = line end
for name, value in pairs(%(headers)s) do wrk.headers[name] = value end
local body = %(body)s
request = function()
  local path = string.gsub("%(path)s", "CODE", codes[math.random(#codes)])
  if body == "" then return wrk.format("GET", path) end
  local one = string.gsub(body, "CODE", codes[math.random(#codes)])
  return wrk.format("POST", path, nil, one)
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "bad": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, e.connect + e.read + e.write + e.status + e.timeout))
end
"""


@dataclass(frozen=True)
class Side:
    """What is asked of which server; ``CODE`` stands for a random enterprise."""

    name: str
    port: int
    path: str
    body: str = ""
    connections: int = 16


@dataclass(frozen=True)
class Turn:
    """One side's turn: requests per second, latency in ms, processor µs a request, not-200s."""

    rate: float
    p50: float
    p99: float
    cpu_us: float
    bad: int


def cpu_seconds(pids: list[int]) -> float:
    """Processor time that processes have used."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its children, to the last."""
    pids = [pid]
    for parent in pids:
        tasks = Path(f"/proc/{parent}/task/{parent}/children")
        pids += [int(child) for child in tasks.read_text().split()] if tasks.exists() else []
    return pids


def turn(side: Side, pid: int, codes: Path, headers: Mapping[str, str], seconds: float) -> Turn:
    """Load a server for some seconds."""
    header_lines = ", ".join(f'["{k}"] = {json.dumps(v)}' for k, v in headers.items())
    script = _SCRIPT % {
        "codes": codes,
        "headers": f"{{{header_lines}}}",
        "path": side.path,
        "body": json.dumps(side.body),
    }
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        pin = ["taskset", "-c", "1"] if (os.cpu_count() or 1) > 1 else []
        load = ["wrk", "-t1", f"-c{side.connections}", f"-d{seconds}s", "--timeout", "30s"]
        command = [*pin, *load, "-s", file.name, f"http://127.0.0.1:{side.port}"]
        before = cpu_seconds(family(pid))
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        used = cpu_seconds(family(pid)) - before
    latencies = json.loads(done.stdout.strip().splitlines()[-1])
    count = max(latencies["requests"], 1)
    rate = latencies["requests"] / latencies["seconds"]
    return Turn(rate, latencies["p50"], latencies["p99"], used / count * 1e6, latencies["bad"])


@contextmanager
def server(*command: str, ready_url: str) -> Iterator[int]:
    """A server that answers; ended afterwards."""
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": programs}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(ready_url, process)
            yield process.pid
        finally:
            process.terminate()


def _wait_for(ready_url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"the server at {ready_url} ended with {process.returncode}")
        try:
            with urllib.request.urlopen(ready_url, timeout=2):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"the server at {ready_url} did not start")


def district(folder: Path) -> tuple[str, Path, str]:
    """A store with the sample district's night, its warehouse, and a key."""
    from xhcredit.store.core.transactions import Act
    from xhcredit.store.store import Store

    store = str(folder / "store.db")
    program = [sys.executable, "-m", "xhcredit.cli.main"]
    warehouse = str(folder / "warehouse")
    for words in (
        ("ingest", "data/sample/exports", "--mapping", "data/sample/mappings", "--into", warehouse),
        ("score", "--warehouse", warehouse, "--as-of", "2026-06-30", "--out", str(folder)),
    ):
        subprocess.run([*program, *words], check=True, capture_output=True)
    publish = [*program, "publish", str(folder), "--store", store]
    subprocess.run(publish, check=True, capture_output=True)
    with Store.open(store) as opened:
        until = datetime.now(UTC) + timedelta(days=1)
        act = Act("benchmark", "key.new", "benchmark")
        key = opened.access.new_key(act, "benchmark", "", ["viewer"], until)
        rows = [r["code"] for p in opened.watchlist.pages(_all()) for r in p.rows]
    (folder / "codes.txt").write_text("\n".join(rows))
    return store, folder / "warehouse", key


def _all() -> Any:
    from xhcredit.store.watchlist import WatchlistQuery

    return WatchlistQuery(sort="code")


def measured(
    sides: list[Side], pids: Mapping[int, int], codes: Path, key: str, chosen: Any
) -> dict[str, list[Turn]]:
    """Let sides take turns."""
    headers = {
        "Authorization": f"Bearer {key}",
        "X-Purpose": "benchmark",
        "Content-Type": "application/json",
    }
    turns_by_side: dict[str, list[Turn]] = {side.name: [] for side in sides}
    for side in sides:  # warm up
        turn(side, pids[side.port], codes, headers, 1)
    for _ in range(chosen.pairs):
        for side in sides:
            done = turn(side, pids[side.port], codes, headers, chosen.seconds)
            turns_by_side[side.name].append(done)
    return turns_by_side


def report(turns_by_side: Mapping[str, list[Turn]], against: str) -> list[dict[str, Any]]:
    """One row per side: medians, and ratios to ``against`` turn by turn."""
    rows = []
    for name, turns in turns_by_side.items():
        pairs = list(zip(turns, turns_by_side[against], strict=True))
        rows.append(
            {
                "side": name,
                **{k: round(median(asdict(t)[k] for t in turns), 2) for k in asdict(turns[0])},
                "rate_ratio": round(median(t.rate / o.rate for t, o in pairs), 3),
                "p99_ratio": round(median(t.p99 / o.p99 for t, o in pairs), 2),
                "cpu_ratio": round(median(t.cpu_us / o.cpu_us for t, o in pairs), 2),
            }
        )
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """Print a table."""
    names = list(rows[0])
    wide = {n: max(len(n), *(len(str(r[n])) for r in rows)) for n in names}
    for line in [dict(zip(names, names, strict=True)), *rows]:
        sys.stdout.write("  ".join(str(line[n]).ljust(wide[n]) for n in names) + "\n")
    sys.stdout.write("\n")


def _sides(port: int, codes: list[str]) -> list[Side]:
    score = "v1/enterprises/CODE/score"
    thousand = json.dumps({"codes": codes[:1000]})
    return [
        Side("hello", port, "/bare/hello"),
        Side("hello again", port, "/bare/hello"),
        Side("S13 hello in our frame", port, "/framed/hello"),
        Side("S10 score, no journal", port, f"/silent/{score}"),
        Side("S12 score, durable entry", port, f"/{score}"),
        Side("what-if, live", port, "/v1/scores:what-if", '{"code": "CODE"}', 4),
        Side("batch of 1000", port, "/v1/scores:batch", thousand, 4),
    ]


def _mlflow_sides(port: int, names: list[str]) -> list[Side]:
    def body(rows: int) -> str:
        split = {"columns": names, "data": [[1.0] * len(names)] * rows}
        return json.dumps({"dataframe_split": split})

    return [
        Side("S11 mlflow, 1 row", port, "/invocations", body(1)),
        Side("S11 mlflow, 1000 rows", port, "/invocations", body(1000), 4),
    ]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of each turn")
    parser.add_argument("--pairs", type=int, default=5, help="turns of each side")
    parser.add_argument("--port", type=int, default=8941, help="and the one after it")
    parser.add_argument("--no-mlflow", action="store_true", help="leave S11 out")
    return parser.parse_args()


def main() -> None:
    """Measure, print, keep in out/bench/serving.json."""
    chosen = arguments()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; on Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        report = _measure(Path(name), chosen)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "serving.json").write_text(json.dumps(report, indent=1, ensure_ascii=False))


def _measure(folder: Path, chosen: argparse.Namespace) -> dict[str, Any]:
    store, warehouse, key = district(folder)
    listed, port, load = folder / "codes.txt", chosen.port, os.getloadavg()
    codes = listed.read_text().split()
    ours = (sys.executable, "-m", "benchmarks.serving_app", store, str(warehouse), str(port))
    figures: dict[str, Any] = {"load": load}
    with server(*ours, ready_url=f"http://127.0.0.1:{port}/bare/hello") as pid:
        turns_by_side = measured(_sides(port, codes), {port: pid}, listed, key, chosen)
        figures["ours"] = report(turns_by_side, "hello")
        show(figures["ours"])
        figures["S14"] = asyncio.run(overload(port, codes, key, chosen.seconds * 2))
        show([figures["S14"]])
        if not chosen.no_mlflow:
            sides = [s for s in _sides(port, codes) if s.name[:3] in ("S12", "wha", "bat")]
            figures["S11"] = _against_mlflow(folder, sides, pid, key, chosen)
            show(figures["S11"])
    return figures


def _against_mlflow(
    folder: Path, ours: list[Side], pid: int, key: str, chosen: argparse.Namespace
) -> list[dict[str, Any]]:
    """Ours, turn by turn with ``mlflow models serve`` of the same tables."""
    model_process = subprocess.run(
        [sys.executable, "-m", "benchmarks.serving_mlflow", str(folder / "model")],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    names, port = model_process.stdout.split(), chosen.port + 1
    command = (
        "taskset",
        "-c",
        "0",
        sys.executable,
        "-m",
        "mlflow",
        "models",
        "serve",
        "-m",
        str(folder / "model"),
        "--env-manager",
        "local",
        "-p",
        str(port),
        "-w",
        "1",
    )
    with server(*command, ready_url=f"http://127.0.0.1:{port}/ping") as theirs:
        sides = [*_mlflow_sides(port, names), *ours]
        pids = {port: theirs, ours[0].port: pid}
        turns_by_side = measured(sides, pids, folder / "codes.txt", key, chosen)
    return report(turns_by_side, sides[0].name)


if __name__ == "__main__":
    main()
