"""What is wrong with a row is found, told, and the good rows go in."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from xhcredit.domain.codes import check_digit
from xhcredit.domain.persons import keyed_hash
from xhcredit.ingest.reasons import REASONS

from .tools import (
    HEADER,
    KEY,
    PENALTIES,
    REGISTER,
    A,
    B,
    C,
    code,
    ingest,
    ingest_penalties,
    penalties,
    quarantine,
    query,
    write_penalties,
    write_register,
)

GOOD = f"{A},D1,2024-01-02,罚款,100"
WRONG_CHECK = A[:17] + ("0" if A[17] != "0" else "1")
WRONG_ORGANISATION = A[:16] + ("0" if A[16] != "0" else "1")
WRONG_ORGANISATION += check_digit(WRONG_ORGANISATION)


def test_a_good_row_goes_in_as_it_is(tmp_path):
    report = ingest_penalties(tmp_path, f'{A},D1,2024-01-02,警告、罚款,"1,234.50"')

    names = "code, occurred_on, known_on, doc_no, procedure, penalty_kinds, severity"
    row = query(tmp_path, f"SELECT {names}, amount_yuan, source_file, source_row FROM penalty")[0]
    day = date(2024, 1, 2)
    expected = (A, day, day, "D1", "ordinary", "fine;warning", None)
    assert row[:7] == expected
    assert row[7] == Decimal("1234.50")
    assert row[8:] == ("penalties.csv", 2)
    assert (report.entered, report.quarantined) == ({"penalty": 1}, {})


@pytest.mark.parametrize(
    ("line", "column", "reason", "raw_text"),
    [
        (f"{A}X,D1,2024-01-02,罚款,1", "代码", "code_length", A + "X"),
        (f"I{A[1:]},D1,2024-01-02,罚款,1", "代码", "code_character", "I" + A[1:]),
        (f"{WRONG_CHECK},D1,2024-01-02,罚款,1", "代码", "code_check_digit", WRONG_CHECK),
        (
            f"{WRONG_ORGANISATION},D1,2024-01-02,罚款,1",
            "代码",
            "code_organisation_digit",
            WRONG_ORGANISATION,
        ),
        ("000000000000000000,D1,2024-01-02,罚款,1", "代码", "code_placeholder", "0" * 18),
        (",D1,2024-01-02,罚款,1", "代码", "missing_required", ""),
        (f"{A},,2024-01-02,罚款,1", "文号", "missing_required", ""),
        (f"{A},D1,2023/2/30,罚款,1", "日期", "bad_date", "2023/2/30"),
        (f"{A},D1,23-02-03,罚款,1", "日期", "bad_date", "23-02-03"),
        (f"{A},D1,2026-07-01,罚款,1", "日期", "future_date", "2026-07-01"),
        (f"{A},D1,2024-01-02,罰款,1", "种类", "bad_category", "罰款"),
        (f"{A},D1,2024-01-02,罚款、拘役,1", "种类", "bad_category", "罚款、拘役"),
        (f"{A},D1,2024-01-02,罚款,3万元", "金额", "unit_in_cell", "3万元"),
        (f'{A},D1,2024-01-02,罚款,"12,34"', "金额", "bad_number", "12,34"),
        (f"{A},D1,2024-01-02,罚款,-5", "金额", "bad_number", "-5"),
        (f"{A},D1,2024-01-02", "", "ragged_row", f"{A},D1,2024-01-02"),
        (f"{code(9)},D1,2024-01-02,罚款,1", "代码", "unknown_enterprise", code(9)),
    ],
)
def test_a_wrong_cell_sends_its_row_to_quarantine(tmp_path, line, column, reason, raw_text):
    report = ingest_penalties(tmp_path, f"{B},D0,2024-01-02,罚款,1", line)

    # An empty name of a column stands for the whole row.
    labels = {(row, label, why, what) for row, label, why, what in quarantine(report)}
    assert (3, column, reason, raw_text) in labels
    assert report.entered == {"penalty": 1}
    assert report.rows_quarantined == 1


@pytest.mark.parametrize(
    "text", ["2024/1/2", "2024.01.02", "2024年1月2日", "20240102", "2024-01-02 08:30:00"]
)
def test_usual_ways_to_write_a_day_are_read(tmp_path, text):
    ingest_penalties(tmp_path, f"{A},D1,{text},罚款,1")

    assert query(tmp_path, "SELECT occurred_on FROM penalty") == [(date(2024, 1, 2),)]


def test_only_declared_ways_to_write_a_day_are_read_if_there_are_any(tmp_path):
    mapping = penalties(columns={"occurred_on": {"column": "日期", "dates": ["%d/%m/%Y"]}})
    report = ingest_penalties(
        tmp_path, f"{A},D1,02/01/2024,罚款,1", f"{A},D2,2024.1.2,罚款,1", mapping=mapping
    )

    assert query(tmp_path, "SELECT occurred_on FROM penalty") == [(date(2024, 1, 2),)]
    assert quarantine(report) == [(3, "日期", "bad_date", "2024.1.2")]


def test_codes_are_read_in_full_width_lower_case_and_with_blanks(tmp_path):
    wide = "".join(chr(ord(c) + 0xFEE0) for c in A.lower())
    ingest_penalties(tmp_path, f" {wide}　,D1,2024-01-02,罚款,1")

    assert query(tmp_path, "SELECT code FROM penalty") == [(A,)]


def test_days_in_the_wrong_order_are_found(tmp_path):
    columns = {"known_on": "归集", "ended_on": "履行", "withdrawn_on": "停用"}
    report = ingest_penalties(
        tmp_path,
        f"{A},D1,2024-01-02,罚款,1,2024-01-01,,",
        f"{A},D2,2024-01-02,罚款,1,2024-01-05,2024-01-01,",
        f"{A},D3,2024-01-02,罚款,1,2024-01-05,,2023-12-31",
        header=HEADER + ",归集,履行,停用",
        mapping=penalties(columns=columns),
    )

    assert quarantine(report) == [
        (2, "归集", "known_before_occurred", "2024-01-01"),
        (3, "履行", "ended_before_occurred", "2024-01-01"),
        (4, "停用", "withdrawn_before_occurred", "2023-12-31"),
    ]


def test_an_ending_became_known_on_the_later_of_its_day_and_the_first_report(tmp_path):
    columns = {"known_on": "归集", "ended_on": "履行", "ended_known_on": "履行归集"}
    ingest_penalties(
        tmp_path,
        f"{A},D1,2024-01-02,罚款,1,2024-01-05,2024-03-01,",
        f"{A},D2,2024-01-02,罚款,1,2024-01-05,2024-01-03,",
        f"{A},D3,2024-01-02,罚款,1,2024-01-05,2024-03-01,2024-04-01",
        f"{A},D4,2024-01-02,罚款,1,2024-01-05,,",
        header=HEADER + ",归集,履行,履行归集",
        mapping=penalties(columns=columns),
    )

    days = [row[0] for row in query(tmp_path, "SELECT ended_known_on FROM penalty ORDER BY doc_no")]
    assert days == [date(2024, 3, 1), date(2024, 1, 5), date(2024, 4, 1), None]


def test_a_permit_may_expire_in_the_future(tmp_path):
    mapping = {
        "mapping": "permits",
        "files": "permits*",
        "tables": [{"table": "permit", "columns": {
            "code": "代码", "permit_no": "编号", "occurred_on": "日期",
            "known_on": {"else": "occurred_on"}, "expires_on": "有效期至"}}],
    }  # fmt: skip
    write_register(tmp_path / "in", A)
    write_penalties(
        tmp_path / "in",
        f"{A},P1,2024-01-02,2030-01-01",
        header="代码,编号,日期,有效期至",
        name="permits.csv",
    )
    report = ingest(tmp_path, REGISTER, mapping)

    assert report.entered() == {"enterprise": 1, "permit": 1}


def test_the_first_of_equal_rows_goes_in(tmp_path):
    report = ingest_penalties(tmp_path, GOOD, GOOD, f"{A},D2,2024-01-02,罚款,1", GOOD)

    assert quarantine(report) == [
        (3, "code, doc_no", "duplicate", A),
        (5, "code, doc_no", "duplicate", A),
    ]
    assert report.entered == {"penalty": 2}


def test_of_rows_that_contradict_each_other_none_goes_in(tmp_path):
    report = ingest_penalties(tmp_path, GOOD, f"{A},D1,2024-01-02,罚款,999", GOOD)

    assert report.quarantined == {"conflict": 3}
    assert report.entered == {}


def test_persons_become_keyed_hashes(tmp_path):
    mapping = {
        "mapping": "relations",
        "files": "relations*",
        "tables": [{"table": "relation", "columns": {
            "code": "代码", "kind": "类型", "node": "人员", "occurred_on": "日期",
            "known_on": {"else": "occurred_on"}}}],
        "persons": ["relation.node"],
    }  # fmt: skip
    write_register(tmp_path / "in", A)
    write_penalties(
        tmp_path / "in",
        f"{A},法定代表人,张三,2024-01-02",
        header="代码,类型,人员,日期",
        name="relations.csv",
    )
    ingest(tmp_path, REGISTER, mapping)

    rows = query(tmp_path, "SELECT kind, node FROM relation")
    assert rows == [("legal_representative", keyed_hash("张三", KEY))]
    stored_bytes = b"".join(
        f.read_bytes() for f in (tmp_path / "warehouse").rglob("*") if f.is_file()
    )
    assert "张三".encode() not in stored_bytes


def test_an_empty_code_is_looked_up_by_exact_name(tmp_path):
    mapping = penalties(columns={"code": {"column": "代码", "else_by_name": "名称"}})
    write_register(tmp_path / "in", A, B)
    with (tmp_path / "in" / "register.csv").open("a", encoding="utf-8") as file:
        file.write(f"{C},企业1,2020-01-01\n{code(4)},甲（上海）公司,2020-01-01\n")
    write_penalties(
        tmp_path / "in",
        ",D1,2024-01-02,罚款,1,企业0",
        ",D2,2024-01-02,罚款,1,企业1",
        ",D3,2024-01-02,罚款,1,企业9",
        ",D4,2024-01-02,罚款,1,甲(上海)公司",
        f"{WRONG_CHECK},D5,2024-01-02,罚款,1,企业0",
        ",D6,2024-01-02,罚款,1,",
        header=HEADER + ",名称",
    )
    report = ingest(tmp_path, REGISTER, mapping).files[1]

    penalty_rows = query(tmp_path, "SELECT doc_no, code FROM penalty ORDER BY 1")
    assert penalty_rows == [("D1", A), ("D4", code(4))]
    assert quarantine(report) == [
        (3, "名称", "name_ambiguous", "企业1"),
        (4, "名称", "name_not_found", "企业9"),
        (6, "代码", "code_check_digit", WRONG_CHECK),
        (7, "代码", "missing_required", ""),
    ]


def test_events_can_bring_their_enterprises_along(tmp_path):
    block = {"table": "enterprise", "optional": True, "columns": {
        "code": "代码", "name": "名称", "known_on": "日期"}}  # fmt: skip
    mapping = PENALTIES | {"tables": [*PENALTIES["tables"], block]}
    write_penalties(
        tmp_path / "in",
        f"{A},D1,2024-01-02,罚款,1,甲",
        f"{A},D2,2023-01-02,罚款,1,甲",
        f"{WRONG_CHECK},D3,2024-01-02,罚款,1,乙",
        header=HEADER + ",名称",
    )
    report = ingest(tmp_path, mapping).files[0]

    assert query(tmp_path, "SELECT code, name, known_on FROM enterprise") == [
        (A, "甲", date(2023, 1, 2))
    ]
    assert quarantine(report) == [(4, "代码", "code_check_digit", WRONG_CHECK)]


def test_rows_of_an_undeclared_list_are_not_passed_over_in_silence(tmp_path):
    tables = [
        {
            "table": "penalty",
            "where": {"column": "表", "equals": "处罚"},
            "columns": PENALTIES["tables"][0]["columns"],
        }
    ]
    mapping = PENALTIES | {"tables": tables, "skip_where": {"column": "表", "in": ["表扬"]}}
    report = ingest_penalties(
        tmp_path,
        GOOD + ",处罚",
        GOOD + ",表扬",
        GOOD + ",别的",
        header=HEADER + ",表",
        mapping=mapping,
    )

    assert quarantine(report) == [(4, "表", "no_table", "别的")]
    assert (report.rows_in, report.rows_skipped, report.entered) == (3, 1, {"penalty": 1})


def test_the_sheet_of_the_quarantine_is_safe_to_open(tmp_path):
    report = ingest_penalties(tmp_path, f"{A},D1,2024-01-02,=HYPERLINK(),1")
    text = Path(report.quarantine_csv).read_bytes()

    assert text.startswith(b"\xef\xbb\xbf")
    assert ",'=HYPERLINK()," in text.decode()
    assert "values" in text.decode()


def test_every_reason_is_told_in_both_languages():
    for reason, (zh, en) in REASONS.items():
        assert zh, reason
        assert en, reason
        assert ("{}" in zh) <= ("{}" in en), reason


def test_no_row_is_lost(tmp_path):
    """What came in either went in, or lies in quarantine, or was declared not to be taken."""
    lines = [f"{A},D{i},2024-01-0{i % 9},罚款,{'x' if i % 7 == 0 else i}" for i in range(60)]
    report = ingest_penalties(tmp_path, *lines, "a,b", GOOD)

    entered = sum(report.entered.values())
    assert report.rows_in == 62
    assert entered + report.rows_quarantined + report.rows_skipped == report.rows_in
