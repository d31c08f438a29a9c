"""The pause at the beginning of a plan: from inspections that are known, with odds renewed."""

import json
from datetime import date
from fractions import Fraction

import pandas as pd
import pytest

from tests.jobs.draws import test_draw as base
from tests.jobs.draws.test_draw import BOOK, DAY, PEOPLE, act
from xhcredit.domain.calendar import add_months
from xhcredit.draws.plan import Plan
from xhcredit.draws.strata import Kind, odds_of
from xhcredit.errors import BadPlan
from xhcredit.jobs.draws import steps
from xhcredit.jobs.draws.pauses import rates_before_plan, rounds_ago

store = base.store
PLAN = base.PLAN | {"fields": ["general", "labour", "culture", "fire", "press", "drug"]}
SPLIT = Plan.model_validate(PLAN | {"round_months": 2})


def test_a_tier_keeps_its_rate_though_those_inspected_lately_are_not_drawn():
    strata_rows = pd.DataFrame({"code": [f"{n:03d}" for n in range(200)], "duty": False})
    strata_rows["tier"] = ["B"] * 100 + ["C"] * 100
    strata_rows.loc[95:99, "duty"] = True
    ago = {f"{n:03d}": 1 + n % 2 for n in range(10)} | {f"{n:03d}": 2 for n in range(100, 130)}
    past, paused = rates_before_plan(strata_rows, SPLIT, ago, 0)

    assert list(past.columns) == ["before-2", "before-1"]
    assert paused.sum() == 40
    for tier, size in (("B", 95), ("C", 100)):
        of_tier = strata_rows["tier"].eq(tier) & ~strata_rows["duty"]
        [rates] = {tuple(r) for r in past[of_tier].itertuples(index=False)}
        h = Fraction(odds_of(Kind(tier, "", False, False, rates), SPLIT.by_tier).h)
        total = h * int((of_tier & ~paused).sum())
        assert float(total) == pytest.approx(float(SPLIT.by_tier[tier]) * size, abs=1e-8)


def test_a_pause_that_the_rate_does_not_allow_is_shortened_from_its_oldest_round_on():
    strata_rows = pd.DataFrame({"code": list("abcdefghij"), "tier": "D", "duty": False})
    past, paused = rates_before_plan(
        strata_rows, SPLIT, {"a": 1, "b": 1} | dict.fromkeys("cdefgh", 2), 0
    )

    assert strata_rows["code"][paused].tolist() == ["a", "b"]
    assert set(past["before-2"]) == {"0"}
    assert set(past["before-1"]) == {"0.2"}


@pytest.mark.parametrize("months", [1, 12])
def test_a_first_draw_knows_the_inspections_before_it(store, nights, months):
    steps.file_plan(store, act("plan"), PLAN | {"round_months": months}, BOOK, date(2025, 3, 1))
    people = steps.People(PEOPLE.encode(), b"inspector,code,reason\n")
    freeze_request = steps.FreezeRequest(PLAN["id"], "d1", DAY, people)
    plan, _ = steps.plan_of(store, PLAN["id"], BOOK)
    lately = rounds_ago(plan, nights / "warehouse", DAY, DAY, 2)
    assert rounds_ago(plan, nights / "warehouse", DAY, DAY, 0) == {}
    steps.freeze(store, act("freeze"), nights / "warehouse", BOOK, freeze_request)
    strata = {s["id"]: s for s in json.loads(store.draws.file("d1", "strata.json"))}
    codes, ids = steps.frame_of(store, "d1").columns()
    paused = {c for c, s in zip(codes, ids, strict=True) if strata[s]["paused"]}

    assert paused <= set(lately)
    assert paused or months == 1
    assert all(strata[s]["h"] == "0" for s in ids if strata[s]["paused"])
    free = {s["id"]: s for s in strata.values() if not s["paused"] and not s["duty"]}
    for tier in {s["tier"] for s in free.values()}:
        tier_strata = [
            strata[s] for s in ids if strata[s]["tier"] == tier and not strata[s]["duty"]
        ]
        total = sum(Fraction(s["h"]) for s in tier_strata)
        assert float(total) == pytest.approx(
            float(PLAN["ratios"][tier]) * len(tier_strata), abs=1e-9
        )


def test_rounds_are_counted_back_from_the_first_draw(nights):
    where = nights / "warehouse"
    rounds = rounds_ago(SPLIT, where, DAY, DAY, 10**9)
    assert rounds
    assert set(rounds_ago(SPLIT, where, add_months(DAY, -6), DAY, 10**9)) <= set(rounds)
    halves = rounds_ago(SPLIT.model_copy(update={"round_months": 1}), where, DAY, DAY, 10**9)
    assert rounds == {code: -(-n // 2) for code, n in halves.items()}
    assert rounds_ago(Plan.model_validate(PLAN), where, DAY, DAY, 2) == {}


def test_a_plan_without_round_months_is_filed_as_ever_and_zero_is_refused(store):
    assert "round_months" not in Plan.model_validate(PLAN).model_dump(mode="json")
    assert SPLIT.model_dump(mode="json")["round_months"] == 2
    with pytest.raises(BadPlan, match="round_months"):
        steps.file_plan(store, act("plan"), PLAN | {"round_months": 0}, BOOK, date(2025, 3, 1))
