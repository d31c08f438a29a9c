"""One row never stops a night: every extreme of every column, from ingestion to explanation."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.ingest.tools import KEY
from tests.jobs.extremes import DAY, trials, write
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.sql import feature_sql
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.jobs.alerts.back_test import back_test, store_back_tests
from xhcredit.jobs.alerts.nightly_update import update_alerts
from xhcredit.jobs.draws import steps
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.night.publish import publish
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.restoration.nightly_update import write_restorable
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

TRIALS = trials()
BOOK = Rulebook.load()
ACT = Act("night", "test", "extremes")
PLAN = {
    "id": "p", "bureau": "示例区市场监督管理局", "title": "综合抽查", "kind": "annual",
    "period": {"first": "2026-01-01", "last": "2026-12-31"}, "fields": ["general"],
    "items": ["disclosure"], "ratios": {"A": "0.03", "B": "0.1", "C": "0.3", "D": "0.5"},
    "places": 2, "qualification": "general", "pause_rounds": 3, "published_on": "2026-03-01",
    "filed_no": "1号", "seed_source": "体彩", "seed_due": "2026-07-02",
}  # fmt: skip
PEOPLE = b"inspector,qualifications,unit,capacity\nI1,general,u,900\nI2,general,u,900\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The district, ingested and scored."""
    folder = tmp_path_factory.mktemp("extremes")
    mappings = write(folder, TRIALS)
    into = folder / "warehouse"
    report = run_ingest(str(folder / "in"), mappings, into, today=DAY, person_key=KEY)
    assert {file.status for file in report.files} == {"entered"}
    run_night(into, folder / "night", model(), check=0)
    return folder


def model():
    return model_on(BOOK, load_release(), DAY)


def warehouse_rows(folder, sql):
    with duckdb.connect() as con:
        create_views(con, Warehouse(folder / "warehouse"))
        return con.execute(sql).fetchall()


def test_each_accepted_value_goes_in_as_it_is_and_each_other_is_quarantined(folder):
    accepted, wrong = set(), []
    for table in directory().values():
        table_trials = [t for t in TRIALS if t.table is table]
        names = ", ".join(
            f'"{t.column.name}"' for t in {t.column.name: t for t in table_trials}.values()
        )
        keys = list({t.column.name: t for t in table_trials})
        stored = {
            row[0]: dict(zip(keys, row[1:], strict=True))
            for row in warehouse_rows(folder, f"SELECT code, {names} FROM {table.name}")
        }
        for t in table_trials:
            value = stored[t.code][t.column.name] if t.code in stored else None
            if value != t.meant:
                wrong.append((table.name, t.column.name, t.text, value, t.meant))
            if t.meant is not None:
                accepted.add(t.column.type)
    assert wrong == []
    assert accepted == {"date", "money", "count", "number"}


REASONS = {
    "date": {"bad_date", "too_early", "too_late", "future_date"},
    "money": {"bad_number", "too_low", "too_high"},
    "count": {"bad_number", "too_low", "too_high"},
    "number": {"bad_number", "too_low", "too_high"},
}


def test_what_is_outside_is_quarantined_with_its_row_its_value_and_a_reason(folder):
    files = [str(file) for file in (folder / "warehouse" / "quarantine").glob("*.parquet")]
    with duckdb.connect() as con:
        lines = con.execute(
            'SELECT file, "row", reason, raw_text, what_to_do_zh, what_to_do_en '
            "FROM read_parquet(?)",
            [files],
        ).fetchall()
    reasons: dict[tuple[str, int], set[str]] = {}
    for file, row, reason, raw_text, zh, en in lines:
        reasons.setdefault((Path(file).stem[3:], row), set()).add(reason)
        assert raw_text
        assert "{}" not in zh + en
    for table in directory().values():
        for row, t in enumerate((t for t in TRIALS if t.table is table), start=2):
            row_reasons = reasons.get((table.name, row), set())
            assert (t.meant is None) == bool(row_reasons), (t, row_reasons)
            assert t.meant is not None or row_reasons & REASONS[t.column.type], (t, row_reasons)
    assert set().union(*reasons.values()) >= {r for kind in REASONS.values() for r in kind}


def test_the_night_scores_whoever_is_there(folder):
    scores = pq.read_table(folder / "night" / "scores.parquet").to_pydict()
    gone = [t for t in TRIALS if t.column.name == "deregistered_on" and t.meant]
    refused = {t.code for t in TRIALS if t.table.kind == "register" and t.meant is None}
    later = {t.code for t in TRIALS if t.table.kind == "register" and t.meant == DAY}

    there = {t.code for t in TRIALS} - refused - {t.code for t in gone}
    assert set(scores["code"]) == there
    assert later & there
    assert set(scores["tier"]) <= set("ABCD")
    assert np.isfinite(scores["composite"]).all()


def test_the_kernel_and_the_oracle_agree_on_every_extreme(folder):
    store = open_event_columns(folder / "warehouse")
    compiled = model().compiled
    rows = store.present(day_number(DAY))
    x = compiled.run(store, rows, np.full(rows.shape, day_number(DAY)))
    with duckdb.connect() as con:
        create_views(con, Warehouse(folder / "warehouse"))
        for name in directory():
            con.execute(f'CREATE TABLE "t_{name}" AS SELECT * FROM "{name}"')
            con.execute(f'DROP VIEW "{name}"')
            con.execute(f'ALTER TABLE "t_{name}" RENAME TO "{name}"')
        con.execute("CREATE TABLE spine (pair BIGINT, code VARCHAR, as_of DATE)")
        codes = [store.codes[row].decode() for row in rows]
        con.executemany(
            "INSERT INTO spine VALUES (?, ?, ?)", [(i, c, DAY) for i, c in enumerate(codes)]
        )
        oracle_rows = con.sql(feature_sql(list(compiled.features))).to_arrow_table()
    for k, name in enumerate(compiled.ids):
        expected = [np.nan if v is None else v for v in oracle_rows.column(name).to_pylist()]
        np.testing.assert_array_equal(x[k], expected, err_msg=name)


def test_restoration_alerts_draws_and_explanations_take_every_extreme(folder, tmp_path):
    warehouse = folder / "warehouse"
    listed = write_restorable(warehouse, BOOK, DAY, tmp_path / "list")
    assert sum(listed.states.values()) > 0
    with Store.open(str(tmp_path / "s.db")) as store:
        publish(folder / "night", store, actor="night")
        store_back_tests(store, ACT, DAY, *back_test(warehouse, BOOK, DAY, propose=True))
        assert update_alerts(warehouse, store, BOOK, DAY, ACT).detections > 0
        steps.file_plan(store, ACT, PLAN, BOOK, date(2026, 3, 1))
        freeze_request = steps.FreezeRequest(
            "p", "d", DAY, steps.People(PEOPLE, b"inspector,code,reason\n")
        )
        steps.freeze(store, ACT, warehouse, BOOK, freeze_request)
        assert len(steps.frame_of(store, "d").rows) > 100
    clustered = open_event_columns(warehouse)
    explanations = [explain(warehouse, clustered, model(), t.code) for t in explained()]
    assert all(np.isfinite(explanation["composite"]) for explanation in explanations)


def explained():
    """Every accepted extreme of the columns that only one table has, and of one table's days."""
    common = {"known_on", "occurred_on", "ended_on", "ended_known_on", "withdrawn_on"}
    return [
        t
        for t in TRIALS
        if t.meant is not None
        and t.column.name != "deregistered_on"
        and (t.column.name not in common or t.table.name == "penalty")
    ]


def test_amounts_are_told_exactly(folder):
    [[most]] = warehouse_rows(folder, "SELECT max(amount_yuan) FROM penalty")

    assert most == Decimal(100_000_000_000)
