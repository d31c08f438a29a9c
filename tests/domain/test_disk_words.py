"""Each way to say that a disk is full or a place barred ends in its own sentence."""

import errno
import os
import sqlite3

import pytest

from xhcredit.domain.disk import disk_error
from xhcredit.errors import BadInput, DiskFull, NotWritable

ROOM = (
    "; nothing half-written counts: make room on that disk (or raise the quota) and run the same "
    "again"
)
RIGHT = "; give this user the right, or name another place"


def kind_and_text(error):
    disk_problem = disk_error(error)
    return type(disk_problem), str(disk_problem)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_by_number(number):
    error = OSError(number, os.strerror(number), "/data/x.parquet")

    assert kind_and_text(error) == (DiskFull, f'no room left for "/data/x.parquet"{ROOM}')


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.EACCES, "permission denied"),
        (errno.EPERM, "operation not permitted"),
        (errno.EROFS, "read-only file system"),
        (errno.ENOTDIR, "not a directory"),
        (errno.EISDIR, "is a directory"),
        (errno.EEXIST, "file exists"),
        (errno.ENAMETOOLONG, "file name too long"),
    ],
)
def test_a_barred_place_by_number(number, why):
    error = OSError(number, os.strerror(number), "/data/x")

    assert kind_and_text(error) == (NotWritable, f'"/data/x" cannot be used ({why}){RIGHT}')
    nameless = OSError(number, os.strerror(number))
    assert kind_and_text(nameless) == (NotWritable, f"a file cannot be used ({why}){RIGHT}")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EIO, errno.ECONNREFUSED])
def test_other_numbers_are_not_the_disks_whatever_the_words(number):
    assert disk_error(OSError(number, "no space left on device", "/x")) is None


@pytest.mark.parametrize(
    "words",
    [
        "No space left on device",
        "database or disk is full",
        "Quota exceeded",
        "File too large",
        "failed to offload data block",
        "Could not write all bytes to file",
        "could not write file",
        "adjust max_temp_directory_size",
    ],
)
def test_no_room_in_the_words_of_a_driver(words):
    error = sqlite3.OperationalError(f'IO Error: "/data/a.db": {words}!')

    assert kind_and_text(error) == (DiskFull, f'no room left for "/data/a.db"{ROOM}')


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("Permission denied", "permission denied"),
        ("Read-only file system", "read-only file system"),
        ("attempt to write a readonly database", "readonly database"),
        ("Is a directory", "is a directory"),
        ("Not a directory", "not a directory"),
        ("unable to open database file", "unable to open database file"),
        ("File name too long", "file name too long"),
    ],
)
def test_a_barred_place_in_the_words_of_a_driver(words, why):
    quoted = sqlite3.OperationalError(f"Cannot open file '/data/a.db': {words}")

    assert kind_and_text(quoted) == (NotWritable, f'"/data/a.db" cannot be used ({why}){RIGHT}')
    assert kind_and_text(sqlite3.OperationalError(words)) == (
        NotWritable,
        f"a file cannot be used ({why}){RIGHT}",
    )


def test_words_count_of_drivers_and_of_errors_of_files_without_a_number_only():
    assert disk_error(ValueError("no space left on device")) is None
    assert disk_error(sqlite3.OperationalError("no such table: t")) is None
    assert disk_error(OSError("nothing known")) is None
    assert kind_and_text(OSError("no space left on device"))[0] is DiskFull


def test_what_it_came_from_is_looked_at_and_what_was_told_is_left_alone():
    full = OSError(errno.ENOSPC, "No space left on device", "/a")
    outer = ValueError("wrapped")
    outer.__cause__ = full
    told_before = BadInput("no such file")
    told_before.__cause__ = full
    group = ExceptionGroup("several", [ValueError("x"), full])
    during = ValueError("while it was handled")
    during.__context__ = full

    assert (
        kind_and_text(outer)
        == kind_and_text(group)
        == kind_and_text(during)
        == (DiskFull, f'no room left for "/a"{ROOM}')
    )
    assert disk_error(told_before) is None


def test_errors_that_are_each_others_cause_come_to_an_end():
    first_error, other = ValueError("one"), ValueError("other")
    first_error.__cause__, other.__cause__ = other, first_error

    assert disk_error(first_error) is None
