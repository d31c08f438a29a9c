"""Inspection load: how often an enterprise was inspected this year, against the yearly caps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from xhcredit.rules.schemas.draws import InspectionCap, InspectionCaps


@dataclass(frozen=True)
class InspectionVisit:
    """One inspection as known on the day; ``agency`` and ``level`` are None where not reported."""

    occurred_on: date
    field: str | None
    form: str
    agency: str | None
    level: str | None


@dataclass(frozen=True)
class DepartmentLoad:
    """Inspections of one department at one level: those that count toward the cap, and others."""

    agency: str | None
    level: str
    counting: int
    exempt: int


@dataclass(frozen=True)
class FieldLoad:
    """Inspections of one field in a calendar year, with the cap of the field if it has one.

    ``reached`` says that a department at the district's own level, or all together, have
    inspected as often as the cap allows; ``unusual`` that there were so many of any form that
    somebody should ask why, although they bar nobody.
    """

    field: str
    departments: tuple[DepartmentLoad, ...]
    cap: InspectionCap | None
    own_level: str

    @property
    def counting(self) -> int:
        """Inspections of all departments and levels that count toward the cap."""
        return sum(d.counting for d in self.departments)

    @property
    def total(self) -> int:
        """Inspections of any form, exempt ones included."""
        return self.counting + sum(d.exempt for d in self.departments)

    @property
    def reached(self) -> bool:
        """Whether the cap bars another planned inspection."""
        if self.cap is None:
            return False
        own_level_counts = [d.counting for d in self.departments if d.level == self.own_level]
        return (
            # 国办发〔2024〕54号 leaves caps to the fields; they hold per department and level,
            # and in all (seen: two per level, four in all, V2).
            max(own_level_counts, default=0) >= self.cap.most
            or self.counting >= self.cap.most_in_all
        )

    @property
    def unusual(self) -> bool:
        """Whether the inspections of any form are worth a warning."""
        return self.cap is not None and self.total >= self.cap.warn_in_all


def level_of(visit: InspectionVisit, own_level: str, higher_agencies: Sequence[str]) -> str | None:
    """Level of the inspecting organ; where it is not reported, by the beginning of its name.

    None for an organ that is named as a higher one without saying how high.  An inspection that
    names neither level nor a higher organ counts at the district's own level: what departments
    leave out must not make room for more visits.
    """
    if visit.level is not None:
        return visit.level
    higher = visit.agency is not None and visit.agency.startswith(tuple(higher_agencies))
    return None if higher else own_level


def inspection_load(
    visits: Iterable[InspectionVisit],
    caps: InspectionCaps,
    higher_agencies: Sequence[str],
    as_of: date,
) -> list[FieldLoad]:
    """Inspections of the calendar year up to and including ``as_of``, by field and department.

    Args:
        visits: inspections of one enterprise that were known and not withdrawn on ``as_of``.
        caps: ``draws.caps`` of the day.
        higher_agencies: beginnings of names of higher organs (``draws.exclusions``).
        as_of: the day.

    Returns:
        One entry per field in which there was an inspection, in order of the field's id; an
        inspection without a field is left out, since no cap can hold it.
    """
    by_field: dict[str, Counter[tuple[str | None, str, bool]]] = {}
    for visit in visits:
        # Visits still to come are planned at most, and a plan does not use up the cap.
        if visit.field is None or not visit.occurred_on <= as_of:
            continue
        if visit.occurred_on.year != as_of.year:
            continue
        cap = caps.fields.get(visit.field)
        # Complaints, transfers, special checks from above, the enterprise's own request and
        # licence checks do not count (Ministry of Justice Q&A as reported, V2/V3).
        counts = cap is not None and visit.form in cap.forms
        level = level_of(visit, caps.own_level, higher_agencies) or ""
        by_field.setdefault(visit.field, Counter())[visit.agency, level, counts] += 1
    return [
        FieldLoad(field, _departments(by_field[field]), caps.fields.get(field), caps.own_level)
        for field in sorted(by_field)
    ]


def _departments(
    visits: Mapping[tuple[str | None, str, bool], int],
) -> tuple[DepartmentLoad, ...]:
    keys = sorted({(agency or "", level) for agency, level, _ in visits})
    return tuple(
        DepartmentLoad(
            agency or None,
            level,
            visits.get((agency or None, level, True), 0),
            visits.get((agency or None, level, False), 0),
        )
        for agency, level in keys
    )
