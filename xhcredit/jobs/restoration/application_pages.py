"""Pages of cases as of a day (keyset pagination), also of those that are overdue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from xhcredit.jobs.restoration.applications import shown
from xhcredit.restoration.workflow import DEALT_WITH, STATES, Kind
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.store import Store

_ROWS = 200


@dataclass(frozen=True)
class Wanted:
    """Which applications; ``bureaus`` None is the whole district.

    ``before`` is the number of the last one of the page before.
    """

    kind: Kind
    states: frozenset[str] = frozenset()
    bureaus: frozenset[str] | None = None
    code: str = ""
    overdue: bool = False
    due_unknown: bool = False
    before: int | None = None
    limit: int = 50


@dataclass(frozen=True)
class Page:
    """Applications as JSON-ready values, the latest first; ``more`` says that others follow."""

    rows: list[dict[str, Any]]
    more: bool

    @property
    def next(self) -> int | None:
        """What to give as ``before`` for the next page; None on the last one."""
        return int(self.rows[-1]["application"]) if self.more else None


def page_of(store: Store, rules: Rulebook, wanted: Wanted, on: date, today: date) -> Page:
    """One page as it stands ``on`` a day, which may be before or after ``today``.

    It is full unless nothing is left.
    What is overdue follows from the rules and the calendar, not from a column: applications are
    read on until the page is full.
    """
    found: list[dict[str, Any]] = []
    for row in _every(store, wanted, _states(wanted, since=on >= today)):
        told = shown(row, on, rules)
        if wanted.overdue and not told["overdue"]:
            continue
        if wanted.due_unknown and not told["due_unknown"]:
            continue
        if len(found) == wanted.limit:
            return Page(found, more=True)
        found.append(told)
    return Page(found, more=False)


def _states(wanted: Wanted, *, since: bool) -> frozenset[str]:
    """States to read: a finished case is overdue on no day from today on."""
    if not (wanted.overdue and since):
        return wanted.states
    live = frozenset(STATES) - DEALT_WITH
    return (wanted.states & live if wanted.states else live) or frozenset({""})


def _every(store: Store, wanted: Wanted, states: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Applications, the latest first, read in portions."""
    before, rows = wanted.before, min(wanted.limit + 1, _ROWS)
    while True:
        found = store.applications.page(
            wanted.kind,
            states=states,
            bureaus=wanted.bureaus,
            code=wanted.code,
            before=before,
            limit=rows,
        )
        yield from found
        if len(found) < rows:
            return
        before, rows = found[-1]["id"], _ROWS
