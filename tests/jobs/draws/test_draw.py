"""A draw over a real store and warehouse: each step once, in order, whatever happens in between."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from tests.serving.district import ACT, CODES, Clock
from xhcredit.draws.strata import Kind, stratum_ids
from xhcredit.draws.verify import PublishedFiles, verify_record
from xhcredit.errors import BadInput, BadPlan, NothingKnown, UnknownRecord, WrongState
from xhcredit.jobs.draws import replacements, steps
from xhcredit.jobs.draws import results as draw_results
from xhcredit.jobs.night.publish import publish
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

BOOK = Rulebook.load()
DAY = date(2025, 3, 31)
PLAN = {
    "id": "p-2025", "bureau": "示例区税务局", "title": "综合抽查", "kind": "annual",
    "period": {"first": "2025-01-01", "last": "2025-12-31"}, "fields": ["general"],
    "items": ["disclosure"], "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.5"},
    "places": 2, "qualification": "general", "pause_rounds": 3, "published_on": "2025-03-01",
    "filed_no": "1号", "seed_source": "体彩 2025-04-02", "seed_due": "2025-04-02",
}  # fmt: skip
PEOPLE = "inspector,qualifications,unit,capacity\n" + "".join(
    f"I{n},general,一所,30\n" for n in range(6)
)


def act(action, **payload):
    return Act("wang", f"draw.{action}", "test", payload=payload)


@pytest.fixture
def store(tmp_path, nights):
    with Store.open(str(tmp_path / "store.db"), clock=Clock()) as opened:
        publish(nights / f"{DAY}", opened, actor="night")
        yield opened


@pytest.fixture
def frozen(store, nights):
    steps.file_plan(store, act("plan"), PLAN, BOOK, date(2025, 3, 1))
    freeze(store, nights, "d1")
    return store


def freeze(store, nights, draw, **other):
    people = steps.People(PEOPLE.encode(), f"inspector,code,reason\nI1,{CODES[0]},亲属\n".encode())
    freeze_request = steps.FreezeRequest("p-2025", draw, DAY, people)
    return steps.freeze(
        store,
        act("freeze", draw=draw),
        nights / "warehouse",
        BOOK,
        replace(freeze_request, **other),
    )


def seeded(store, draw="d1", value="1 2 3"):
    store.writer.clock.forward(days=1)
    return steps.enter_seed(store, act("seed"), draw, value, PLAN["seed_source"])


def files_of(store, draw="d1"):
    names = ("commitment.json", "frame.csv", "inspectors.csv", "recusals.csv")
    return PublishedFiles(*(store.draws.file(draw, name) for name in names))


def test_a_draw_goes_from_plan_to_list_and_its_record_holds(frozen, tmp_path):
    seeded(frozen)
    drawn = steps.run_draw(frozen, act("run"), "d1")
    record = steps.record_of(frozen, "d1")

    assert drawn["selected"] == len(record["selected"]) > 0
    assert all(check.holds for check in verify_record(record, files_of(frozen)))
    assert frozen.draws.get("d1")["state"] == "drawn"
    files = steps.export_draw(frozen, "d1", tmp_path / "out")
    command = [
        sys.executable,
        "-I",
        str(tmp_path / "out" / "verify_draw.py"),
        *map(str, files[:-1]),
    ]
    assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode == 0


def test_steps_come_once_and_in_their_order(frozen, nights):
    with pytest.raises(UnknownRecord, match="no seed yet"):
        steps.run_draw(frozen, act("run"), "d1")
    with pytest.raises(WrongState, match="frozen"):
        freeze(frozen, nights, "d1")
    seeded(frozen)
    with pytest.raises(WrongState, match="seeded"):
        seeded(frozen, value="another")
    steps.run_draw(frozen, act("run"), "d1")
    with pytest.raises(WrongState, match="drawn"):
        steps.run_draw(frozen, act("run"), "d1")


def test_a_seed_serves_one_round_and_comes_from_the_announced_source(frozen, nights):
    with pytest.raises(BadPlan, match="as announced"):
        steps.enter_seed(frozen, act("seed"), "d1", "1 2 3", "my dice")
    seeded(frozen)
    freeze(frozen, nights, "d2")
    with pytest.raises(WrongState, match='served the round "d1"'):
        seeded(frozen, "d2")


def test_nobody_is_drawn_twice_within_the_pause(frozen, nights):
    drawn = []
    for number in range(1, 4):
        if number > 1:
            freeze(frozen, nights, f"d{number}")
        seeded(frozen, f"d{number}", f"seed {number}")
        steps.run_draw(frozen, act("run"), f"d{number}")
        drawn += [s["code"] for s in steps.record_of(frozen, f"d{number}")["selected"]]

    assert len(drawn) == len(set(drawn)) > 0


def test_a_draw_that_is_repeated_names_the_first_which_stays(frozen, nights):
    seeded(frozen)
    steps.run_draw(frozen, act("run"), "d1")
    first = frozen.draws.file("d1", "record.json")
    freeze(frozen, nights, "d1-again", replaces="d1", reason="名单有误")

    assert steps.commitment_of(frozen, "d1-again")["replaces"] == {
        "draw_id": "d1",
        "reason": "名单有误",
    }
    assert frozen.draws.file("d1", "record.json") == first
    with pytest.raises(WrongState, match="was replaced by"):
        freeze(frozen, nights, "d1-third", replaces="d1")


def test_every_frame_of_a_round_is_frozen_before_its_one_seed(frozen, nights):
    freeze(frozen, nights, "d2", round="d1")
    seeded(frozen)
    with pytest.raises(WrongState, match="has another seed"):
        seeded(frozen, "d2", "9 9 9")
    seeded(frozen, "d2")
    with pytest.raises(WrongState, match="frozen before"):
        freeze(frozen, nights, "d3", round="d1")


def test_being_on_a_list_that_is_repeated_is_no_way_off_it(frozen, nights):
    seeded(frozen)
    steps.run_draw(frozen, act("run"), "d1")
    first = {s["code"] for s in steps.record_of(frozen, "d1")["selected"]}
    freeze(frozen, nights, "again", replaces="d1", reason="名单有误")
    rows = {row.code: row.stratum for row in steps.frame_of(frozen, "again").rows}
    ratios = {s["id"]: s["ratio"] for s in steps.commitment_of(frozen, "again")["strata"]}

    assert all(ratios[rows[code]] != "0" for code in first)


def test_an_inspector_who_falls_out_is_replaced_by_the_same_seed(frozen):
    seeded(frozen)
    steps.run_draw(frozen, act("run"), "d1")
    first = steps.record_of(frozen, "d1")["selected"][0]
    away = replacements.InspectorAbsence(first["code"], first["inspectors"][0], "病假")
    replacement = replacements.replace_inspector(frozen, act("replace"), "d1", away)

    assert replacement["instead"] not in first["inspectors"]
    assert frozen.draws.get("d1")["replacements"] == [replacement]
    with pytest.raises(BadPlan, match="does not visit"):
        replacements.replace_inspector(frozen, act("replace"), "d1", away)


def test_results_come_back_as_inspections_and_tell_of_everybody(frozen, nights, tmp_path):
    warehouse = shutil.copytree(nights / "warehouse", tmp_path / "warehouse")
    seeded(frozen)
    steps.run_draw(frozen, act("run"), "d1")
    with pytest.raises(NothingKnown, match="no result yet"):
        draw_results.estimate(frozen, "d1")
    codes = [s["code"] for s in steps.record_of(frozen, "d1")["selected"]]
    rows = [
        f"{c},{'corrected' if n % 2 else 'no_problem'},2025-04-03,,\n" for n, c in enumerate(codes)
    ]
    results_csv = ("code,result,inspected_on,item,note\n" + "".join(rows)).encode()
    today = date(2025, 4, 4)
    for _ in range(2):  # whoever was stopped in between enters the same file again
        draw_results.enter_results(
            frozen, act("results"), "d1", results_csv, "results.csv", warehouse, today
        )
    estimate = draw_results.estimate(frozen, "d1")

    assert estimate["total"]["violations"] > 0
    assert set(frozen.draws.get("d1")["results"]) == set(codes)


BAD_RESULTS = {
    "code;result\n": "row 1",
    "code,result,inspected_on,item,note\n": "holds no result",
    "code,result,inspected_on,item,note\n1,no_problem,2025-04-03,,\n": "column code",
    f"code,result,inspected_on,item,note\n{CODES[0]},fine,2025-04-03,,\n": "column result",
    f"code,result,inspected_on,item,note\n{CODES[0]},no_problem,soon,,\n": "column inspected_on",
    f"code,result,inspected_on,item,note\n{CODES[0]},no_problem\n": "2 cells",
}


@pytest.mark.parametrize(("text", "words"), BAD_RESULTS.items())
def test_results_that_cannot_be_read_are_refused_with_row_and_column(frozen, text, words):
    with pytest.raises(BadInput, match=words):
        draw_results.enter_results(frozen, act("results"), "d1", text.encode(), "r.csv", None, DAY)


BAD_PLANS = {
    "ratio above the bound": ({"ratios": {**PLAN["ratios"], "A": "0.5"}}, "draws.ratios"),
    "ratio above 1": ({"ratios": {**PLAN["ratios"], "D": "1.2"}}, "ratios"),
    "safer drawn more often": ({"ratios": {**PLAN["ratios"], "B": "0.02"}}, "safer"),
    "a tier is missing": ({"ratios": {"A": "0.03"}}, "no ratio for tier"),
    "item outside the base": ({"items": ["party"]}, "draws.items"),
    "item of another field": ({"items": ["food_operation"]}, "of field food"),
    "one inspector": ({"places": 1}, "draws.plan"),
    "published late": ({"published_on": "2025-05-01"}, "due by 2025-03-31"),
    "unknown key": ({"colour": "red"}, "colour"),
    "individual odds with a pause": ({"design": "individual"}, "nobody can be in a pause"),
    "wrong lead": ({"qualification": "food"}, "the lead needs"),
}


@pytest.mark.parametrize("wrong", BAD_PLANS)
def test_a_plan_that_the_rules_do_not_allow_is_refused(store, wrong):
    change, words = BAD_PLANS[wrong]
    with pytest.raises(BadPlan, match=words):
        steps.file_plan(store, act("plan"), {**PLAN, **change}, BOOK, date(2025, 3, 1))


def test_a_list_with_nobody_qualified_is_refused(store, nights):
    steps.file_plan(store, act("plan"), PLAN, BOOK, date(2025, 3, 1))
    people = steps.People(PEOPLE.replace("general", "food").encode(), b"inspector,code,reason\n")
    with pytest.raises(BadPlan, match="qualified"):
        steps.freeze(
            store, ACT, nights / "warehouse", BOOK, steps.FreezeRequest("p-2025", "d", DAY, people)
        )


def test_a_frame_without_anybody_is_refused(store, nights):
    plan = {**PLAN, "id": "empty", "scope": {"streets": ["没有的街道"]}}
    steps.file_plan(store, act("plan"), plan, BOOK, date(2025, 3, 1))
    with pytest.raises(BadPlan, match="nobody is left"):
        freeze(store, nights, "d", plan="empty")


def test_strata_ids_say_nothing_of_the_tier():
    kinds = [Kind(tier, "", False, False, ()) for tier in "ABCD"]

    met = Counter(stratum_ids(kinds, f"{n}")[kinds[0]] for n in range(400))

    assert set(met) == {"s01", "s02", "s03", "s04"}
    assert min(met.values()) > 60, "the same order of tiers each time would tell them"
    assert steps.salts(1) != steps.salts(1)
