"""Output of the shell: progress bars, tables and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from xhcredit.domain.number_format import rounded

out = Console()
err = Console(stderr=True)

#: what the steps of long work are called
STEPS = {"score": "评分 scoring", "compile": "编译 compiling (first run: some 15 s)", "": "归集"}


def print_json(content: object, *, exact: bool = False) -> None:
    """Print JSON for machines, and nothing else, on standard output.

    Numbers have the digits of answers; ``exact`` for rules and digests, which stay as they are.
    """
    content = content if exact else rounded(content)
    sys.stdout.write(json.dumps(content, ensure_ascii=False, indent=1, default=str) + "\n")


def grid(title: str, *columns: str) -> Table:
    """An empty table that cuts nothing off: ids stand whole, long Chinese text is folded.

    Without ``columns`` it has two and no header, for names and their values.
    """
    table = Table(title=title or None, show_header=bool(columns))
    first_column, *other_columns = columns or ("", "")
    table.add_column(first_column, no_wrap=True)
    for column in other_columns:
        table.add_column(column, overflow="fold")
    return table


@contextmanager
def progress_bar(*, quiet: bool = False) -> Iterator[Callable[[str, int, int], None]]:
    """Show how far long work is (on standard error, and only if a person is watching)."""
    if quiet or not err.is_terminal:
        yield lambda step_name, done, total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=err, transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def update_bar(step_name: str, done: int, total: int) -> None:
            name = STEPS.get(step_name, step_name)
            stage = "score" if step_name == "score" else "other"
            if stage not in tasks:
                tasks[stage] = bar.add_task(name, total=total)
            bar.update(tasks[stage], completed=done, total=total, description=name)

        yield update_bar
