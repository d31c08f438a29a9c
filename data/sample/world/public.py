"""What society says: complaints, honours, promises, associations, the national evaluation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import words
from .book import Book, Column, Ending, Flag, Label, Serial
from .calendar import NEVER, Floats, Ints, day
from .chance import Rng, arrivals, day_in, delay, pick, sigmoid, sometimes
from .ledger import Ledger
from .population import Population

_MALICIOUS = 6


@dataclass(frozen=True)
class Complaints:
    """Who was complained about, when, and whether risk or mere noise brought it."""

    who: Ints
    days: Ints
    noise: np.ndarray
    serial: np.ndarray


def complaints(pop: Population) -> Complaints:
    """Two streams: one grows with the risk; noise (malicious, serial) does not know it."""
    rng = pop.chunk.chance("complaints")
    busy, quiet = pop.parameters.noise_complaints
    shops = pop.in_industry("F", "H", "O")[:, None]
    noise_rate = np.where(shops, np.float32(busy), np.float32(quiet)) * pop.exposure
    true_who, true_quarter = arrivals(rng, pop.rate("complaint"))
    noise_who, noise_quarter = arrivals(rng, noise_rate)
    who = np.concatenate([true_who, noise_who])
    quarter = np.concatenate([true_quarter, noise_quarter])
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    noise = np.arange(len(who)) >= len(true_who)
    serial = noise & (rng.random(len(who)) < 0.6)
    return Complaints(who, days, noise, serial)


def write_complaints(pop: Population, book: Book, ledger: Ledger, c: Complaints) -> None:
    """Complaints with their later outcome; about a third turn out to be true."""
    rng = pop.chunk.chance("outcomes of complaints")
    n = len(c.who)
    risk = pop.risk[c.who, pop.calendar.quarter_of(c.days)]
    outcome = 1 + pick(rng, n, [34, 42, 4, 8, 12])
    true = rng.random(n) < np.where(c.noise, 0.12, sigmoid(-0.75 + 0.6 * risk))
    outcome = np.where(true, 0, outcome)
    malicious = c.noise & ~true & (rng.random(n) < 0.35)
    outcome = np.where(malicious, _MALICIOUS, outcome)
    closed = c.days + delay(rng, n, 16, 0.7, 200)
    topic = np.where(
        rng.random(n) < 0.5,
        np.array([0, 5, 7, 8])[pop.field[c.who]],
        pick(rng, n, [30, 12, 10, 15, 12, 3, 6, 0, 0, 12]),
    )
    columns: dict[str, Column] = {
        "complaint_no": Serial("GD", book.serials(n)),
        "topic": Label(topic, words.TOPICS),
        "serial_claimant": Flag(c.serial),
    }
    ending = Ending(closed, closed + delay(rng, n, 4), {"outcome": Label(outcome, words.OUTCOMES)})
    book.write("complaint", c.who, c.days, c.days + delay(rng, n, 2, 0.8), columns, ending=ending)
    ledger.add(c.who[true], ending.known[true], 1.0)


def write_honours(pop: Population, book: Book) -> None:
    """Honours go to the quieter enterprises; a few are lost again."""
    rng = pop.chunk.chance("honours")
    who, quarter = arrivals(rng, pop.rate("honour"))
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    title = pick(rng, len(who), [35, 6, 12, 22, 25])
    _, once = np.unique(who * 10**6 + days * 10 + title, return_index=True)
    who, days, title = who[once], days[once], title[once]
    lapses = sometimes(rng, days + 730 + delay(rng, len(who), 60, 1.0), 0.5)
    known = np.where(lapses < NEVER, lapses + delay(rng, len(who), 6), NEVER)
    columns: dict[str, Column] = {
        "title": Label(title, words.HONOURS),
        "level": Label(pick(rng, len(who), [1, 10, 60, 29]), words.HONOUR_LEVELS),
        "kind": Label(title, words.HONOUR_KINDS),
    }
    ending = Ending(lapses, known)
    book.write("honour", who, days, days + delay(rng, len(who), 10), columns, ending=ending)


def write_promises(pop: Population, book: Book) -> None:
    """Promises; when they are checked, most have been kept."""
    rng = pop.chunk.chance("promises")
    who, quarter = arrivals(rng, pop.rate("credit_promise"))
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    checked = sometimes(rng, days + delay(rng, len(who), 150, 0.6), 0.75)
    broken = rng.random(len(who)) < sigmoid(-2.8 + 0.9 * pop.risk[who, quarter])
    columns: dict[str, Column] = {
        "promise_no": Serial("CN", book.serials(len(who))),
        "kind": Label(pick(rng, len(who), [45, 10, 30, 15]), words.PROMISES),
    }
    told = np.where(checked < NEVER, checked + delay(rng, len(who), 6), NEVER)
    ending = Ending(checked, told, {"outcome": Label(broken.astype(int), words.KEPT)})
    book.write("credit_promise", who, days, days + delay(rng, len(who), 3), columns, ending=ending)


def write_associations(pop: Population, book: Book) -> None:
    """Yearly ratings of the members of four associations."""
    rng = pop.chunk.chance("associations")
    home = np.select([pop.field == 1, pop.field == 3, pop.field == 2], [0, 1, 3], 2)
    member = rng.random(pop.chunk.size) < np.array([0.04, 0.15, 0.015, 0.5])[home]
    member &= pop.in_industry("H", "F", "E", "Q", "C")
    who, days, risk = _every_year(pop, np.flatnonzero(member), (11, 15), 2021)
    grade = _graded(rng, risk, 0.8, [-0.6, 0.9, 2.2])
    columns: dict[str, Column] = {
        "association": Label(home[who], words.ASSOCIATIONS),
        "grade": Label(grade, words.ASSOCIATION_GRADES),
        "disciplined": Flag(rng.random(len(who)) < np.where(grade == 3, 0.4, 0.01)),
    }
    book.write("association_rating", who, days, days + delay(rng, len(who), 20), columns)


def write_national(pop: Population, book: Book) -> None:
    """The imported national evaluation, from 2025 on: a noisy view of the same risk."""
    rng = pop.chunk.chance("national evaluation")
    judged = np.flatnonzero(pop.is_kind("company") & (rng.random(pop.chunk.size) < 0.55))
    who, days, risk = _every_year(pop, judged, (4, 15), 2025)
    grade = _graded(rng, risk, 0.7, [-0.5, 1.2, 2.6])
    year = np.searchsorted(np.array([day(y, 1, 1) for y in range(2025, 2060)]), days, side="right")
    columns: dict[str, Column] = {
        "version": Serial("GJ-", 2024 + year, width=4),
        "grade": Label(grade, words.NATIONAL_GRADES),
    }
    book.write("national_evaluation", who, days, days + delay(rng, len(who), 12, 0.6), columns)


def _graded(rng: Rng, risk: Floats, noise: float, steps: list[float]) -> Ints:
    return np.searchsorted(steps, risk + noise * rng.standard_normal(len(risk)))


def _every_year(
    pop: Population, rows: Ints, month_day: tuple[int, int], since: int
) -> tuple[Ints, Ints, Floats]:
    """Rows that live on that day of each year of the period, with their risk then."""
    who: list[Ints] = [np.empty(0, np.int64)]
    days: list[Ints] = [np.empty(0, np.int64)]
    for year in sorted(set(pop.calendar.years.tolist())):
        when = day(year, *month_day)
        if year >= since and pop.calendar.first <= when <= pop.calendar.last:
            living = rows[(pop.born[rows] < when - 180) & (pop.dead[rows] > when)]
            who.append(living)
            days.append(np.full(len(living), when))
    people, dates = np.concatenate(who), np.concatenate(days)
    return people, dates, pop.risk[people, pop.calendar.quarter_of(dates)]
