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

ENTERED, LEFT, STAYS, NOT_LISTED = "entered", "left", "stays", ""
CHANGE_LABELS = {ENTERED: "新进 entered", LEFT: "退出 left", STAYS: "在列 stays"}
#: why somebody left who is in the night of the day no more
NOT_IN_REGISTER = (
    "不在当日名册（注销等） not in the register of the day (de-registered or the like)"
)
_NIGHT_COLUMNS = ("code", "name", "bureau", "bureaus", "street", "tier", "fields")
#: from a published night (the columns of ``night_of``) and its day to the same table with
#: ``listed`` and ``reason``
ListRule = Callable[[pd.DataFrame, date], pd.DataFrame]


class ListSheet(NamedTuple):
    """How a list is written: file name without ending, title, and its columns by their names."""

    name: str
    title: str
    columns: Sequence[tuple[str, Column]]


def list_with_changes(
    store: Store, list_rule: ListRule, as_of: date, earlier_day: date | None = None
) -> pd.DataFrame:
    """List of a night with reasons, and its changes since an earlier day.

    Args:
        store: where the nights are published.
        list_rule: who is on the list.
        as_of: the day.
        earlier_day: an earlier day to compare with; None takes the list as new.

    Returns:
        What ``list_rule`` returns, with ``move`` (``entered``, ``left``, ``stays`` or nothing).
        Who was on the list and is not in the night of the day any more has left, too.

    Raises:
        BadInput: the earlier day is none.
        UnknownRecord: no night of one of the days was published.
    """
    if earlier_day is not None and earlier_day >= as_of:
        raise BadInput(f"{earlier_day} is not before {as_of}; give an earlier day to compare with")
    table = list_rule(night_of(store, as_of), as_of)
    was_listed = pd.Series(False, index=table.index)
    if earlier_day is not None:
        earlier_list = list_rule(night_of(store, earlier_day), earlier_day)
        earlier_list = earlier_list[earlier_list["listed"]]
        missing_rows = earlier_list[~earlier_list["code"].isin(table["code"])].assign(
            listed=False, reason=NOT_IN_REGISTER
        )
        if len(missing_rows):
            table = pd.concat([table, missing_rows]).sort_values("code", ignore_index=True)
        was_listed = table["code"].isin(earlier_list["code"])
    move = pd.Series(NOT_LISTED, index=table.index)
    move[table["listed"] & was_listed] = STAYS
    move[table["listed"] & ~was_listed] = ENTERED
    move[~table["listed"] & was_listed] = LEFT
    return table.assign(move=move)


def counts_by_change(table: pd.DataFrame) -> dict[str, int]:
    """Counts of entries, exits and stays."""
    return {move: int((table["move"] == move).sum()) for move in CHANGE_LABELS}


def run_of(store: Store, day: date) -> int:
    """The number of the last published night of a day.

    Raises:
        UnknownRecord: no night of that day was published.
    """
    runs_of_day = select(runs.c.run).where(runs.c.as_of == day.isoformat())
    with store.database.reading() as con:
        run = con.scalar(runs_of_day.order_by(runs.c.run.desc()).limit(1))
    if run is None:
        raise UnknownRecord(f"no run of {day} was published; publish that night, or another day")
    return int(run)


def night_of(store: Store, day: date) -> pd.DataFrame:
    """The last published night of a day: code, name, bureau, bureaus, street, tier, fields.

    Raises:
        UnknownRecord: no night of that day was published.
    """
    c, run = snapshots.c, run_of(store, day)
    with store.database.reading() as con:
        night_query = select(*(c[name] for name in _NIGHT_COLUMNS)).where(c.run == run)
        rows = con.execute(night_query.order_by(c.code)).all()
    return pd.DataFrame(rows, columns=list(_NIGHT_COLUMNS))


def write_list(table: pd.DataFrame, sheet: ListSheet, out: Path) -> list[Path]:
    """Write who is on a list, and who left it, as spreadsheet and CSV; internal, with reasons."""
    out.mkdir(parents=True, exist_ok=True)
    files = [out / f"{sheet.name}.xlsx", out / f"{sheet.name}.csv"]
    for file in files:
        write_list_file(table, sheet, file)
    return files


def write_list_file(table: pd.DataFrame, sheet: ListSheet, file: Path) -> None:
    """Write one file of a list, CSV if it is named so, else a spreadsheet."""
    changed_rows = table[table["move"] != NOT_LISTED]
    texts = (
        changed_rows[[name for name, _ in sheet.columns]]
        .fillna("")
        .replace({"move": CHANGE_LABELS})
    )
    rows = [list(row) for row in texts.itertuples(index=False)]
    write = write_csv if file.suffix == ".csv" else write_xlsx
    write(file, sheet.title, tuple(column for _, column in sheet.columns), rows)
