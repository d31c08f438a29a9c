"""Days and rulebooks as callers of the Python API pass them."""

from __future__ import annotations

from datetime import date
from functools import cache

from xhcredit.restoration.record import day_of
from xhcredit.rules.rulebook import Rulebook

#: a day, as ``datetime.date`` or as text ``2026-06-30``
Day = date | str


def as_day(day: Day, name: str = "as_of") -> date:
    """A day as ``date``.

    Raises:
        BadInput: the text is no day; ``name`` says which argument it was.
    """
    return day_of(name, day)


@cache
def _shipped_rules() -> Rulebook:
    """The shipped rulebook, read once per process."""
    return Rulebook.load()


def rules_or_shipped(rules: Rulebook | None) -> Rulebook:
    """A caller's rulebook, or the shipped one."""
    return _shipped_rules() if rules is None else rules
