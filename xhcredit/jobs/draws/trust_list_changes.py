"""Changes of a list between two published nights: entries and exits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sqlalchemy import select

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.jobs.documents.spreadsheets import Column, write_csv, write_xlsx
from xhcredit.store.core.tables import runs, snapshots
from xhcredit.store.store import Store

ENTERED, LEFT, STAYS, OUT = "entered", "left", "stays", ""
MOVES = {ENTERED: "新进 entered", LEFT: "退出 left", STAYS: "在列 stays"}
#: why somebody left who is in the night of the day no more
GONE = "不在当日名册（注销等） not in the register of the day (de-registered or the like)"
_HELD = ("code", "name", "bureau", "street", "tier", "fields")
#: from a published night (the columns of ``night_of``) and its day to the same table with
#: ``listed`` and ``reason``
Choice = Callable[[pd.DataFrame, date], pd.DataFrame]


class Sheet(NamedTuple):
    """How a list is written: file name without ending, title, and its columns by their names."""

    name: str
    title: str
    columns: Sequence[tuple[str, Column]]


def moved(store: Store, choose: Choice, as_of: date, before: date | None = None) -> pd.DataFrame:
    """List of a night with reasons, and its changes since an earlier day.

    Args:
        store: where the nights are published.
        choose: who is on the list.
        as_of: the day.
        before: an earlier day to compare with; None takes the list as new.

    Returns:
        What ``choose`` returns, with ``move`` (``entered``, ``left``, ``stays`` or nothing).  Who
        was on the list and is not in the night of the day any more has left, too.

    Raises:
        BadInput: the earlier day is none.
        UnknownRecord: no night of one of the days was published.
    """
    if before is not None and before >= as_of:
        raise BadInput(f"{before} is not before {as_of}; give an earlier day to compare with")
    table = choose(night_of(store, as_of), as_of)
    was = pd.Series(False, index=table.index)
    if before is not None:
        old = choose(night_of(store, before), before)
        old = old[old["listed"]]
        gone = old[~old["code"].isin(table["code"])].assign(listed=False, reason=GONE)
        if len(gone):
            table = pd.concat([table, gone]).sort_values("code", ignore_index=True)
        was = table["code"].isin(old["code"])
    move = pd.Series(OUT, index=table.index)
    move[table["listed"] & was] = STAYS
    move[table["listed"] & ~was] = ENTERED
    move[~table["listed"] & was] = LEFT
    return table.assign(move=move)


def counted(table: pd.DataFrame) -> dict[str, int]:
    """Counts of entries, exits and stays."""
    return {move: int((table["move"] == move).sum()) for move in MOVES}


def run_of(store: Store, day: date) -> int:
    """The number of the last published night of a day.

    Raises:
        UnknownRecord: no night of that day was published.
    """
    of_day = select(runs.c.run).where(runs.c.as_of == day.isoformat())
    with store.database.reading() as con:
        run = con.scalar(of_day.order_by(runs.c.run.desc()).limit(1))
    if run is None:
        raise UnknownRecord(f"no run of {day} was published; publish that night, or another day")
    return int(run)


def night_of(store: Store, day: date) -> pd.DataFrame:
    """The last published night of a day: code, name, bureau, street, tier, fields.

    Raises:
        UnknownRecord: no night of that day was published.
    """
    c, run = snapshots.c, run_of(store, day)
    with store.database.reading() as con:
        wanted = select(*(c[name] for name in _HELD)).where(c.run == run)
        rows = con.execute(wanted.order_by(c.code)).all()
    return pd.DataFrame(rows, columns=list(_HELD))


def write_list(table: pd.DataFrame, sheet: Sheet, out: Path) -> list[Path]:
    """Write who is on a list, and who left it, as spreadsheet and CSV; internal, with reasons."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{sheet.name}.xlsx", out / f"{sheet.name}.csv"]
    for file in files:
        write_one(table, sheet, file)
    return files


def write_one(table: pd.DataFrame, sheet: Sheet, file: Path) -> None:
    """Write one file of a list, CSV if it is named so, else a spreadsheet."""
    shown = table[table["move"] != OUT]
    texts = shown[[name for name, _ in sheet.columns]].fillna("").replace({"move": MOVES})
    rows = [list(row) for row in texts.itertuples(index=False)]
    write = write_csv if file.suffix == ".csv" else write_xlsx
    write(file, sheet.title, tuple(column for _, column in sheet.columns), rows)
