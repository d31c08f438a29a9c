"""A grant reaches the night: told once, after a kill too, and no old export brings it back."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from tests.engine import world
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Entry, Warehouse
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.restoration.candidates import find_restorable
from xhcredit.jobs.restoration.grants_to_warehouse import apply_grants
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.restoration.applications import Grant, Revocation

CODE, OTHER = world.CODES[:2]
BEFORE, GRANTED, AFTER = date(2026, 6, 9), date(2026, 6, 10), date(2026, 6, 11)
GRANT = Grant(7, CODE, "penalty", {"doc_no": "一号"}, GRANTED, "restored")
BOOK = Rulebook.load()


def penalty(code=CODE, **changes):
    usual = {
        "code": code,
        "doc_no": "一号",
        "occurred_on": date(2026, 1, 5),
        "known_on": date(2026, 1, 10),
        "ended_on": date(2026, 1, 20),
        "ended_known_on": date(2026, 1, 22),
        "procedure": "ordinary",
        "penalty_kinds": "fine",
        "amount_yuan": 60000,
        "published_on": date(2026, 1, 10),
        "agency": "市监局",
    }
    row = usual | changes
    return row | {"event_id": world.event_id(directory()["penalty"], row)}


def deliver(warehouse, rows, on, *, register=()):
    """Enter rows as an ingestion of a day does."""
    rows_by_table = {"penalty": rows, "enterprise": list(register)}
    extra = "'export.csv' AS source_file, 2 AS source_row"
    selects = {"penalty": f"SELECT *, {extra} FROM penalty"}
    if register:
        selects["enterprise"] = f"SELECT *, 0 AS event_id, {extra} FROM enterprise"
    store = Warehouse(warehouse)
    entry = Entry("", "export.csv", f"{on} {rows}", "test", "test", {}, ingested_on=f"{on}")
    store.commit(world.connect(rows_by_table), selects, entry)


@pytest.fixture
def warehouse(tmp_path):
    """Two enterprises with the same penalty."""
    register = [
        {"code": code, "known_on": date(2024, 1, 1), "name": "某公司", "kind": "company"}
        for code in (CODE, OTHER)
    ]
    folder = tmp_path / "warehouse"
    deliver(folder, [penalty(), penalty(OTHER)], date(2026, 1, 10), register=register)
    return folder


def night(warehouse, day):
    """Composite of both, as a night of that day computes it."""
    run_night(warehouse, warehouse.parent / f"{day}", model_on(BOOK, load_release(), day))
    file = str(warehouse.parent / f"{day}" / "scores.parquet")
    with duckdb.connect() as con:
        sql = f"SELECT code, composite FROM read_parquet('{file}') ORDER BY code"
        return [composite for _, composite in con.execute(sql).fetchall()]


def row(warehouse, code=CODE):
    with duckdb.connect() as con:
        create_views(con, Warehouse(warehouse))
        sql = "SELECT withdrawn_on, withdrawn_why, source_file FROM penalty WHERE code = ?"
        return con.execute(sql + " ORDER BY known_on DESC", [code]).fetchall()[0]


def test_the_night_before_sees_it_and_the_night_after_does_not(warehouse):
    before = night(warehouse, BEFORE)
    report = apply_grants(warehouse, [GRANT], today=GRANTED)
    after, again = night(warehouse, AFTER), night(warehouse, BEFORE)

    assert (report.written, report.before, report.unknown) == (1, 0, [])
    assert before[0] == before[1]
    assert after[0] > after[1]
    assert again == before


def test_who_reads_scores_sees_it_no_more_and_the_audit_still_does(warehouse):
    apply_grants(warehouse, [GRANT], today=GRANTED)
    store, model = open_event_columns(warehouse), model_on(BOOK, load_release(), AFTER)

    shown = explain(warehouse, store, model, CODE, AFTER)["events"]
    audited = explain(warehouse, store, model, CODE)["events"]
    assert shown == []
    assert [(e["counts"], e["withdrawn_why"]) for e in audited] == [(False, "restored")]
    assert [e["source_file"].split()[0] for e in audited] == ["信用修复决定"]
    assert [r.code for r in find_restorable(warehouse, BOOK, AFTER)] == [OTHER]


def test_again_and_again_changes_nothing(warehouse):
    apply_grants(warehouse, [GRANT], today=GRANTED)
    digest = Warehouse(warehouse).digest()
    report = apply_grants(warehouse, [GRANT], today=AFTER)

    assert (report.written, report.before) == (0, 1)
    assert Warehouse(warehouse).digest() == digest


def test_killed_before_the_manifest_the_next_run_completes_it(warehouse):
    def killed():
        raise KeyboardInterrupt("killed")

    digest = Warehouse(warehouse).digest()
    with pytest.raises(KeyboardInterrupt, match="killed"):
        apply_grants(warehouse, [GRANT], today=GRANTED, before_commit=killed)
    assert Warehouse(warehouse).digest() == digest
    assert row(warehouse)[0] is None

    assert apply_grants(warehouse, [GRANT], today=AFTER).written == 1
    assert row(warehouse)[:2] == (AFTER, "restored")  # told a day late, counts from then


@pytest.mark.parametrize("later", [{}, {"ended_on": None, "ended_known_on": None}])
def test_an_old_export_does_not_bring_it_back(warehouse, later):
    apply_grants(warehouse, [GRANT], today=GRANTED)
    deliver(warehouse, [penalty(**later)], AFTER)

    assert row(warehouse)[:2] == (GRANTED, "restored")
    assert night(warehouse, AFTER)[0] > night(warehouse, AFTER)[1]


def test_a_corrected_record_is_restored_anew_in_the_next_run(warehouse):
    apply_grants(warehouse, [GRANT], today=GRANTED)
    deliver(warehouse, [penalty(amount_yuan=6000)], AFTER)
    assert row(warehouse)[0] is None

    assert apply_grants(warehouse, [GRANT], today=AFTER).written == 1
    assert row(warehouse)[:2] == (AFTER, "restored")
    assert night(warehouse, AFTER)[0] > night(warehouse, AFTER)[1]


def test_an_upheld_objection_says_so_and_what_is_not_there_is_told(warehouse):
    upheld = Grant(8, OTHER, "penalty", {"doc_no": "一号"}, GRANTED, "objection")
    absent = Grant(9, OTHER, "penalty", {"doc_no": "二号"}, GRANTED, "restored")
    ahead = Grant(10, CODE, "penalty", {"doc_no": "一号"}, AFTER, "restored")
    report = apply_grants(warehouse, [upheld, absent, ahead], today=GRANTED)

    assert (report.written, report.unknown) == (1, [9])
    assert row(warehouse, OTHER)[:2] == (GRANTED, "objection")
    assert row(warehouse)[0] is None


REVOKED = Revocation(7, CODE, "penalty", {"doc_no": "一号"}, AFTER)


def test_a_revoked_restoration_counts_again_from_that_day_and_no_earlier_day_changes(warehouse):
    apply_grants(warehouse, [GRANT], today=GRANTED)
    between = night(warehouse, GRANTED)
    report = apply_grants(warehouse, [], [REVOKED], today=AFTER)

    assert (report.written, report.reinstated) == (0, 1)
    assert night(warehouse, AFTER)[0] == night(warehouse, AFTER)[1]
    assert night(warehouse, GRANTED) == between  # the days of the restoration stay as they were
    assert between[0] > between[1]
    digest = Warehouse(warehouse).digest()
    assert apply_grants(warehouse, [], [REVOKED], today=AFTER).reinstated == 0
    assert Warehouse(warehouse).digest() == digest


def test_an_old_export_after_a_revocation_changes_nothing(warehouse):
    apply_grants(warehouse, [GRANT], today=GRANTED)
    apply_grants(warehouse, [], [REVOKED], today=AFTER)
    before = row(warehouse)
    deliver(warehouse, [penalty()], date(2026, 6, 12))

    assert row(warehouse)[:1] == before[:1] == (None,)
    assert night(warehouse, date(2026, 6, 13))[0] == night(warehouse, date(2026, 6, 13))[1]


def test_what_was_revoked_can_be_granted_once_more(warehouse):
    apply_grants(warehouse, [GRANT], today=GRANTED)
    apply_grants(warehouse, [], [REVOKED], today=AFTER)
    later = date(2029, 7, 2)
    anew = Grant(12, CODE, "penalty", {"doc_no": "一号"}, later, "restored")
    report = apply_grants(warehouse, [anew], [REVOKED], today=later)

    assert (report.written, report.reinstated) == (1, 0)
    assert row(warehouse)[:2] == (later, "restored")
    assert apply_grants(warehouse, [anew], [REVOKED], today=later).before == 1


def test_a_decision_that_fell_since_is_not_brought_back(warehouse):
    fell = {"withdrawn_on": GRANTED, "withdrawn_why": "revoked"}
    deliver(warehouse, [penalty(**fell)], GRANTED)
    upheld = Grant(8, OTHER, "penalty", {"doc_no": "一号"}, GRANTED, "objection")
    taken = Revocation(9, OTHER, "penalty", {"doc_no": "一号"}, AFTER)
    report = apply_grants(warehouse, [upheld], [REVOKED, taken], today=AFTER)

    assert report.reinstated == 0
    assert row(warehouse)[1] == "revoked"
    assert row(warehouse, OTHER)[1] == "objection"


def test_a_revocation_killed_before_the_manifest_is_told_by_the_next_run(warehouse):
    def killed():
        raise KeyboardInterrupt("killed")

    apply_grants(warehouse, [GRANT], today=GRANTED)
    with pytest.raises(KeyboardInterrupt, match="killed"):
        apply_grants(warehouse, [], [REVOKED], today=AFTER, before_commit=killed)

    assert row(warehouse)[1] == "restored"
    assert apply_grants(warehouse, [], [REVOKED], today=AFTER).reinstated == 1


CHECKED = date(2025, 12, 20)
TOGETHER = date(2025, 12, 25)


def deliver_checks(warehouse, *rows):
    """Random inspections of market supervision that found problems."""
    usual = {"occurred_on": CHECKED, "known_on": CHECKED, "form": "random", "result": "corrected",
             "failed": True, "agency": "市场监督管理局"}  # fmt: skip
    inspections = [usual | row for row in rows]
    inspections = [
        r | {"event_id": world.event_id(directory()["inspection"], r)} for r in inspections
    ]
    select = "SELECT *, 'checks.csv' AS source_file, 2 AS source_row FROM inspection"
    store = Warehouse(warehouse)
    entry = Entry("", "checks.csv", f"{rows}", "test", "test", {}, ingested_on=f"{CHECKED}")
    store.commit(world.connect({"inspection": inspections}), {"inspection": select}, entry)


def withdrawn_checks(warehouse):
    with duckdb.connect() as con:
        create_views(con, Warehouse(warehouse))
        sql = """
          SELECT inspection_no, withdrawn_on FROM (FROM inspection
            QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY known_on DESC) = 1)
          WHERE withdrawn_on IS NOT NULL"""
        return dict(con.execute(sql).fetchall())


def test_a_spot_check_is_hidden_together_with_the_penalty_that_followed(warehouse):
    deliver_checks(
        warehouse,
        {"code": CODE, "inspection_no": "查一", "penalty_doc_no": "一号"},
        {"code": CODE, "inspection_no": "查二", "penalty_doc_no": None},
        {"code": OTHER, "inspection_no": "查三", "penalty_doc_no": "一号"},
    )
    report = apply_grants(warehouse, [GRANT], today=GRANTED, together_since=TOGETHER)

    assert report.written == 2
    assert withdrawn_checks(warehouse) == {"查一": GRANTED}
    again = apply_grants(warehouse, [GRANT], today=AFTER, together_since=TOGETHER)
    assert (again.written, again.before) == (0, 2)

    apply_grants(warehouse, [], [REVOKED], today=AFTER, together_since=TOGETHER)
    assert withdrawn_checks(warehouse) == {}


def test_before_the_rule_of_2025_a_spot_check_stays(warehouse):
    deliver_checks(warehouse, {"code": CODE, "inspection_no": "查一", "penalty_doc_no": "一号"})

    assert apply_grants(warehouse, [GRANT], today=GRANTED).written == 1
    apply_grants(warehouse, [GRANT], today=GRANTED, together_since=AFTER)
    assert withdrawn_checks(warehouse) == {}


def test_an_upheld_objection_leaves_the_spot_check(warehouse):
    deliver_checks(warehouse, {"code": CODE, "inspection_no": "查一", "penalty_doc_no": "一号"})
    upheld = Grant(8, CODE, "penalty", {"doc_no": "一号"}, GRANTED, "objection")
    apply_grants(warehouse, [upheld], today=GRANTED, together_since=TOGETHER)

    assert withdrawn_checks(warehouse) == {}


def test_negative_spot_checks_are_in_the_list_once_they_are_corrected(warehouse):
    fixed = {
        "ended_on": date(2026, 1, 5),
        "ended_known_on": date(2026, 1, 6),
        "recheck_passed": True,
    }
    deliver_checks(
        warehouse,
        {"code": CODE, "inspection_no": "已改", "penalty_doc_no": None, **fixed},
        {"code": CODE, "inspection_no": "未改", "penalty_doc_no": None},
        {"code": CODE, "inspection_no": "并罚", "penalty_doc_no": "一号", **fixed},
        {"code": CODE, "inspection_no": "日常", "penalty_doc_no": None, "form": "daily", **fixed},
    )

    def listed(day):
        return {
            r.reference: r.state
            for r in find_restorable(warehouse, BOOK, day)
            if r.table == "inspection"
        }

    assert listed(BEFORE) == {"已改": "now", "未改": "needs_act", "并罚": "needs_act"}
    assert listed(date(2025, 12, 24)) == {}
    apply_grants(warehouse, [GRANT], today=GRANTED)  # its penalty is gone, the check follows
    assert listed(AFTER) == {"已改": "now", "未改": "needs_act", "并罚": "now"}
