"""How many days before the first failed inspection or listing did an alert stand?

Two years of weekly nights are replayed, each as known then.  Every rule may raise the same number
of alerts a week (the budget), about enterprises of which it has raised none in the last half year.
The outcome is an enterprise's first failed inspection, adverse penalty or listing in these years.
Peers are rules that an office could apply without any of this: whoever was found failing last,
whoever was complained about last, and lots drawn.  "right" is the share of alerts, old enough to
tell, after which any outcome followed within half a year.  On the sample district the truth also
says how likely a violation really was of whom was named, whether anybody went there or not.

Run: ``python -m benchmarks.lead_time``; Beijing data through XHCREDIT_REAL_DATA.

Seen on 2026-11-23 (outcomes before which an alert stood, of all; right; true risk, lots .045):
sample, 3 a week: ours 22 of 272, 17 %, .083; failed last 2 (81 alerts only), 20 %, .077; complained
of last 20, 9 %, .080; lots 6, 3 %.  At 10 a week lots stand before more outcomes (34) than triggers
(26), because triggers find only 440 enterprises to name, lots 1,040.  Beijing (inspections and
penalties only), 10 a week: ours 0 of 724 first outcomes, since what triggers see there are
earlier failures; 17 % of 212 alerts were followed by another, failed last 25 % of 486, lots 1 %.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from xhcredit.alerts.back_test import Outcomes
from xhcredit.alerts.budget import AlertCandidate, ordered_by_urgency
from xhcredit.alerts.detect import active_triggers, detect
from xhcredit.alerts.hits import text_of
from xhcredit.domain.progress import ignore_progress
from xhcredit.engine.codes import NEVER
from xhcredit.engine.one_enterprise import day_number
from xhcredit.jobs.alerts.back_test import past_tier_falls
from xhcredit.jobs.alerts.context import DistrictContext
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Discovery, Events, Proving
from xhcredit.scores.release import load_release

SAMPLE = Path(__file__).parents[1] / "data" / "sample"
STANDS, STEP, SEED = 182, 7, 20261123
Rank = Callable[[int], Iterable[int]]
_REMINDERS = {"permit_expires", "annual_report_due"}  # tell of a date, not of a risk


class Replayed:
    """A district over two years, and what each rule would name on a night, first choice first."""

    def __init__(self, warehouse: Path, until: date) -> None:
        """Open the district; outcomes are those known by ``until``."""
        self.rules = Rulebook.load()
        self.scene = DistrictContext.open(warehouse, self.rules, until)
        self.world = self.scene.world
        proving = self.rules.value("alerts.proving", Proving, as_of=until)
        self.rate = self.rules.value("alerts.discovery", Discovery, as_of=until)
        self.triggers = [t for t in active_triggers(self.rules, until) if t.id not in _REMINDERS]
        end = day_number(until)
        self.outcomes = Outcomes.of(self.world, proving.outcomes, end)
        self.days = list(range(end - proving.days, end - STEP, STEP))
        self.moves = past_tier_falls(
            self.scene, self.rules, load_release(), self.days, ignore_progress
        )
        self.rng = np.random.default_rng(SEED)

    def ours(self, day: int) -> Iterable[int]:
        """Triggers about enterprises, the worst colours first, triggers in turn."""
        self.world.tier_changes = self.moves.get(day, {})
        detections = [
            f
            for f in detect(self.world, self.triggers, self.rate, day)
            if f.hit.subject == "enterprise"
        ]
        candidates: list[tuple[AlertCandidate, int | None]] = [
            (self.scene.candidate(f), None) for f in detections
        ]
        return [self.world.event_columns.row(c.code) for c, _ in ordered_by_urgency(candidates)]

    def last(self, events: Events) -> Rank:
        """Whoever had such an event last."""

        def rank(day: int) -> Iterable[int]:
            counted = self.world.pick(events).visible_on(day, since=day - STANDS)
            return counted.ent[np.argsort(-counted.occurred, kind="stable")]

        return rank

    def lots(self, day: int) -> Iterable[int]:
        """Lots drawn."""
        return self.rng.permutation(self.world.event_columns.present(day))

    def replay(self, rank: Rank, budget: int) -> list[tuple[int, int]]:
        """Alerts as (day, enterprise), so many a week, nobody twice in half a year."""
        last = np.full(len(self.world.event_columns), -NEVER, np.int64)
        alerts = []
        for day in self.days:
            left = budget
            for row in rank(day):
                if left and day - last[row] >= STANDS:
                    alerts.append((day, int(row)))
                    last[row], left = day, left - 1
        return alerts


def measure(district: Replayed, alerts: list[tuple[int, int]]) -> dict[str, Any]:
    """How many outcomes an alert stood before, how long, and how often alerts were right."""
    by_row: dict[int, list[int]] = {}
    for day, row in alerts:
        by_row.setdefault(row, []).append(day)
    begin, out = district.days[0], district.outcomes
    first = out.first_after(begin, len(district.world.event_columns))
    struck = np.flatnonzero(first < NEVER)
    leads = [
        max(
            (int(first[r]) - d for d in by_row.get(int(r), ()) if 0 < first[r] - d <= STANDS),
            default=0,
        )
        for r in struck
    ]
    ripe = [(d, r) for d, r in alerts if d + STANDS <= out.until]
    right = [any(d < x <= d + STANDS for x in out.day[out.ent == r]) for d, r in ripe]
    before = np.count_nonzero(leads)
    return {
        "alerts": len(alerts),
        "outcomes": len(leads),
        "before": before,
        "median_lead": float(np.median([x for x in leads if x])) if before else 0.0,
        "mean_lead": float(np.mean(leads)) if leads else 0.0,
        "right": float(np.mean(right)) if right else float("nan"),
    }


def truth(district: Replayed, alerts: list[tuple[int, int]], folder: Path) -> float:
    """Mean true probability of a violation, in the quarter of the alert, of whom it named."""
    with duckdb.connect() as con:
        con.execute(f"SELECT code, quarter, p_violation FROM '{folder}/risk.parquet'")
        risk_rows = con.fetchall()
    risk = {(code, quarter): p for code, quarter, p in risk_rows}
    codes = district.world.event_columns.codes
    risks = [risk.get((codes[r].decode(), _quarter(d))) for d, r in alerts]
    known = [p for p in risks if p is not None]
    return float(np.mean(known)) if known else float("nan")


def _quarter(day: int) -> str:
    """The quarter of a day, written as in the truth."""
    year, month = text_of(day).split("-")[:2]
    return f"{year}Q{(int(month) + 2) // 3}"


def table(title: str, district: Replayed, budget: int, folder: Path | None) -> None:
    """Print one district's rows."""
    failed = Events(table="inspection", where={"failed": (True,)})
    complained = Events(table="complaint", unless={"serial_claimant": (True,)})
    ranks: dict[str, Rank] = {
        "ours": district.ours,
        "failed last": district.last(failed),
        "complained of last": district.last(complained),
        "lots": district.lots,
    }
    print(f"\n{title}: {budget} alerts a week")
    print(f"{'rule':20} alerts outcomes before  median lead  mean lead of all  right  true risk")
    for name, rank in ranks.items():
        alerts = district.replay(rank, budget)
        m = measure(district, alerts)
        risk = truth(district, alerts, folder) if folder else float("nan")
        figures = f"{m['alerts']:6} {m['outcomes']:8} {m['before']:6} {m['median_lead']:12.0f}"
        print(f"{name:20} {figures} {m['mean_lead']:17.2f} {m['right']:6.1%} {risk:10.4f}")


def main() -> int:
    """Replay the sample district, and Beijing if its data is there."""
    with tempfile.TemporaryDirectory() as work:
        run_ingest(
            str(SAMPLE / "exports"), SAMPLE / "mappings", Path(work), today=date(2026, 11, 23)
        )
        district = Replayed(Path(work), date(2026, 6, 30))
        for budget in (1, 3, 10):
            table("sample district", district, budget, SAMPLE / "truth")
    folder = Path(os.environ.get("XHCREDIT_REAL_DATA", "../shared/data")) / "beijing"
    if not folder.is_dir():
        print(f'no Beijing data at "{folder}"; set XHCREDIT_REAL_DATA to the folder above it')
        return 0
    mappings = Path(str(files("xhcredit.ingest.mappings"))) / "beijing"
    with tempfile.TemporaryDirectory() as work:
        for name in ("inspections", "penalties"):
            run_ingest(str(folder), mappings / f"{name}.yaml", Path(work), today=date(2026, 11, 22))
        table("Beijing, to 2023-12-31", Replayed(Path(work), date(2023, 12, 31)), 10, None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
