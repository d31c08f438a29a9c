"""Bodies and answers of alerts: what is unknown is null."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, cast

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from xhcredit.alerts.hits import Subject
from xhcredit.alerts.rows import AlertEvidence, AlertStepDetails, Verdict
from xhcredit.alerts.workflow import AlertState
from xhcredit.domain.calendar import ProvisionalNote
from xhcredit.domain.rows import closed_row
from xhcredit.jobs.alerts.rows import AlertChange, DatedAlert, TriggerPrecision
from xhcredit.rules.schemas.alerts import Colour, Measure
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.alerts.rows import AlertStanding, AlertStepRow
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit_serving.http import examples
from xhcredit_serving.http.paging import Cursor, PageFields

Act = Literal[
    "screen", "dismiss", "issue", "verify", "dispose", "feed_back", "close", "escalate", "snooze",
    "merge",
]  # fmt: skip
Number = Annotated[int, Field(ge=1, le=2**53)]
ShortText = Annotated[str, Field(max_length=100)]
TextList = Annotated[list[ShortText], Field(max_length=60)]
FreeText = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]


class AlertFilters(BaseModel):
    """Alert filters; omitted fields do not filter."""

    model_config = ConfigDict(extra="forbid")
    state: list[AlertState] = Field([], max_length=11, description="状态 / states")
    colour: list[Colour] = Field([], max_length=4, description="颜色 / colours")
    trigger: TextList = Field([], description="触发器 / triggers")
    street: TextList = Field([], description="街镇 / streets")
    owner: ShortText = Field("", description="承办人 / who follows it up")
    code: ShortText = Field("", description="统一社会信用代码 / of one enterprise")
    overdue: bool = Field(False, description="仅逾期 / only those overdue today")
    due_unknown: bool = Field(
        False,
        description="仅期限未知（工作日历尚未覆盖） / only those without a due day",
    )
    awake: bool = Field(False, description="不含暂缓 / without those snoozed today")

    def to_query(self, within: BureauScope, day: str) -> AlertQuery:
        """The question to the store; ``within`` are the bureaus that the caller may see."""
        return AlertQuery(
            within=within,
            states=frozenset(self.state),
            colours=frozenset(self.colour),
            triggers=_distinct(self.trigger),
            streets=_distinct(self.street),
            owner=self.owner.replace("\0", ""),
            code=self.code.replace("\0", "").strip().upper(),
            overdue_on=day if self.overdue else "",
            due_unknown=self.due_unknown,
            awake_on=day if self.awake else "",
        )


def _distinct(values: Iterable[str]) -> frozenset[str]:
    """Each value once; PostgreSQL takes no NUL in a text."""
    return frozenset(v.replace("\0", "") for v in values)


class AlertPageQuery(AlertFilters, PageFields):
    """A question for one page."""

    limit: int = Field(50, ge=1, le=500, description="每页至多几条 / rows of a page")


class AlertActions(BaseModel):
    """Request: one workflow action on several alerts, all or none."""

    model_config = ConfigDict(extra="forbid")
    alerts: Annotated[list[Number], Field(min_length=1, max_length=200, examples=[[7]])]
    act: Act
    reason: Annotated[FreeText, Field(min_length=1, examples=["现场核查属实"])]
    owner: FreeText = Field("", description="issue：承办人 / who follows it up")
    colour: Colour | None = Field(None, description="screen、issue：调整颜色 / another colour")
    verdict: Verdict | None = Field(None, description="verify")
    evidence: FreeText = Field("", description="verify：核查所见 / what was seen or heard")
    measure: Measure | None = Field(None, description="dispose：处置措施 / measure")
    check_code: FreeText = Field("", description="dispose：检查码 / code of a triggered check")
    result: FreeText = Field("", description="feed_back：办理结果 / what came of it")
    until: FreeText = Field("", description="snooze：暂缓至 / until which day")
    into: Number | None = Field(None, description="merge：并入哪一条 / the alert that goes on")

    def details(self) -> AlertStepDetails:
        """Parameters of the action, as given."""
        action_fields = self.model_dump(exclude={"alerts", "act", "reason"})
        filled_fields = {k: v for k, v in action_fields.items() if v not in ("", None)}
        return cast("AlertStepDetails", filled_fields)


class AlertStandingAnswer(TypedDict):
    """Where an alert stands; without a day: it has none, or nobody knows it."""

    state: AlertState
    colour: Colour
    owner: str
    due_on: str | None
    snoozed_until: str | None


@closed_row
class AlertAnswer(AlertStandingAnswer, ProvisionalNote):
    """An alert as it stands today.

    ``numbers`` is the digest of the trigger's numbers; ``code`` is empty where the subject is a
    shared node or an area.
    """

    number: Annotated[int, Field(examples=[7])]
    trigger: Annotated[str, Field(examples=["penalties_often"])]
    numbers: str
    family: str
    kind: Subject
    subject: Annotated[str, Field(examples=[examples.CODE])]
    fact: str
    code: str
    name: str
    bureau: Annotated[str, Field(examples=["市场监管局"])]
    street: str
    first_colour: Colour
    strength: float
    p: float | None
    detected_on: str
    earlier: Annotated[int | None, Field(description="同一对象的上一条 / the alert before")]
    evidence: AlertEvidence
    step: int
    overdue: bool
    due_unknown: bool


@closed_row
class AlertStepAnswer(AlertStandingAnswer):
    """A step of an alert: who did what, when and why, and where it then stood."""

    step: int
    act: Annotated[str, Field(examples=["screen"])]
    actor: str
    done_on: str
    reason: str
    details: AlertStepDetails


@closed_row
class AlertHistory(AlertAnswer):
    """An alert with every step."""

    steps: list[AlertStepAnswer]


@closed_row
class AlertPage(TypedDict):
    """A page of alerts, the latest first."""

    alerts: list[AlertAnswer]
    next: Cursor


@closed_row
class AlertChangeAnswer(AlertStandingAnswer, ProvisionalNote):
    """Where an alert stands after an act."""

    alert: Annotated[int, Field(examples=[7])]
    step: int


@closed_row
class AlertChanges(TypedDict):
    """Where each of the alerts stands after one act."""

    done: list[AlertChangeAnswer]


@closed_row
class TriggerPage(TypedDict):
    """A page of triggers with their precision."""

    triggers: list[TriggerPrecision]
    next: Cursor


def alert_answer(alert: DatedAlert) -> AlertAnswer:
    """An alert as it is answered."""
    return {
        "number": alert["id"],
        "trigger": alert["trigger"],
        "numbers": alert["numbers"],
        "family": alert["family"],
        "kind": alert["kind"],
        "subject": alert["subject"],
        "fact": alert["fact"],
        "code": alert["code"],
        "name": alert["name"],
        "bureau": alert["bureau"],
        "street": alert["street"],
        "first_colour": alert["first_colour"],
        "strength": alert["strength"],
        "p": alert["p"],
        "detected_on": alert["detected_on"],
        "earlier": alert["earlier"],
        "evidence": alert["evidence"],
        "step": alert["step"],
        **_standing_answer(alert),
        "overdue": alert["overdue"],
        "due_unknown": alert["due_unknown"],
        "provisional": alert["provisional"],
        "provisional_note": alert["provisional_note"],
    }


def step_answer(step: AlertStepRow) -> AlertStepAnswer:
    """A step of an alert as it is answered."""
    return {
        "step": step["step"],
        "act": step["act"],
        "actor": step["actor"],
        "done_on": step["done_on"],
        "reason": step["reason"],
        "details": step["details"],
        **_standing_answer(step),
    }


def change_answer(change: AlertChange) -> AlertChangeAnswer:
    """What became of an alert, as it is answered."""
    return {
        "alert": change["alert"],
        "step": change["step"],
        **_standing_answer(change),
        "provisional": change["provisional"],
        "provisional_note": change["provisional_note"],
    }


def _standing_answer(row: AlertStanding) -> AlertStandingAnswer:
    return {
        "state": row["state"],
        "colour": row["colour"],
        "owner": row["owner"],
        "due_on": row["due_on"] or None,
        "snoozed_until": row["snoozed_until"] or None,
    }
