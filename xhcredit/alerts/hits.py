"""Hits of triggers: one per subject and fact, with the events as evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np

from xhcredit.alerts.visible_events import PickedEvents
from xhcredit.engine.columns import Array
from xhcredit.engine.one_enterprise import day_number

Subject = Literal["enterprise", "node", "area"]
#: a figure of a hit; ``enterprises`` are positions, ``node`` is a number
HitFigure = int | float | str | list[int] | list[str] | None
_FIRST = day_number(date.min)  #: number of the first day that a date can be


class EventRef(NamedTuple):
    """An event behind a hit: its table, and its place there."""

    table: str
    row: int


@dataclass(frozen=True)
class Hit:
    """Something that a trigger found on a day.

    ``at`` is the position of the enterprise or the number of the node; ``place`` names an area.
    ``fact`` says what was found, so that the same is not told twice: same subject and fact, same
    alert.  ``strength`` orders hits of one colour, more is stronger; ``p`` is the probability
    under "nothing changed", None where nothing was tested; ``worse`` raises the colour by one.
    """

    subject: Subject
    position: int
    fact: str
    strength: float
    events: tuple[EventRef, ...] = ()
    figures: Mapping[str, HitFigure] = field(default_factory=dict)
    p: float | None = None
    worse: bool = False
    place: str = ""

    @property
    def key(self) -> tuple[str, int, str]:
        """Subject of the hit."""
        return self.subject, self.position, self.place


def day_of(number: int) -> date:
    """A day from its number since 1970."""
    return date.min + timedelta(days=int(number) - _FIRST)


def text_of(number: int) -> str:
    """A day from its number since 1970, in ISO form."""
    return day_of(number).isoformat()


def events_by_enterprise(
    picked: PickedEvents, enterprises: Array
) -> Iterator[tuple[int, PickedEvents]]:
    """The events of each enterprise of ``enterprises``, in order."""
    starts = np.searchsorted(picked.ent, enterprises, "left")
    ends = np.searchsorted(picked.ent, enterprises, "right")
    for ent, a, b in zip(enterprises, starts, ends, strict=True):
        yield int(ent), picked.select(np.arange(a, b))


def refs_of(picked: PickedEvents) -> tuple[EventRef, ...]:
    """The events as evidence."""
    return tuple(EventRef(picked.table, int(i)) for i in picked.index)
