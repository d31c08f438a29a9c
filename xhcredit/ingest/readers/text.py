"""Text encoding detection (UTF-8, GB18030) in one pass and bounded memory."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from xhcredit.errors import BadInput

_CHUNK = 1 << 20
# What has no line end would have to be held whole.
_LONGEST_LINE = 4 << 20
#: how other formats begin: that a byte does not decode would not say what the file is
_MAGIC = {
    b"PK\x03\x04": "a spreadsheet or archive; give it the ending .xlsx, or unpack it",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Office file; save it without password as .xlsx",
    b"\x1f\x8b": "compressed; give it the ending .csv.gz",
    b"PAR1": "Parquet; give it the ending .parquet",
    b"%PDF": "a PDF; ask for the table as .csv or .xlsx",
    b"\xff\xfe": "UTF-16 text; save it as CSV UTF-8",
    b"\xfe\xff": "UTF-16 text; save it as CSV UTF-8",
}


def open_bytes(path: Path) -> IO[bytes] | gzip.GzipFile:
    """Open a file, unpacking ``.gz``."""
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def chunks(path: Path) -> Iterator[bytes]:
    """Read a file in chunks of 1 MB.

    Raises:
        BadInput: the compression is broken.
    """
    try:
        with open_bytes(path) as file:
            while chunk := file.read(_CHUNK):
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInput(
            f'"{path.name}" is cut off or no gzip file ({error}); fetch it again'
        ) from error


def encoding_of(path: Path, declared: str) -> str:
    """Return the encoding of a text file after reading all of it: ``utf-8`` or ``gb18030``.

    Args:
        path: the file, perhaps ``.gz``.
        declared: what the mapping says; ``auto`` tries UTF-8, then GB18030.

    Raises:
        BadInput: it is empty, no text, in another encoding than declared, or in none of the two.
    """
    _refuse_binary(path)
    # UTF-8 first: almost any bytes pass for GB18030, but hardly any Chinese in GB18030 passes
    # for UTF-8.
    line = _first_wrong_line(path, "utf-8")
    if declared.lower() in ("utf-8", "utf-8-sig"):
        if line:
            raise BadInput(
                f'"{path.name}": row {line} is not UTF-8, which the mapping declares; if the file '
                f"comes from Chinese Windows it is GB18030: set `encoding: gb18030` or `auto`"
            )
        return "utf-8"
    if not line:
        if declared.lower() != "auto" and not _is_plain(path):
            raise BadInput(
                f'"{path.name}" is UTF-8, but the mapping declares {declared}; set '
                f"`encoding: utf-8` or `auto`"
            )
        return "utf-8"
    if gb_line := _first_wrong_line(path, "gb18030"):
        raise BadInput(
            f'"{path.name}": row {line} is not UTF-8 and row {gb_line} is not GB18030; save the '
            f"file as CSV UTF-8"
        )
    return "gb18030"


def _refuse_binary(path: Path) -> None:
    """Look at the bytes: emptiness, known other formats, NUL, lines without end."""
    since_newline, bytes_read = 0, 0
    for chunk in chunks(path):
        if not bytes_read:
            _refuse_magic(path, chunk)
        if b"\0" in chunk:
            offset = bytes_read + chunk.index(b"\0")
            raise BadInput(
                f'"{path.name}" has a NUL byte at position {offset}, so it is no text; export it '
                f"again as CSV UTF-8"
            )
        bytes_read += len(chunk)
        newline = chunk.rfind(b"\n")
        since_newline = since_newline + len(chunk) if newline < 0 else len(chunk) - newline
        if since_newline > _LONGEST_LINE:
            raise BadInput(
                f'"{path.name}" has no line end within {_LONGEST_LINE >> 20} MB, so it is no '
                f"table; export it again as CSV"
            )
    if not bytes_read:
        raise BadInput(f'"{path.name}" is empty (0 bytes); ask the department for the file again')


def _refuse_magic(path: Path, chunk: bytes) -> None:
    for magic, file_kind in _MAGIC.items():
        if chunk.startswith(magic):
            raise BadInput(f'"{path.name}" is no CSV but {file_kind}')


def _first_wrong_line(path: Path, encoding: str) -> int:
    """Line of the first byte that does not decode, or 0."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 1
    for chunk in _chunks_with_end(path):
        try:
            lines += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            return lines + error.object[: error.start].count(b"\n")
    return 0


def _chunks_with_end(path: Path) -> Iterator[bytes]:
    # A decoder keeps a character that is cut back; only an end makes it an error.
    yield from chunks(path)
    yield b""


def _is_plain(path: Path) -> bool:
    """Whether all bytes are ASCII, which is the same in every encoding."""
    return all(chunk.isascii() for chunk in chunks(path))
