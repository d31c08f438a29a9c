"""Strata of a draw: assignment of enterprises and their inclusion probabilities per round.

A stratum is a tier × coverage duty × street (where the plan says so) × the rates that the
enterprise had in the rounds of its pause.  Odds are renewed, so that in the long run everybody of
a tier is drawn in a share ``pi`` of the rounds though nobody is drawn twice within a pause.
Source: the protocol ``xhcredit-draw/1``, as the stand-alone verifier checks it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import NamedTuple

from typing_extensions import TypedDict

from xhcredit.draws.numerics import DIGITS, UNIT
from xhcredit.draws.pause import renewed_odds_after


class Kind(NamedTuple):
    """Properties shared by all enterprises of a stratum.

    ``past`` are their long-run rates in the last rounds, the oldest first, as decimal texts;
    ``paused``: drawn within the pause, so not drawn again; ``duty``: coverage falls due.
    """

    tier: str
    street: str
    duty: bool
    paused: bool
    past: tuple[str, ...]


class Odds(NamedTuple):
    """Long-run rate and odds in this draw, as decimal texts."""

    pi: str
    h: str


def odds_of(kind: Kind, ratios: Mapping[str, str]) -> Odds:
    """Odds of a stratum: 1 where a coverage duty falls due, 0 in a pause, else renewed.

    A pause that the rates do not allow is shortened from its oldest round on.
    """
    pi = ratios[kind.tier]
    # Coverage by law (Order 49 art 22(1): all points once in two years) goes before the pause:
    # good credit and recent visits do not lift it.
    if kind.duty:
        return Odds(pi, "1")
    if kind.paused:
        return Odds(pi, "0")
    past = [Fraction(p) for p in kind.past]
    # From the oldest round on, so that the most recent visits keep their protection.
    while past and sum(past) + Fraction(pi) > 1:
        past.pop(0)
    return Odds(pi, decimal(renewed_odds_after(Fraction(pi), past)))


def decimal(value: Fraction) -> str:
    """A fraction as decimal text, cut to as many digits as odds have; exact where it can be.

    >>> decimal(Fraction(1, 4)), decimal(Fraction(1, 3)), decimal(Fraction(1))
    ('0.25', '0.333333333333', '1')
    """
    whole, fraction = divmod(value, 1)
    digits = str(int(fraction * UNIT)).zfill(DIGITS).rstrip("0")
    return f"{whole}.{digits}" if digits else str(whole)


def stratum_ids(kinds: Sequence[Kind], salt: str) -> dict[Kind, str]:
    """Ids of strata that say nothing about the tier: in the order of a salted hash."""
    # Ids in the order of tiers would name the tier wherever a stratum is shown, and the tier is
    # internal (国市监信发〔2022〕6号); unsalted, anybody could hash the few kinds there are.
    ordered = sorted(set(kinds), key=lambda kind: sha256(f"{salt}|{kind}".encode()).hexdigest())
    # Ids of one width, so that their order as text is that of their numbers and all rows of the
    # frame are equally wide.
    width = max(len(str(len(ordered))), len("00"))
    return {kind: f"s{number:0{width}d}" for number, kind in enumerate(ordered, 1)}


class StratumRow(TypedDict):
    """What a stratum is, for the internal file; odds and rates are decimal texts.

    ``past``: long-run rates in the rounds of the pause, the oldest first; ``pi``: long-run rate;
    ``h``: odds in this draw.
    """

    id: str
    tier: str
    field: str
    street: str
    duty: bool
    paused: bool
    past: list[str]
    pi: str
    h: str


def stratum_rows(
    ids: Mapping[Kind, str], odds: Mapping[Kind, Odds], fields: Sequence[str]
) -> list[StratumRow]:
    """Description of each stratum for the internal file."""
    rows: list[StratumRow] = [
        {
            "id": id,
            "tier": kind.tier,
            "field": ";".join(fields),
            "street": kind.street,
            "duty": kind.duty,
            "paused": kind.paused,
            "past": list(kind.past),
            "pi": odds[kind].pi,
            "h": odds[kind].h,
        }
        for kind, id in ids.items()
    ]
    return sorted(rows, key=lambda row: row["id"])
