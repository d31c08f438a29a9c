"""Where files come from: a database, a folder, or nothing that exists."""

from datetime import date

import pytest
import sqlalchemy as sa

from xhcredit.errors import BadInput

from .tools import HEADER, PENALTIES, REGISTER, A, ingest, write_penalties

LINE = f"{A},D1,2024-01-02,罚款,100"


def database(tmp_path, rows):
    url = f"sqlite:///{tmp_path / 'source.db'}"
    engine = sa.create_engine(url)
    columns = [sa.Column(name, sa.String) for name in HEADER.split(",")]
    metadata = sa.MetaData()
    table = sa.Table("penalties_2024", metadata, *columns)
    people = sa.Table(
        "register",
        metadata,
        *(sa.Column(c, sa.String) for c in ["代码", "名称"]),
        sa.Column("归集日", sa.Date),
    )
    metadata.create_all(engine)
    day = date(2020, 1, 1)
    with engine.begin() as connection:
        connection.execute(
            table.insert(), [dict(zip(HEADER.split(","), r, strict=True)) for r in rows]
        )
        connection.execute(people.insert(), [{"代码": A, "名称": "甲", "归集日": day}])
    engine.dispose()
    return url


def test_tables_of_a_database_are_read_and_again_nothing_changes(tmp_path):
    url = database(tmp_path, [LINE.split(","), [A, "D2", "2023/2/30", "罚款", "1"]])
    first = ingest(tmp_path, REGISTER, PENALTIES, source=url)
    again = ingest(tmp_path, REGISTER, PENALTIES, source=url)

    assert first.entered() == {"enterprise": 1, "penalty": 1}
    assert first.quarantined() == {"bad_date": 1}
    assert {f.status for f in again.files} == {"unchanged"}
    assert first.warehouse_digest == again.warehouse_digest


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("sqlite:////nowhere/a.db", r"does not exist; check the path"),
        ("nodialect://u:secret@host/db", r"cannot be opened .*; check address"),
        ("://", r"cannot be opened"),
    ],
)
def test_a_database_that_is_not_there_is_told(tmp_path, url, message):
    with pytest.raises(BadInput, match=message) as refused:
        ingest(tmp_path, PENALTIES, source=url)

    assert "secret" not in str(refused.value)


def test_a_source_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadInput, match=r"does not exist; give a file, a folder or a database URL"):
        ingest(tmp_path, PENALTIES, source=tmp_path / "nothing")


def test_a_folder_without_a_match_says_what_it_holds(tmp_path):
    write_penalties(tmp_path / "in", LINE, name="fines.csv")
    with pytest.raises(BadInput, match=r"holds: fines\.csv; the mappings read: penalties\*"):
        ingest(tmp_path, PENALTIES)
