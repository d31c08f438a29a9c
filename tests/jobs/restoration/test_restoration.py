"""Who of a district can restore, as a spreadsheet; and what it would change."""

from __future__ import annotations

from collections import Counter
from dataclasses import astuple
from datetime import date, timedelta
from pathlib import Path

import openpyxl
import pytest

from tests.jobs.warehouses import random_warehouse
from xhcredit.errors import BadInput, UnknownEnterprise
from xhcredit.jobs.restoration.candidates import (
    STATES,
    TABLES,
    RestorableRecord,
    _restorable_of_table,
    find_restorable,
)
from xhcredit.jobs.restoration.candidates_spreadsheet import HEADINGS, write_xlsx
from xhcredit.jobs.restoration.counterfactual import RecordKey, score_without_record
from xhcredit.jobs.restoration.records import read_records, record_of
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.restoration.assess import assess
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

BOOK = Rulebook.load()
SAMPLE = Path(__file__).parents[3] / "data" / "sample"
DAY = date(2025, 3, 31)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    folder = tmp_path_factory.mktemp("restoration") / "warehouse"
    random_warehouse(folder, seed=4, events=900)
    return folder


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """The sample district's register and every record of it that can be restored."""
    folder = tmp_path_factory.mktemp("sample") / "warehouse"
    for name in ("register", "penalties", *(f"{table}s" for table in TABLES[1:])):
        [export] = (SAMPLE / "exports").glob(f"{name}.*")
        run_ingest(str(export), SAMPLE / "mappings", folder, today=date(2026, 7, 1))
    return folder


def test_the_list_is_what_asking_for_each_record_gives(warehouse):
    """The fast way leaves nobody out."""
    restorable = find_restorable(warehouse, BOOK, DAY)
    rows = read_records(warehouse, "penalty", DAY)
    each = [
        (row["code"], row["reference"], assess(record_of(row), applied_on=DAY, rules=BOOK))
        for row in rows.to_dict("records")
    ]

    expected = {(code, doc) for code, doc, answer in each if answer.eligible}
    assert expected
    assert {
        (r.code, r.reference) for r in restorable if r.table == "penalty" and r.state == "now"
    } == (expected)
    soon = {
        (code, doc)
        for code, doc, a in each
        if not a.eligible and a.earliest_on and DAY < a.earliest_on <= DAY + timedelta(days=30)
    }
    assert {
        (r.code, r.reference) for r in restorable if r.table == "penalty" and r.state == "soon"
    } == (soon)


@pytest.mark.parametrize("day", [DAY, date(2024, 3, 31)])
def test_the_rows_of_one_enterprise_are_those_of_the_whole_list(warehouse, day):
    whole = find_restorable(warehouse, BOOK, day)
    codes = {row.code for row in whole}

    assert len(codes) > 5
    for code in codes:
        alone = find_restorable(warehouse, BOOK, day, code=code)
        assert alone == [row for row in whole if row.code == code]
    assert find_restorable(warehouse, BOOK, day, code="91310104MA1FR00000") == []


def one_by_one(warehouse, day):
    horizon = day + timedelta(days=30)
    each = []
    for table in TABLES:
        frame = read_records(warehouse, table, day)
        for row_number in range(len(frame)):
            each += _restorable_of_table(
                frame.iloc[[row_number]].reset_index(drop=True), BOOK, day, horizon
            )
    return sorted(map(astuple, each), key=str)


@pytest.mark.parametrize("day", [DAY, date(2025, 12, 30), date(2026, 4, 1), date(2026, 6, 10)])
def test_the_list_is_what_it_would_be_record_by_record(warehouse, day):
    """Words are made once for all records that differ in nothing else; every column is compared."""
    restorable = find_restorable(warehouse, BOOK, day)

    assert len(restorable) > 5
    assert sorted(map(astuple, restorable), key=str) == one_by_one(warehouse, day)


@pytest.mark.parametrize("day", [date(2024, 3, 1), date(2025, 12, 24), date(2026, 6, 30)])
def test_every_record_of_the_sample_is_listed_as_it_is_answered_alone(sample, day):
    restorable = find_restorable(sample, BOOK, day)
    tables = {row.table for row in restorable}

    assert sorted(map(astuple, restorable), key=str) == one_by_one(sample, day)
    assert {"penalty", "abnormal_listing"} <= tables
    assert bool(tables & {"inspection", "food_sample"}) == (day >= date(2025, 12, 25))


def test_what_ends_by_itself_or_is_not_published_is_not_in_the_list(sample):
    """Of every penalty of the sample the whole answer is looked at."""
    day = date(2026, 6, 30)
    listed = {
        (r.code, r.reference) for r in find_restorable(sample, BOOK, day) if r.table == "penalty"
    }
    routes = Counter()
    for row in read_records(sample, "penalty", day).to_dict("records"):
        assessment = assess(record_of(row), applied_on=day, rules=BOOK)
        routes[assessment.route] += 1
        assert assessment.route in ("restoration", "none") or (
            (row["code"], row["reference"]) not in listed and not assessment.eligible
        )

    assert min(routes["unpublished"], routes["restoration"], routes["none"]) > 5
    assert routes["by_itself"]


def test_every_row_says_what_is_missing_and_the_first_come_first(warehouse):
    restorable = find_restorable(warehouse, BOOK, DAY)

    assert all("信用承诺书" in row.missing for row in restorable)
    order = [list(STATES).index(row.state) for row in restorable]
    assert order == sorted(order)


def test_open_abnormal_listings_need_correction(warehouse):
    rows = [r for r in find_restorable(warehouse, BOOK, DAY) if r.table == "abnormal_listing"]

    assert rows
    assert {r.state for r in rows} == {"needs_act"}
    assert {r.rules for r in rows} == {"restoration.samr.abnormal_list"}


def test_what_is_not_known_on_the_day_is_not_in_the_list(warehouse):
    early = find_restorable(warehouse, BOOK, date(2024, 11, 5))

    assert all(row.decided_on <= date(2024, 11, 5) for row in early)


def test_nothing_in_the_spreadsheet_can_act_as_a_formula(tmp_path):
    row = RestorableRecord(
        "91310115MA1K3CUM7M",
        "=1+1",
        "@x",
        "penalty",
        "+2",
        DAY,
        "minor",
        "now",
        DAY,
        None,
        "-3",
        "",
        '=HYPERLINK("x")',
        True,
    )
    write_xlsx([row], tmp_path / "out" / "list.xlsx", DAY)

    sheet = openpyxl.load_workbook(tmp_path / "out" / "list.xlsx").active
    headings, cells = ([*r] for r in sheet.iter_rows(min_row=2, max_row=3))
    assert [c.value for c in headings] == [heading for heading, _ in HEADINGS.values()]
    assert {c.data_type for c in cells} <= {"s", "d", "n"}
    assert cells[3].value == "=1+1"
    assert cells[3].data_type == "s"
    assert "不公开" in sheet["A1"].value


@pytest.fixture(scope="module")
def scored(warehouse):
    return open_event_columns(warehouse), model_on(BOOK, load_release(), DAY)


def count_of(explanation, indicator):
    """Value of an indicator of the general score."""
    [general] = [s for s in explanation["scores"] if s["score"] == "general"]
    return next(i["value"] for i in general["indicators"] if i["indicator"] == indicator)


@pytest.fixture(scope="module")
def answers(warehouse, scored):
    """What-if of every penalty of the warehouse."""
    rows = read_records(warehouse, "penalty", DAY)
    named = zip(rows["code"], rows["reference"], strict=True)
    return [
        score_without_record(warehouse, *scored, c, RecordKey("penalty", {"doc_no": d}))
        for c, d in named
    ]


def test_without_a_record_it_is_not_counted_and_nothing_else_changes(answers):
    change = [
        (count_of(what_if["before"], "penalties_24m"), count_of(what_if["after"], "penalties_24m"))
        for what_if in answers
    ]

    assert {before - after for before, after in change} == {0, 1}  # minor ones never counted
    for what_if in answers:
        assert count_of(what_if["after"], "age_days") == count_of(what_if["before"], "age_days")


def test_restoring_a_penalty_never_costs_points(answers):
    assert min(what_if["change"]["composite"] for what_if in answers) >= 0


def test_the_store_itself_stays_as_it_is(warehouse, scored, answers):
    again = open_event_columns(warehouse).tables["penalty"]["withdrawn"]

    assert answers
    assert (scored[0].tables["penalty"]["withdrawn"] == again).all()


@pytest.mark.parametrize(
    ("table", "key", "message"),
    [
        ("honour", {}, '"honour" holds no record to restore; choose one of: penalty'),
        ("penalty", {"doc_no": "none"}, "0 records of penalty of .* name exactly one by doc_no"),
    ],
)
def test_the_record_must_be_named(warehouse, scored, table, key, message):
    code = read_records(warehouse, "penalty", DAY)["code"].iloc[0]

    with pytest.raises(BadInput, match=message):
        score_without_record(warehouse, *scored, code, RecordKey(table, key))


def test_an_unknown_enterprise_has_no_record(warehouse, scored):
    with pytest.raises(UnknownEnterprise, match='no enterprise "91310115MA1K3CUM7M"'):
        score_without_record(warehouse, *scored, "91310115MA1K3CUM7M", RecordKey("penalty", {}))
