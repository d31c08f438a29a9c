"""Rows of candidates and champions as the store gives them; moments are UTC texts."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row

#: how far a candidate is
CandidateState = Literal[
    "submitted",
    "judged",
    "gates_closed",
    "approved_once",
    "approved",
    "shadowed",
    "switched",
    "rolled_back",
    "refused",
]
#: what was done with a candidate
CandidateAct = Literal["submit", "judge", "approve", "refuse", "shadow", "switch", "roll_back"]
Number = Annotated[int, Field(description="候选编号 / candidate", examples=[3])]


@closed_row
class GateVerdict(TypedDict):
    """Verdict of one gate with its reason in words."""

    gate: Annotated[str, Field(examples=["calibrated"])]
    open: bool
    zh: Annotated[str, Field(examples=["校准斜率 1.02"])]
    en: Annotated[str, Field(examples=["slope 1.02"])]


@closed_row
class MetricInterval(TypedDict):
    """A figure with its 95 % interval; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


@closed_row
class GroupFigures(TypedDict):
    """Figures of one value of one grouping; ``rate`` and ``predicted`` are shares in [0, 1]."""

    grouping: str
    value: int
    rows: int
    bad: int
    rate: float | None
    predicted: float | None
    metrics: dict[str, MetricInterval]


@closed_row
class MonthDrift(TypedDict):
    """Stability of score (PSI) and of the indicators that drifted most (CSI) in a month."""

    month: Annotated[str, Field(examples=["2026-05"])]
    rows: int
    rate: float | None
    psi: float | None
    csi: dict[str, float | None]


@closed_row
class TrainingAlarm(TypedDict):
    """Something that must be explained before a model may be promoted."""

    code: str
    about: str
    measured: float | None
    limit: float | None
    zh: str
    en: str


@closed_row
class ReleaseReference(TypedDict):
    """A release by name and digest."""

    name: str
    digest: str


#: figure of the candidate, of the champion, and their difference with its interval
ComparedFigure = tuple[float | None, float | None, MetricInterval]


@closed_row
class CandidateEvaluation(TypedDict):
    """What the training found of a candidate, as far as it was submitted.

    ``tier_moves``: judged rows by grade of the base (rows) and of the candidate (columns), A to D.
    """

    # A submission is stored as the training program of its day wrote it, and never rewritten.
    metrics: NotRequired[dict[str, float | None]]
    # Each model names parameters of its own.
    parameters: NotRequired[dict[str, JsonValue]]
    groups: NotRequired[list[GroupFigures]]
    months: NotRequired[list[MonthDrift]]
    alarms: NotRequired[list[TrainingAlarm]]
    tier_moves: NotRequired[list[list[int]] | None]
    code_commit: NotRequired[str]
    rows: NotRequired[int]
    bad: NotRequired[int]
    champion: NotRequired[ReleaseReference]
    compared: NotRequired[dict[str, ComparedFigure]]


class _CandidateStep(TypedDict):
    candidate: Number
    step: int
    state: CandidateState
    recorded_at: str
    actor: str
    reason: str
    activity: Annotated[int, Field(description="操作日志序号 / entry of the activity chain")]


@closed_row
class SubmissionDetails(TypedDict):
    """Digest of the submitted release."""

    digest: str


@closed_row
class SubmittedStep(_CandidateStep):
    """The candidate was submitted."""

    act: Literal["submit"]
    details: SubmissionDetails


@closed_row
class JudgementDetails(TypedDict):
    """Gates that are closed."""

    closed: list[str]


@closed_row
class JudgedStep(_CandidateStep):
    """The gates judged the candidate."""

    act: Literal["judge"]
    details: JudgementDetails


@closed_row
class NoDetails(TypedDict):
    """Nothing besides the reason."""


@closed_row
class DecidedStep(_CandidateStep):
    """An officer approved the candidate or put an end to it."""

    act: Literal["approve", "refuse"]
    details: NoDetails


@closed_row
class ShadowNight(TypedDict):
    """A night that candidate and champion both scored: enterprises by tier.

    ``champion`` is its digest; ``matrix`` counts by tiers before and after (``BC``: from B to C).
    """

    as_of: str
    champion: str
    before: dict[str, int]
    after: dict[str, int]
    # The first nights stored neither.
    matrix: NotRequired[dict[str, int]]
    enterprises: NotRequired[int]


@closed_row
class ShadowStep(_CandidateStep):
    """The candidate scored a night beside the champion."""

    act: Literal["shadow"]
    details: ShadowNight


@closed_row
class ChampionChange(TypedDict):
    """A release that scores from a day on, and the one that it replaces; both by digest."""

    digest: str
    replaces: str
    from_day: Annotated[str, Field(examples=["2026-07-01"])]


@closed_row
class SwitchedStep(_CandidateStep):
    """The candidate became champion, or was rolled back."""

    act: Literal["switch", "roll_back"]
    details: ChampionChange


CandidateStep = Annotated[
    SubmittedStep | JudgedStep | DecidedStep | ShadowStep | SwitchedStep,
    Field(discriminator="act"),
]


@closed_row
class Candidate(TypedDict):
    """A release that may become the champion, with its evaluation, gates and steps."""

    id: Number
    digest: str
    name: Annotated[str, Field(examples=["boosted-general"])]
    score: Annotated[str, Field(examples=["general"])]
    model: Annotated[str, Field(examples=["boosted"])]
    evaluation: CandidateEvaluation
    gates: list[GateVerdict]
    activity: int
    steps: list[CandidateStep]
    state: CandidateState


@closed_row
class CandidateSubmitted(TypedDict):
    """A candidate was submitted; ``closed`` are gates that did not let it pass."""

    candidate: Number
    digest: str
    state: CandidateState
    closed: list[str]


@closed_row
class CandidateProgress(TypedDict):
    """A step was taken with a candidate."""

    candidate: Number
    step: int
    state: CandidateState


@closed_row
class ShadowReport(CandidateProgress):
    """A night of shadow; ``moved`` enterprises would be of another tier."""

    moved: int


@closed_row
class TierMove(TypedDict):
    """An enterprise that a candidate would move to another tier."""

    code: str
    name: str
    bureau: str
    bureaus: Annotated[str, Field(description="监管部门 / all its bureaus", examples=[";a;b;"])]
    tier_before: str
    tier_after: str
    composite_before: float
    composite_after: float


@closed_row
class StoredTierMove(TierMove):
    """The same with the candidate and its step of shadow."""

    candidate: Number
    step: int
    activity: int


@closed_row
class ChampionSwitch(ChampionChange):
    """A switch of the champion or a roll-back; the last one that holds counts."""

    id: int
    candidate: Number
    act: Literal["switch", "roll_back"]
    recorded_at: str
    actor: str
    reason: str
    activity: int


class ChampionRelease(ChampionSwitch):
    """The release that scores a day: its name, and its tables as parsed JSON (``release_of``)."""

    name: str
    body: object
