"""Selection of enterprises from the tickets alone: stratified and individual design."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import NamedTuple

import numpy as np

from xhcredit.draws import pareto
from xhcredit.draws.frame import Frame, FrameRow
from xhcredit.draws.frame_file import Lines
from xhcredit.draws.tickets import BoundTicket, unit, units
from xhcredit.errors import BadPlan

Ticket = Callable[[str], str]
STRATIFIED, INDIVIDUAL = "stratified", "individual"


class Stratum(NamedTuple):
    """A part of the frame in which all have the same odds; ``ratio`` is a decimal text.

    In the individual design the ratio is empty: the rows carry their own odds.
    """

    id: str
    size: int
    ratio: str


class DrawnEnterprise(NamedTuple):
    """An enterprise that was drawn: its row, ticket and probability (a decimal text)."""

    row: FrameRow
    ticket: str
    probability: str


def ratio_of(text: str) -> Fraction:
    """A ratio as an exact number.

    Raises:
        BadPlan: it is no decimal in 0 … 1.
    """
    # Fraction reads "1/4", "1e-2" and blanks too, which the published verifier does not.
    plain = text.isascii() and text.replace(".", "", 1).isdigit() and text[0] != "."
    value = Fraction(text) if plain else Fraction(-1)
    if not 0 <= value <= 1:
        raise BadPlan(f'ratio "{text}"; write a decimal from 0 to 1, such as 0.25')
    return value


def drawn_counts(strata: Sequence[Stratum], ticket: Ticket) -> list[int]:
    """How many are drawn of each stratum, in the order of ids.

    Exact randomised rounding: the total is the floor or ceiling of the target, and every stratum
    gives ``ratio * size`` on average, exactly.

    Raises:
        BadPlan: strata are not in the order of their ids, or a ratio is none.
    """
    ids = [s.id for s in strata]
    # One common rounding ticket runs through the strata in order; another order would give
    # other numbers from the same seed.
    if ids != sorted(set(ids)):
        raise BadPlan("strata are not in the order of their ids, each once; sort them")
    v = unit(ticket("#rounding"))
    total, below, counts = Fraction(0), _below(Fraction(0), v), []
    for stratum in strata:
        total += ratio_of(stratum.ratio) * stratum.size
        # Whole numbers k with k + v below the running total: each stratum's number is its
        # target on average, and the total is never off by one or more.
        upto = _below(total, v)
        counts.append(upto - below)
        below = upto
    return counts


def _below(total: Fraction, v: Fraction) -> int:
    """How many whole numbers k >= 0 have ``k + v <= total``."""
    return max(0, floor(total - v) + 1)


def draw_stratified(
    frame: Frame, ratios: Mapping[str, str], ticket: Ticket
) -> list[DrawnEnterprise]:
    """The draw of the stratified design, sorted by stratum and ticket.

    Raises:
        BadPlan: a stratum has no ratio, or a ratio has no stratum.
    """
    if set(ratios) != set(frame.sizes):
        mismatched = sorted(set(ratios) ^ set(frame.sizes))
        raise BadPlan(
            f"strata {', '.join(mismatched)} are either empty or without a ratio; correct them"
        )
    strata = [Stratum(id, frame.sizes[id], ratios[id]) for id in sorted(ratios)]
    count_by_stratum = dict(zip((s.id for s in strata), drawn_counts(strata, ticket), strict=True))
    if isinstance(frame.rows, Lines) and isinstance(ticket, BoundTicket):
        return _draw_from_lines(frame.rows, count_by_stratum, ratios, ticket)
    members: dict[str, list[tuple[str, FrameRow]]] = {s.id: [] for s in strata}
    for row in frame.rows:
        if count_by_stratum[row.stratum]:
            members[row.stratum].append((ticket(row.code), row))
    return [
        DrawnEnterprise(row, drawn, ratios[id])
        for id, ticket_rows in members.items()
        for drawn, row in sorted(ticket_rows)[: count_by_stratum[id]]
    ]


def _draw_from_lines(
    rows: Lines, count_by_stratum: Mapping[str, int], ratios: Mapping[str, str], ticket: BoundTicket
) -> list[DrawnEnterprise]:
    """The same among millions: whole tickets only of those near the last one drawn."""
    ids, stratum_index = rows.by_stratum
    drawn_rows = []
    for number, id in enumerate(ids):
        if not count_by_stratum[id]:
            continue
        row_positions = np.flatnonzero(stratum_index == number)
        # Sixteen digits decide all but ties, and ties are settled by whole tickets of those at
        # the edge: equal to sorting millions of full hashes.
        starts = ticket.starts(rows.codes(row_positions))
        last = np.partition(starts, count_by_stratum[id] - 1)[count_by_stratum[id] - 1]
        near_rows = (rows[k] for k in row_positions[starts <= last].tolist())
        drawn = sorted((ticket(row.code), row) for row in near_rows)[: count_by_stratum[id]]
        drawn_rows += [DrawnEnterprise(row, text, ratios[id]) for text, row in drawn]
    return drawn_rows


def draw_individual(frame: Frame, ticket: Ticket) -> list[DrawnEnterprise]:
    """The draw of the individual design (Pareto order sampling), sorted by stratum and ticket.

    Raises:
        BadPlan: odds are no probabilities, or do not add up to a whole number.
    """
    rows = frame.rows
    if isinstance(ticket, BoundTicket):
        unit_numbers = units(ticket.starts(row.code.encode() for row in rows))
    else:
        unit_numbers = np.array([float(unit(ticket(row.code))) for row in rows])
    working = [r.working for r in rows] if rows[0].working else None
    positions = pareto.select_positions(
        [r.code for r in rows], unit_numbers, [r.odds for r in rows], working
    )
    drawn = [
        DrawnEnterprise(row, ticket(row.code), row.odds)
        for row in (rows[k] for k in positions.tolist())
    ]
    # By ticket and not by rank: the order of the list says nothing of anybody's odds.
    return sorted(drawn, key=lambda d: (d.row.stratum, d.ticket))


def reserve_codes(frame: Frame, stratum: str, taken: int, ticket: Ticket, count: int) -> list[str]:
    """The next enterprises of a stratum, in the order in which they would be drawn."""
    ranked_codes = sorted(
        (ticket(row.code), row.code) for row in frame.rows if row.stratum == stratum
    )
    return [code for _, code in ranked_codes[taken : taken + count]]
