"""Cases as JSON-ready rows: where an application stands, its clocks and its steps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from xhcredit.domain.calendar import ProvisionalNote
from xhcredit.domain.rows import BilingualText, closed_row
from xhcredit.jobs.scoring.rows import ScoreResult
from xhcredit.restoration.workflow import CaseState, Kind
from xhcredit.rules.schemas.restoration import RecordKind
from xhcredit.store.restoration.rows import ApplicationNumber, CaseStepDetails


class ScoreShift(TypedDict):
    """How a result moves; ``tier`` is before and after."""

    composite: float
    tier: list[str]


class ScoreWithoutRecord(TypedDict):
    """The result of a day with and without one record; ``record`` is what the warehouse says."""

    code: str
    mark: str
    provenance: dict[str, str]
    record: dict[str, str]
    before: ScoreResult
    after: ScoreResult
    change: ScoreShift


@closed_row
class CaseClock(BilingualText, ProvisionalNote):
    """A time limit of a case, running or finished; ``rule`` sets it."""

    step: str
    working_days: int
    since: str
    due_on: str | None
    done_on: str | None
    due_unknown: bool
    overdue: bool
    rule: str
    verification: str


@closed_row
class CaseStep(BilingualText):
    """A step of a case: who did what, when and why, and what was before the officer."""

    step: int
    act: Annotated[str, Field(examples=["accept"])]
    state: CaseState
    done_on: str
    official: str
    role: str
    reason: str
    details: CaseStepDetails


@closed_row
class Case(TypedDict):
    """An application or objection as it stands on a day (``as_of``)."""

    application: ApplicationNumber
    kind: Kind
    code: str
    record: Annotated[RecordKind, Field(description="记录种类 / table of the directory")]
    key: Annotated[
        dict[str, str],
        Field(description="文号等 / key columns", examples=[{"doc_no": "沪市监徐〔2026〕1号"}]),
    ]
    bureau: str
    filed_on: str
    state: CaseState
    state_said: BilingualText
    possible: Annotated[
        list[str],
        Field(
            description="现在可以办理的步骤 / acts that fit now", examples=[["accept", "return"]]
        ),
    ]
    overdue: bool
    due_unknown: bool
    as_of: str
    clocks: list[CaseClock]
    steps: list[CaseStep]
