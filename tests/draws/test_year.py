"""A year of monthly draws through the real store, frame and draw: the cap and the pause hold."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.draw_year import District, faults, firms, visits_of
from xhcredit.jobs.draws.estimates import burden_report
from xhcredit.jobs.scoring.result_table import write_atomic

pytestmark = pytest.mark.slow

MOVING = 0.1  #: enterprises whose tier changes from month to month


@pytest.fixture(scope="module")
def district(tmp_path_factory):
    district = District(tmp_path_factory.mktemp("year"))
    district.ingest(only=("register.csv", "inspections.csv"))
    return district


class Nights:
    """Nights of all months out of one that was really scored; tiers move at random."""

    def __init__(self, district) -> None:
        self.district, self.table = district, None
        self.chance = np.random.default_rng(4)

    def make(self, day):
        if self.table is None:
            scored = self.district.night(day)
            self.table = pq.read_table(scored / "scores.parquet")
            self.run_json = json.loads((scored / "run.json").read_bytes())
            return scored
        tiers = self.table["tier"].to_numpy(zero_copy_only=False)
        moves = self.chance.random(len(tiers)) < MOVING
        tiers = np.where(moves, self.chance.permutation(tiers), tiers)
        tier_place = self.table.schema.get_field_index("tier")
        column = pa.array(tiers.tolist(), self.table.schema.field(tier_place).type)
        self.table = self.table.set_column(tier_place, self.table.schema.field(tier_place), column)
        provenance = self.run_json["provenance"] | {"as_of": f"{day}", "data_digest": f"{day}"}
        folder = self.district.folder / f"{day}"
        write_atomic(self.table, folder / "scores.parquet", provenance)
        (folder / "run.json").write_text(json.dumps(self.run_json | {"provenance": provenance}))
        return folder


@pytest.fixture(scope="module")
def year(district):
    return list(district.months(Nights(district).make))


def test_nobody_is_visited_above_the_cap_or_within_the_pause(year):
    assert len(year) == 12
    assert faults(year) == {"repeats": 0, "above_cap": 0}
    assert sum(len(m.capped) for m in year) > 20, "a cap that never binds proves nothing"
    assert not any(set(m.rows["code"]) & m.capped for m in year)


def test_every_month_draws_what_its_odds_promise(year):
    """The number drawn is the target rounded; over the year each tier is drawn at its rate."""
    for month in year:
        target = sum(month.due.values())
        assert abs(month.rows["drawn"].sum() - target) < 1

    rows = visits_of(year)
    planned = sum(m.rows.groupby("tier")["odds"].sum() for m in year)
    drawn = rows.groupby("tier").size()
    assert (abs(drawn - planned) < 4 * planned**0.5 + 1).all(), (drawn, planned)


def test_the_burden_is_told_by_enterprise_and_group(district, year):
    visits, everybody = visits_of(year), firms(district, year)
    burden_figures = burden_report(
        visits[["code", "round"]], everybody, pause=4, rounds_per_year=12, cap=4
    )
    each = visits.groupby("code").size()

    assert burden_figures["repeats"] == burden_figures["over_cap"] == 0
    assert burden_figures["by_count"][1:] == tuple(
        int((each == k).sum()) for k in range(1, each.max() + 1)
    )
    small = everybody.set_index("code")["small_or_micro"]
    share = visits["code"].map(small).mean()
    assert burden_figures["shares"]["small_or_micro"]["visits"] == pytest.approx(share)
    assert abs(share - small.mean()) < 0.05, "the small bear no more than their share"
