"""The sample district goes in, and exactly its planted mistakes do not."""

import json
from datetime import date
from pathlib import Path

from xhcredit.jobs.warehouse.ingest import run_ingest

SAMPLE = Path(__file__).parents[2] / "data" / "sample"

#: reason by the kind of mistake that the generator plants; None is read as it was meant
REASON = {
    "amount_with_unit": "unit_in_cell",
    "duplicate_row": "duplicate",
    "empty_required": "missing_required",
    "full_width_code": None,
    "future_date": "future_date",
    "impossible_date": "bad_date",
    "known_before_occurred": "known_before_occurred",
    "lower_case_code": None,
    "nineteen_characters": "code_length",
    "unknown_category": "bad_category",
    "unknown_enterprise": "unknown_enterprise",
    "wrong_check_digit": "code_check_digit",
    "wrong_organisation_digit": "code_organisation_digit",
}


def test_exactly_the_planted_mistakes_are_found(tmp_path):
    planted = json.loads((SAMPLE / "truth" / "dirt.json").read_text(encoding="utf-8"))["counts"]
    report = run_ingest(
        str(SAMPLE / "exports"),
        SAMPLE / "mappings",
        tmp_path / "warehouse",
        today=date(2026, 11, 23),
        person_key=b"a key that is long enough",
    )

    expected = {REASON[kind]: count for kind, count in planted.items() if REASON[kind]}
    assert report.quarantined() == dict(sorted(expected.items()))
    assert (report.refused, report.unmatched, report.unused) == ((), (), ())
    for file in report.files:
        assert sum(file.entered.values()) + file.rows_quarantined == file.rows_in
        usual = ("turned to plain upper case", "not since when")
        assert [note for note in file.notes if not any(word in note for word in usual)] == []
