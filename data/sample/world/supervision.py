"""Which bureaus supervise whom: a shop has several, others only the register's."""

from __future__ import annotations

import numpy as np

from . import words
from .book import Book, Column, Ending, Label
from .calendar import NEVER, Ints, day
from .chance import delay
from .population import Population

#: since when city management supervises at all (an invented reform)
_URBAN_SINCE = day(2023, 1, 1)
#: who supervises a member of a field: position in words.AGENCIES, and the area
_OF_FIELD = {
    "food": ((0, "一般"), (0, "食品"), (3, "消防")),
    "elderly_care": ((1, "养老"), (3, "消防"), (9, "卫生"), (0, "食品")),
    "construction": ((0, "一般"), (2, "建设工程"), (7, "安全生产")),
}
_OF_RESTAURANTS = ((9, "卫生"), (10, "城市管理"))


def write_supervision(pop: Population, book: Book) -> None:
    """One row per member of a field, bureau and area, from its establishment to its end."""
    rng = pop.chunk.chance("supervision")
    parts = [
        (pop.members(field), agency, area)
        for field, bureaus in _OF_FIELD.items()
        for agency, area in bureaus
    ]
    is_restaurant = pop.in_industry("H")[pop.members("food")]
    restaurants = pop.members("food")[is_restaurant]
    parts += [(restaurants, agency, area) for agency, area in _OF_RESTAURANTS]
    who = np.concatenate([rows for rows, _, _ in parts])
    agencies = np.concatenate([np.full(len(rows), agency) for rows, agency, _ in parts])
    areas = np.concatenate([np.full(len(rows), words.AREAS.index(area)) for rows, _, area in parts])
    start = _starts(pop, who, areas)
    rows = np.flatnonzero(start < pop.dead[who])
    who, agencies, areas, start = who[rows], agencies[rows], areas[rows], start[rows]
    end = pop.dead[who]
    end_known = np.where(end < NEVER, end + delay(rng, len(who), 5), NEVER)
    columns: dict[str, Column] = {
        "bureau": Label(agencies, words.AGENCIES),
        "field": Label(areas, words.AREAS),
    }
    known = start + delay(rng, len(who), 3, 0.7)
    book.write("supervision", who, start, known, columns, ending=Ending(end, end_known))


def _starts(pop: Population, who: Ints, areas: Ints) -> Ints:
    """First day: the establishment, for city management not before the reform."""
    is_urban = areas == words.AREAS.index("城市管理")
    return np.where(is_urban, np.maximum(pop.born[who], _URBAN_SINCE), pop.born[who])
