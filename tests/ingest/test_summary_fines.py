"""Fines above what summary procedure allows (行政处罚法第51条) are told, and go in all the same."""

import pytest

from .tools import A, ingest_penalties, penalties, query

SUMMARY = penalties(columns={"procedure": {"default": "summary"}})


@pytest.mark.parametrize(
    ("day", "yuan", "is_warned"),
    [
        ("2021-07-15", "3000", False),
        ("2021-07-15", "3000.01", True),
        ("2021-07-14", "5000", False),  # by the older law, whose bound is not in the rulebook
        ("2026-06-30", "5000", True),
    ],
)
def test_the_bound_is_that_of_the_day_of_the_decision(tmp_path, day, yuan, is_warned):
    report = ingest_penalties(tmp_path, f"{A},D1,{day},罚款,{yuan}", mapping=SUMMARY)

    assert any("行政处罚法第51条" in note for note in report.notes) == is_warned
    assert query(tmp_path, "SELECT count(*) FROM penalty") == [(1,)]


def test_how_many_and_where_the_first_is(tmp_path):
    rows = [f"{A},D{n},2024-01-02,罚款,{yuan}" for n, yuan in enumerate((100, 9000, 8000))]
    report = ingest_penalties(tmp_path, *rows, mapping=SUMMARY)

    assert [note for note in report.notes if "第51条" in note] == [
        "penalty.procedure: 2 fines by summary procedure are above what it allows "
        "(行政处罚法第51条), the first in row 3; check procedure and amount"
    ]


def test_by_ordinary_procedure_nothing_is_told(tmp_path):
    report = ingest_penalties(tmp_path, f"{A},D1,2024-01-02,罚款,9000")

    assert not any("第51条" in note for note in report.notes)


def test_the_kinds_of_article_nine_come_in_by_their_names(tmp_path):
    ingest_penalties(tmp_path, f"{A},D1,2024-01-02,暂扣许可证件、行政拘留,")

    [(kinds,)] = query(tmp_path, "SELECT penalty_kinds FROM penalty")
    assert sorted(kinds.split(";")) == ["detention", "permit_suspension"]
