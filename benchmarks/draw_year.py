"""A year of monthly draws on the sample district, through the real store, frame, draw and results.

Every month: the night is scored and published, the frame frozen, the seed entered, the list drawn,
visits made (outcome by the district's written truth) and their results entered as inspections, so
that next month's tiers, pauses and caps follow from them.  The plan draws so often that the yearly
cap binds.  Told are repeats within the pause and visits above the cap (both must be 0), visits per
enterprise, the share of small and micro and of new forms, and what exploring A and B costs and
buys.  Run: ``python -m benchmarks.draw_year``; about a minute and a half.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from xhcredit.domain.calendar import add_months
from xhcredit.draws.plan import Plan
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.draws import steps
from xhcredit.jobs.draws.estimates import burden_report, exploration_report
from xhcredit.jobs.draws.results import enter_results
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.draws import InspectionCaps
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

SAMPLE = Path(__file__).parent.parent / "data" / "sample"
BOOK = Rulebook.load()
ROUNDS, PAUSE = 12, 4
PLAN = {
    "id": "p", "bureau": "示例区市场监督管理局", "title": "每月抽查", "kind": "annual",
    "period": {"first": "2025-07-01", "last": "2026-06-30"}, "fields": ["general"],
    "items": ["disclosure"], "ratios": {"A": "0.01", "B": "0.05", "C": "0.15", "D": "0.25"},
    "places": 2, "qualification": "general", "pause_rounds": PAUSE, "published_on": "2025-03-20",
    "filed_no": "1号", "seed_source": "体彩", "seed_due": "2025-07-01",
}  # fmt: skip
#: makes the folder of a night of a day
Nights = Callable[[date], Path]


@dataclass
class Month:
    """A round: the day of its frame, who was drawn, who had reached the cap, what was found."""

    as_of: date
    rows: pd.DataFrame  # the frame: code, tier, odds, drawn, failed
    capped: frozenset[str]
    excluded: int
    due: dict[str, float] = field(default_factory=dict)


@dataclass
class District:
    """Warehouse and store of the sample district, with a clock that follows the months."""

    folder: Path
    clock_time: datetime = datetime(2025, 3, 20, tzinfo=UTC)

    @property
    def warehouse(self) -> Path:
        """Where the events are."""
        return self.folder / "warehouse"

    def ingest(self, only: Collection[str] = ()) -> None:
        """Ingest the exports of the sample, or only those files of it."""
        source = SAMPLE / "exports"
        if only:
            source = self.folder / "exports"
            source.mkdir()
            for name in only:
                (source / name).symlink_to(SAMPLE / "exports" / name)
        run_ingest(str(source), SAMPLE / "mappings", self.warehouse, today=date(2026, 7, 1))

    def night(self, day: date) -> Path:
        """Score everybody on a day."""
        out = self.folder / f"{day}"
        run_night(self.warehouse, out, model_on(BOOK, load_release(), day))
        return out

    def query(self, sql: str, **values: object) -> pd.DataFrame:
        """What the warehouse says."""
        read_warehouse = Warehouse(self.warehouse)
        with read_warehouse.reading(), duckdb.connect() as con:
            create_views(con, read_warehouse)
            return con.execute(sql, values).df()

    def months(self, nights: Nights) -> Iterator[Month]:
        """Go through the year."""
        with Store.open(str(self.folder / "store.db"), clock=lambda: self.clock_time) as store:
            steps.file_plan(store, act("plan"), PLAN, BOOK, date(2025, 3, 20))
            for number in range(ROUNDS):
                as_of = add_months(date(2025, 7, 1), number) - timedelta(1)
                self.clock_time = datetime.combine(as_of, time(20), UTC)
                publish(nights(as_of), store, actor="night")
                yield self._round(store, f"m{number + 1:02}", as_of)

    def _round(self, store: Store, draw: str, as_of: date) -> Month:
        capped = self.capped(as_of)
        lists = SAMPLE / "draw"
        people = steps.People((lists / "inspectors.csv").read_bytes(), b"inspector,code,reason\n")
        freeze_request = steps.FreezeRequest("p", draw, as_of, people)
        steps.freeze(store, act("freeze"), self.warehouse, BOOK, freeze_request)
        self.clock_time += timedelta(days=1)
        steps.enter_seed(store, act("seed"), draw, f"7 11 13 {draw}", "体彩")
        steps.run_draw(store, act("run"), draw)
        rows = frame_with_outcomes(store, draw, as_of)
        visit, entered = as_of + timedelta(days=9), as_of + timedelta(days=12)
        lines = [
            f"{r.code},{'corrected' if r.failed else 'no_problem'},{visit},,\n"
            for r in rows[rows["drawn"]].itertuples()
        ]
        results_csv = ("code,result,inspected_on,item,note\n" + "".join(lines)).encode()
        self.clock_time += timedelta(days=11)
        enter_results(store, act("results"), draw, results_csv, "r.csv", self.warehouse, entered)
        commitment_body = steps.commitment_of(store, draw)
        due = {s["id"]: float(s["ratio"]) * s["size"] for s in commitment_body["strata"]}
        return Month(as_of, rows, capped, sum(e["count"] for e in commitment_body["excluded"]), due)

    def capped(self, as_of: date) -> frozenset[str]:
        """Who has no visit left this year, counted apart from the code that makes frames."""
        cap = BOOK.serving("draws.caps", InspectionCaps, as_of=as_of).fields["general"]
        inspections = self.query(
            "SELECT code, form FROM inspection WHERE field = 'general' AND known_on <= $day "
            "AND occurred_on <= $day AND year(occurred_on) = year($day)",
            day=as_of,
        )
        count = inspections[inspections["form"].isin(cap.forms)].groupby("code").size()
        return frozenset(count[count >= cap.most].index)


def act(step: str) -> Act:
    """An act of the simulation."""
    return Act("bench", f"draw.{step}", "a year of draws")


def frame_with_outcomes(store: Store, draw: str, as_of: date) -> pd.DataFrame:
    """The frame of a draw with who was drawn and who violates, by the written truth."""
    draw_record = steps.record_of(store, draw)
    strata = strata_of(store, draw)
    rows = pd.DataFrame(steps.frame_of(store, draw).rows)[["code", "stratum"]]
    rows = rows.merge(strata, on="stratum")
    rows["drawn"] = rows["code"].isin([s["code"] for s in draw_record["selected"]])
    truth = pd.read_parquet(SAMPLE / "truth" / "risk.parquet")
    quarter = f"{as_of.year}Q{(as_of.month - 1) // 3 + 1}"
    odds_of_quarter = truth[truth["quarter"] == quarter].set_index("code")["p_violation"]
    chance = np.random.default_rng(as_of.toordinal()).random(len(rows))
    rows["violates"] = chance < rows["code"].map(odds_of_quarter).fillna(
        odds_of_quarter.mean()
    ).to_numpy(float)
    rows["failed"] = rows["violates"].where(rows["drawn"])
    return rows


def strata_of(store: Store, draw: str) -> pd.DataFrame:
    """What the strata of a draw are: tier, and odds of this draw."""
    strata = pd.DataFrame(json.loads(store.draws.file(draw, "strata.json")))
    renamed = strata.rename(columns={"id": "stratum", "h": "odds"})
    return renamed[["stratum", "tier", "odds"]].astype({"odds": float})


def visits_of(year: list[Month]) -> pd.DataFrame:
    """One row per visit: code, round, tier, failed."""
    each = [m.rows[m.rows["drawn"]].assign(round=n) for n, m in enumerate(year)]
    return pd.concat(each, ignore_index=True)


def faults(year: list[Month]) -> dict[str, int]:
    """What must never happen, counted: repeats within the pause, visits above the cap."""
    visits = visits_of(year).sort_values(["code", "round"])
    gap = visits.groupby("code")["round"].diff()
    above = sum(len(set(m.rows["code"][m.rows["drawn"]]) & m.capped) for m in year)
    return {"repeats": int((gap < PAUSE).sum()), "above_cap": above}


def firms(district: District, year: list[Month]) -> pd.DataFrame:
    """Everybody who could be visited, with the groups whose burden is told."""
    known = district.query("SELECT code, size, new_form FROM enterprise")
    there = set().union(*(m.rows["code"] for m in year))
    known = known[known["code"].isin(there)]
    return known.assign(small_or_micro=known["size"].isin(["small", "micro"]))


def show(district: District, year: list[Month]) -> None:
    """Print the report."""
    visits, everybody = visits_of(year), firms(district, year)
    print("month       frame  excluded  at cap  drawn  found  A/B/C/D drawn")
    for m in year:
        drawn_rows = m.rows[m.rows["drawn"]]
        tiers = "/".join(str(int((drawn_rows["tier"] == t).sum())) for t in "ABCD")
        print(
            f"{m.as_of} {len(m.rows):6} {m.excluded:9} {len(m.capped):7} {len(drawn_rows):6} "
            f"{int(drawn_rows['failed'].sum()):6}  {tiers}"
        )
    burden_figures = burden_report(
        visits[["code", "round"]], everybody, pause=PAUSE, rounds_per_year=ROUNDS, cap=2
    )
    print(
        f"{burden_figures['visits']} visits to {burden_figures['enterprises']} enterprises; "
        f"visited 0, 1, 2 … times: {burden_figures['by_count']}; "
        f"most within the 12 months (two calendar years): {burden_figures['most']}"
    )
    print(f"must be 0: {faults(year)}")
    for name, share in burden_figures["shares"].items():
        print(f"{name}: {share['enterprises']:.1%} of enterprises, {share['visits']:.1%} of visits")
    explored = exploration_report(pd.concat([m.rows for m in year]))
    other_visits = visits[~visits["tier"].isin(["A", "B"])]
    hidden = sum(int((m.rows["violates"] & m.rows["tier"].isin(["A", "B"])).sum()) for m in year)
    print(
        f"exploring A and B: {explored['visits']} visits found {explored['found']} "
        f"(C and D: {len(other_visits)} found {int(other_visits['failed'].sum())}); cost: "
        f"{explored['cost']:.1f} violations that visits to C and D would have found; bought: "
        f"knowledge of an estimated {explored['hidden']:.0f} violations among A and B in twelve "
        f"frames (truth: {hidden}), rate known to ± {1.96 * explored['error']:.2%}"
    )


def main() -> int:
    """Go through the year and print."""
    Plan.model_validate(PLAN)
    with tempfile.TemporaryDirectory() as name:
        district = District(Path(name))
        district.ingest()
        year = list(district.months(district.night))
        show(district, year)
    return int(any(faults(year).values()))


if __name__ == "__main__":
    sys.exit(main())
