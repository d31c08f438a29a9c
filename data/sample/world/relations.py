"""Who is tied to whom: representatives, controllers, addresses, branches, agents, telephones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from . import words
from .book import Book, Column, Ending, Label, Row, Serial
from .calendar import NEVER, Ints
from .chance import Rng, delay
from .population import Population

_LETTERS = ("P", "P", "P", "A", "H", "D", "T")  # by kind of relation
_HEAD, _CONTROLLER, _ADDRESS, _BRANCH, _AGENT, _PHONE = 0, 1, 3, 4, 5, 6


@dataclass(frozen=True)
class _Nodes:
    """Identifiers such as P000123: a letter by kind of relation and a number."""

    kinds: Ints
    numbers: Ints

    def take(self, rows: Row) -> pa.Array:
        """Return the values of these rows."""
        letters = pa.array(_LETTERS).take(pa.array(self.kinds[rows]))
        digits = Serial("", self.numbers[rows], width=6).take(np.arange(len(rows)))
        return pc.binary_join_element_wise(letters, digits, "")


@dataclass
class _Links:
    """Relations collected kind by kind."""

    parts: list[tuple[Ints, Ints, Ints, Ints, Ints]] = field(default_factory=list)

    def add(self, kind: int, who: Ints, node: Ints, start: Ints, end: Ints) -> None:
        self.parts.append((who, np.full(len(who), kind), node, start, end))


def write_relations(pop: Population, book: Book, changed: tuple[Ints, Ints]) -> None:
    """Write all relations; ``changed`` says whose representative changed when."""
    rng = pop.chunk.chance("relations")
    links = _Links()
    _heads(pop, links, changed)
    _controllers(pop, rng, links)
    _places(pop, rng, links)
    who, kind, node, start, end = (np.concatenate(c) for c in zip(*links.parts, strict=True))
    known = start + delay(rng, len(who), 3, 0.7)
    told = np.where(end < NEVER, end + delay(rng, len(who), 3, 0.7), NEVER)
    columns: dict[str, Column] = {
        "kind": Label(kind, words.RELATIONS),
        "node": _Nodes(kind, node + 1),
    }
    book.write("relation", who, start, known, columns, ending=Ending(end, told))


def _heads(pop: Population, links: _Links, changed: tuple[Ints, Ints]) -> None:
    who, when = changed
    until = pop.dead.copy()
    until[who] = np.minimum(until[who], when)
    links.add(_HEAD, np.arange(pop.chunk.size), pop.representative, pop.born, until)
    fresh = 2 * (pop.chunk.before + pop.chunk.size) - 1 - np.arange(len(who))
    links.add(_HEAD, who, fresh, when, pop.dead[who])


def _controllers(pop: Population, rng: Rng, links: _Links) -> None:
    """Mostly the representative; else somebody who represents another enterprise."""
    who = np.flatnonzero(pop.is_kind("company") & (rng.random(pop.chunk.size) < 0.12))
    other = pop.representative[rng.integers(0, pop.chunk.size, len(who))]
    node = np.where(rng.random(len(who)) < 0.6, pop.representative[who], other)
    links.add(_CONTROLLER, who, node, pop.born[who], pop.dead[who])


def _places(pop: Population, rng: Rng, links: _Links) -> None:
    n, base = pop.chunk.size, pop.chunk.before
    everyone = np.arange(n)
    links.add(_ADDRESS, everyone, 2 * base + _addresses(rng, n), pop.born, pop.dead)
    branch = np.flatnonzero(pop.is_kind("branch"))
    agent = np.flatnonzero(rng.random(n) < 0.04)
    phone = np.flatnonzero(rng.random(n) < 0.03)
    for kind, who, node in (
        (_BRANCH, branch, base + rng.integers(0, n, len(branch))),
        (_AGENT, agent, base + rng.zipf(1.7, len(agent)) % max(3, n // 500)),
        (_PHONE, phone, base + rng.integers(0, max(2, n // 60), len(phone))),
    ):
        links.add(kind, who, node, pop.born[who], pop.dead[who])


def _addresses(rng: Rng, n: int) -> Ints:
    """Own address, a shared building, or one of a few registration clusters (集中登记地).

    Drawn without a look at the risk: sharing an address is no fault.
    """
    place = rng.random(n)
    clusters = rng.integers(0, max(2, n // 5000), n)
    buildings = n // 4 + rng.integers(0, max(2, n // 30), n)
    return np.select([place < 0.12, place < 0.22], [clusters, buildings], n + np.arange(n))
