"""Makes one chunk of the district: its tables and the truth behind them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from . import fields, lists, public, register
from .book import Book
from .calendar import Ints
from .inspections import write_inspections
from .ledger import Ledger
from .penalties import (
    Cases,
    cases_from_outside,
    cases_from_visits,
    points_of,
    write_penalties,
    write_spared,
)
from .population import Chunk, Population
from .relations import write_relations
from .supervision import write_supervision
from .truth import truth_tables
from .visits import Inspectors, Rounds, Visits


def make_chunk(
    chunk: Chunk, inspectors: Inspectors
) -> tuple[dict[str, pa.Table], dict[str, pa.Table]]:
    """All tables of one chunk by canonical name, and the truth tables."""
    pop = Population(chunk)
    book = Book(pop.codes, chunk.calendar.last, chunk.number)
    ledger = Ledger(chunk.size, chunk.calendar)
    _quiet_tables(pop, book)
    serious = _lists(pop, book, ledger)
    heard = public.complaints(pop)
    public.write_complaints(pop, book, ledger, heard)
    outside = cases_from_outside(pop)
    ledger.add(outside.who, outside.known, float(points_of(np.array([1]))[0]) * 0.75)
    grades, category = fields.food_grades(pop)
    visits = Rounds(pop, ledger, inspectors, grades, heard).run()
    write_inspections(pop, book, visits)
    cases = outside.plus(_cases_of(pop, visits))
    severity = write_penalties(pop, book, cases)
    _spared(pop, book, visits)
    fields.write_food(pop, book, grades, category)
    fields.write_elderly(pop, book)
    fields.write_construction(pop, book)
    grave = [(cases.who[severity > 0], cases.days[severity > 0]), *serious]
    return book.tables, truth_tables(pop, visits, grave, chunk.calendar.last)


def _quiet_tables(pop: Population, book: Book) -> None:
    register.write_register(pop, book)
    changed = register.write_changes(pop, book)
    write_relations(pop, book, changed)
    register.write_permits(pop, book)
    public.write_honours(pop, book)
    public.write_promises(pop, book)
    public.write_associations(pop, book)
    public.write_national(pop, book)
    write_supervision(pop, book)


def _lists(pop: Population, book: Book, ledger: Ledger) -> list[tuple[Ints, Ints]]:
    """Listings and claims; returns the grave ones: serious listings, dishonest debtors."""
    missed = register.write_reports(pop, book, ledger)
    lists.write_abnormal(pop, book, ledger, missed)
    lists.write_tax(pop, book, ledger)
    return [lists.write_serious(pop, book, ledger), lists.write_judicial(pop, book, ledger)]


def _cases_of(pop: Population, visits: Visits) -> Cases:
    rng = pop.chunk.chance("cases of visits")
    found = visits.found
    return cases_from_visits(
        rng, visits.who[found], visits.days[found], visits.field[found], chance=0.35
    )


def _spared(pop: Population, book: Book, visits: Visits) -> None:
    rng = pop.chunk.chance("spared after visits")
    rows = np.flatnonzero(visits.found & (rng.random(len(visits.found)) < 0.1))
    write_spared(pop, book, (visits.who[rows], visits.days[rows]))
