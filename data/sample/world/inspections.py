"""The inspection table and the rectification orders that visits bring."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from . import words
from .book import Book, Column, Days, Ending, Flag, Label, Number, Row, Serial
from .calendar import NEVER, Ints
from .chance import Rng, delay, pick, sigmoid, sometimes
from .population import Population
from .visits import CASE, RANDOM, SPECIAL, Visits, result_codes

_AGENCY = np.array([0, 0, 1, 2])
_DRAWS = ("ZH", "SP", "YL", "JZ")
#: position of "上级部署的专项检查" in the words of forms
_SUPERIOR = 4


class _DrawIds:
    """Draw of each visit, such as ``SP-2023Q2``; empty if the visit was not drawn."""

    def __init__(self, visits: Visits, names: list[str]) -> None:
        count = len(names)
        self.texts = pa.array([f"{d}-{n}" for d in _DRAWS for n in names])
        self.at = np.where(visits.form == RANDOM, visits.field * count + visits.quarter, -1)

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        at = self.at[rows]
        return self.texts.take(pa.array(at, mask=at < 0))


def write_inspections(pop: Population, book: Book, visits: Visits) -> None:
    """Write the inspections with re-checks, and rectification orders."""
    rng = pop.chunk.chance("inspections")
    n = len(visits.who)
    result = result_codes(rng, visits.found, visits.field)
    known = visits.days + delay(rng, n, 7)
    form, completeness, level = _scale(pop.chunk.chance("inspection scale"), visits)
    columns: dict[str, Column] = {
        "inspection_no": Serial("JC", book.serials(n)),
        "form": Label(form, words.FORMS),
        "field": Label(visits.field, words.FIELDS_ZH),
        "result": Label(result, words.RESULTS),
        "failed": Flag(visits.found),
        "item": Label(visits.field, words.ITEMS),
        "completeness": Label(completeness, words.COMPLETENESS),
        "agency": Label(_AGENCY[visits.field], words.AGENCIES),
        "level": Label(level, words.LEVELS),
        "inspector": Serial("J", visits.inspector + 1, width=6),
        "draw_id": _DrawIds(visits, pop.calendar.names()),
        "inclusion_probability": Number(np.round(visits.odds.astype(np.float64), 4)),
    }
    ending = _rechecks(pop, rng, visits)
    book.write("inspection", visits.who, visits.days, known, columns, ending=ending)
    _write_orders(pop, book, visits, result)


def _scale(rng: Rng, visits: Visits) -> tuple[Ints, Ints, Ints]:
    """Form as reported, how much of the checklist was inspected, and the level of the organ.

    A third of the campaigns were deployed from above; a planned visit mostly covers the whole
    checklist, a case mostly one item; one inspection in fifty does not say.
    """
    n, silent = len(visits.who), -1
    form = np.where((visits.form == SPECIAL) & (rng.random(n) < 0.33), _SUPERIOR, visits.form)
    planned, case = pick(rng, n, [80, 15, 5]), pick(rng, n, [5, 25, 70])
    completeness = np.where(visits.form == CASE, case, planned)
    completeness = np.where(rng.random(n) < 0.02, silent, completeness)
    return form, completeness, np.where(rng.random(n) < 0.02, silent, 0)


def _rechecks(pop: Population, rng: Rng, visits: Visits) -> Ending:
    risk = pop.risk[visits.who, visits.quarter]
    n = len(visits.who)
    day = sometimes(rng, visits.days + delay(rng, n, 25, 0.6, 200), np.where(visits.found, 0.85, 0))
    passed = rng.random(n) < sigmoid(2.0 - 0.8 * risk)
    known = np.where(day < NEVER, day + delay(rng, n, 5, 0.8), NEVER)
    return Ending(day, known, {"recheck_passed": Flag(passed)})


def _write_orders(pop: Population, book: Book, visits: Visits, result: Ints) -> None:
    rng = pop.chunk.chance("orders")
    rows = np.flatnonzero((result == 4) | (visits.found & (rng.random(len(result)) < 0.3)))
    who, days, n = visits.who[rows], visits.days[rows], len(rows)
    allowed = np.array([10, 15, 30])[rng.integers(0, 3, n)]
    risk = pop.risk[who, visits.quarter[rows]]
    done = sometimes(rng, days + delay(rng, n, 12, 0.8), sigmoid(2.4 - 0.8 * risk))
    known = np.where(done < NEVER, done + delay(rng, n, 4), NEVER)
    columns: dict[str, Column] = {
        "doc_no": Serial("示责改", book.serials(n)),
        "due_on": Days(days + allowed),
        "field": Label(visits.field[rows], words.FIELDS_ZH),
    }
    book.write(
        "rectification_order",
        who,
        days,
        days + delay(rng, n, 4),
        columns,
        ending=Ending(done, known),
    )
