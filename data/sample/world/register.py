"""The registration authority's tables: register, changes, annual reports, permits."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import words
from .book import Book, Column, Days, Ending, Flag, Label, Number, Serial, Text
from .calendar import NEVER, Ints, day
from .chance import Rng, arrivals, day_in, delay, pick, sigmoid
from .ledger import Ledger
from .parameters import FIELDS
from .population import INDUSTRY_IDS, KIND_IDS, Population

_HEAD = words.CHANGES.index("法定代表人")


def write_register(pop: Population, book: Book) -> None:
    """One row per enterprise, as it stands on the day of the export."""
    rng = pop.chunk.chance("register")
    known = pop.born + delay(rng, pop.chunk.size, 3, 0.8)
    rows = np.flatnonzero(known <= book.export_day)
    columns: dict[str, Column] = {"known_on": Days(known), **_identity(pop, book, rng)}
    columns |= _means(pop, rng)
    parts = {key: column.take(rows) for key, column in columns.items()}
    book.tables["enterprise"] = pa.table({"code": pop.codes.take(pa.array(rows)), **parts})


def _identity(pop: Population, book: Book, rng: Rng) -> dict[str, Column]:
    n = pop.chunk.size
    status = pick(rng, n, [0.988, 0.008, 0.004])
    gone = pop.dead <= book.export_day
    new_form = pop.in_industry("I", "M", "F") & (rng.random(n) < 0.06)
    streets = pick(rng, n, [8, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2])
    return {
        "name": _names(pop),
        "kind": Label(pop.kind, tuple(words.KINDS_ZH[k] for k in KIND_IDS)),
        "industry": Label(pop.industry, tuple(words.INDUSTRIES_ZH[i] for i in INDUSTRY_IDS)),
        "established_on": Days(pop.born),
        "status": Label(np.where(gone, 3, status), words.STATUSES),
        "deregistered_on": Days(np.where(gone, pop.dead, NEVER)),
        "new_form": Flag(new_form),
        "street": Label(streets, words.STREETS),
        "bureau": Label(_bureaus(pop), words.AGENCIES),
    }


def _bureaus(pop: Population) -> Ints:
    """Who supervises each enterprise: by its field, then its legal form, then its industry.

    A few have none yet (-1), as in every register.
    """
    rng = pop.chunk.chance("bureaus")
    decisions = (
        (rng.random(pop.chunk.size) < 0.004, -1),
        *((pop.field == number, words.BUREAU_OF[name]) for number, name in enumerate(FIELDS, 1)),
        (pop.is_kind("nonprofit"), words.BUREAU_OF["nonprofit"]),
        *((pop.in_industry(i), agency) for i, agency in words.BUREAU_OF_INDUSTRY.items()),
    )
    return np.select([who for who, _ in decisions], [agency for _, agency in decisions], 0)


def _means(pop: Population, rng: Rng) -> dict[str, Column]:
    """Size, capital and staff: they have nothing to do with the risk."""
    n = pop.chunk.size
    company = pop.is_kind("company", "branch")
    size = np.where(company, pick(rng, n, [0.012, 0.055, 0.27, 0.663]), 3)
    staff = np.exp(np.array([6.3, 4.6, 2.9, 1.2])[size] + 0.6 * rng.standard_normal(n))
    capital = np.exp(np.where(company, 13.8, 11.0) + 1.1 * rng.standard_normal(n))
    capital = np.round(capital, -4) + 10_000
    paid = np.where(rng.random(n) < 0.55, np.round(capital * rng.beta(1.2, 1.5, n), -2), -1)
    return {
        "size": Label(size, words.SIZES),
        "registered_capital_yuan": Number(capital.astype(np.int64)),
        "paid_in_yuan": Number(paid.astype(np.int64)),
        "staff": Number(np.maximum(staff, 1).astype(np.int64)),
        "scope_items": Number(rng.poisson(0.5, n) + (pop.field > 0)),
    }


def _names(pop: Population) -> Text:
    """Invented names: a word, the enterprise's number, its legal form."""
    numbers = pop.chunk.before + 1 + np.arange(pop.chunk.size)
    word = pa.array(words.NAME_WORDS).take(pa.array(numbers * 7 % len(words.NAME_WORDS)))
    digits = Serial("", numbers, width=6).take(np.arange(len(numbers)))
    ending = pa.array([words.NAME_ENDS[k] for k in KIND_IDS]).take(pa.array(pop.kind))
    texts = pc.binary_join_element_wise("示例", word, digits, ending, "")
    return Text(texts, np.arange(len(numbers)))


def write_changes(pop: Population, book: Book) -> tuple[Ints, Ints]:
    """Registration changes; returns who got a new representative, and first on which day."""
    rng = pop.chunk.chance("changes")
    who, quarter = arrivals(rng, pop.rate("registration_change"))
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    kind = pick(rng, len(who), [7, 24, 14, 16, 20, 6, 3, 8, 2])
    _, once = np.unique(who * 10**6 + days * 10 + kind, return_index=True)
    who, days, kind = who[once], days[once], kind[once]
    known = days + delay(rng, len(who), 2, 0.7)
    book.write("registration_change", who, days, known, {"kind": Label(kind, words.CHANGES)})
    heads = np.flatnonzero(kind == _HEAD)  # by enterprise and day already
    people, first = np.unique(who[heads], return_index=True)
    return people, days[heads][first]


def write_reports(pop: Population, book: Book, ledger: Ledger) -> tuple[Ints, Ints]:
    """Annual reports; returns who missed one, and the day on which that was due."""
    rng = pop.chunk.chance("annual reports")
    years = range(int(pop.calendar.years[0]), int(pop.calendar.years[-1]) + 1)
    each = [_one_year(pop, rng, year) for year in years if day(year, 6, 30) <= pop.calendar.last]
    who, year, outcome, days = (np.concatenate(c) for c in zip(*each, strict=True))
    known = days + np.where(outcome == 0, delay(rng, len(who), 2, 0.6), delay(rng, len(who), 6))
    insured = np.where(outcome < 2, rng.poisson(3, len(who)), -1)
    columns: dict[str, Column] = {
        "year": Number(year),
        "outcome": Label(outcome, words.REPORTS),
        "insured_staff": Number(insured),
    }
    book.write("annual_report", who, days, known, columns)
    ledger.add(who[outcome > 0], known[outcome > 0], 0.5)
    missed = outcome == 2
    return who[missed], days[missed]


def _one_year(pop: Population, rng: Rng, year: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Reports due on 30 June of ``year`` about the year before."""
    due = day(year, 6, 30)
    who = np.flatnonzero((pop.born < day(year, 1, 1)) & (pop.dead > due))
    risk = pop.risk[who, pop.calendar.quarter_of(np.array([due]))[0]]
    chance = rng.random(len(who))
    late, missed = sigmoid(-3.8 + 0.8 * risk), sigmoid(-4.3 + 1.0 * risk)
    outcome = np.where(chance < missed, 2, np.where(chance < missed + late, 1, 0))
    on_time = day(year, 1, 1) + (rng.beta(2.2, 1.3, len(who)) * 180).astype(np.int64)
    days = np.select([outcome == 0, outcome == 1], [on_time, due + delay(rng, len(who), 40)], due)
    return who, np.full(len(who), year - 1), outcome, days


def write_permits(pop: Population, book: Book) -> None:
    """Permits of five years; most are renewed around the last day, some late, some never."""
    rng = pop.chunk.chance("permits")
    who, kind = _holders(pop, rng)
    earliest = np.maximum(pop.born[who], pop.calendar.first - rng.integers(0, 1826, len(who)))
    first = earliest + delay(rng, len(who), 20, 0.8, 300)
    last_day = first + 1825
    renewed = last_day + (rng.standard_normal(len(who)) * 25 - 25).astype(np.int64)
    again = (rng.random(len(who)) < 0.9) & (renewed < np.minimum(pop.dead[who], pop.calendar.last))
    over = np.where(again, renewed, pop.dead[who])
    begin = np.concatenate([first, renewed[again]])
    holder = np.concatenate([who, who[again]])
    end = np.concatenate([over, pop.dead[who[again]]])
    kinds = np.concatenate([kind, kind[again]])
    keep = begin < pop.dead[holder]
    begin, holder, end, kinds = begin[keep], holder[keep], end[keep], kinds[keep]
    columns: dict[str, Column] = {
        "permit_no": Serial("示许", book.serials(len(holder))),
        "kind": Label(kinds, words.PERMITS),
        "expires_on": Days(begin + 1825),
        "agency": Label(np.array([0, 1, 2, 2, 8, 0, 9, 0])[kinds], words.AGENCIES),
    }
    known = begin + delay(rng, len(holder), 4)
    ending = Ending(end, np.where(end < NEVER, end + delay(rng, len(holder), 5), NEVER))
    book.write("permit", holder, begin, known, columns, ending=ending)


def _holders(pop: Population, rng: Rng) -> tuple[Ints, Ints]:
    """Who holds which permit: what the field demands, and some others."""
    building = pop.members("construction")
    other = np.flatnonzero((pop.field == 0) & (rng.random(pop.chunk.size) < 0.06))
    parts = [
        (pop.members("food"), 0),
        (pop.members("elderly_care"), 1),
        (building, 2),
        (building[rng.random(len(building)) < 0.8], 3),
    ]
    who = np.concatenate([rows for rows, _ in parts] + [other])
    kind = [np.full(len(rows), number) for rows, number in parts]
    return who, np.concatenate([*kind, pick(rng, len(other), [0, 0, 0, 0, 1, 3, 2, 4])])
