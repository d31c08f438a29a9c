"""The mapping that ships for the Beijing files, on the real files."""

from datetime import date
from importlib.resources import as_file, files

import duckdb
import pytest

from xhcredit.ingest.mapping import load_mappings
from xhcredit.jobs.warehouse.ingest import run_ingest

from .tools import query


@pytest.fixture(scope="module")
def run(tmp_path_factory, real_data):
    folder = tmp_path_factory.mktemp("beijing")
    with as_file(files("xhcredit.ingest.mappings") / "beijing") as mappings:
        report = run_ingest(
            str(real_data / "beijing"), mappings, folder / "warehouse", today=date(2026, 11, 23)
        )
    return folder, {f.mapping: f for f in report.files}


def test_the_shipped_mappings_load():
    with as_file(files("xhcredit.ingest.mappings") / "beijing") as mappings:
        loaded = load_mappings(mappings)

    assert [m.id for m in loaded] == ["beijing_inspections", "beijing_lists", "beijing_penalties"]


def test_the_342_codes_with_a_wrong_check_digit_are_found(run, real_data):
    _, reports = run
    inspections = reports["beijing_inspections"]

    assert inspections.quarantined["code_check_digit"] == 342
    with duckdb.connect() as con:
        ours, theirs = con.execute(
            "SELECT count(*), count(*) FILTER (s.uscc_format_ok = 'True' AND s.uscc_check_ok = "
            "'False') FROM read_parquet(?) q JOIN (SELECT row_number() OVER () + 1 AS n, * FROM "
            "read_csv(?, all_varchar = true, quote = '\"', delim = ',', header = true)) s "
            "ON s.n = q.row WHERE q.reason = 'code_check_digit'",
            [
                inspections.quarantine_csv.replace(".csv", ".parquet"),
                str(real_data / "beijing" / "inspections.csv.gz"),
            ],
        ).fetchall()[0]
    assert (ours, theirs) == (342, 342)


def test_no_row_of_the_inspections_is_lost(run):
    _, reports = run
    report = reports["beijing_inspections"]

    assert report.rows_in == 40402
    assert report.entered["inspection"] + report.rows_quarantined == report.rows_in
    assert report.entered["inspection"] > 30_000


def test_results_agree_with_what_failed(run):
    folder, _ = run
    wrong = query(
        folder,
        "SELECT result, failed, count(*) FROM inspection WHERE failed AND result = 'no_problem' "
        "OR NOT failed AND result IN ('pending', 'corrected') GROUP BY ALL",
    )

    assert wrong == []


def test_amounts_are_yuan_whatever_the_source(run):
    folder, _ = run
    tax, others = query(
        folder,
        "SELECT median(amount_yuan) FILTER (field = 'tax'), "
        "median(amount_yuan) FILTER (field <> 'tax') FROM penalty",
    )[0]

    assert 1_000 < tax < 100_000
    assert 1_000 < others < 100_000


def test_the_snapshot_of_lists_is_invisible_to_a_back_test(run):
    folder, reports = run
    earliest = query(folder, "SELECT min(known_on) FROM abnormal_listing")

    assert earliest == [(date(2026, 1, 31),)]
    assert reports["beijing_lists"].rows_skipped == 23904
