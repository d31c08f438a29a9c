"""Joint draws: one visit per door, known odds, and a record that follows from the members'."""

import copy
import csv
import io
import json
from collections import defaultdict
from datetime import date
from fractions import Fraction

import pytest

from tests.jobs.draws import test_draw as base
from tests.jobs.draws.test_draw import BOOK, DAY, PEOPLE, PLAN, act
from xhcredit.draws import joint
from xhcredit.draws.commitment import canonical
from xhcredit.draws.joint_verify import verify_joint_record
from xhcredit.errors import BadPlan, RecordRefuted, UnknownRecord, WrongState
from xhcredit.jobs.draws import joint as joint_draws
from xhcredit.jobs.draws import steps

store = base.store
RATIOS = {"A": "0.03", "B": "0.1", "C": "0.3", "D": "1"}
HALF = {"A": "0.015", "B": "0.05", "C": "0.15", "D": "0.5"}


def draw_of(
    store, nights, name, *, round_="", bureau="示例区税务局", ratios=RATIOS, seed=None, **plan
):
    plan_fields = (
        PLAN | {"id": f"p-{name}", "bureau": bureau, "pause_rounds": 1, "ratios": ratios} | plan
    )
    steps.file_plan(store, act("plan"), plan_fields, BOOK, date(2025, 3, 1))
    people = steps.People(PEOPLE.encode(), b"inspector,code,reason\n")
    freeze_request = steps.FreezeRequest(f"p-{name}", name, DAY, people, round_)
    steps.freeze(store, act("freeze", draw=name), nights / "warehouse", BOOK, freeze_request)
    return name, seed or f"seed of {round_ or name}"


def drawn(store, *frozen):
    store.writer.clock.forward(days=1)
    for name, seed in frozen:
        steps.enter_seed(store, act("seed"), name, seed, PLAN["seed_source"])
        steps.run_draw(store, act("run"), name)


@pytest.fixture
def two(store, nights):
    drawn(
        store, draw_of(store, nights, "d1"), draw_of(store, nights, "d2", bureau="示例区生态环境局")
    )
    return store


def files_of(store, name, draws=("d1", "d2")):
    return {draw: store.draws.file(draw, name) for draw in draws}


def laid(store, draws=("d1", "d2")):
    joined = joint_draws.join_draws(store, act("joint"), "j1", draws)
    return joined, json.loads(store.joint_draws.record("j1"))


def test_what_two_bureaus_drew_is_one_visit_with_all_items_and_inspectors_of_each(two):
    joined, record = laid(two)
    lists = [steps.record_of(two, d)["selected"] for d in ("d1", "d2")]
    codes = [{s["code"] for s in draw_list} for draw_list in lists]

    assert codes[0] & codes[1]
    assert [v["code"] for v in record["selected"]] == sorted(codes[0] | codes[1])
    assert joined["saved"] == len(codes[0] & codes[1]) == record["together"]
    both = next(v for v in record["selected"] if len(v["draws"]) > 1)
    inspectors = [
        next(s for s in draw_list if s["code"] == both["code"])["inspectors"] for draw_list in lists
    ]
    assert both["team"] == {
        "示例区税务局": sorted(inspectors[0]),
        "示例区生态环境局": sorted(inspectors[1]),
    }


def test_odds_of_draws_with_own_seeds_are_exact_and_members_keep_theirs(two):
    before = files_of(two, "record.json")
    record = laid(two)[1]
    odds = [{c: p for c, p in m.odds.items()} for m in joint_draws.members_of(two, ("d1", "d2"))]

    for visit in record["selected"]:
        p, q = (o.get(visit["code"], Fraction(0)) for o in odds)
        odds_bounds = visit["inclusion_probability"]
        assert odds_bounds["at_least"] == odds_bounds["at_most"]
        assert abs(Fraction(odds_bounds["at_least"]) - (p + q - p * q)) < Fraction(1, 10**12)
    assert files_of(two, "record.json") == before


def test_draws_of_one_round_tell_bounds_and_overlap_more(store, nights):
    drawn(
        store,
        draw_of(store, nights, "d1", round_="r"),
        draw_of(store, nights, "d2", round_="r", bureau="示例区生态环境局", ratios=HALF),
    )
    joined, record = laid(store)
    first, second = [
        {s["code"] for s in steps.record_of(store, d)["selected"]} for d in ("d1", "d2")
    ]
    strata = defaultdict(set)
    for row in csv.DictReader(io.StringIO(store.draws.file("d1", "frame.csv").decode())):
        strata[row["stratum"]].add(row["code"])

    # The same tickets: in each stratum one list holds the other, however the sizes were rounded.
    nested = sum(min(len(first & codes), len(second & codes)) for codes in strata.values())
    assert joined["saved"] == nested == len(first & second) > 0
    for visit in record["selected"]:
        low, high = (Fraction(visit["inclusion_probability"][k]) for k in ("at_least", "at_most"))
        assert low <= high <= min(1, 3 * low / 2 + Fraction(1, 10**9))


def test_the_record_is_checked_from_the_members_files(two, tmp_path):
    record = laid(two)[1]
    records, plans = files_of(two, "record.json"), files_of(two, "plan.json")
    frames = files_of(two, "frame.csv")

    assert len(verify_joint_record(record, records)) == 4
    assert len(verify_joint_record(record, records, plans, frames)) == 7
    joint_draws.export_joint_draw(two, "j1", tmp_path)
    assert (tmp_path / "joint.json").read_bytes() == canonical(record)
    lines = (tmp_path / "probabilities.csv").read_text().splitlines()
    everybody = {c for m in joint_draws.members_of(two, ("d1", "d2")) for c in m.odds}
    assert lines[0] == "code,d1,d2,at_least,at_most"
    assert len(lines) == 1 + len(everybody)
    joint_draws.export_joint_draw(two, "j1", tmp_path / "public", private=False)
    assert sorted(p.name for p in (tmp_path / "public").rglob("*") if p.is_file()) == [
        "joint.json",
        "record.json",
        "record.json",
    ]


FORGED = {
    "saved": lambda r: r.update(saved=r["saved"] + 1),
    "selected": lambda r: r["selected"].pop(),
    "together": lambda r: r.update(together=0),
    "not the one": lambda r: r["members"][0].update(record_digest="0" * 64),
    "does not hold": lambda r: r["members"][0].pop("items"),
    "members": lambda r: r["members"][0].update(bureau="税务局"),
    "extra": lambda r: r.update(extra=1),
    "at hand": lambda r: r["members"][0].update(draw_id="d9"),
}


@pytest.fixture
def evidence(two):
    record = laid(two)[1]
    member_files = [files_of(two, name) for name in ("record.json", "plan.json", "frame.csv")]
    return record, member_files


def test_whatever_is_forged_is_named(evidence):
    record, member_files = evidence
    for name, forge in FORGED.items():
        forged = copy.deepcopy(record)
        forge(forged)
        with pytest.raises(RecordRefuted, match=name):
            verify_joint_record(forged, *member_files)
    odds = copy.deepcopy(record)
    odds["selected"][0]["inclusion_probability"]["at_least"] = "0.000000000001"
    assert verify_joint_record(odds, member_files[0])  # the public cannot see this
    with pytest.raises(RecordRefuted, match="selected"):
        verify_joint_record(odds, *member_files)
    swapped = [
        member_files[0],
        dict(zip(member_files[1], reversed(member_files[1].values()), strict=True)),
    ]
    with pytest.raises(RecordRefuted, match="not the plan"):
        verify_joint_record(record, *swapped)


def test_what_cannot_be_laid_over_is_refused(two, nights):
    for draws, error, words in (
        (["d1"], BadPlan, "two draws or more"),
        (["d1", "d1"], BadPlan, "two draws or more"),
        (["d1", "nobody"], UnknownRecord, "no draw"),
    ):
        with pytest.raises(error, match=words):
            joint_draws.join_draws(two, act("joint"), "j0", draws)
    late = {"period": {"first": "2026-01-01", "last": "2026-12-31"}, "published_on": "2025-03-01"}
    name = draw_of(two, nights, "d3", **late)
    with pytest.raises(WrongState, match="frozen"):
        joint_draws.join_draws(two, act("joint"), "j0", ["d1", "d3"])
    drawn(two, name)
    with pytest.raises(BadPlan, match="no day in common"):
        joint_draws.join_draws(two, act("joint"), "j0", ["d1", "d3"])
    assert joint_draws.drawn_within(two, DAY, DAY) == ["d3", "d2", "d1"]
    laid(two)
    with pytest.raises(WrongState, match="takes part"):
        joint_draws.join_draws(two, act("joint"), "j2", ["d1", "d3"])
    assert joint_draws.drawn_within(two, DAY, DAY) == ["d3"]
    assert two.joint_draws.list_joint_draws(frozenset({"税务局"})) == []
    assert [
        j["joint_id"] for j in two.joint_draws.list_joint_draws(frozenset({"示例区生态环境局"}))
    ] == ["j1"]


def test_two_draws_of_one_plan_depend_on_one_another(two):
    members = joint_draws.members_of(two, ("d1", "d2"))
    twin = copy.deepcopy(members[1].record)
    twin["plan"]["id"] = members[0].record["plan"]["id"]
    other = joint.Member(twin, "0", "示例区生态环境局", ("disclosure",))
    with pytest.raises(BadPlan, match="two draws of the plan"):
        joint.overlay_draws("j", (DAY, DAY), [members[0], other])
