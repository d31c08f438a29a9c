"""The list of remote checks first (无感监管对象清单): who is on it, who came and left, and why.

Made from what was published and known on two days, so the same days give the same list for ever.
Statutory coverage goes before: an item of a field that the law covers in full for an enterprise
is never among its quiet items (无事不扰), and the list names those fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd
from sqlalchemy import select

from xhcredit.errors import RuleNotInForce, UnknownRecord
from xhcredit.jobs.draw_trust import trusted
from xhcredit.jobs.sheets import Column, write_csv, write_xlsx
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.shapes_draws import Duties, Duty, Items, Quiet
from xhcredit.store.store import Store
from xhcredit.store.tables import runs, snapshots

ENTERED, LEFT, STAYS, OUT = "entered", "left", "stays", ""
MOVES = {ENTERED: "新进 entered", LEFT: "退出 left", STAYS: "在列 stays"}
COLUMNS = (
    Column("统一社会信用代码 code", 22),
    Column("名称 name", 36),
    Column("街镇 street", 14),
    Column("变动 move", 14),
    Column("理由 reason", 44),
    Column("无事不扰事项 quiet items", 30),
    Column("法定全覆盖领域 fields covered by law", 30),
)


def trust_list(
    store: Store, warehouse: Path, rules: Rulebook, as_of: date, before: date | None = None
) -> pd.DataFrame:
    """Everybody of the run of a day: whether on the list, and how that changed.

    Args:
        store: where the nights are published.
        warehouse: where events are.
        rules: the rulebook.
        as_of: the day.
        before: an earlier day to compare with; None takes the list as new.

    Returns:
        ``code``, ``name``, ``street``, ``tier``, ``listed``, ``move``, ``reason`` (of the day),
        ``quiet`` (items) and ``duty`` (fields covered in full), both joined by ``;``.

    Raises:
        UnknownRecord: no night of one of the days was published.
    """
    table = _listed(store, warehouse, rules, as_of)
    earlier: set[str] = set()
    if before is not None:
        old = _listed(store, warehouse, rules, before)
        earlier = set(old.loc[old["listed"], "code"])
    was = table["code"].isin(earlier)
    move = pd.Series(OUT, index=table.index)
    move[table["listed"] & was] = STAYS
    move[table["listed"] & ~was] = ENTERED
    move[~table["listed"] & was] = LEFT
    return _with_items(table.assign(move=move), rules, as_of)


def _listed(store: Store, warehouse: Path, rules: Rulebook, day: date) -> pd.DataFrame:
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
    table = pd.DataFrame(rows, columns=["code", "name", "street", "tier", "fields"])
    found = trusted(table, warehouse, rules, day)
    return table.merge(found[["code", "listed", "reason"]], on="code", how="left")


def _with_items(table: pd.DataFrame, rules: Rulebook, as_of: date) -> pd.DataFrame:
    duties, base = duties_on(rules, as_of), rules.serving("draws.items", Items, as_of=as_of).root
    items = rules.serving("draws.quiet", Quiet, as_of=as_of).items
    duty, quiet = pd.Series("", index=table.index), pd.Series("", index=table.index)
    for field in sorted({d.field for d in duties.values()}):
        duty[_covered(table, duties, field)] += f"{field};"
    for item in items:
        free = table["listed"] & ~_covered(table, duties, base[item].field)
        quiet[free] += f"{item};"
    return table.assign(quiet=quiet.str.rstrip(";"), duty=duty.str.rstrip(";"))


def duties_on(rules: Rulebook, as_of: date) -> Mapping[str, Duty]:
    """Coverage by law on a day; empty before there was any."""
    try:
        return rules.serving("draws.coverage", Duties, as_of=as_of).root
    except RuleNotInForce:
        return {}


def _covered(table: pd.DataFrame, duties: Mapping[str, Duty], field: str) -> pd.Series[bool]:
    """To whom a field's coverage by law applies."""
    found = pd.Series(False, index=table.index)
    for duty in duties.values():
        if duty.field == field:
            found |= table["fields"].str.contains(f";{duty.x};", regex=False)
    return found


def write_trust_list(table: pd.DataFrame, as_of: date, out: Path) -> list[Path]:
    """Write who is on the list, and who left it, as spreadsheet and CSV; internal, with reasons."""
    shown = table[table["move"] != OUT]
    names = ["code", "name", "street", "move", "reason", "quiet", "duty"]
    texts = shown[names].fillna("").replace({"move": MOVES})
    rows = [list(row) for row in texts.itertuples(index=False)]
    title = f"无感监管对象清单（内部） {as_of}；法定全覆盖检查优先 statutory coverage goes before"
    out.mkdir(parents=True, exist_ok=True)
    files = [out / "trust_list.xlsx", out / "trust_list.csv"]
    write_xlsx(files[0], title, COLUMNS, rows)
    write_csv(files[1], title, COLUMNS, rows)
    return files
