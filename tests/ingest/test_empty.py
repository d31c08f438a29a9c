"""A header and no rows: an empty delivery, as a small district often has, is taken and told."""

from __future__ import annotations

import pyarrow as pa
import pytest
import sqlalchemy as sa

from tests.ingest.test_readers import LINE, ingest_file, parquet, text, workbook
from tests.ingest.test_sources import database
from tests.ingest.tools import PENALTIES, REGISTER, TODAY, ingest
from xhcredit.errors import BadMapping
from xhcredit.ingest.pipeline import EMPTY_NOTE
from xhcredit.ingest.warehouse import Warehouse

COLUMNS = ["代码", "文号", "日期", "种类", "金额"]
EMPTIES = {
    "penalties.csv": text(),
    "penalties2.csv": text("", ",,,,"),
    "penalties.xlsx": workbook([COLUMNS]),
    "penalties.parquet": parquet({c: pa.array([], pa.string()) for c in COLUMNS}),
}


@pytest.mark.parametrize("name", EMPTIES)
def test_an_empty_delivery_is_entered_counted_and_told(name, tmp_path):
    report = ingest_file(tmp_path, EMPTIES[name], name)

    assert (report.status, report.rows_in, report.rows_quarantined) == ("entered", 0, 0)
    assert report.entered == {}
    assert report.notes == (EMPTY_NOTE,)


def test_an_empty_table_of_a_database_is_taken(tmp_path):
    url = database(tmp_path, [LINE.split(",")])
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("DELETE FROM penalties_2024"))
        connection.engine.dispose()
    report = ingest(tmp_path, REGISTER, PENALTIES, source=url)

    assert [(f.status, f.rows_in) for f in report.files] == [("entered", 1), ("entered", 0)]
    assert report.refused == ()


def test_the_same_empty_delivery_again_changes_nothing(tmp_path):
    first = ingest_file(tmp_path, text())
    again = ingest_file(tmp_path, text())

    assert (first.entry, again.status) == (again.entry, "unchanged")
    assert {e.ingested_on for e in Warehouse(tmp_path / "warehouse").entries()} == {
        TODAY.isoformat()
    }


def test_an_empty_delivery_takes_nothing_away(tmp_path):
    ingest_file(tmp_path, text(LINE))
    ingest_file(tmp_path, text(), "penalties_07.csv")

    assert Warehouse(tmp_path / "warehouse").tables()["penalty"] == 1


def test_an_empty_file_without_its_columns_is_still_refused(tmp_path):
    with pytest.raises(BadMapping, match="文号"):
        ingest_file(tmp_path, "代码,日期\n".encode())
