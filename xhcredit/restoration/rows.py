"""Assessments and records as JSON-ready rows: days are ``YYYY-MM-DD``, what is unknown is None."""

from __future__ import annotations

from typing_extensions import TypedDict

from xhcredit.domain.calendar import ProvisionalNote
from xhcredit.domain.rows import BilingualText, closed_row
from xhcredit.restoration.assessment import Route
from xhcredit.restoration.record import Authority, Field, HolderKind, Procedure
from xhcredit.rules.schemas.restoration import (
    Ground,
    PenaltyKind,
    RecordKind,
    SeverityName,
    Unit,
)


@closed_row
class VerificationMark(TypedDict):
    """How far a rule's source was verified."""

    id: str
    zh: str
    en: str


@closed_row
class RuleBasis(TypedDict):
    """The rule behind a statement, as in force on the day."""

    rule: str
    title: str
    article: str
    effective_from: str
    verification: VerificationMark


@closed_row
class ConditionRow(BilingualText):
    """A condition of restoration; ``met_from`` is None where no day can be named."""

    met: bool
    met_from: str | None
    basis: RuleBasis


@closed_row
class DeadlineRow(BilingualText, ProvisionalNote):
    """A step of the authority: within how many days, and the last day if it is known."""

    step: str
    days: int
    unit: Unit
    by: str | None
    basis: RuleBasis


@closed_row
class AssessmentRow(TypedDict):
    """Whether a record can be restored on a day, every condition, and what follows."""

    eligible: bool
    earliest_on: str | None
    publication_ends_on: str | None
    unmet: list[str]
    severity: SeverityName
    applied_on: str
    authority: Authority
    route: Route
    summary: BilingualText
    severity_by: BilingualText
    conditions: list[ConditionRow]
    materials: list[BilingualText]
    decides: BilingualText
    deadlines: list[DeadlineRow]
    effects: list[BilingualText]
    needs_lawyer: bool
    lawyer: list[BilingualText]


@closed_row
class SeverityOverride(TypedDict):
    """A class that an official set by hand."""

    severity: SeverityName
    official: str
    reason: str


@closed_row
class RecordRow(TypedDict):
    """A penalty or listing as it was assessed."""

    kind: RecordKind
    authority: Authority
    decided_on: str
    field: Field
    procedure: Procedure
    penalty_kinds: list[PenaltyKind]
    amount_yuan: float
    published_on: str | None
    duties_done_on: str | None
    ground: Ground | None
    corrected_on: str | None
    same_kind_again_on: str | None
    on_abnormal_list: bool
    on_serious_list: bool
    pledge: bool
    also_under: list[Authority]
    harm_remains: bool
    ban_months: int
    conduct_ended_on: str | None
    decision_revoked_on: str | None
    false_materials_on: str | None
    reorganisation_approved_on: str | None
    reorganisation_completed_on: str | None
    override: SeverityOverride | None
    holder: str
    holder_kind: HolderKind | None
    penalty_followed: bool
    penalty_ended_on: str | None


@closed_row
class ProvenFacts(TypedDict, total=False):
    """Facts that an applicant proves with documents; those that were not stated are left out."""

    duties_done_on: str
    corrected_on: str
    pledge: bool
    harm_remains: bool
    conduct_ended_on: str
    decision_revoked_on: str
    reorganisation_approved_on: str
    reorganisation_completed_on: str
    penalty_ended_on: str
