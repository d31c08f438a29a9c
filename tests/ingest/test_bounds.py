"""Every number and day has bounds, and what they let in stays computable."""

from datetime import date

import pytest

from tests.ingest.tools import A, ingest_penalties, penalties, quarantine
from xhcredit.engine.kernel_source import DECAY_ONE
from xhcredit.errors import BadDeclaration
from xhcredit.features.registry import features
from xhcredit.ingest import schema
from xhcredit.ingest.schema import BOUNDED, THIS_YEAR, directory, table

#: rows of one enterprise whose sum must not leave 64 bits
ROWS = 100_000
COLUMNS = [(t, c) for t in directory().values() for c in t.columns]


@pytest.mark.parametrize(("t", "c"), COLUMNS, ids=[f"{t.name}.{c.name}" for t, c in COLUMNS])
def test_every_number_and_day_has_bounds(t, c):
    assert (c.bounds is not None) == (c.type in BOUNDED)
    if c.bounds is None:
        return
    is_day = c.type == "date"
    assert isinstance(c.bounds.least, date) == is_day
    assert c.bounds.most is None or isinstance(c.bounds.most, date) == is_day
    if is_day:  # what systems write where there is no day
        assert c.bounds.least > date(1900, 1, 1)
        assert c.bounds.most is None or c.bounds.most < date(2099, 12, 31)


def test_a_row_says_whose_it_is_when_it_happened_and_when_it_was_known():
    for t in directory().values():
        days = {"occurred_on"} if t.kind == "event" else set()
        required = {c.name for c in t.columns if c.required}
        assert required >= {"code", "known_on", *days}, t.name
        assert not required & {"ended_on", "ended_known_on", "withdrawn_on", "withdrawn_why"}


@pytest.mark.parametrize("column", ["expires_on", "due_on"])
def test_days_lie_ahead_only_where_a_column_says_so(column):
    ahead = [c for _, c in COLUMNS if c.type == "date" and c.bounds.most is not None]

    assert column in {c.name for c in ahead}
    assert {c.name for c in ahead} == {"expires_on", "due_on"}


def test_many_rows_of_the_largest_amount_have_a_sum():
    for t, c in COLUMNS:
        if c.type in ("money", "count") and c.bounds.most != THIS_YEAR:
            unit = 100 if c.type == "money" else 1
            rows = ROWS if t.kind == "event" else 1
            assert rows * unit * c.bounds.most < 2**63, f"{t.name}.{c.name}"
        if c.type == "money":  # DECIMAL(18,2) times 100 must still be one
            assert c.bounds.most * 100 < 10**16


def test_decayed_sums_of_the_largest_values_have_a_sum():
    for f in features().values():
        if f.aggregate == "decayed" and f.value in {c.name for c in table(f.table).columns}:
            c = table(f.table).column(f.value)
            most = c.bounds.most if c.bounds else 1
            assert ROWS * DECAY_ONE * most < 2**63, f.id


RAW = {
    "table": "t",
    "kind": "event",
    "name_zh": "甲",
    "name_en": "t",
    "directory": "d",
    "authority": "局",
    "occurred_zh": "日期",
    "since": date(1980, 1, 1),
    "key": ["code"],
}


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"type": "money"}, r'"t.x" declares \[\]; a money needs `max`'),
        ({"type": "count", "min": 0}, "a count needs `max`"),
        ({"type": "number", "min": 2, "max": 1}, '"t.x" ends at 1 before it begins at 2'),
        ({"type": "date"}, "a date needs `min`"),
        ({"type": "date", "min": date(2000, 1, 1), "ahead": True}, "and `max` if `ahead`"),
        ({"type": "date", "min": date(2000, 1, 1), "max": date(2050, 1, 1)}, "if `ahead`"),
        ({"type": "text", "max": 9}, "of type text has no bounds"),
    ],
)
def test_a_column_without_right_bounds_is_refused(column, message):
    with pytest.raises(BadDeclaration, match=message):
        schema._table_of(RAW | {"columns": {"x": column | {"zh": "乙", "en": "x"}}})


def test_a_table_that_does_not_say_since_when_it_has_rows_is_refused():
    raw = {key: value for key, value in RAW.items() if key != "since"}
    with pytest.raises(BadDeclaration, match='table "t" has no `since`; write its earliest day'):
        schema._table_of(raw | {"columns": {}})


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        (f"{A},D1,2024-05-01,罚款,100000000000", "金额", "too_high"),
        (f"{A},D1,2024-05-01,罚款,{'9' * 24}", "金额", "too_high"),
        (f"{A},D1,1900-01-01,罚款,1", "日期", "too_early"),
        (f"{A},D1,9999-12-31,罚款,1", "日期", "future_date"),
    ],
)
def test_an_amount_of_a_thousand_billion_or_a_placeholder_day_is_told(
    tmp_path, line, column, reason
):
    mapping = penalties(columns={"amount_yuan": {"column": "金额", "unit": "万元"}})
    report = ingest_penalties(tmp_path, line, mapping=mapping)

    assert (column, reason) in {(c, r) for _, c, r, _ in quarantine(report)}
    assert report.rows_quarantined == 1
