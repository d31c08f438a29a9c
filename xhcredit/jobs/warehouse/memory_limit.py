"""``--memory`` limit: memory of a night, and the part that sorting may take."""

from __future__ import annotations

import re

from xhcredit.errors import BadInput

_MEGABYTE = 1_000_000
#: what the program holds beside the sort: itself, its libraries, what is being written
_RESERVED_BYTES = 480 * _MEGABYTE
#: what scoring a slice of 3,000,000 enterprises holds: less than this a night cannot keep to
LEAST = 1000 * _MEGABYTE
#: a thread that sorts in less than this spills more than it gains
_BYTES_PER_THREAD = 700 * _MEGABYTE


def for_sorting(memory: str) -> int | None:
    """Bytes that sorting may take of an amount such as ``"2GB"``; ``None`` if nothing is told.

    Raises:
        BadInput: it is no amount, or too little.
    """
    if not memory:
        return None
    # Not pydantic.ByteSize: it reads "2GB 500MB" as 2 GB, and "3Gbit" as bits.
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT])(i?)B", memory)
    if not match:
        raise BadInput(f'"{memory}" is no amount of memory; write it as 2GB')
    number, unit, binary = match.groups()
    size = int(float(number) * (1024 if binary else 1000) ** (1 + "KMGT".index(unit)))
    if size < LEAST:
        raise BadInput(f'"{memory}" is too little for a night; give it {LEAST // 10**9}GB')
    return size - _RESERVED_BYTES


def duckdb_settings(sort_bytes: int) -> list[str]:
    """DuckDB settings that keep sorting within ``sort_bytes`` bytes."""
    thread_settings = ["SET threads = 1"] if sort_bytes < 2 * _BYTES_PER_THREAD else []
    return [f"SET memory_limit = '{sort_bytes}B'", *thread_settings]
