"""Rows of triggered checks and of joint draws as the store gives them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.rows import closed_row
from xhcredit.draws.published_files import JointRecord, JointSummary

#: how far a triggered check is
CheckState = Literal["open", "closed", "called_off"]
CheckId = Annotated[str, Field(examples=["ts-2026-0031"])]


@closed_row
class CheckTerms(TypedDict):
    """What the rules of the day say of a check: field, form, whether the yearly cap counts it."""

    field: str
    form: str
    counts: Annotated[bool, Field(description="计入年度上限 / counts toward the yearly cap")]


@closed_row
class StoredCheck(CheckTerms):
    """A check as it was opened."""

    id: CheckId
    bureau: str
    code: str
    source: Annotated[str, Field(examples=["complaint"])]
    reason: str
    reference: Annotated[str, Field(description="投诉、预警或函件编号 / number of its letter")]
    items: list[str]
    opened_on: str


class _CheckStep(TypedDict):
    step: int
    recorded_at: str
    actor: str


@closed_row
class CheckOpenedStep(_CheckStep):
    """The check was opened."""

    state: Literal["open"]


@closed_row
class CheckOutcome(TypedDict):
    """What an inspection found, on which day, and on which day it was entered."""

    result: Annotated[str, Field(description="检查结果代码 / code of the result")]
    inspected_on: str
    note: str
    on: str


@closed_row
class CheckClosedStep(_CheckStep, CheckOutcome):
    """The check was closed with a result; again: corrected."""

    state: Literal["closed"]


@closed_row
class CheckCancellation(TypedDict):
    """Why a check did not take place, and on which day that was decided."""

    reason: str
    on: str


@closed_row
class CheckCancelledStep(_CheckStep, CheckCancellation):
    """The check was called off."""

    state: Literal["called_off"]


CheckStep = Annotated[
    CheckOpenedStep | CheckClosedStep | CheckCancelledStep, Field(discriminator="state")
]


@closed_row
class TriggeredCheckRow(StoredCheck):
    """A check with its steps; ``result`` is None before it is closed."""

    state: CheckState
    result: str | None
    steps: list[CheckStep]


@closed_row
class CheckOpened(TypedDict):
    """A check was opened."""

    check: CheckId
    state: Literal["open"]
    counts: bool


@closed_row
class CheckEnded(TypedDict):
    """A check was closed or called off."""

    check: CheckId
    state: CheckState


@closed_row
class JointDrawStored(TypedDict):
    """Draws were laid over one another: inspections, visits, and how many visits that saves."""

    joint: Annotated[str, Field(examples=["joint-2026-07"])]
    digest: str
    inspections: int
    visits: int
    saved: int


@closed_row
class ListedJointDraw(JointSummary):
    """A joint draw without its visits, with the digest of its record."""

    digest: str


@closed_row
class JointDrawWithVisits(JointRecord):
    """A joint draw with its visits, and the digest of its record."""

    digest: str
