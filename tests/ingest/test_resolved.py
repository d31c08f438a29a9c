"""Each key stands once, whatever was ingested in which order."""

from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.cramped import unreadable
from xhcredit.errors import BadInput, NotWritable
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.sql_text import columns_of, event_id
from xhcredit.ingest.warehouse import Entry, Warehouse

CODE = "91310115MA1K3CUM7M"


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        yield connection


def rows(table, **values: object):
    """SQL of one row; what is not named is NULL."""
    named = {"code": CODE, "known_on": "2024-01-05", "source_file": "f.csv", "source_row": 2}
    named |= values
    cells = ", ".join(
        f"""{"'" + str(named[n]) + "'" if n in named else "NULL"}::{t} AS "{n}" """
        for n, t in columns_of(directory()[table]).items()
        if n != "event_id"
    )
    return f"SELECT *, {event_id(directory()[table])} AS event_id FROM (SELECT {cells})"


def penalty(amount=100, known="2024-01-05", **columns: object):
    columns = {"doc_no": "D1", "occurred_on": "2024-01-02", "amount_yuan": amount} | columns
    return rows("penalty", known_on=known, **columns)


def put(warehouse, con, table, select, on="", replaces=()):
    blank = Entry("", "f.csv", select, "m", "d", {}, replaces=list(replaces), ingested_on=on)
    return warehouse.commit(con, {table: select}, blank)


def view(con, warehouse, columns, table="penalty"):
    create_views(con, warehouse)
    return con.execute(f"SELECT {columns} FROM {table} ORDER BY ALL").fetchall()


def test_tables_without_parts_are_empty_and_typed(con, tmp_path):
    create_views(con, Warehouse(tmp_path))

    for table in directory().values():
        described = con.execute(f'DESCRIBE "{table.name}"').fetchall()
        assert columns_of(table) == {name: kind for name, kind, *_ in described}


def test_the_same_content_twice_is_one_event_known_since_the_earliest_day(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", penalty())
    put(warehouse, con, "penalty", penalty(known="2024-03-01", ended_on="2024-02-20"))

    expected = [(date(2024, 1, 5), date(2024, 2, 20), None)]
    assert expected == view(con, warehouse, "known_on, ended_on, withdrawn_on")


def test_a_corrected_event_counts_until_the_correction_is_known(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", penalty())
    put(warehouse, con, "penalty", penalty(200, "2024-03-01"))

    expected = [(100, date(2024, 3, 1), "corrected"), (200, None, None)]
    assert expected == view(con, warehouse, "amount_yuan, withdrawn_on, withdrawn_why")


def test_a_correction_known_no_later_leaves_nothing_of_the_older_one(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", penalty(100, "2024-01-10"))
    put(warehouse, con, "penalty", penalty(200, "2024-01-20"))
    put(warehouse, con, "penalty", penalty(300, "2024-01-05"))

    assert view(con, warehouse, "amount_yuan, withdrawn_on") == [(300, None)]


def test_an_earlier_withdrawal_is_not_overwritten_by_a_correction(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    first = penalty(withdrawn_on="2024-02-01", withdrawn_why="restored")
    put(warehouse, con, "penalty", first)
    put(warehouse, con, "penalty", penalty(200, "2024-03-01"))

    expected = [(100, date(2024, 2, 1), "restored"), (200, None, None)]
    assert expected == view(con, warehouse, "amount_yuan, withdrawn_on, withdrawn_why")


@pytest.mark.parametrize("old_export", [penalty(), penalty(amount=100, basis=None)])
@pytest.mark.parametrize("why", ["restored", "corrected", "revoked"])
def test_an_old_export_delivered_again_undoes_no_withdrawal(con, tmp_path, why, old_export):
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", old_export, "2024-01-06")
    gone = {"withdrawn_on": "2024-02-01", "withdrawn_why": why}
    put(warehouse, con, "penalty", penalty(basis="art. 1", **gone), "2024-02-02")
    put(warehouse, con, "penalty", penalty(**gone), "2024-02-03")
    before = view(con, warehouse, "basis, known_on, withdrawn_on, withdrawn_why")
    put(warehouse, con, "penalty", penalty(), "2024-05-01")

    assert before == view(con, warehouse, "basis, known_on, withdrawn_on, withdrawn_why")
    assert view(con, warehouse, "count(*) FILTER (withdrawn_on IS NULL)") == [(0,)]


def test_an_old_export_delivered_again_undoes_no_ending(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    ended = {"ended_on": "2024-02-20", "ended_known_on": "2024-02-20"}
    for n, columns in enumerate([{}, ended, {}, {"basis": "art. 1", **ended}, {}], start=1):
        put(warehouse, con, "penalty", penalty(**columns), f"2024-03-0{n}")

    resolved_rows = view(con, warehouse, "basis, known_on, withdrawn_on, ended_on, ended_known_on")
    day = date(2024, 2, 20)
    assert resolved_rows == [
        ("art. 1", date(2024, 3, 4), None, day, date(2024, 3, 4)),
        (None, date(2024, 1, 5), date(2024, 3, 4), day, date(2024, 3, 2)),
    ]


def test_a_correction_that_repeats_the_old_day_counts_from_its_ingestion(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", penalty(), "2024-01-06")
    put(warehouse, con, "penalty", penalty(200), "2024-04-01")

    april = date(2024, 4, 1)
    expected = [(100, date(2024, 1, 5), april), (200, april, None)]
    assert expected == view(con, warehouse, "amount_yuan, known_on, withdrawn_on")


def test_a_status_told_later_counts_from_its_telling(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    old = {"status": "active", "status_on": "2019-01-01", "name": "a"}
    put(warehouse, con, "enterprise", rows("enterprise", **old), "2024-01-06")
    gone = {"status": "revoked", "deregistered_on": "2024-03-01", "known_on": "2026-05-01"}
    put(warehouse, con, "enterprise", rows("enterprise", **gone), "2026-05-02")

    columns = "status, status_on, deregistered_on, known_on, name"
    delivered_on = date(2026, 5, 2)
    expected = [("revoked", delivered_on, delivered_on, date(2024, 1, 5), "a")]
    assert expected == view(con, warehouse, columns, "enterprise")


def test_a_status_of_the_first_version_stays_as_it_is(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    first = {"status": "revoked", "status_on": "2019-01-01", "deregistered_on": "2020-01-01"}
    put(warehouse, con, "enterprise", rows("enterprise", **first), "2024-01-06")
    put(warehouse, con, "enterprise", rows("enterprise", name="b"), "2026-05-02")

    expected = [("revoked", date(2019, 1, 1), date(2020, 1, 1), "b")]
    columns = "status, status_on, deregistered_on, name"
    assert expected == view(con, warehouse, columns, "enterprise")


def test_the_register_keeps_the_last_value_that_is_not_empty(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "enterprise", rows("enterprise", name="old", kind="company"))
    put(warehouse, con, "enterprise", rows("enterprise", name="new", known_on="2023-01-01"))

    expected = [(CODE, "new", "company", date(2023, 1, 1))]
    assert expected == view(con, warehouse, "code, name, kind, known_on", "enterprise")


def test_keys_without_versions_are_read_without_a_window(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", penalty())
    put(warehouse, con, "penalty", penalty(doc_no="D2"))
    create_views(con, warehouse)

    plan = con.execute("EXPLAIN SELECT * FROM penalty").fetchall()[0][1]
    assert "WINDOW" not in plan
    assert view(con, warehouse, "doc_no") == [("D1",), ("D2",)]


def test_versions_are_found_when_nobody_counted_them(con, tmp_path):
    """A warehouse whose manifest says nothing of versions is read all the same."""
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", penalty())
    put(warehouse, con, "penalty", penalty(200, "2024-03-01"))
    for file in (tmp_path / "manifest").glob("*.json"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"versions"', '"unknown_to_this_release"'), encoding="utf-8")

    assert view(con, warehouse, "amount_yuan, withdrawn_why") == [(100, "corrected"), (200, None)]


def test_a_replaced_entry_no_longer_counts(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    first = put(warehouse, con, "penalty", penalty())
    before = warehouse.digest()
    put(warehouse, con, "penalty", penalty(doc_no="D2"), replaces=[first.name])

    assert before != warehouse.digest()
    assert view(con, warehouse, "doc_no") == [("D2",)]
    assert warehouse.tables() == {"penalty": 1}


def test_parts_that_no_manifest_names_do_not_count_and_are_swept(con, tmp_path):
    warehouse = Warehouse(tmp_path)
    entry = put(warehouse, con, "penalty", penalty())
    orphan = warehouse.part("penalty", "000002-aaaaaaaaaaaa")
    orphan.write_bytes(Path(warehouse.parts("penalty")[0]).read_bytes())

    assert view(con, warehouse, "doc_no") == [("D1",)]
    warehouse.sweep()
    assert not orphan.exists()
    assert [warehouse.part("penalty", entry.name)] == warehouse.parts("penalty")


def test_two_ingestions_cannot_run_at_once(tmp_path):
    warehouse = Warehouse(tmp_path)
    refused = pytest.raises(BadInput, match=r"an ingestion or a night is at work .* wait until")
    with warehouse.lock(), refused, warehouse.lock():
        pass


def test_a_broken_manifest_is_named(tmp_path):
    (tmp_path / "manifest").mkdir()
    (tmp_path / "manifest" / "000001-aaaaaaaaaaaa.json").write_text("{", encoding="utf-8")

    with pytest.raises(BadInput, match=r"000001-aaaaaaaaaaaa\.json.* is not a manifest entry"):
        Warehouse(tmp_path).entries()


@pytest.mark.parametrize("what", ["manifest", "manifest/000001-aaaaaaaaaaaa.json"])
def test_a_manifest_that_may_not_be_read_is_no_broken_one_and_no_empty_warehouse(tmp_path, what):
    (tmp_path / "manifest").mkdir()
    (tmp_path / "manifest" / "000001-aaaaaaaaaaaa.json").write_text("{}", encoding="utf-8")

    with unreadable(tmp_path / what), pytest.raises(NotWritable, match=r"manifest.* right"):
        Warehouse(tmp_path).entries()


def test_a_column_declared_after_a_part_was_written_is_missing_there(con, tmp_path):
    """A new column in the directory must not make old deliveries unreadable."""
    warehouse = Warehouse(tmp_path)
    put(warehouse, con, "penalty", penalty(doc_no="old"))
    (part,) = warehouse.parts("penalty")
    older = part.with_suffix(".older")
    con.execute(f"COPY (SELECT * EXCLUDE (basis) FROM '{part}') TO '{older}' (FORMAT parquet)")
    older.replace(part)
    put(warehouse, con, "penalty", penalty(doc_no="new", basis="art. 1"))

    assert view(con, warehouse, "doc_no, basis") == [("new", "art. 1"), ("old", None)]
