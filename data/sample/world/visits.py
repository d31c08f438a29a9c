"""Inspections: who is visited by known odds or unknown ones, and what a visit finds.

A violation is found only where somebody goes: the probability is the true one of that quarter,
moved by the severity of the inspector, who is assigned at random.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .calendar import Floats, Ints
from .chance import Rng, delay, pick, sigmoid
from .ledger import Ledger
from .parameters import FIELDS, Parameters
from .population import Population
from .public import Complaints

RANDOM, DAILY, SPECIAL, CASE = 0, 1, 2, 3
_CAMPAIGNS = (("F", "H", "C"), ("I", "L", "P"), ("K", "O", "G"))
_DAILY_BY_CLASS = np.array([0.7, 1.2, 2.0, 3.0], np.float32)


@dataclass(frozen=True)
class Inspectors:
    """All inspectors of the district: where each field's begin, and how severe each one is."""

    first: Ints  # by field 0 general ... 3 construction, and the end
    severity: Floats

    @classmethod
    def of(cls, seed: int, total: int, parameters: Parameters) -> Inspectors:
        """Enough of them for a district of this size, the same for every chunk."""
        counts = np.maximum([12, 10, 4, 6], np.array([total] * 4) // [1500, 2500, 20000, 8000])
        first = np.concatenate([[0], np.cumsum(counts)])
        rng = np.random.default_rng([seed, 7])
        severity = rng.standard_normal(first[-1]) * parameters.sd_inspector
        return cls(first, severity.astype(np.float32))

    def assign(self, rng: Rng, fields: Ints) -> Ints:
        """A random inspector of the right field for each visit."""
        low, high = self.first[fields], self.first[fields + 1]
        return low + (rng.random(len(fields)) * (high - low)).astype(np.int64)


@dataclass
class Visits:
    """All visits of a chunk, and the odds of being drawn of everybody in every quarter."""

    who: Ints
    quarter: Ints
    days: Ints
    form: Ints
    field: Ints
    odds: Floats  # of the draw that chose it; NaN if not drawn
    truth: Floats  # probability before the inspector's severity
    inspector: Ints
    found: np.ndarray
    frame: dict[str, Floats]
    classes: np.ndarray


@dataclass
class _Round:
    """The visits of one quarter, collected."""

    rng: Rng
    who: list[Ints] = field(default_factory=list)
    form: list[Ints] = field(default_factory=list)
    where: list[Ints] = field(default_factory=list)
    odds: list[Floats] = field(default_factory=list)

    def go(
        self, who: Ints, form: int, field_number: Ints | int, odds: Floats | None = None
    ) -> None:
        """Plan visits; those without odds were not drawn."""
        self.who.append(who)
        self.form.append(np.full(len(who), form))
        self.where.append(np.broadcast_to(field_number, len(who)))
        self.odds.append(np.full(len(who), np.nan, np.float32) if odds is None else odds)

    def all(self) -> tuple[Ints, Ints, Ints, Floats]:
        """Who, form, field, odds of all planned visits."""
        who, form = np.concatenate(self.who), np.concatenate(self.form)
        return who, form, np.concatenate(self.where), np.concatenate(self.odds)


def _by(table: tuple[float, ...], at: np.ndarray) -> Floats:
    """Odds by class or grade."""
    return np.asarray(table, np.float32)[at]


class Rounds:
    """Goes through the quarters; what is found in one shapes the odds of later ones."""

    def __init__(
        self,
        pop: Population,
        ledger: Ledger,
        inspectors: Inspectors,
        food_grades: np.ndarray,
        complaints: Complaints,
    ) -> None:
        self.pop = pop
        self.ledger = ledger
        self.inspectors = inspectors
        self.food_grades = food_grades
        self.rng = pop.chunk.chance("visits")
        self.truth = {name: pop.violation(name) for name in ("", *FIELDS)}
        self.rows = {name: pop.members(name) for name in FIELDS}
        self.place = np.zeros(pop.chunk.size, np.int64)
        for rows in self.rows.values():
            self.place[rows] = np.arange(len(rows))
        self.frame = {name: np.zeros_like(p) for name, p in self.truth.items()}
        self.classes = np.zeros(pop.risk.shape, np.int8)
        self.cases = self._case_visits(complaints)

    def run(self) -> Visits:
        """All visits of the period."""
        parts = [self._quarter(q) for q in range(len(self.pop.calendar))]
        columns = (np.concatenate(c) for c in zip(*parts, strict=True))
        frame = {name or "general": odds for name, odds in self.frame.items()}
        return Visits(*columns, frame, self.classes)

    def _case_visits(self, complaints: Complaints) -> tuple[Ints, Ints]:
        """Complaints that bring an inspector, soon after."""
        go = self.rng.random(len(complaints.who)) < self.pop.parameters.case_after_complaint
        who = complaints.who[go]
        days = complaints.days[go] + delay(self.rng, len(who), 8, 0.5, 40)
        return who, np.minimum(days, self.pop.calendar.last)

    def _quarter(self, q: int) -> tuple[np.ndarray, ...]:
        seen = self.ledger.classes(q)
        self.classes[:, q] = np.where(self.pop.alive[:, q], seen, -1)
        now = _Round(self.rng)
        self._draws(now, q, seen)
        self._rounds_without_odds(now, q, seen)
        return self._visit(now, q)

    def _draws(self, now: _Round, q: int, seen: Ints) -> None:
        """Double-random draws: independent draws with odds by class, logged for everybody."""
        p, alive = self.pop.parameters, self.pop.alive[:, q]
        self._draw(now, q, "", _by(p.draw_general, seen) * alive)
        food = self.rows["food"]
        odds = _by(p.draw_food, self.food_grades[:, q]) * alive[food]
        self._draw(now, q, "food", odds)
        for name, table in (
            ("elderly_care", p.draw_elderly_care),
            ("construction", p.draw_construction),
        ):
            rows = self.rows[name]
            self._draw(now, q, name, _by(table, seen[rows]) * alive[rows])

    def _draw(self, now: _Round, q: int, name: str, odds: Floats) -> None:
        self.frame[name][:, q] = odds
        hit = np.flatnonzero(self.rng.random(len(odds), np.float32) < odds)
        rows = self.rows[name][hit] if name else hit
        now.go(rows, RANDOM, FIELDS.index(name) + 1 if name else 0, odds[hit])

    def _rounds_without_odds(self, now: _Round, q: int, seen: Ints) -> None:
        """Daily rounds and yearly campaigns: by habit and observed class, odds not logged."""
        p, alive = self.pop.parameters, self.pop.alive[:, q]
        for number, name in enumerate(FIELDS, start=1):
            rows = self.rows[name]
            grade = self.food_grades[:, q] if name == "food" else seen[rows]
            chance = p.daily[name] / 4 * _DAILY_BY_CLASS[grade] * alive[rows]
            now.go(rows[self.rng.random(len(rows)) < chance], DAILY, number)
        if q % 4 == 2:
            industries = self.pop.in_industry(*_CAMPAIGNS[q // 4 % 3])
            chance = p.special_campaign * (industries & alive)
            now.go(np.flatnonzero(self.rng.random(len(chance)) < chance), SPECIAL, 0)

    def _visit(self, now: _Round, q: int) -> tuple[np.ndarray, ...]:
        calendar, rng = self.pop.calendar, self.rng
        planned = sum(len(rows) for rows in now.who)
        start, end = int(calendar.starts[q]), int(calendar.ends[q])
        days = _workdays(rng.integers(start, end, planned), start)
        here = calendar.quarter_of(self.cases[1]) == q
        called, days_called = self.cases[0][here], self.cases[1][here]
        own = np.where(rng.random(len(called)) < 0.7, self.pop.field[called], 0)
        now.go(called, CASE, own.astype(np.int64))
        who, form, where, odds = now.all()
        days = np.concatenate([days, days_called])
        living = (self.pop.dead[who] > days) & (self.pop.born[who] <= days)
        who, form, where, odds, days = (c[living] for c in (who, form, where, odds, days))
        truth = self._truth(who, where, q)
        inspector = self.inspectors.assign(rng, where)
        log_odds = np.log(truth / (1 - truth)) + self.inspectors.severity[inspector]
        found = rng.random(len(who)) < sigmoid(log_odds)
        self.ledger.add(who[found], days[found] + 15, 1.0)
        quarter = np.full(len(who), q)
        return who, quarter, days, form, where, odds, truth, inspector, found

    def _truth(self, who: Ints, where: Ints, q: int) -> Floats:
        result = self.truth[""][who, q]
        for number, name in enumerate(FIELDS, start=1):
            mask = where == number
            result[mask] = self.truth[name][self.place[who[mask]], q]
        return result


def _workdays(days: Ints, earliest: int) -> Ints:
    """Move weekend days back to Friday, or on to Monday at the start of the quarter."""
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday
    friday = days - np.maximum(weekday - 4, 0)
    return np.where(friday < earliest, friday + 3, friday)


def result_codes(rng: Rng, found: np.ndarray, field_number: Ints) -> Ints:
    """Positions in the eight result codes, fitting what was found."""
    n = len(found)
    general = np.array([0, 1, 2, 3, 4, 5])[pick(rng, n, [0, 16, 4, 22, 50, 1])]
    special = np.array([4, 7, 5])[pick(rng, n, [82, 17, 1])]
    good = np.array([0, 6])[pick(rng, n, [96, 4])]
    problem = np.where(field_number == 0, general, special)
    pending = found & (problem == 4) & (rng.random(n) < 0.08)
    return np.where(pending, 7, np.where(found, problem, good))
