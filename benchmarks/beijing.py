"""The untrained expert table on real supervision data: does it order the failures that followed?

Nothing is trained.  Everybody known by 2022-12-31 is scored as of that day; then we look at the
inspections of 2023.  Peers: the plain rule that inspectors use (share of earlier failures, unknown
= average), and two trivial rules that show where a gain comes from: fewer earlier visits, and the
share of failures drawn towards the average.  Only inspections and penalties are read: the lists
are a snapshot of 2026 and would look into the future.  Run: ``python -m benchmarks.beijing``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.one_enterprise import day_number
from xhcredit.ingest.schema import table
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.score_columns import present_rows, score_rows
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

CUT, UNTIL = date(2022, 12, 31), date(2023, 12, 31)
MAPPINGS = Path(str(files("xhcredit.ingest.mappings"))) / "beijing"


def auc(risk: Array, failed: Array) -> float:
    """Probability that a failure was ranked above a pass; ties count half (Mann-Whitney)."""
    _, rank_of_row, size = np.unique(risk, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2)[rank_of_row]
    bad = int(failed.sum())
    if bad in (0, failed.size):
        return float("nan")
    return float((rank[failed == 1].sum() - bad * (bad + 1) / 2) / (bad * (failed.size - bad)))


def visits(store: EventColumns) -> dict[str, Array]:
    """All inspections: enterprise, day, day known, failed, field."""
    t = store.tables["inspection"]
    ent = np.repeat(np.arange(len(store)), np.diff(t["offsets"]))
    return {
        "ent": ent,
        "day": t["occurred"],
        "known": t["known"],
        "failed": t["c_failed"],
        "field": t["c_field"],
    }


def rules_of_thumb(v: dict[str, Array], size: int, cut: int) -> tuple[dict[str, Array], Array]:
    """Risk by enterprise of each peer, and the number of earlier visits."""
    is_known = (v["day"] <= cut) & (v["known"] <= cut)
    count = np.bincount(v["ent"][is_known], minlength=size)
    bad = np.bincount(v["ent"][is_known], weights=v["failed"][is_known], minlength=size)
    mean = v["failed"][is_known].mean()
    share = np.divide(bad, count, out=np.full(size, mean), where=count > 0)
    peers = {
        "plain": share,
        "fewer": -count.astype(float),
        "drawn": (bad + mean * 20) / (count + 20),
    }
    return peers, count


def interval(gain: Callable[[Array], float], ent: Array) -> list[float]:
    """95 % interval of a gain, resampling enterprises (400 times)."""
    rng = np.random.default_rng(20230101)
    order = np.argsort(ent, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(ent[order])) + 1)
    drawn = (rng.integers(0, len(groups), len(groups)) for _ in range(400))
    gains = [gain(np.concatenate([groups[g] for g in picked])) for picked in drawn]
    return [float(q) for q in np.nanquantile(gains, [0.025, 0.975])]


def evaluate(warehouse: Path) -> list[dict[str, Any]]:
    """Rows of the table: population, rows, failures, AUC of ours and each peer, gain on plain."""
    store = open_event_columns(warehouse)
    model = model_on(Rulebook.load(), load_release(), CUT)
    known = present_rows(store, CUT)
    risk = np.full(len(store), np.nan)
    risk[known] = -score_rows(store, model, known).columns["composite"]
    v, cut = visits(store), day_number(CUT)
    peers, earlier = rules_of_thumb(v, len(store), cut)
    then = (v["day"] > cut) & (v["day"] <= day_number(UNTIL)) & ~np.isnan(risk[v["ent"]])
    ent, failed, field = v["ent"][then], v["failed"][then].astype(int), v["field"][then]
    once, first = np.unique(ent, return_inverse=True)
    any_failed = np.zeros(once.size, int)
    np.maximum.at(any_failed, first, failed)
    old = earlier[once] > 0
    names = table("inspection").column("field").value_ids
    populations = {
        "enterprises known, any failure": (once, any_failed),
        "  of these, visited before the cut": (once[old], any_failed[old]),
        "inspections of them": (ent, failed),
        "  of these, visited before": (ent[earlier[ent] > 0], failed[earlier[ent] > 0]),
    }
    rows = [_row(name, risk, peers, *who) for name, who in populations.items()]
    for k in np.unique(field[field >= 0]):
        rows.append(_row(f"  field {names[k]}", risk, peers, ent[field == k], failed[field == k]))
    return rows


def _row(
    name: str, risk: Array, peers: dict[str, Array], ent: Array, failed: Array
) -> dict[str, Any]:
    def gain(picks: Array) -> float:
        return auc(risk[ent[picks]], failed[picks]) - auc(peers["plain"][ent[picks]], failed[picks])

    return {
        "population": name,
        "rows": int(ent.size),
        "failures": int(failed.sum()),
        "ours": auc(risk[ent], failed),
        **{peer: auc(values[ent], failed) for peer, values in peers.items()},
        "gain_95": interval(gain, ent) if failed.sum() >= 10 else None,
    }


@contextmanager
def beijing_warehouse() -> Iterator[Path]:
    """Warehouse of the Beijing inspections and penalties; it is there within the block.

    Raises:
        SystemExit: the files are not there.
    """
    folder = Path(os.environ.get("XHCREDIT_REAL_DATA", "../shared/data")) / "beijing"
    if not folder.is_dir():
        raise SystemExit(
            f'no Beijing data at "{folder}"; set XHCREDIT_REAL_DATA to the folder above it'
        )
    with tempfile.TemporaryDirectory() as work:
        for name in ("inspections", "penalties"):
            run_ingest(str(folder), MAPPINGS / f"{name}.yaml", Path(work), today=date(2026, 11, 22))
        yield Path(work)


def main() -> int:
    """Ingest the Beijing files and print the table."""
    with beijing_warehouse() as work:
        peers = ("ours", "plain", "fewer", "drawn")
        heads = " ".join(f"{p:>6}" for p in peers)
        print(f"{'population':36} {'rows':>5} {'failed':>6} {heads}  gain on plain, 95 %")
        for r in evaluate(work):
            gain = "-" if r["gain_95"] is None else "{:+.3f} … {:+.3f}".format(*r["gain_95"])
            figures = " ".join(f"{r[p]:6.3f}" for p in peers)
            print(f"{r['population']:36} {r['rows']:5} {r['failures']:6} {figures}  {gain}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
