"""Types of an assessment: conditions, deadlines, bases, reasons for legal review."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from xhcredit.restoration.record import Authority
from xhcredit.rules.schemas.restoration import SeverityName, Unit

#: restoration: by application; removal: off the abnormal list once corrected; takedown: the
#: decision fell; shielding: for the time being, by a court's ruling; unpublished: nothing is
#: published, so there is nothing to apply for; by_itself: publication ends by itself, and no
#: application ends it earlier; none: not now, or no more
Route = Literal[
    "restoration", "removal", "takedown", "shielding", "unpublished", "by_itself", "none"
]
#: routes on which there is nothing to apply for
NOTHING_TO_APPLY_FOR: frozenset[Route] = frozenset({"unpublished", "by_itself"})


@dataclass(frozen=True)
class Bilingual:
    """A sentence for citizens, in polite Chinese, and for colleagues in English."""

    zh: str
    en: str


@dataclass(frozen=True)
class Basis:
    """The rule behind a statement, as in force on the day, with its verification mark."""

    rule_id: str
    title: str
    article: str
    mark: str
    effective_from: date


@dataclass(frozen=True)
class Condition:
    """One condition: whether it is met, from which day, and what is missing.

    ``met_from`` is None if no day can be named: it depends on what the enterprise does.
    """

    basis: Basis
    met: bool
    met_from: date | None
    text: Bilingual

    @property
    def rule_id(self) -> str:
        """Rule that demands it."""
        return self.basis.rule_id


@dataclass(frozen=True)
class Deadline:
    """A step of the authority: within how many days of filing, and the last day if it is known.

    ``provisional``: the last day rests on a year whose notice on holidays is not known yet.
    """

    step: str
    text: Bilingual
    days: int
    unit: Unit
    by: date | None
    basis: Basis
    provisional: bool = False


@dataclass(frozen=True)
class Assessment:
    """The answer for one record on one day; "not eligible" is an answer like any other.

    ``earliest_on`` is the first day on which an application could succeed, None if it cannot be
    named.  ``publication_ends_on`` is the last day of publication, None if there is no such day.
    """

    authority: Authority
    applied_on: date
    eligible: bool
    route: Route
    earliest_on: date | None
    publication_ends_on: date | None
    severity: SeverityName
    severity_by: Bilingual
    conditions: tuple[Condition, ...]
    summary: Bilingual
    materials: tuple[Bilingual, ...]
    decides: Bilingual
    deadlines: tuple[Deadline, ...]
    effects: tuple[Bilingual, ...]
    lawyer: tuple[Bilingual, ...]

    @property
    def unmet(self) -> tuple[Condition, ...]:
        """The conditions that are not met, in the order of the regulation."""
        return tuple(c for c in self.conditions if not c.met)

    @property
    def needs_lawyer(self) -> bool:
        """Whether legal review is required before a decision; ``lawyer`` holds the reasons."""
        return bool(self.lawyer)
