"""Amounts in yuan and in ten thousands: turned, or told when the unit looks wrong."""

import re
from decimal import Decimal

import pytest

from .tools import (
    PENALTIES,
    REGISTER,
    A,
    ingest,
    ingest_penalties,
    penalties,
    query,
    write_penalties,
)


def test_ten_thousands_of_yuan_are_turned_to_yuan(tmp_path):
    mapping = penalties(columns={"amount_yuan": {"column": "金额", "unit": "万元", "empty": ["/"]}})
    ingest_penalties(
        tmp_path, f"{A},D1,2024-01-02,罚款,0.35", f"{A},D2,2024-01-02,罚款,/", mapping=mapping
    )

    amounts = query(tmp_path, "SELECT amount_yuan FROM penalty ORDER BY doc_no")
    assert amounts == [(Decimal("3500.00"),), (None,)]


@pytest.mark.parametrize(
    ("amount", "unit", "warning"),
    [
        ("0.5", "元", r"0\.50 yuan, read as `unit: 元`, where 100 to 500,000 yuan is usual; check"),
        ("5480", "万元", r"median amount is 54,800,000\.00 yuan, read as `unit: 万元`"),
    ],
)
def test_a_file_in_the_wrong_unit_is_held_on_first_delivery(tmp_path, amount, unit, warning):
    lines = [f"{A},D{i},2024-01-02,罚款,{amount}" for i in range(30)]
    mapping = penalties(columns={"amount_yuan": {"column": "金额", "unit": unit}})
    report = ingest_penalties(tmp_path, *lines, mapping=mapping)

    assert report.status == "refused"
    assert re.search(warning, str(report.error))
    assert query(tmp_path, "SELECT count(*) FROM penalty") == [(0,)]


def test_unusual_amounts_are_told_loudly_and_go_in_if_the_mapping_says_so(tmp_path):
    lines = [f"{A},D{i},2024-01-02,罚款,700000" for i in range(30)]
    report = ingest_penalties(tmp_path, *lines)
    assert report.status == "entered"
    assert report.notes[0].startswith("CHECK THE UNIT")

    wide = {"column": "金额", "unit": "万元", "usual": [100, 10_000_000_000]}
    report = ingest_penalties(tmp_path, *lines, mapping=penalties(columns={"amount_yuan": wide}))
    assert report.status == "entered"
    assert "CHECK THE UNIT" not in str(report.notes)


def test_amounts_far_from_those_in_the_warehouse_give_a_warning(tmp_path):
    ingest_penalties(tmp_path, *[f"{A},D{i},2024-01-02,罚款,50000" for i in range(30)])
    small_penalties = [f"{A},E{i},2024-01-02,罚款,20" for i in range(30)]
    (tmp_path / "in" / "penalties.csv").unlink()
    write_penalties(tmp_path / "in", *small_penalties, name="penalties2.csv")
    report = ingest(tmp_path, REGISTER, PENALTIES).files[1]

    assert "the median is 20 yuan, in the warehouse it is 50,000" in report.notes[1]
