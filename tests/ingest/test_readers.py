"""Files of every kind and hostility: read, or refused in words with what to do."""

import gzip
import io
import zipfile
from datetime import date, datetime

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xhcredit.errors import BadInput, BadMapping
from xhcredit.ingest.mapping_types import Format
from xhcredit.ingest.readers import csvfile

from .tools import (
    HEADER,
    PENALTIES,
    REGISTER,
    A,
    B,
    ingest,
    ingest_penalties,
    penalties,
    quarantine,
    query,
    write_register,
)

LINE = f"{A},D1,2024-01-02,罚款,100"


def ingest_file(tmp_path, content, name="penalties.csv", mapping=PENALTIES):
    """Ingest one file of these bytes on its own."""
    write_register(tmp_path / "reg", A, B)
    ingest(tmp_path, REGISTER, source=tmp_path / "reg")
    file = tmp_path / name
    file.write_bytes(content)
    return ingest(tmp_path, mapping, source=file).files[0]


def text(*lines, encoding="utf-8"):
    return ("\n".join([HEADER, *lines]) + "\n").encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_usual_encoding_is_read(tmp_path, encoding):
    report = ingest_file(tmp_path, text(LINE, encoding=encoding))

    assert report.entered == {"penalty": 1}


def test_packed_files_are_read(tmp_path):
    report = ingest_file(tmp_path, gzip.compress(text(LINE)), "penalties.csv.gz")

    assert report.entered == {"penalty": 1}


def test_the_order_of_the_columns_is_free(tmp_path):
    content = f"金额,种类,代码,日期,文号\n100,罚款,{A},2024-01-02,D1\n".encode()
    report = ingest_file(tmp_path, content)

    assert report.entered == {"penalty": 1}


@pytest.mark.parametrize(
    ("content", "declared", "message"),
    [
        (b"", "auto", r'"penalties.csv" is empty \(0 bytes\); ask'),
        (b"\xef\xbb\xbf", "auto", r"begins with an empty row"),
        (
            text(LINE).replace(b",", b";"),
            "auto",
            r'one column by the delimiter ",", but its header contains ";" \(semicolon\); set',
        ),
        (text(LINE).replace(b",", b"\t"), "auto", r'contains "\\t" \(tab\); set'),
        (text(LINE, encoding="gb18030"), "utf-8", r"row 1 is not UTF-8.*`encoding: gb18030`"),
        (text(LINE), "gb18030", r"is UTF-8, but the mapping declares gb18030; set"),
        (b"a,b\n\x81\x30\xff\n", "auto", r"row 2 is not UTF-8 and row 2 is not GB18030; save"),
        (text(LINE) + b"\0", "auto", r"has a NUL byte at position .*; export it again"),
        (text(LINE, encoding="utf-16"), "auto", r"is no CSV but UTF-16 text; save it as CSV UTF-8"),
        (b"PK\x03\x04rest", "auto", r"is no CSV but a spreadsheet or archive"),
        (
            text(f'{A},"D1,2024-01-02,x,1', LINE),
            "auto",
            r"a quotation mark in row 2 is opened and never closed, so the rows after it",
        ),
        (text(LINE, f'{A},D2,2024-01-02,x,"1', LINE), "auto", r"a quotation mark in row 3 is"),
        (b"\n" + text(LINE), "auto", r"begins with an empty row; the header must be row 1"),
        ("代码,代码\n1,2\n".encode(), "auto", r'column "代码" stands twice in the header'),
        ("代码,\n1,2\n".encode(), "auto", r"column 2 of the header \(row 1\) has no name"),
    ],
)
def test_a_hostile_file_is_refused_in_words(tmp_path, content, declared, message):
    with pytest.raises(BadInput, match=message):
        ingest_file(tmp_path, content, mapping=penalties(format={"encoding": declared}))


def test_junk_is_refused_without_reading_it_into_memory(tmp_path):
    """100 MB without a line end."""
    write_register(tmp_path / "in", A)
    junk = tmp_path / "penalties.csv"
    with junk.open("wb") as file:
        for _ in range(100):
            file.write(b"junk" * (1 << 18))
    with pytest.raises(BadInput, match=r"no line end within 4 MB, so it is no table; export"):
        ingest(tmp_path, PENALTIES, source=junk)


def test_a_cut_off_archive_is_refused(tmp_path):
    with pytest.raises(BadInput, match=r"is cut off or no gzip file .*; fetch it again"):
        ingest_file(tmp_path, gzip.compress(text(LINE))[:-12], "penalties.csv.gz")


def test_a_missing_column_is_named_with_what_is_like_it(tmp_path):
    content = text(LINE).replace("文号".encode(), "文书文号".encode())
    with pytest.raises(BadMapping, match=r'no column "文号" \(did you mean "文书文号"\?\).*maps'):
        ingest_file(tmp_path, content)


def test_a_column_that_nobody_declared_refuses_the_file(tmp_path):
    content = text(LINE + ",x").replace(b"\n", ",备注\n".encode(), 1)
    with pytest.raises(BadMapping, match=r'has column "备注" that .* neither maps nor ignores'):
        ingest_file(tmp_path, content)

    report = ingest_file(tmp_path, content, mapping=penalties(ignore=["备注"]))
    assert report.entered == {"penalty": 1}


def test_row_numbers_are_those_that_a_person_sees(tmp_path):
    """Ragged and blank rows count; a line break in quotes does not begin a row."""
    lines = [
        f'{A},"D\n1",2024-01-02,罚款,1',
        "a,b",
        "",
        f"{A},D2,2023/2/30,罚款,1",
        f"{A},D3,2024-01-02,罚款,1,zu,viel",
        f"{A},D4,2023/2/30,罚款,1",
    ]
    report = ingest_penalties(tmp_path, *lines)

    refused_rows = [(row, reason) for row, _, reason, _ in quarantine(report)]
    assert refused_rows == [(3, "ragged_row"), (5, "bad_date"), (6, "ragged_row"), (7, "bad_date")]
    assert report.rows_in == 5


def test_row_numbers_stay_right_over_many_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(csvfile, "_BLOCK", 1000)
    lines = ["a,b" if i % 10 == 3 else f"{A},D{i},2024-01-02,罚款,900" for i in range(500)]
    lines[400] = f'{A},"D\n400",2024-01-02,罚款,x'
    report = ingest_penalties(tmp_path, *lines)

    expected = {i + 2 for i in range(500) if i % 10 == 3} | {402}
    assert {row for row, *_ in quarantine(report)} == expected
    assert query(tmp_path, "SELECT source_row FROM penalty WHERE doc_no = 'D499'") == [(501,)]


def test_a_file_of_nearly_nothing_but_broken_rows_says_what_is_wrong(tmp_path, capfd):
    """The reader's own callback cannot raise; what it found must be told all the same."""
    junk = text(*["a,b,c"] * 100_001)
    expected = r"more than 100,000 rows .* row 100,001 \(expected 5 columns, got 3\); check the del"
    with pytest.raises(BadInput, match=expected):
        ingest_file(tmp_path, junk)

    assert "Traceback" not in capfd.readouterr().err


def workbook(rows, **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for name, cells in sheets.items():
        sheet = book.create_sheet(name)
        for row in cells:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


ROWS = [HEADER.split(","), [A, "D1", "2024-01-02", "罚款", 1234.5]]


def test_a_sheet_is_read_with_its_days_and_numbers(tmp_path):
    rows = [ROWS[0], [A, "D1", datetime.fromisoformat("2024-01-02"), "罚款", 1234.5], [], [B, "D2"]]
    report = ingest_file(tmp_path, workbook(rows), "penalties.xlsx")

    row = query(tmp_path, "SELECT occurred_on::VARCHAR, amount_yuan::VARCHAR FROM penalty")
    assert row == [("2024-01-02", "1234.50")]
    assert {r for r, *_ in quarantine(report)} == {4}


def test_a_formula_sends_its_row_to_quarantine(tmp_path):
    rows = [*ROWS, [B, "D2", "2024-01-02", "罚款", "=1+1"]]
    report = ingest_file(tmp_path, workbook(rows), "penalties.xlsx")

    assert quarantine(report) == [(3, "", "formula", "=1+1")]


def test_of_several_sheets_one_must_be_named(tmp_path):
    content = workbook(ROWS, 说明=[["给人看的"]])
    with pytest.raises(BadInput, match=r"2 sheets with content \(Sheet, 说明\); name the one"):
        ingest_file(tmp_path, content, "penalties.xlsx")
    named = penalties(format={"sheet": "Sheat"})
    with pytest.raises(BadInput, match=r'no sheet "Sheat" \(did you mean "Sheet"\?\)'):
        ingest_file(tmp_path, content, "penalties.xlsx", named)

    named = penalties(format={"sheet": "Sheet"})
    assert ingest_file(tmp_path, content, "penalties.xlsx", named).entered == {"penalty": 1}


def bomb():
    """A sheet of 600 MB of zeros in 600 KB."""
    content = io.BytesIO()
    with (
        zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member,
    ):
        for _ in range(600):
            member.write(bytes(1 << 20))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no zip", r"is no XLSX file; open it in a spreadsheet program"),
        (workbook([]), r"is empty; ask the department"),
        (workbook([[], *ROWS]), r"begins with an empty row; the header must be row 1"),
        (bomb(), r"unpacks from .* to 629,145,600 bytes, as no real sheet does; export"),
    ],
    ids=["no zip", "empty", "blank header", "bomb"],
)
def test_a_hostile_sheet_is_refused_in_words(tmp_path, content, message):
    with pytest.raises(BadInput, match=message):
        ingest_file(tmp_path, content, "penalties.xlsx")


def parquet(columns):
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


def test_parquet_is_read_with_types(tmp_path):
    columns = {
        "代码": [A, B],
        "文号": ["D1", "D2"],
        "日期": [date(2024, 1, 2), None],
        "种类": ["罚款", "罚款"],
        "金额": [1234.5, 1.0],
    }
    report = ingest_file(tmp_path, parquet(columns), "penalties.parquet")

    assert query(tmp_path, "SELECT amount_yuan::VARCHAR FROM penalty") == [("1234.50",)]
    assert {row for row, *_ in quarantine(report)} == {2}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PAR1 but no more", r"cannot be read as Parquet .*; write it anew"),
        (parquet({"a": [[1, 2]]}), r'column "a" has type list<.*>; .* write it flat'),
    ],
)
def test_a_hostile_parquet_file_is_refused_in_words(tmp_path, content, message):
    with pytest.raises(BadInput, match=message):
        ingest_file(tmp_path, content, "penalties.parquet")


def damaged(compression, place):
    """A Parquet file whose footer is whole and whose first column is not."""
    texts = pa.table({name: [f"{n:018}" for n in range(300)] for name in HEADER.split(",")})
    content = io.BytesIO()
    pq.write_table(texts, content, compression=compression, use_dictionary=False)
    wrong = bytearray(content.getvalue())
    wrong[place : place + 8] = bytes(b ^ 0xA5 for b in wrong[place : place + 8])
    return bytes(wrong)


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
@pytest.mark.parametrize("place", [5, 40])
def test_damage_behind_a_whole_footer_is_refused_in_words(tmp_path, compression, place):
    first = HEADER.split(",")[0]
    with pytest.raises(BadInput, match=rf'"penalties.parquet": column "{first}" is damaged .*anew'):
        ingest_file(tmp_path, damaged(compression, place), "penalties.parquet")


def test_a_damaged_file_does_not_keep_the_others_out(tmp_path):
    write_register(tmp_path / "in", A, B)
    (tmp_path / "in" / "penalties.parquet").write_bytes(damaged("snappy", 40))
    report = ingest(tmp_path, REGISTER, PENALTIES, source=tmp_path / "in")

    assert sorted(file.status for file in report.files) == ["entered", "refused"]


def test_an_ending_without_reader_is_told(tmp_path):
    with pytest.raises(BadInput, match=r"no reader for this ending; save it as one of \.csv"):
        ingest_file(tmp_path, b"x", "penalties.doc")

    kind = penalties(format={"kind": "csv"})
    assert ingest_file(tmp_path, text(LINE), "penalties.dat", kind).entered == {"penalty": 1}


def test_the_default_format_asks_for_nothing():
    assert Format() == Format(kind="", encoding="auto", delimiter=",", sheet="")
