"""Publication: the day by which results are due, and lists that say what they may say."""

import io
import json
from datetime import date

import openpyxl
import pytest

from tests.jobs.draws import test_draw as base
from tests.jobs.draws.test_draw import BOOK, act, seeded
from xhcredit.errors import UnknownRecord, WrongState
from xhcredit.jobs.draws import documents as documents
from xhcredit.jobs.draws import publication as publication
from xhcredit.jobs.draws import steps as draw_steps
from xhcredit.store.audit import find_faults

frozen, store = base.frozen, base.store
LAST, DUE = "2026-07-10", date(2026, 8, 7)


def draw_of(published=None, last=LAST, entered="2026-07-13T01:00:00.000000Z"):
    steps = [] if published is None else [{"state": "published", "recorded_at": published}]
    results = {"a": {"inspected_on": last}} if last else {}
    return {"steps": steps, "results": results, "entered_at": entered if last else None}


@pytest.mark.parametrize(
    ("draw", "today", "state", "in_time"),
    [
        (draw_of(last=None), DUE, "no_results", None),
        (draw_of(), DUE, "due", None),
        (draw_of(), date(2026, 8, 8), "overdue", None),
        (draw_of("2026-08-07T15:59:59.000000Z"), date(2026, 9, 1), "published", True),
        (draw_of("2026-08-07T16:00:00.000000Z"), date(2026, 9, 1), "published", False),
        # the list came first; results are public from their entry on
        (draw_of("2026-07-02T00:00:00.000000Z"), date(2026, 8, 8), "published", True),
        (
            draw_of("2026-07-02T00:00:00.000000Z", entered="2026-08-07T16:00:00.000000Z"),
            date(2026, 9, 1),
            "published",
            False,
        ),
    ],
)
def test_results_are_due_twenty_working_days_after_the_last_visit(draw, today, state, in_time):
    due_state = publication.publication_state(draw, BOOK, today)
    assert (due_state["state"], due_state["in_time"]) == (state, in_time)
    assert due_state["due_on"] == (None if state == "no_results" else "2026-08-07")


def test_a_day_beyond_the_notices_on_holidays_is_provisional():
    due_state = publication.publication_state(draw_of(last="2026-12-04"), BOOK, date(2027, 1, 5))

    assert (due_state["state"], due_state["due_on"]) == ("overdue", "2027-01-04")
    assert (due_state["provisional"], due_state["due_unknown"]) == (True, False)
    assert due_state["provisional_note"]["zh"].startswith("暂定")
    assert publication.publication_state(draw_of(), BOOK, DUE)["provisional_note"] is None


def test_a_day_beyond_the_calendar_is_unknown_not_an_error():
    due_state = publication.publication_state(draw_of(last="2100-12-20"), BOOK, DUE)
    assert (due_state["state"], due_state["due_on"], due_state["due_unknown"]) == (
        "due",
        None,
        True,
    )
    shown = publication.publication_state(
        draw_of("2100-12-23T00:00:00Z", last="2100-12-20"), BOOK, DUE
    )
    assert (shown["state"], shown["in_time"]) == ("published", None)


def test_the_list_of_draws_tells_each_as_the_draw_itself_does(frozen):
    def listed(bureaus=None, today=DUE):
        return publication.draws_with_publication(frozen, bureaus, BOOK, today)

    assert [d["publication"]["state"] for d in listed()] == ["no_results"]
    seeded(frozen)
    draw_steps.run_draw(frozen, act("run"), "d1")
    codes = [s["code"] for s in draw_steps.record_of(frozen, "d1")["selected"]]
    for day in ("2026-07-13", "2026-07-10"):  # the later entry corrects the day of everybody
        results = {c: {"result": "no_problem", "inspected_on": day} for c in codes}
        frozen.draws.enter_results(act("results"), "d1", results)
    [late] = listed(today=date(2026, 8, 8))
    assert late["publication"] == publication.publication_state(
        frozen.draws.get("d1"), BOOK, date(2026, 8, 8)
    )
    assert (late["publication"]["last_visit"], late["publication"]["state"]) == (LAST, "overdue")
    entered = frozen.draws.get("d1")["entered_at"]
    frozen.writer.clock.forward(days=9)
    frozen.draws.enter_results(act("results"), "d1", results)  # a correction does not put it off
    assert frozen.draws.get("d1")["entered_at"] == entered
    frozen.draws.publish(act("publish"), "d1", {})
    [listed_draw] = listed()
    assert listed_draw["publication"] == publication.publication_state(
        frozen.draws.get("d1"), BOOK, DUE
    )
    assert listed_draw["publication"]["published_on"]
    assert listed(frozenset({"示例区生态环境局"})) == []


def test_results_that_come_later_are_published_again_and_every_publication_is_kept(
    frozen, tmp_path
):
    seeded(frozen)
    with pytest.raises(WrongState, match="only seeded"):
        frozen.draws.publish(act("publish"), "d1", {})
    draw_steps.run_draw(frozen, act("run"), "d1")
    first = publication.publish_list(frozen, act("publish"), "d1", tmp_path)[0].read_text(
        "utf-8-sig"
    )
    publication.publish_list(frozen, act("publish"), "d1", tmp_path)  # nothing new: only writes
    with pytest.raises(WrongState, match="no new results"):
        frozen.draws.publish(act("publish"), "d1", {})
    code = draw_steps.record_of(frozen, "d1")["selected"][0]["code"]
    for result in ("no_problem", "corrected"):  # found, then corrected
        frozen.writer.clock.forward(days=1)
        results = {code: {"result": result, "inspected_on": "2025-04-03"}}
        frozen.draws.enter_results(act("results"), "d1", results)
        frozen.writer.clock.forward(days=1)
        publication.publish_list(frozen, act("publish"), "d1", tmp_path)
    stored_draw = frozen.draws.get("d1")
    assert [(p["number"], p["results"]) for p in stored_draw["publications"]] == [
        (1, 0),
        (2, 1),
        (3, 1),
    ]
    assert len({p["digest"] for p in stored_draw["publications"]}) == 3
    assert (stored_draw["state"], stored_draw["news"]) == ("published", False)
    last = (tmp_path / "public_list.csv").read_text("utf-8-sig")
    assert [f"第{n}次公示" in first for n in (1, 2)] == [True, False]
    assert last.index("第3次公示") < last.index("第2次公示") < last.index("第1次公示")
    [row] = publication.draws_with_publication(frozen, None, BOOK, DUE)
    assert row["publication"] == publication.publication_state(
        stored_draw, BOOK, DUE
    )  # dated by the first
    assert find_faults(frozen.database) == []


def test_lists_say_what_they_may_say(frozen, tmp_path):
    with pytest.raises(UnknownRecord, match=r"record\.json"):
        documents.write_internal_documents(frozen, "d1", BOOK, tmp_path)
    seeded(frozen)
    draw_steps.run_draw(frozen, act("run"), "d1")
    record = draw_steps.record_of(frozen, "d1")
    files = publication.publish_list(frozen, act("publish"), "d1", tmp_path)
    assert [f.name for f in files] == list(publication.FILES)
    assert files[2].read_bytes().startswith(b"%PDF")
    public = openpyxl.load_workbook(io.BytesIO(files[1].read_bytes())).active
    cells = [str(c.value) for row in public.iter_rows() for c in row]
    assert {s["code"] for s in record["selected"]} <= set(cells)
    assert not {"A", "B", "C", "D"} & set(cells)

    inner, notices = documents.write_internal_documents(frozen, "d1", BOOK, tmp_path)
    rows = list(openpyxl.load_workbook(inner).active.iter_rows(min_row=3, values_only=True))
    tiers = {s["id"]: s["tier"] for s in json.loads(frozen.draws.file("d1", "strata.json"))}
    assert {r[0]: r[2] for r in rows} == {
        s["code"]: tiers[s["stratum"]] for s in record["selected"]
    }
    assert notices.read_bytes().startswith(b"%PDF")


def test_a_notice_says_who_comes_why_and_to_whom_and_nothing_of_tiers(frozen):
    seeded(frozen)
    draw_steps.run_draw(frozen, act("run"), "d1")
    record = draw_steps.record_of(frozen, "d1")
    first = record["selected"][0]
    teams = {s["code"]: s["inspectors"] for s in record["selected"]}
    hostile = {first["code"]: '#panic("x") = $1$ <b>'}
    plan = draw_steps.plan_of_draw(frozen, "d1")
    notices = documents._notices(record, plan, hostile, BOOK, teams)
    notice = dict(notices["notices"][0])

    assert len(notices["notices"]) == len(record["selected"])
    assert notice["检查编号（检查码） number"] == f"d1|{first['code']}"
    assert notice["检查人员 inspectors"] == "、".join(first["inspectors"])
    assert not {"tier", first["stratum"], first["inclusion_probability"]} & set(notice.values())
    assert documents.draw_document_pdf(notices).startswith(b"%PDF")  # the name is printed, not run
