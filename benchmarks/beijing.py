"""The untrained expert table on real supervision data: does it order the failures that followed?

Nothing is trained.  Everybody is scored as of 2022-12-31 with what was known by then; then we look
at the inspections of 2023.  The peer is the plain rule that inspectors use: share of earlier
failures (unknown enterprises get the average).  Run: ``python -m benchmarks.beijing``.
"""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.engine.columns import Array, Store
from xhcredit.engine.one import day_number
from xhcredit.ingest.schema import table
from xhcredit.jobs.ingest import run_ingest
from xhcredit.jobs.model import model_on
from xhcredit.jobs.night import open_store, score_store
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

CUT, UNTIL = date(2022, 12, 31), date(2023, 12, 31)
MAPPINGS = Path(str(files("xhcredit.ingest.mappings"))) / "beijing"


def auc(risk: Array, failed: Array) -> float:
    """Probability that a failure was ranked above a pass; ties count half (Mann-Whitney)."""
    _, at, size = np.unique(risk, return_inverse=True, return_counts=True)
    rank = (np.cumsum(size) - (size - 1) / 2)[at]
    bad = int(failed.sum())
    if bad in (0, failed.size):
        return float("nan")
    return float((rank[failed == 1].sum() - bad * (bad + 1) / 2) / (bad * (failed.size - bad)))


def visits(store: Store) -> dict[str, Array]:
    """All inspections: enterprise, day, day known, failed, field."""
    t = store.tables["inspection"]
    ent = np.repeat(np.arange(len(store)), np.diff(t["offsets"]))
    return {"ent": ent, "day": t["occurred"], "known": t["known"], "failed": t["c_failed"],
            "field": t["c_field"]}  # fmt: skip


def plain_rule(v: dict[str, Array], size: int, cut: int) -> tuple[Array, Array]:
    """Share of earlier failures by enterprise (the average if there were no visits); visits."""
    seen = (v["day"] <= cut) & (v["known"] <= cut)
    count = np.bincount(v["ent"][seen], minlength=size)
    bad = np.bincount(v["ent"][seen], weights=v["failed"][seen], minlength=size)
    share = np.divide(bad, count, out=np.full(size, v["failed"][seen].mean()), where=count > 0)
    return share, count


def interval(ours: Array, plain: Array, failed: Array, ent: Array) -> list[float]:
    """95 % interval of AUC minus the plain rule's, resampling enterprises (400 times)."""
    rng = np.random.default_rng(20230101)
    order = np.argsort(ent, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(ent[order])) + 1)
    gains = []
    for _ in range(400):
        rows = np.concatenate([groups[g] for g in rng.integers(0, len(groups), len(groups))])
        gains.append(auc(ours[rows], failed[rows]) - auc(plain[rows], failed[rows]))
    return [float(q) for q in np.nanquantile(gains, [0.025, 0.975])]


def evaluate(warehouse: Path) -> list[dict[str, Any]]:
    """Rows of the table: population, inspections (or enterprises), failures, AUC of both, gain."""
    store = open_store(warehouse)
    model = model_on(Rulebook.load(), load_release(), CUT)
    risk = -score_store(store, model, np.arange(len(store))).columns["composite"]
    v = visits(store)
    cut = day_number(CUT)
    share, earlier = plain_rule(v, len(store), cut)
    then = (v["day"] > cut) & (v["day"] <= day_number(UNTIL))
    ent, failed, field = v["ent"][then], v["failed"][then].astype(int), v["field"][then]
    names = table("inspection").column("field").value_ids
    populations = {"all inspections": np.ones(ent.size, bool), "with history": earlier[ent] > 0}
    populations |= {f"field {names[k]}": field == k for k in np.unique(field) if k >= 0}
    rows = [_row(name, risk, share, ent[m], failed[m]) for name, m in populations.items()]
    once, first = np.unique(ent, return_inverse=True)
    any_failed = np.zeros(once.size, int)
    np.maximum.at(any_failed, first, failed)
    rows.append(_row("enterprises (any failure)", risk, share, once, any_failed))
    old = earlier[once] > 0
    rows.append(_row("enterprises with history", risk, share, once[old], any_failed[old]))
    return rows


def _row(name: str, risk: Array, share: Array, ent: Array, failed: Array) -> dict[str, Any]:
    ours, plain = risk[ent], share[ent]
    return {
        "population": name, "rows": int(ent.size), "failures": int(failed.sum()),
        "ours": auc(ours, failed), "plain": auc(plain, failed),
        "gain_95": interval(ours, plain, failed, ent) if failed.sum() >= 10 else None,
    }  # fmt: skip


def main() -> int:
    """Ingest the Beijing files and print the table."""
    folder = Path(os.environ.get("XHCREDIT_REAL_DATA", "../shared/data")) / "beijing"
    if not folder.is_dir():
        print(f'no Beijing data at "{folder}"; set XHCREDIT_REAL_DATA to the folder above it')
        return 1
    with tempfile.TemporaryDirectory() as work:
        run_ingest(str(folder), MAPPINGS, Path(work), today=date(2026, 11, 22))
        print(f"{'population':28} {'rows':>6} {'failed':>6} {'ours':>6} {'plain':>6}  gain, 95 %")
        for r in evaluate(Path(work)):
            gain = "-" if r["gain_95"] is None else "{:+.3f} … {:+.3f}".format(*r["gain_95"])
            sizes = f"{r['population']:28} {r['rows']:6} {r['failures']:6}"
            print(f"{sizes} {r['ours']:6.3f} {r['plain']:6.3f}  {gain}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
