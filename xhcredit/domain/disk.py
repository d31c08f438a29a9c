"""Disk errors as domain errors (full, forbidden, damaged), and a check of free space.

Whatever writes a file (Python, DuckDB, SQLite, Arrow, a spreadsheet's writer) tells of a full disk
or a missing right in its own way, and whatever reads one of a damaged file.  The edges (shell,
service, training) ask here once, so that all of them end in one sentence and one exit code.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xhcredit.errors import BadInput, DiskFull, NotWritable, XhcreditError

_FULL_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN_ERRNOS = {
    errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST,
    errno.ENAMETOOLONG,
}  # fmt: skip
#: the same in the words of drivers that keep no number
_FULL_WORDS = re.compile(
    r"no space left|disk is full|quota exceeded|file too large|failed to offload"
    r"|could not write (?:all bytes|file)|max_temp_directory_size",
    re.IGNORECASE,
)
_FORBIDDEN_WORDS = re.compile(
    r"permission denied|read-only file system|readonly database|is a directory|not a directory"
    r"|unable to open database file|file name too long",
    re.IGNORECASE,
)
#: what readers of Parquet say of a file that is gone, empty, cut off or damaged
_DAMAGED_WORDS = re.compile(
    r"no files found that match|too small to be a parquet|no magic bytes|parquet magic bytes"
    r"|parquet file size is \d+ bytes|decompression failure|failed to decompress"
    r"|invalid string encoding found in parquet|TProtocolException|invalid TType"
    r"|don't know what type|variable-length int over|deserialize thrift",
    re.IGNORECASE,
)
_PARQUET = re.compile(r"""["']([^"'\n]+\.parquet)["']""")
#: whose errors are read by their words; others may hold such words by chance
_DRIVERS = ("duckdb", "_duckdb", "sqlite3", "sqlalchemy", "pyarrow", "xlsxwriter")
_QUOTED = re.compile(r"""["'](/[^"']+)["']""")
#: never less is asked for: logs, locks and manifests need room as well
MIN_FREE_BYTES = 16 << 20
_FULL_BYTES = 64 << 10  #: a disk with less is called full


def disk_error(error: BaseException) -> XhcreditError | None:
    """Domain error for a full disk, a missing right or a damaged file, else None.

    Returns None for every other error: a fault of ours must not be told as the disk's.
    """
    for cause in _causes(error):
        if isinstance(cause, XhcreditError):
            return None  # somebody has told it already
        has_errno = isinstance(cause, OSError) and cause.errno is not None
        if known_error := _by_number(cause) if has_errno else _by_words(cause):
            return known_error
    return None


def _by_number(error: Any) -> XhcreditError | None:
    place = str(error.filename2 or error.filename or "")
    if error.errno in _FULL_ERRNOS:
        return disk_full(place)
    return not_writable(place, error.strerror or "") if error.errno in _FORBIDDEN_ERRNOS else None


def _by_words(error: BaseException) -> XhcreditError | None:
    # By whose error it is, since a row that somebody delivered may hold the words "disk is
    # full".
    is_driver = type(error).__module__.partition(".")[0] in _DRIVERS
    if not is_driver and not isinstance(error, OSError):
        return None
    text = str(error)
    place = match[1] if (match := _QUOTED.search(text)) else ""
    is_size_limit = (
        getattr(error, "sqlite_errorname", "") == "SQLITE_IOERR_WRITE"
    )  # a limit on files
    if is_size_limit or _FULL_WORDS.search(text):
        return disk_full(place)
    forbidden_match = _FORBIDDEN_WORDS.search(text)
    if forbidden_match:
        return not_writable(place, forbidden_match[0])
    return _damaged(text) if is_driver and _DAMAGED_WORDS.search(text) else None


def _damaged(text: str) -> BadInput:
    file = f'"{match[1]}"' if (match := _PARQUET.search(text)) else "a Parquet file"
    return BadInput(
        f"{file} is missing or damaged; restore the folder that it is in from a backup, or make "
        "it anew from the deliveries"
    )


def disk_full(place: str) -> DiskFull:
    """Error for a full disk, with its remedy."""
    disks = place or ", ".join(_full_disks())  # who writes bytes is not told into which file
    return DiskFull(
        f"no room left{_for(disks)}; nothing half-written counts: make room on that disk (or raise "
        "the quota) and run the same again"
    )


def not_writable(place: str, cause: str) -> NotWritable:
    """Error for a place without write permission, with its remedy."""
    reason = f" ({cause[0].lower()}{cause[1:]})" if cause else ""
    place_text = f'"{place}"' if place else "a file"
    return NotWritable(
        f"{place_text} cannot be used{reason}; give this user the right, or name another place"
    )


def _full_disks() -> list[str]:
    """Writable disks of this machine that are full now."""
    mounts = Path("/proc/self/mounts")
    lines = mounts.read_text(encoding="utf-8").splitlines() if mounts.exists() else []
    places = [fields[1] for fields in map(str.split, lines) if "rw" in fields[3].split(",")]
    return [place for place in dict.fromkeys(places) if _is_full(place)]


def _is_full(place: str) -> bool:
    try:
        disk = os.statvfs(place)
    except OSError:  # not ours to look at
        return False
    return disk.f_blocks > 0 and disk.f_bavail * disk.f_frsize < _FULL_BYTES


def _for(place: str) -> str:
    return f' for "{place}"' if place else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Chain of causes of an error, groups opened, each once."""
    queue, seen_ids = [error], set[int]()
    while queue:
        cause = queue.pop(0)
        if id(cause) in seen_ids:
            continue
        seen_ids.add(id(cause))
        yield cause
        queue += cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
        # SQLAlchemy wraps the driver's own error in "orig"; only that one tells what the disk
        # said.
        inner_errors = (getattr(cause, "orig", None), cause.__cause__, cause.__context__)
        queue += [e for e in inner_errors if isinstance(e, BaseException)]


def require_free_space(folder: Path, needed_bytes: int, work: str) -> None:
    """See that there is room before long work begins.

    Args:
        folder: where it will write; the nearest folder that exists is looked at.
        needed_bytes: bytes that it will write, as estimated from what it reads.
        work: what it is called, as a person reads it.

    Raises:
        DiskFull: there is less, or less than 16 MB.
    """
    required = max(needed_bytes, MIN_FREE_BYTES)
    place = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(place).free
    if free < required:
        raise DiskFull(
            f'"{place}" has {_megabytes(free)} MB free, {work} needs about {_megabytes(required)} '
            "MB; make room on that disk, or choose another place. Nothing was begun"
        )


def size_of(place: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 if there is none."""
    if place.is_file():
        return place.stat().st_size
    return sum(f.stat().st_size for f in place.rglob("*") if f.is_file())


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f}"
