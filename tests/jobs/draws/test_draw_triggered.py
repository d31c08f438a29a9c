"""Triggered checks: a reason each, counted apart, felt by cap and frame."""

import json
import shutil
from datetime import date

import pytest

from tests.jobs.draws import test_draw as base
from tests.jobs.draws.test_draw import BOOK, DAY, PLAN, act
from tests.serving.district import CODES, TRIGGERED_CHECK, UNKNOWN, WRONG
from xhcredit.draws.plan import read_plan
from xhcredit.errors import BadInput, BadPlan, UnknownRecord, WrongState
from xhcredit.jobs.draws import steps, triggered_checks
from xhcredit.jobs.draws.exclusions import _by_status, _capped, _codes_from_warehouse
from xhcredit.jobs.draws.frame import frame_for
from xhcredit.rules.schemas.draws import Exclusions

store = base.store
CHECK = TRIGGERED_CHECK | {"opened_on": "2025-03-10"}
INSPECTION_RESULT = {"result": "corrected", "inspected_on": "2025-03-20"}
TODAY = date(2025, 3, 25)
ROWS = (
    "SELECT form || '|' || result || '|' || failed || '|' || (draw_id IS NULL) || '|' "
    "|| (inclusion_probability IS NULL) FROM inspection WHERE inspection_no = 'ts-1'"
)


def opened(store, **other):
    return triggered_checks.open_check(store, act("open"), CHECK | other, BOOK, TODAY)


def left_out(store, nights, as_of=DAY):
    plan_fields = {k: v for k, v in PLAN.items() if k != "id"} | {"id": "p"}
    plan = read_plan(plan_fields, BOOK, date(2025, 3, 1))
    framed = frame_for(
        plan,
        store,
        nights / "warehouse",
        BOOK,
        as_of,
        salts=steps.salts,
        progress=lambda *_: None,
    )
    return set(framed.frame.columns()[0]), {e.reason[:4]: e.count for e in framed.excluded}


def test_an_open_check_keeps_an_enterprise_out_of_frames_until_it_ends(store, nights):
    before, reasons = left_out(store, nights)
    code = sorted(before)[0]
    opened(store, code=code)
    during, reasons_after = left_out(store, nights)
    assert during == before - {code}
    assert reasons_after["个案检查"] == reasons.get("个案检查", 0) + 1
    opened(store, id="ts-2", code=sorted(before)[1], items=["food_operation"])
    assert left_out(store, nights)[0] == during  # of another field
    triggered_checks.cancel_check(store, act("off"), "ts-1", "投诉人撤回", date(2025, 3, 20))
    assert left_out(store, nights)[0] == before
    assert store.triggered_checks.pending_codes(["general"], date(2025, 3, 15)) == {code}
    assert store.triggered_checks.pending_codes(["general"], date(2025, 3, 9)) == set()


def test_a_result_becomes_an_inspection_of_its_form_without_odds(store, nights, tmp_path):
    warehouse = shutil.copytree(nights / "warehouse", tmp_path / "warehouse")
    assert opened(store) == {"check": "ts-1", "state": "open", "counts": False}
    for _ in range(2):  # again: the same inspection
        triggered_checks.close_check(
            store, act("close"), "ts-1", INSPECTION_RESULT, warehouse, TODAY
        )
    assert _codes_from_warehouse(warehouse, ROWS) == {"case|corrected|true|true|true"}
    corrected = INSPECTION_RESULT | {"result": "no_problem"}
    triggered_checks.close_check(store, act("close"), "ts-1", corrected, warehouse, TODAY)
    stored_check = store.triggered_checks.get("ts-1")
    assert (stored_check["state"], stored_check["result"], len(stored_check["steps"])) == (
        "closed",
        "no_problem",
        4,
    )


def test_only_checks_of_a_form_that_counts_feed_the_cap(store, nights, tmp_path):
    warehouse = shutil.copytree(nights / "warehouse", tmp_path / "warehouse")
    plan = read_plan(PLAN, BOOK, date(2025, 3, 1))
    law = BOOK.serving("draws.exclusions", Exclusions, as_of=DAY)
    capped = _capped(plan, warehouse, BOOK, law, DAY)
    code = next(c for c in CODES if c not in capped)
    for n in range(4):
        source = "complaint" if n < 2 else "campaign"
        opened_check = opened(store, id=f"ts-{n}", code=code, source=source)
        assert opened_check["counts"] == (source == "campaign")
        triggered_checks.close_check(
            store, act("close"), f"ts-{n}", INSPECTION_RESULT, warehouse, TODAY
        )
        if n == 1:
            assert code not in _capped(plan, warehouse, BOOK, law, DAY)
    assert code in _capped(plan, warehouse, BOOK, law, DAY)
    assert triggered_checks.counts_by_source(store.triggered_checks.list_checks()) == [
        {"source": "campaign", "checks": 2, "open": 0, "counting": 2, "failed": 2},
        {"source": "complaint", "checks": 2, "open": 0, "counting": 0, "failed": 2},
    ]


@pytest.mark.parametrize(
    ("other", "error", "words"),
    [
        ({"source": "whim"}, BadPlan, "is no source"),
        ({"reason": ""}, BadPlan, "reason"),
        ({"items": ["astrology"]}, BadPlan, "not in the item base"),
        ({"items": ["disclosure", "food_operation"]}, BadPlan, "one check for each field"),
        ({"items": []}, BadPlan, "items"),
        ({"code": WRONG}, BadInput, "code"),
        ({"code": UNKNOWN}, UnknownRecord, "current run"),
        ({"opened_on": "2025-03-26"}, BadPlan, "to come"),
        ({"id": "../x"}, BadPlan, "id"),
        ({"reason": "a\x00b"}, BadPlan, "reason"),
    ],
)
def test_a_check_without_ground_is_refused(store, other, error, words):
    with pytest.raises(error, match=words):
        opened(store, **other)
    assert store.triggered_checks.list_checks() == []


def test_steps_come_in_their_order(store):
    opened(store)
    with pytest.raises(WrongState, match="is there"):
        opened(store)
    for check_result, words in (
        ({"result": "fine"}, "write one of"),
        (INSPECTION_RESULT | {"inspected_on": "soon"}, "no day"),
        (INSPECTION_RESULT | {"inspected_on": "2025-03-01"}, "opened on"),
        (INSPECTION_RESULT | {"inspected_on": "2025-03-26"}, "today is"),
    ):
        with pytest.raises(BadInput, match=words):
            triggered_checks.close_check(store, act("close"), "ts-1", check_result, None, TODAY)
    with pytest.raises(BadInput, match="no reason"):
        triggered_checks.cancel_check(store, act("off"), "ts-1", " ", TODAY)
    triggered_checks.close_check(store, act("close"), "ts-1", INSPECTION_RESULT, None, TODAY)
    with pytest.raises(WrongState, match="closed"):
        triggered_checks.cancel_check(store, act("off"), "ts-1", "x", TODAY)
    opened(store, id="ts-2")
    triggered_checks.cancel_check(store, act("off"), "ts-2", "x", TODAY)
    with pytest.raises(WrongState, match="called_off"):
        triggered_checks.close_check(store, act("close"), "ts-2", INSPECTION_RESULT, None, TODAY)
    with pytest.raises(UnknownRecord, match="no check"):
        triggered_checks.close_check(store, act("close"), "ts-3", INSPECTION_RESULT, None, TODAY)
    assert [c["id"] for c in store.triggered_checks.list_checks(frozenset({"示例区税务局"}))] == [
        "ts-2",
        "ts-1",
    ]
    assert store.triggered_checks.list_checks(frozenset({"示例区生态环境局"})) == []


def test_a_status_counts_from_its_day_on(nights):
    """Whoever was struck off after the day of the frame stood in it."""
    law = BOOK.serving("draws.exclusions", Exclusions, as_of=DAY)
    warehouse = nights / "warehouse"
    gone = _by_status(warehouse, law, date(2100, 1, 1))
    days = {
        tuple(json.loads(row))
        for row in _codes_from_warehouse(
            warehouse,
            "SELECT to_json([code, status, coalesce(status_on, deregistered_on)::VARCHAR]) "
            "FROM enterprise",
        )
    }
    dated = {code: day for code, status, day in days if code in gone and day}
    assert dated
    for code, day in dated.items():
        eve = date.fromisoformat(day).toordinal() - 1
        assert code not in _by_status(warehouse, law, date.fromordinal(eve))
        assert code in _by_status(warehouse, law, date.fromisoformat(day))
