"""Commitment of a draw: what is published before the seed, so that no frame can be chosen to fit.

Source: the protocol ``xhcredit-draw/1``, as the stand-alone verifier checks it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import rfc8785

from xhcredit.domain.rows import JsonObject
from xhcredit.draws.frame import Frame
from xhcredit.draws.selection import STRATIFIED, Stratum, ratio_of
from xhcredit.errors import BadPlan

PROTOCOL = "xhcredit-draw/1"
#: what every statement of a draw in a demo store carries besides: none passes for a real one
#: a published file as JSON; it is foreign, and the checks of its reader are what narrows it
Statement: TypeAlias = Mapping[str, Any]
DEMO: JsonObject = {
    "demo": True,
    "clock": "演示库自带的时钟，只能前进；不是真实抽查 "
    "(the clock of a demo store, which only moves forward; no real draw)",
}
#: what the record repeats of the commitment
REPEATED = (
    "committed_at", "frame_root", "frame_size", "seed_source", "strata", "excluded",
    "inspectors_digest", "recusals_digest",
)  # fmt: skip


@dataclass(frozen=True)
class ExcludedGroup:
    """Enterprises that are in the scope and not in the frame: why, by which rule, how many."""

    reason: str
    rule: str
    count: int


@dataclass(frozen=True)
class Terms:
    """Terms of a draw that are fixed with its frame.

    ``round_id`` is shared by the bureaus of a joint round, else it is the draw's own id.
    ``demo``: it is drawn in a demo store, by the clock of that store.
    ``replaces`` names a draw that has to be repeated, and why.  ``places`` is how many inspectors
    visit an enterprise, ``qualification`` what the lead must hold.
    """

    draw_id: str
    round_id: str
    plan_id: str
    plan_digest: str
    as_of: str
    design: str
    calibrated: bool
    seed_source: str
    seed_due: str
    places: int
    qualification: str
    inspectors_digest: str
    recusals_digest: str
    excluded: Sequence[ExcludedGroup] = ()
    replaces: dict[str, str] | None = None
    demo: bool = False


def digest_of(content: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(content).hexdigest()


def canonical(value: object) -> bytes:
    """Canonical JSON (RFC 8785)."""
    return rfc8785.dumps(value)  # type: ignore[arg-type]  # it refuses what is no JSON


def strata_of(frame: Frame, design: str, ratios: dict[str, str]) -> list[Stratum]:
    """The strata in the order of their ids; ratios only in the stratified design.

    Raises:
        BadPlan: a stratum without enterprises or without a ratio, or a ratio that is none.
    """
    if design != STRATIFIED:
        return [Stratum(id, size, "") for id, size in sorted(frame.sizes.items())]
    # A stratum with a ratio and nobody in it would stay in the published plan as if it had been
    # drawn from; one without a ratio could never be drawn.
    for id in sorted(set(ratios) ^ set(frame.sizes)):
        problem = "has no enterprise" if id in ratios else "has no ratio"
        raise BadPlan(
            f'stratum "{id}" {problem}; take it out of the plan, or give it what it lacks'
        )
    for ratio in ratios.values():
        ratio_of(ratio)
    return [Stratum(id, frame.sizes[id], ratios[id]) for id in sorted(ratios)]


def commitment(
    terms: Terms, frame: Frame, ratios: dict[str, str], committed_at: str, previous: str
) -> JsonObject:
    """The commitment as plain JSON.

    Args:
        terms: what is fixed.
        frame: who may be drawn.
        ratios: decimal text by stratum; empty in the individual design.
        committed_at: the moment, as the activity log writes it.
        previous: digest of the entry of the activity log before the freezing.

    Raises:
        BadPlan: strata and ratios do not belong together.
    """
    return {
        "protocol": PROTOCOL,
        "draw_id": terms.draw_id,
        "round_id": terms.round_id,
        "replaces": terms.replaces,
        "plan": {"id": terms.plan_id, "digest": terms.plan_digest},
        "as_of": terms.as_of,
        "frame_root": frame.tree.root,
        "frame_size": len(frame.rows),
        "design": terms.design,
        "calibrated": terms.calibrated,
        "strata": [_stratum(s) for s in strata_of(frame, terms.design, ratios)],
        "excluded": [vars(e) for e in terms.excluded],
        "seed_source": terms.seed_source,
        "seed_due": terms.seed_due,
        "places": terms.places,
        "qualification": terms.qualification,
        "inspectors_digest": terms.inspectors_digest,
        "recusals_digest": terms.recusals_digest,
        "committed_at": committed_at,
        "activity": {"previous": previous},
        # A real statement carries no such key at all; the verifier refuses any other value than
        # the demo's own.
        **(DEMO if terms.demo else {}),
    }


def demo_part(statement: Statement) -> JsonObject:
    """Keys of a published statement that mark it as of a demo store; empty in a real one."""
    return {name: statement[name] for name in DEMO if name in statement}


def _stratum(stratum: Stratum) -> JsonObject:
    return {"id": stratum.id, "size": stratum.size, "ratio": stratum.ratio or None}
