"""Command ``xhcredit-train tolerance``: effect of the tolerance period by group."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from xhcredit.errors import BadInput
from xhcredit_training.options import Rules

if TYPE_CHECKING:  # what does the work is imported when it is asked for, so that --help is quick
    from xhcredit_training.fairness import ToleranceEffect

console = Console()


def register(app: typer.Typer) -> None:
    """Add the command to the shell."""
    app.command("tolerance")(tolerance)


def tolerance(
    as_of: Annotated[str, typer.Option("--as-of", help="Day of the night, YYYY-MM-DD.")],
    warehouse: Annotated[Path, typer.Option(help="Folder that ingest wrote.")] = Path(
        "out/demo/warehouse"
    ),
    release: Annotated[
        Path | None, typer.Option(help="Release file; the expert tables by default.")
    ] = None,
    rules: Rules = None,
) -> None:
    """Show tiers with the tolerance period and without it: by size, form, age and more."""
    effects = _tolerance_effects(_parsed_day(as_of), warehouse, release, rules)
    table = Table(title=f"包容期的影响 what the tolerance period does, as of {as_of}")
    table.add_column("组 group", no_wrap=True)
    for heading in ("企业 all", "上调 lifted", "C/D 无 without", "C/D 有 with"):
        table.add_column(heading, justify="right")
    for effect in effects:
        low_tier_counts = [
            sum(tiers[t] for t in "CD") for tiers in (effect.without, effect.with_it)
        ]
        counts = (f"{n:,}" for n in (effect.enterprises, effect.lifted, *low_tier_counts))
        table.add_row(_group_label(effect), *counts)
    console.print(table)


def _parsed_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f'--as-of "{text}" is not a day; write it as 2026-06-30') from None


def _tolerance_effects(
    day: date, warehouse: Path, release: Path | None, rules: Path | None
) -> tuple[ToleranceEffect, ...]:
    import numpy as np  # only this command waits for it

    from xhcredit.engine.one_enterprise import day_number  # only this command waits for it
    from xhcredit.jobs.scoring.model import model_on  # only this command waits for it
    from xhcredit.jobs.scoring.score_columns import present_rows  # only this command waits for it
    from xhcredit.jobs.warehouse.clustered_store import (  # only this command waits for it
        open_event_columns,
    )
    from xhcredit.scores.release import load_release  # only this command waits for it
    from xhcredit.scores.rulebook import load_rulebook  # only this command waits for it
    from xhcredit_training.fairness import tolerance_effect  # only this command waits for it
    from xhcredit_training.sample import groups_of  # only this command waits for it

    with Console(stderr=True).status("评分 scoring, with and without"):
        event_columns = open_event_columns(warehouse)
        rulebook = load_rulebook(rules)
        model = model_on(rulebook, load_release(release, rulebook), day)
        rows = present_rows(event_columns, day)
        days = np.full(rows.shape, day_number(day), np.int32)
        return tolerance_effect(event_columns, model, groups_of(event_columns, rows, days))


def _group_label(effect: ToleranceEffect) -> str:
    """Label of a group; a value missing in the register is "unknown"."""
    from xhcredit.ingest.schema import table  # only this command waits for it

    if effect.value < 0:
        return f"{effect.grouping}: 不详 unknown"
    if effect.grouping == "age":
        return f"age: {_AGES[effect.value]}"
    values = table("enterprise").column(effect.grouping).values or (("no", "否"), ("yes", "是"))
    value, zh = values[effect.value]
    return f"{effect.grouping}: {zh} {value}"


#: in the order of ``sample.AGES``
_AGES = ("18 个月内 under 18 months", "3 年内 under 3 years", "5 年内 under 5 years",
         "10 年内 under 10 years", "10 年以上 older")  # fmt: skip
