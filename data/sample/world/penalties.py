"""Penalties and spared violations: cases from outside inspections and from what visits found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import words
from .book import Book, Column, Days, Ending, Label, Number, Serial, Withdrawal
from .calendar import NEVER, Floats, Ints
from .chance import Rng, arrivals, day_in, delay, pick, sigmoid, sometimes
from .population import Population

_KIND_ODDS = [17, 36, 18, 16, 2, 1.2, 4, 1.6, 0.7, 1, 0.3]
_WARNING, _CRITICISM = 0, 4
_GRAVE = 5  # kinds from here on are suspension and worse


@dataclass(frozen=True)
class Cases:
    """Violations that were pursued: who, decided when, known when, in which field of law."""

    who: Ints
    days: Ints
    known: Ints
    field: Ints

    def plus(self, other: Cases) -> Cases:
        """Both together."""
        pairs = zip(self._columns(), other._columns(), strict=True)
        return Cases(*(np.concatenate(pair) for pair in pairs))

    def _columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        return self.who, self.days, self.known, self.field


def cases_from_outside(pop: Population) -> Cases:
    """Cases that start with a report, another organ or the enterprise's own filing."""
    rng = pop.chunk.chance("outside cases")
    who, quarter = arrivals(rng, pop.rate("penalty"))
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    own = np.array([0, 1, 2, 3])[pop.field[who]]
    other = pick(rng, len(who), [38, 4, 0, 0, 14, 8, 14, 8, 7, 7])
    field = np.where(rng.random(len(who)) < 0.55, own, other)
    return Cases(who, days, days + delay(rng, len(who), 9), field)


def cases_from_visits(rng: Rng, who: Ints, days: Ints, field: Ints, chance: float) -> Cases:
    """A share of what visits find ends in a decision, some months later."""
    kept = rng.random(len(who)) < chance
    decided = days[kept] + 20 + delay(rng, int(kept.sum()), 45, 0.6)
    return Cases(who[kept], decided, decided + delay(rng, int(kept.sum()), 9), field[kept])


def write_penalties(pop: Population, book: Book, cases: Cases) -> Ints:
    """Write the penalties; return their severity (0 minor, 1 ordinary, 2 serious) per case."""
    rng = pop.chunk.chance("penalties")
    n, cal = len(cases.who), pop.calendar
    risk = pop.risk[cases.who, cal.quarter_of(cases.days)]
    kinds = pick(rng, n, _KIND_ODDS)
    graver = (rng.random(n) < 0.04 * np.exp(0.5 * risk)) & (kinds < _GRAVE)
    kinds = np.where(graver, _GRAVE + pick(rng, n, _KIND_ODDS[_GRAVE:]), kinds)
    summary = (kinds < 3) & (rng.random(n) < 0.35)
    amount = _amount(pop, rng, cases.who, kinds, summary)
    severity = _severity(kinds, summary, amount)
    stated = rng.random(n) < 0.7
    decided = np.searchsorted(_NEW_YEARS, cases.days, side="right") + 1969
    columns: dict[str, Column] = {
        "doc_no": Serial("示罚〔", book.serials(n), "号", years=decided),
        "procedure": Label(summary.astype(int), words.PROCEDURES),
        "penalty_kinds": Label(kinds, words.PENALTY_KINDS),
        "severity": Label(np.where(stated, severity, -1), words.SEVERITIES),
        "amount_yuan": Number(amount),
        "field": Label(cases.field, words.FIELDS_ZH),
        "published_on": Days(cases.days + 1 + rng.poisson(8, n)),
        "conduct": Label(pick(rng, n, [1] * len(words.CONDUCTS)), words.CONDUCTS),
        "basis": Label(cases.field, words.BASES),
        "agency": Label(np.array(words.AGENCY_OF_FIELD)[cases.field], words.AGENCIES),
    }
    done = sometimes(rng, cases.days + delay(rng, n, 20, 0.8), sigmoid(2.2 - 0.8 * risk))
    known = np.where(done < NEVER, done + delay(rng, n, 6), NEVER)
    withdrawal = _withdrawals(rng, cases, done, severity)
    book.write(
        "penalty",
        cases.who,
        cases.days,
        cases.known,
        columns,
        ending=Ending(done, known),
        withdrawal=withdrawal,
    )
    return severity


_NEW_YEARS = np.arange(1970, 2100).astype("U4").astype("datetime64[D]").astype(np.int64)


def _amount(pop: Population, rng: Rng, who: Ints, kinds: Ints, summary: np.ndarray) -> Ints:
    """Yuan fined and confiscated; nothing for warnings and other kinds without money."""
    money = np.isin(kinds, [1, 2, 3, 6, 7])
    individual = pop.is_kind("individual")[who]
    typical = np.where(individual, 2_500.0, 9_000.0) * np.where(kinds >= _GRAVE, 5, 1)
    amount = typical * np.exp(1.1 * rng.standard_normal(len(who)))
    small = np.where(individual, 200, 3_000) * rng.random(len(who))
    amount = np.where(summary, small, amount)
    return np.where(money, np.maximum(np.round(amount, -1), 50), -1).astype(np.int64)


def _severity(kinds: Ints, summary: np.ndarray, amount: Ints) -> Ints:
    minor = summary | np.isin(kinds, [_WARNING, _CRITICISM])
    serious = (kinds >= _GRAVE) | (amount >= 100_000)
    return np.select([serious, minor], [2, 0], 1)


def _withdrawals(rng: Rng, cases: Cases, done: Ints, severity: Ints) -> Withdrawal:
    """Restored after performance and a minimum time, or revoked on review; most stay."""
    n = len(cases.who)
    least = np.array([0, 90, 365])[severity]
    restored = np.maximum(done + delay(rng, n, 60), cases.days + least + delay(rng, n, 30))
    restored = sometimes(rng, restored, np.where(done < NEVER, 0.30, 0.0))
    revoked = sometimes(rng, cases.known + delay(rng, n, 110, 0.5), 0.012)
    objected = sometimes(rng, cases.known + delay(rng, n, 40, 0.5), 0.004)
    each = np.stack([revoked, restored, objected])
    first = each.argmin(axis=0)
    return Withdrawal(each.min(axis=0), Label(first, words.WITHDRAWALS))


def write_spared(pop: Population, book: Book, found: tuple[Ints, Ints]) -> None:
    """Violations that were not punished: some reported, some found at visits."""
    rng = pop.chunk.chance("spared")
    who, quarter = arrivals(rng, pop.rate("spared_violation"))
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    who = np.concatenate([who, found[0]])
    days = np.concatenate([days, found[1] + delay(rng, len(found[0]), 15, 0.5)])
    n = len(who)
    columns: dict[str, Column] = {
        "doc_no": Serial("示不罚", book.serials(n)),
        "list_item": Label(pick(rng, n, [1] * 4), words.SPARED_ITEMS),
        "ground": Label(pick(rng, n, [45, 45, 4, 6]), words.SPARED_GROUNDS),
        "agency": Label(pick(rng, n, [8, 1, 1]), words.AGENCIES[:3]),
    }
    book.write("spared_violation", who, days, days + delay(rng, n, 6), columns)


def points_of(severity: Ints) -> Floats:
    """What a penalty adds to the class that officials see."""
    return np.array([1.0, 2.0, 4.0], np.float32)[severity]
