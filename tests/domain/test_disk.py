"""Errors of a full disk or a missing right are told in words; all others are left alone."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests.cramped import file_limit, read_only, small_disk
from xhcredit.domain.disk import disk_error, require_free_space
from xhcredit.errors import BadInput, DiskFull, NotWritable
from xhcredit.jobs.documents.spreadsheets import workbook

MUCH = 4 << 20  #: bytes that a writer tries to write
LIMIT = 100_000


def by_python(place):
    place.joinpath("x.json").write_bytes(os.urandom(MUCH))


def by_arrow(place):
    pq.write_table(pa.table({"x": [os.urandom(MUCH)]}), place / "x.parquet")


def by_duckdb(place):
    name = str(place / "x.parquet")
    duckdb.sql("SELECT hash(i) AS h FROM range(600_000) t(i)").write_parquet(name)


def by_duckdb_database(place):
    with duckdb.connect(place / "work.duckdb") as con:
        con.execute("CREATE TABLE t AS SELECT hash(i) AS h FROM range(600_000) t(i)")
        con.execute("CHECKPOINT")


def by_sqlite(place):
    con = sqlite3.connect(place / "x.db")
    try:
        con.execute("CREATE TABLE t (x BLOB)")
        con.execute("INSERT INTO t VALUES (randomblob(?))", [MUCH])
        con.commit()
    finally:
        con.close()


def by_sqlalchemy(place):
    engine = sa.create_engine(f"sqlite:///{place / 'y.db'}")
    try:
        with engine.begin() as con:
            con.execute(sa.text("CREATE TABLE t (x BLOB)"))
            con.execute(sa.text("INSERT INTO t VALUES (randomblob(:n))"), {"n": MUCH})
    finally:
        engine.dispose()


def by_spreadsheet(place):
    with workbook(place / "x.xlsx") as book:
        sheet = book.add_worksheet()
        for row in range(12_000):
            sheet.write_string(row, 0, os.urandom(100).hex())


WRITERS = [
    by_python, by_arrow, by_duckdb, by_duckdb_database, by_sqlite, by_sqlalchemy, by_spreadsheet,
]  # fmt: skip


def fate(writer, place):
    """The error of a writer in words, or as it is if nobody knows words for it."""
    try:
        writer(place)
    except Exception as error:
        return disk_error(error) or error
    return None


@pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.__name__)
def test_a_disk_that_is_full_is_told_whoever_writes(writer, tmp_path):
    with file_limit(LIMIT):
        error = fate(writer, tmp_path)

    assert isinstance(error, DiskFull), error
    assert "make room" in str(error)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.__name__)
def test_a_real_small_disk_is_told_whoever_writes(writer, tmp_path):
    with small_disk(tmp_path / "small", 1 << 20) as mounted:
        if not mounted:  # the limit on files above says the same, by another number
            return
        assert isinstance(fate(writer, tmp_path / "small"), DiskFull)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.__name__)
def test_a_folder_that_is_read_only_is_told_whoever_writes(writer, tmp_path):
    with read_only(tmp_path / "kept"):
        error = fate(writer, tmp_path / "kept")

    assert isinstance(error, NotWritable), error
    assert "give this user the right" in str(error)


@pytest.mark.parametrize("writer", WRITERS, ids=lambda w: w.__name__)
def test_a_file_where_a_folder_should_be_is_told(writer, tmp_path):
    (tmp_path / "file").write_text("x")

    assert isinstance(fate(writer, tmp_path / "file"), NotWritable)


def test_the_device_that_is_always_full_is_named():
    with pytest.raises(OSError, match="No space") as met, open("/dev/full", "w") as full:
        full.write("x" * 10_000)

    assert isinstance(disk_error(met.value), DiskFull)


def test_what_caused_an_error_is_looked_at_through_groups_and_chains():
    first = OSError(errno.EDQUOT, "quota", "/data/x")
    try:
        try:
            raise first
        except OSError as error:
            raise ExceptionGroup("two", [ValueError("a"), RuntimeError("b")]) from error
    except ExceptionGroup as group:
        cause = disk_error(group)

    assert '"/data/x"' in str(cause)
    assert disk_error(ExceptionGroup("g", [ValueError(), first])).code == "disk_full"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no space left on device"),  # words of somebody else
        KeyError("permission denied"),
        FileNotFoundError(errno.ENOENT, "no such file", "/x"),
        duckdb.InvalidInputException("bad cast"),
        sqlite3.IntegrityError("UNIQUE constraint failed"),
        BadInput("already told"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_other_errors_are_no_matter_of_the_disk(error):
    assert disk_error(error) is None


def test_an_error_that_was_told_in_words_is_not_told_again():
    error = BadInput("told")
    error.__cause__ = OSError(errno.ENOSPC, "full")

    assert disk_error(error) is None


def test_room_is_looked_at_before_long_work(tmp_path):
    require_free_space(tmp_path / "not" / "yet", 1000, "this")
    with pytest.raises(DiskFull, match=r"MB free, this night needs about 1,000,000,000 MB; make"):
        require_free_space(tmp_path / "not" / "yet", 10**15, "this night")


def test_sixteen_mebibytes_are_room_enough_for_short_work_and_a_byte_less_is_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=16 * 1024 * 1024))
    require_free_space(tmp_path, 0, "this")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=16 * 1024 * 1024 - 1))
    with pytest.raises(DiskFull, match="this needs about 17 MB"):
        require_free_space(tmp_path, 0, "this")


def test_work_that_needs_exactly_what_is_free_may_begin(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10**9))
    require_free_space(tmp_path, 10**9, "this")
    with pytest.raises(DiskFull, match="has 1,000 MB free"):
        require_free_space(tmp_path, 10**9 + 1, "this")


def test_a_cause_that_is_also_the_context_does_not_hide_the_full_disk_behind_it():
    """``raise b from a`` within the handling of ``a`` names ``a`` twice."""
    disk, middle, outer = OSError(errno.ENOSPC, "full"), ValueError("b"), RuntimeError("c")
    outer.__cause__ = outer.__context__ = middle
    middle.__cause__ = disk

    assert disk_error(outer).code == "disk_full"
