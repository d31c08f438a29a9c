"""Lists and claims: abnormal and serious listings, courts, tax."""

from __future__ import annotations

import numpy as np

from . import words
from .book import Book, Column, Ending, Label, Number, Serial, Withdrawal
from .calendar import NEVER, Floats, Ints, day
from .chance import Rng, arrivals, day_in, delay, pick, sigmoid, sometimes
from .ledger import Ledger
from .population import Population


def _events(pop: Population, rng: Rng, name: str) -> tuple[Ints, Ints, Floats]:
    """Arrivals of one kind: who, on which day, at what risk."""
    who, quarter = arrivals(rng, pop.rate(name))
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    return who, days, pop.risk[who, quarter]


def write_abnormal(pop: Population, book: Book, ledger: Ledger, missed: tuple[Ints, Ints]) -> None:
    """Abnormal-operation listings: for a missed report in July, on other grounds at any time."""
    rng = pop.chunk.chance("abnormal listings")
    late, due = missed
    listed = rng.random(len(late)) < 0.9
    late, due = late[listed], due[listed]
    who, days, _ = _events(pop, rng, "abnormal_listing")
    ground = np.concatenate([np.zeros(len(late), int), 1 + pick(rng, len(who), [10, 6, 84])])
    who = np.concatenate([late, who])
    days = np.concatenate([due + 5 + rng.integers(0, 5, len(late)), days])
    who, days, ground = _once_per_day(who, days, ground)
    risk = pop.risk[who, pop.calendar.quarter_of(days)]
    removed = days + delay(rng, len(who), 90, 1.0, 1500)
    removed = sometimes(rng, removed, sigmoid(1.2 - 0.7 * risk))
    known = days + delay(rng, len(who), 3, 0.8)
    columns: dict[str, Column] = {
        "ground": Label(ground, words.LISTING_GROUNDS),
        "agency": Label(np.zeros(len(who), int), words.AGENCIES),
    }
    told = np.where(removed < NEVER, removed + delay(rng, len(who), 4, 0.8), NEVER)
    wrong = sometimes(rng, known + delay(rng, len(who), 30, 0.5), 0.01)
    withdrawal = Withdrawal(wrong, Label(np.full(len(who), 2), words.WITHDRAWALS))
    book.write(
        "abnormal_listing",
        who,
        days,
        known,
        columns,
        ending=Ending(removed, told),
        withdrawal=withdrawal,
    )
    ledger.add(who, known, 1.0)


def write_serious(pop: Population, book: Book, ledger: Ledger) -> tuple[Ints, Ints]:
    """Serious-violation listings, three years long unless removed early; returns who and when."""
    rng = pop.chunk.chance("serious listings")
    who, days, _ = _events(pop, rng, "serious_listing")
    own = np.array([0, 0, 4, 2])[pop.field[who]]
    which = np.where(rng.random(len(who)) < 0.5, own, pick(rng, len(who), [55, 25, 12, 8]))
    days_listed = np.where(rng.random(len(who)) < 0.3, 365 + delay(rng, len(who), 90), 1095)
    until = days + days_listed
    known = days + delay(rng, len(who), 5)
    columns: dict[str, Column] = {
        "list_kind": Label(which, words.SERIOUS_LISTS),
        "doc_no": Serial("示列字", book.serials(len(who))),
        "agency": Label(np.array(words.SERIOUS_AGENCIES)[which], words.AGENCIES),
    }
    ending = Ending(until, until + delay(rng, len(who), 4))
    book.write("serious_listing", who, days, known, columns, ending=ending)
    ledger.add(who, known, 8.0)
    return who, days


def write_judicial(pop: Population, book: Book, ledger: Ledger) -> tuple[Ints, Ints]:
    """Enforcement by courts; returns who became a dishonest debtor and when."""
    rng = pop.chunk.chance("courts")
    names = ("judgment_debtor", "dishonest_debtor", "equity_freeze")
    each = [_events(pop, rng, name) for name in names]
    who, days, risk = (np.concatenate(c) for c in zip(*each, strict=True))
    kind = np.repeat(np.arange(3), [len(e[0]) for e in each])
    amount = np.exp(11.5 + 1.3 * rng.standard_normal(len(who)))
    until = days + delay(rng, len(who), 200, 0.9, 1500)
    until = sometimes(rng, until, sigmoid(0.6 - 0.6 * risk))
    known = days + delay(rng, len(who), 20, 1.1)
    columns: dict[str, Column] = {
        "case_no": Serial("示执", book.serials(len(who)), "号"),
        "kind": Label(kind, words.JUDICIAL),
        "amount_yuan": Number(np.round(amount, -2).astype(np.int64)),
        "court": Label(pick(rng, len(who), [85, 15]), words.COURT),
    }
    told = np.where(until < NEVER, until + delay(rng, len(who), 12), NEVER)
    book.write("judicial", who, days, known, columns, ending=Ending(until, told))
    ledger.add(who, known, np.array([1.0, 4.0, 1.0], np.float32)[kind])
    return who[kind == 1], days[kind == 1]


def write_tax(pop: Population, book: Book, ledger: Ledger) -> None:
    """Announced tax arrears, and the yearly tax grade of those who are rated."""
    rng = pop.chunk.chance("tax")
    who, days, risk = _events(pop, rng, "tax_arrears")
    who, days, tax = _once_per_day(who, days, pick(rng, len(who), [50, 25, 10, 10, 5]))
    risk = pop.risk[who, pop.calendar.quarter_of(days)]
    amount = np.exp(10.3 + 1.2 * rng.standard_normal(len(who)))
    paid = sometimes(rng, days + delay(rng, len(who), 120, 0.9, 1200), sigmoid(1.0 - 0.7 * risk))
    known = days + delay(rng, len(who), 8)
    columns: dict[str, Column] = {
        "tax": Label(tax, words.TAXES),
        "amount_yuan": Number(np.round(amount).astype(np.int64)),
    }
    told = np.where(paid < NEVER, paid + delay(rng, len(who), 10), NEVER)
    book.write("tax_arrears", who, days, known, columns, ending=Ending(paid, told))
    ledger.add(who, known, 1.0)
    _write_grades(pop, book, rng)


def _write_grades(pop: Population, book: Book, rng: Rng) -> None:
    rated = pop.is_kind("company") & (rng.random(pop.chunk.size) < 0.18)
    who, year, grade = [], [], []
    for published in sorted(set(pop.calendar.years.tolist())):
        released = day(published, 4, 20)
        if not pop.calendar.first <= released <= pop.calendar.last:
            continue
        rows = np.flatnonzero(rated & (pop.born < day(published, 1, 1)) & (pop.dead > released))
        risk = pop.risk[rows, pop.calendar.quarter_of(np.array([released]))[0]]
        noisy = risk + 0.8 * rng.standard_normal(len(rows))
        level = np.array([0, 1, 3, 4])[np.searchsorted([-0.7, 1.5, 2.5], noisy)]
        new = released - pop.born[rows] < 480
        who.append(rows)
        year.append(np.full(len(rows), published - 1))
        grade.append(np.where(new & (level < 3), 2, level))
    people, years = np.concatenate(who), np.concatenate(year)
    days = np.array([day(y + 1, 4, 20) for y in range(1990, 2060)])[years - 1990]
    columns: dict[str, Column] = {
        "year": Number(years),
        "grade": Label(np.concatenate(grade), words.TAX_GRADES),
    }
    book.write("tax_grade", people, days, days + delay(rng, len(people), 12), columns)


def _once_per_day(who: Ints, days: Ints, kind: Ints) -> tuple[Ints, Ints, Ints]:
    """One event per enterprise, day and kind: that is the table's key."""
    _, once = np.unique(who * 10**6 + days * 10 + kind, return_index=True)
    return who[once], days[once], kind[once]
