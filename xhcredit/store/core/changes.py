"""Changes that other systems follow: rows of one growing order, appended within the act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, insert, select, text

from xhcredit.store.core.tables import changes
from xhcredit.store.core.transactions import Tx

#: in this order where several are of one enterprise and one act
KINDS = ("tier", "score", "listing", "supervision", "alert")


class ChangeRow(NamedTuple):
    """What changed, by the keys of the rows that say it.

    Of an alert ``run`` and ``previous_run`` are 0, of all else ``alert`` and ``step``; ``code`` is
    empty where it is about no one enterprise, ``bureaus`` are those that may be told (``;a;b;``).
    """

    kind: str
    code: str
    bureaus: str
    run: int = 0
    previous_run: int = 0
    alert: int = 0
    step: int = 0


_ARRAY_TYPES = {"kind": "text", "code": "text", "bureaus": "text"}
_COLUMNS = ("id", *ChangeRow._fields, "activity")
# One statement with an array per column: row by row, a night in which everybody moves would keep
# all other writers waiting for ten seconds.
_POSTGRESQL_INSERT = text(
    f"INSERT INTO changes ({', '.join(_COLUMNS)}) SELECT * FROM unnest("
    + ", ".join(f"CAST(:{c} AS {_ARRAY_TYPES.get(c, 'int8')}[])" for c in _COLUMNS)
    + ")"
)


def newest_change(con: Connection) -> int:
    """Number of the last change; 0 before the first."""
    return con.scalar(select(func.max(changes.c.id))) or 0


def append_changes(tx: Tx, rows: Sequence[ChangeRow]) -> None:
    """Append changes in the order of ``rows``, numbered without gaps.

    Writers take turns until their commit, so the numbers follow the order of commits: who has read
    up to one number never misses a lower one that is committed later.
    """
    if not rows:
        return
    first_id = newest_change(tx.con) + 1
    numbered_rows = [(first_id + k, *row, tx.seq) for k, row in enumerate(rows)]
    if tx.con.dialect.name == "postgresql":
        columns = zip(*numbered_rows, strict=True)
        arrays = {c: list(v) for c, v in zip(_COLUMNS, columns, strict=True)}
        tx.con.execute(_POSTGRESQL_INSERT, arrays)
        return
    parameters = [dict(zip(_COLUMNS, row, strict=True)) for row in numbered_rows]
    tx.con.execute(insert(changes), parameters)
