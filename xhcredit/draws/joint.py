"""Joint draws of several bureaus (部门联合抽查, 综合查一次): one visit per enterprise.

Nothing is drawn here: every member's record stands as it is, and so do its probabilities.  The
joint record follows from the members' records alone, so whoever holds them can make it again.

Probability of being visited at all.  Draws of different rounds have different seeds and are
independent: ``1 - prod(1 - p_k)``, exact.  Draws of one round share their tickets, so that their
lists overlap as much as their odds allow; within a round the probability lies between the
largest ``p_k`` and their sum (Fréchet), and both ends are told.

Source: the protocol ``xhcredit-draw/1``; the joint record is ``xhcredit-joint/1``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from math import prod

from xhcredit.domain.rows import JsonObject
from xhcredit.draws.commitment import Statement, demo_part
from xhcredit.draws.frame import Frame
from xhcredit.draws.numerics import DIGITS
from xhcredit.draws.selection import STRATIFIED
from xhcredit.errors import BadPlan

PROTOCOL = "xhcredit-joint/1"
Odds = Mapping[str, Fraction]


@dataclass(frozen=True)
class Member:
    """A draw that takes part: its record, the digest of the file, its bureau and inspection items.

    ``odds`` are the probabilities of everybody in its frame; None where the frame is not at hand.
    """

    record: Statement
    digest: str
    bureau: str
    items: tuple[str, ...]
    odds: Odds | None = None

    @property
    def id(self) -> str:
        """The id of the draw."""
        return str(self.record["draw_id"])

    @cached_property
    def selected(self) -> dict[str, Statement]:
        """Drawn enterprises by code."""
        return {s["code"]: s for s in self.record["selected"]}


def odds_of(record: Statement, frame: Frame) -> dict[str, Fraction]:
    """Inclusion probability of every enterprise of a frame; a paused stratum has 0.

    Raises:
        BadPlan: the frame is not the one of the record.
    """
    # Odds of another frame would be plausible numbers about other enterprises; only the root
    # tells.
    if frame.tree.root != record["commitment"]["frame_root"]:
        raise BadPlan(f'this is not the frame of draw "{record["draw_id"]}"; take the frozen file')
    if record["design"] != STRATIFIED:
        return {row.code: Fraction(row.odds) for row in frame.rows}
    ratios = {s["id"]: Fraction(s["ratio"]) for s in record["strata"]}
    codes, strata = frame.columns()
    return {code: ratios[stratum] for code, stratum in zip(codes, strata, strict=True)}


@dataclass(frozen=True)
class Reach:
    """Bounds of the probability of being visited at all; equal where it is known exactly."""

    at_least: Fraction
    at_most: Fraction

    def as_json(self) -> dict[str, str]:
        """Both as decimal texts."""
        return {"at_least": _text(self.at_least), "at_most": _text(self.at_most)}


def reach(rounds: Iterable[Sequence[Fraction]]) -> Reach:
    """Probability of being visited by any member, from the odds in each round.

    >>> reach([[Fraction(1, 2)], [Fraction(1, 4)]])
    Reach(at_least=Fraction(5, 8), at_most=Fraction(5, 8))
    """
    by_round = [list(odds) for odds in rounds]
    return Reach(
        # Fréchet's lower end within a round: with shared tickets the largest odds may hold all
        # that the smaller ones add.
        1 - prod((1 - max(odds) for odds in by_round), start=Fraction(1)),
        1
        - prod(
            (1 - min(Fraction(1), sum(odds, Fraction(0))) for odds in by_round), start=Fraction(1)
        ),
    )


def reach_of(code: str, members: Sequence[Member]) -> Reach:
    """The same for an enterprise, over the members in whose frame it stands."""
    rounds: dict[str, list[Fraction]] = defaultdict(list)
    for member in members:
        if member.odds is not None and code in member.odds:
            rounds[member.record["round_id"]].append(member.odds[code])
    return reach(rounds.values())


def _text(probability: Fraction) -> str:
    with localcontext() as context:
        context.prec = 2 * DIGITS + 2
        # Twice the digits before rounding, half to even: the same text from every program,
        # which a division of doubles would not give.
        exact = Decimal(probability.numerator) / Decimal(probability.denominator)
        rounded = exact.quantize(Decimal(1).scaleb(-DIGITS), rounding=ROUND_HALF_EVEN)
    return f"{rounded:f}"


@dataclass(frozen=True)
class JointVisit:
    """One door: the draws that lead to it."""

    code: str
    members: list[Member] = field(default_factory=list)

    def as_json(self) -> JsonObject:
        """Draws, the union of items, and the inspectors of each bureau."""
        items = sorted({item for m in self.members for item in m.items})
        team: dict[str, set[str]] = defaultdict(set)
        for m in self.members:
            team[m.bureau] |= set(m.selected[self.code]["inspectors"])
        return {
            "code": self.code,
            "draws": [m.id for m in self.members],
            "items": items,
            "team": {bureau: sorted(people) for bureau, people in sorted(team.items())},
        }


def overlay_draws(joint: str, period: tuple[date, date], members: Sequence[Member]) -> JsonObject:
    """The joint record; without ``inclusion_probability`` where a frame is not at hand.

    Args:
        joint: id of the joint draw.
        period: first and last day on which the visits may take place.
        members: two draws or more, of different plans.

    Raises:
        BadPlan: there are fewer, or two are of one plan.
    """
    ordered = sorted(members, key=lambda m: m.id)
    _refuse_members(ordered)
    visits: dict[str, JointVisit] = {}
    for member in ordered:
        for code in member.selected:
            visits.setdefault(code, JointVisit(code)).members.append(member)
    has_all_odds = all(m.odds is not None for m in ordered)
    inspections = sum(len(m.selected) for m in ordered)
    return {
        "protocol": PROTOCOL,
        "joint_id": joint,
        "period": {"first": period[0].isoformat(), "last": period[1].isoformat()},
        "members": [_member_json(m) for m in ordered],
        "inspections": inspections,
        "visits": len(visits),
        "together": sum(len(v.members) > 1 for v in visits.values()),
        "saved": inspections - len(visits),
        "selected": [
            visits[code].as_json()
            | ({"inclusion_probability": reach_of(code, ordered).as_json()} if has_all_odds else {})
            for code in sorted(visits)
        ],
        **demo_part(ordered[0].record),
    }


def _member_json(member: Member) -> JsonObject:
    record = member.record
    return {
        "draw_id": member.id,
        "round_id": record["round_id"],
        "bureau": member.bureau,
        "plan": record["plan"],
        "items": sorted(member.items),
        "record_digest": member.digest,
        "frame_root": record["commitment"]["frame_root"],
        "selected": len(member.selected),
    }


def _refuse_members(members: Sequence[Member]) -> None:
    if len({m.id for m in members}) < 2:  # joint means more than one
        raise BadPlan("a joint draw lays two draws or more over one another; name another one")
    plans = [m.record["plan"]["id"] for m in members]
    # Two draws of one plan exclude each other by its pause; neither independence nor a shared
    # round describes them.
    plan_id = next((plan for plan in plans if plans.count(plan) > 1), None)
    if plan_id is not None:
        raise BadPlan(
            f'two draws of the plan "{plan_id}": they depend on one another through the pause, so '
            "their joint odds are not known; take one of them"
        )


def probabilities(members: Sequence[Member]) -> Iterable[tuple[str, ...]]:
    """Rows: code, inclusion probability in each member's draw, bounds of any visit.

    For auditors and estimates; not public, as frames are not.
    """
    ordered = sorted(members, key=lambda m: m.id)
    yield ("code", *(m.id for m in ordered), "at_least", "at_most")
    member_odds = [m.odds or {} for m in ordered]
    for code in sorted(set().union(*member_odds)):
        probability_texts = [_text(odds[code]) if code in odds else "" for odds in member_odds]
        yield (code, *probability_texts, *reach_of(code, ordered).as_json().values())
