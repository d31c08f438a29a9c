"""No export runs as a formula: one list of signs, in Python and in SQL, for every file we write."""

import itertools
import re

import duckdb
import pytest

from tests.walks import python_files, shown
from xhcredit.domain.spreadsheet_safety import FORMULA, SPACE, neutral
from xhcredit.ingest.quarantine import _neutralised_sql

#: who writes tables that a spreadsheet program opens; a new one is added here with its test
WRITERS = {
    "xhcredit/ingest/quarantine.py": "SQL, held to neutral below",
    "xhcredit/jobs/documents/spreadsheets.py": "neutral",
    "xhcredit/store/audit.py": "neutral",
    "xhcredit/jobs/draws/joint.py": "neutral",
    "xhcredit/jobs/draws/results_to_warehouse.py": "a delivery to ourselves, which nobody opens",
    "xhcredit/jobs/demo/draws.py": "results of the demo's draws, a delivery to ourselves",
    "xhcredit/jobs/demo/departments.py": "made-up exports of the demo, a delivery to ourselves",
}
_WRITES = re.compile(r"csv\.(writer|DictWriter)\(|Workbook\(|FORMAT csv|\.to_csv\(|\.to_excel\(")


def test_every_writer_of_tables_is_known():
    files = [*python_files("xhcredit"), *python_files("serving"), *python_files("training")]
    writers = {shown(f) for f in files if _WRITES.search(f.read_text(encoding="utf-8"))}
    readers = {f for f in writers if "/readers/" in f}

    assert writers - readers == set(WRITERS), "neutralise its cells, and name it in WRITERS"


CELLS = [
    space + sign + formula
    for space, sign, formula in itertools.product(
        ("", " ", "  ", "\u00a0", "\u3000"), (*FORMULA, "", "a", "'", "张"), ("", "1+1", "=1")
    )
]


def test_the_same_cells_are_neutralised_in_sql():
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT unnest(?::VARCHAR[]) AS c", [CELLS])
    neutralised_rows = con.execute(f"SELECT {_neutralised_sql('c')} FROM t").fetchall()

    assert [cell for (cell,) in neutralised_rows] == [neutral(cell) for cell in CELLS]


@pytest.mark.parametrize("cell", CELLS)
def test_what_comes_out_begins_with_no_sign(cell):
    neutralised = neutral(cell)

    assert neutralised.lstrip(SPACE)[:1] not in tuple(FORMULA)
    assert neutralised in (cell, f"'{cell}")


@pytest.mark.parametrize("cell", [None, 1, -1.5, "", " ", "'", "企业"])
def test_what_is_harmless_stays(cell):
    assert neutral(cell) == cell
