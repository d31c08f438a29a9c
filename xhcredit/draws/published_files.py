"""Types of what a draw publishes: commitment, record and joint record, as parsed JSON.

What the protocol says of each field stands in the verifier; here is only what a program may read.
"""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row


@closed_row
class RepeatedDraw(TypedDict):
    """The draw that another one repeats, and why."""

    draw_id: str
    reason: str


@closed_row
class PlanReference(TypedDict):
    """A plan by its id and digest."""

    id: str
    digest: str


@closed_row
class CommittedStratum(TypedDict):
    """A stratum: enterprises in it, and their odds as decimal text (None: individual odds)."""

    id: str
    size: int
    ratio: str | None


@closed_row
class ExcludedCount(TypedDict):
    """How many enterprises were left out of a frame by a rule."""

    reason: str
    rule: str
    count: int


@closed_row
class PreviousEntry(TypedDict):
    """Entry of the activity chain before the freezing."""

    previous: str


@closed_row
class Commitment(TypedDict):
    """What is published of a draw before there is a seed; ``demo``: drawn in a demo store."""

    protocol: str
    draw_id: str
    round_id: str
    replaces: RepeatedDraw | None
    plan: PlanReference
    as_of: str
    frame_root: str
    frame_size: int
    design: Literal["stratified", "individual"]
    calibrated: bool
    strata: list[CommittedStratum]
    excluded: list[ExcludedCount]
    seed_source: str
    seed_due: str
    places: int
    qualification: str
    inspectors_digest: str
    recusals_digest: str
    committed_at: str
    activity: PreviousEntry
    # The protocol leaves both out of what is no demo: a real statement has no such key.
    demo: NotRequired[bool]
    clock: NotRequired[str]


@closed_row
class RepeatedCommitment(TypedDict):
    """What a record repeats of the commitment, with the commitment's digest."""

    digest: str
    committed_at: str
    frame_root: str
    frame_size: int
    seed_source: str
    strata: list[CommittedStratum]
    excluded: list[ExcludedCount]
    inspectors_digest: str
    recusals_digest: str


@closed_row
class Seed(TypedDict):
    """A seed as it was entered, from which source, at which moment."""

    value: str
    source: str
    entered_at: str


@closed_row
class DrawnStratum(CommittedStratum):
    """A stratum with how many were drawn, and the highest ticket among them (None: nobody)."""

    taken: int
    last_ticket: str | None


@closed_row
class SeedEntry(TypedDict):
    """Entry of the activity chain under which the seed was entered."""

    previous: str
    digest: str


@closed_row
class ProofStep(TypedDict):
    """A sibling on the way from a row of the frame to its root: left or right, and its hash."""

    side: Literal["L", "R"]
    hash: str


@closed_row
class SelectedEnterprise(TypedDict):
    """A drawn enterprise: ticket, odds as decimal text, inspectors, and its proof in the frame."""

    code: str
    stratum: str
    ticket: str
    inclusion_probability: str
    places_start: list[str]
    inspectors: list[str]
    proof: list[ProofStep]
    odds: str
    salt: str
    working: NotRequired[str]  # only where odds are calibrated, as the protocol has it


@closed_row
class DrawRecord(TypedDict):
    """Record of a draw, from which anybody can repeat it."""

    protocol: str
    draw_id: str
    round_id: str
    replaces: RepeatedDraw | None
    plan: PlanReference
    as_of: str
    commitment: RepeatedCommitment
    seed: Seed
    design: Literal["stratified", "individual"]
    calibrated: bool
    strata: list[DrawnStratum]
    selected: list[SelectedEnterprise]
    activity: SeedEntry
    demo: NotRequired[bool]
    clock: NotRequired[str]


@closed_row
class JointPeriod(TypedDict):
    """First and last day on which the visits of a joint draw may take place."""

    first: str
    last: str


@closed_row
class JointMember(TypedDict):
    """A draw that takes part in a joint draw; ``selected`` counts the enterprises."""

    draw_id: str
    round_id: str
    bureau: str
    plan: PlanReference
    items: list[str]
    record_digest: str
    frame_root: str
    selected: int


@closed_row
class ProbabilityBounds(TypedDict):
    """Bounds of a probability, decimal texts; equal where it is known exactly."""

    at_least: str
    at_most: str


@closed_row
class SelectedVisit(TypedDict):
    """One visit for several draws: its items, and the inspectors by bureau."""

    code: str
    draws: list[str]
    items: list[str]
    team: dict[str, list[str]]
    # Only where every member's frame was at hand, as the protocol has it.
    inclusion_probability: NotRequired[ProbabilityBounds]


@closed_row
class JointSummary(TypedDict):
    """A joint draw without its visits: members, and how many visits they save."""

    protocol: str
    joint_id: str
    period: JointPeriod
    members: list[JointMember]
    inspections: int
    visits: int
    together: int
    saved: int
    demo: NotRequired[bool]
    clock: NotRequired[str]


@closed_row
class JointRecord(JointSummary):
    """Record of a joint draw; it follows from the records of its members."""

    selected: list[SelectedVisit]
