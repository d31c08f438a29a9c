"""Rows of applications as the store gives them; days are ``YYYY-MM-DD``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.restoration.record import Authority
from xhcredit.restoration.rows import AssessmentRow, ProvenFacts, RecordRow
from xhcredit.restoration.workflow import CaseState, Kind
from xhcredit.rules.schemas.restoration import RecordKind, SeverityName

ApplicationNumber = Annotated[int, Field(description="申请编号 / number", examples=[7])]


@closed_row
class CaseStepTaken(TypedDict):
    """A step of an application was taken, and the state after it."""

    application: ApplicationNumber
    step: Annotated[int, Field(description="第几步 / number of the step", examples=[2])]
    state: CaseState


@closed_row
class CaseStepDetails(TypedDict, total=False):
    """What was brought or found at a step; a step has those details that its act calls for.

    They are stored as they were then, so what a step lacks is left out rather than null.
    """

    record: RecordRow
    facts: ProvenFacts
    assessment: AssessmentRow
    rulebook_digest: str
    severity: SeverityName
    despite_unmet: bool
    false_materials: bool
    broken_pledge: bool
    platforms: list[str]


class CaseStepRow(TypedDict):
    """A step of an application."""

    application: int
    step: int
    act: str
    state: CaseState
    done_on: str
    official: str
    role: str
    reason: str
    details: CaseStepDetails
    activity: int


class CaseRow(TypedDict):
    """An application or objection with its steps; ``key`` names the record in its table."""

    id: int
    kind: Kind
    code: str
    record: RecordKind
    key: dict[str, str]
    authority: Authority
    bureau: str
    filed_on: str
    activity: int
    state: CaseState
    steps: list[CaseStepRow]


@closed_row
class RecordApplication(TypedDict):
    """The latest application about a record, and its state."""

    application: ApplicationNumber
    state: CaseState
