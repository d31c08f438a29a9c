"""Who came onto a list and who left it, between two published nights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sqlalchemy import select

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.sheets import Column, write_csv, write_xlsx
from xhcredit.store.store import Store
from xhcredit.store.tables import runs, snapshots

ENTERED, LEFT, STAYS, OUT = "entered", "left", "stays", ""
MOVES = {ENTERED: "新进 entered", LEFT: "退出 left", STAYS: "在列 stays"}
#: from a published night (``code``, ``name``, ``street``, ``tier``, ``fields``) and its day to the
#: same table with ``listed`` and ``reason``
Choice = Callable[[pd.DataFrame, date], pd.DataFrame]


class Sheet(NamedTuple):
    """How a list is written: file name without ending, title, and its columns by their names."""

    name: str
    title: str
    columns: Sequence[tuple[str, Column]]


def moved(store: Store, choose: Choice, as_of: date, before: date | None = None) -> pd.DataFrame:
    """Everybody of the night of a day: whether on the list, why, and how that changed.

    Args:
        store: where the nights are published.
        choose: who is on the list.
        as_of: the day.
        before: an earlier day to compare with; None takes the list as new.

    Returns:
        What ``choose`` returns, with ``move`` (``entered``, ``left``, ``stays`` or nothing).

    Raises:
        UnknownRecord: no night of one of the days was published.
    """
    table = choose(night_of(store, as_of), as_of)
    earlier: set[str] = set()
    if before is not None:
        old = choose(night_of(store, before), before)
        earlier = set(old.loc[old["listed"], "code"])
    was = table["code"].isin(earlier)
    move = pd.Series(OUT, index=table.index)
    move[table["listed"] & was] = STAYS
    move[table["listed"] & ~was] = ENTERED
    move[~table["listed"] & was] = LEFT
    return table.assign(move=move)


def counted(table: pd.DataFrame) -> dict[str, int]:
    """How many came, left and stayed."""
    return {move: int((table["move"] == move).sum()) for move in MOVES}


def night_of(store: Store, day: date) -> pd.DataFrame:
    """The last published night of a day: ``code``, ``name``, ``street``, ``tier``, ``fields``.

    Raises:
        UnknownRecord: no night of that day was published.
    """
    c = snapshots.c
    of_day = select(runs.c.run).where(runs.c.as_of == day.isoformat())
    with store.database.reading() as con:
        run = con.scalar(of_day.order_by(runs.c.run.desc()).limit(1))
        if run is None:
            raise UnknownRecord(
                f"no run of {day} was published; publish that night, or another day"
            )
        wanted = select(c.code, c.name, c.street, c.tier, c.fields).where(c.run == run)
        rows = con.execute(wanted.order_by(c.code)).all()
    return pd.DataFrame(rows, columns=["code", "name", "street", "tier", "fields"])


def write_list(table: pd.DataFrame, sheet: Sheet, out: Path) -> list[Path]:
    """Write who is on a list, and who left it, as spreadsheet and CSV; internal, with reasons."""
    shown = table[table["move"] != OUT]
    texts = shown[[name for name, _ in sheet.columns]].fillna("").replace({"move": MOVES})
    rows = [list(row) for row in texts.itertuples(index=False)]
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{sheet.name}.xlsx", out / f"{sheet.name}.csv"]
    columns = tuple(column for _, column in sheet.columns)
    write_xlsx(files[0], sheet.title, columns, rows)
    write_csv(files[1], sheet.title, columns, rows)
    return files
