"""Early-warning alerts over HTTP: list, precision, workflow actions."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.alerts.workflow import AlertAction
from xhcredit.errors import BadInput
from xhcredit.jobs.alerts.follow_up import (
    AlertContext,
    perform_on_alerts,
    precision_table,
    with_overdue,
)
from xhcredit.rules.schemas.alerts import Colour, Measure
from xhcredit.store.alerts.alert_queries import AlertQuery as Question
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit_serving.auth.authentication import Caller, idempotency_key_of, purpose_of
from xhcredit_serving.auth.permissions import ALERTS_ACT, ALERTS_READ
from xhcredit_serving.http import examples
from xhcredit_serving.http.examples import written_by_person
from xhcredit_serving.http.json_response import RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["alerts"])
NO_STORE = {"Cache-Control": "no-store"}
State = Literal[
    "detected", "screened", "dismissed", "issued", "verified", "disposed", "fed_back",
    "escalated", "closed", "merged", "expired",
]  # fmt: skip
Act = Literal[
    "screen", "dismiss", "issue", "verify", "dispose", "feed_back", "close", "escalate", "snooze",
    "merge",
]  # fmt: skip
Number = Annotated[int, Field(ge=1, le=2**53)]
ShortText = Annotated[str, Field(max_length=100)]
TextList = Annotated[list[ShortText], Field(max_length=60)]
FreeText = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]

EXAMPLE_ALERT = {
    "id": 7,
    "trigger": "penalties_often",
    "kind": "enterprise",
    "subject": examples.CODE,
    "code": examples.CODE,
    "name": "上海示例餐饮管理有限公司",
    "bureau": "市场监管局",
    "street": "香樟街道",
    "detected_on": "2026-06-30",
    "state": "issued",
    "colour": "yellow",
    "owner": "zhang.san",
    "due_on": "2026-07-14",
    "overdue": False,
    "due_unknown": False,
    "provisional": False,
    "provisional_note": None,
    "evidence": {"zh": "短期内多次行政处罚", "figures": {"events": 2, "days": 90}, "events": []},
}
STANDING = {"alert": 7, "step": 3, "state": "issued", "colour": "yellow", "due_on": "2026-07-14",
            "provisional": False, "provisional_note": None}  # fmt: skip
EXAMPLE_PRECISION = {
    "trigger": "penalties_often", "zh": "短期内多次行政处罚", "alerts": 40, "true": 18, "false": 9,
    "cannot_tell": 2, "precision": 0.667, "lowest": 0.478, "highest": 0.814,
    "propose_retirement": False, "in_force": True, "proof": None,
}  # fmt: skip


class AlertFilters(BaseModel):
    """Alert filters; omitted fields do not filter."""

    model_config = ConfigDict(extra="ignore")
    state: list[State] = Field([], max_length=11, description="状态 / states")
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

    def to_query(self, within: BureauScope, day: str) -> Question:
        """The question to the store; ``within`` are the bureaus that the caller may see."""
        return Question(
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


class AlertPageQuery(AlertFilters):
    """A question for one page."""

    limit: int = Field(50, ge=1, le=500, description="每页条数 / rows of a page")
    cursor: Number | None = Field(None, description="上一页的 next / next of the page before")


class AlertActions(BaseModel):
    """Request: one workflow action on several alerts, all or none."""

    model_config = ConfigDict(extra="forbid")
    alerts: Annotated[list[Number], Field(min_length=1, max_length=200, examples=[[7]])]
    act: Act
    reason: Annotated[FreeText, Field(min_length=1, examples=["现场核查属实"])]
    owner: FreeText = Field("", description="issue：承办人 / who follows it up")
    colour: Colour | None = Field(None, description="screen、issue：调整颜色 / another colour")
    verdict: Literal["true", "false", "cannot_tell"] | None = Field(None, description="verify")
    evidence: FreeText = Field("", description="verify：核查所见 / what was seen or heard")
    measure: Measure | None = Field(None, description="dispose：处置措施 / measure")
    check_code: FreeText = Field("", description="dispose：检查码 / code of a triggered check")
    result: FreeText = Field("", description="feed_back：办理结果 / what came of it")
    until: FreeText = Field("", description="snooze：暂缓至 / until which day")
    into: Number | None = Field(None, description="merge：并入哪一条 / the alert that goes on")

    def details(self) -> dict[str, Any]:
        """Parameters of the action, as given."""
        action_fields = self.model_dump(exclude={"alerts", "act", "reason"})
        return {k: v for k, v in action_fields.items() if v not in ("", None)}


def alert_rows(service: Service, query: Question) -> list[dict[str, Any]]:
    """Alerts of a query, marked whether they are overdue today."""
    rows, calendar = service.store.alerts.read_page(query), service.rulebook.calendar
    return with_overdue(rows, service.today(), calendar)


@router.get(
    "/v1/alerts",
    operation_id="alerts",
    summary="预警列表 / alerts",
    description="按状态、颜色、触发器、承办人、街镇、是否逾期筛选，最新在前，游标翻页；限本部门。\n\n"
    "Filtered, the latest first, paged by cursor; of one's own bureaus.",
    responses=declared_problems(400, 422)
    | {200: examples.json_example({"alerts": [EXAMPLE_ALERT], "next": 7})},
    openapi_extra=examples.purpose_parameters(),
)
async def alerts(request: Request, page_query: Annotated[AlertPageQuery, Query()]) -> Response:
    """Alerts, page by page."""
    service = service_of(request)
    caller = await service.caller(request, ALERTS_READ)
    purpose = purpose_of(request.headers)
    query = page_query.to_query(caller.scope(ALERTS_READ), service.today().isoformat())
    query = replace(query, before=page_query.cursor, limit=page_query.limit + 1)
    rows = await asyncio.to_thread(alert_rows, service, query)
    page_rows = rows[: page_query.limit]
    audit_payload = {
        "alerts": [r["id"] for r in page_rows],
        "codes": sorted({r["code"] for r in page_rows} - {""}),
    }
    await service.journal.note(caller.act("alert.list", purpose, **audit_payload))
    next_cursor = page_rows[-1]["id"] if len(rows) > page_query.limit else None
    return RoundedJSON({"alerts": page_rows, "next": next_cursor}, headers=NO_STORE)


@router.get(
    "/v1/alerts/precision",
    operation_id="alerts_precision",
    summary="触发器准确率 / precision of triggers",
    description="按核查结论统计各触发器的准确率及置信区间，附启用前回测；准确率显著过低的提议停用。\n\n"
    "By what officers verified, with intervals and the back-test; who cries wolf is proposed for "
    "retirement.",
    responses=declared_problems(404, 422)
    | {200: examples.json_example({"triggers": [EXAMPLE_PRECISION]})},
)
async def precision(request: Request) -> Response:
    """How right each trigger was."""
    service = service_of(request)
    caller = await service.caller(request, ALERTS_READ)
    case_context = AlertContext(service.store, service.rulebook, caller.scope(ALERTS_READ))
    precision_rows = await asyncio.to_thread(precision_table, case_context, service.today())
    return RoundedJSON({"triggers": precision_rows}, headers=NO_STORE)


@router.post(
    "/v1/alerts/acts",
    operation_id="alerts_act",
    summary="办理预警 / act on alerts",
    description="筛查、发布、核查、处置、反馈、关闭、升级、暂缓、合并，至多 200 条，"
    "全部办理或全部不办理；橙色、红色须两名人员办理。须登录，密钥不可办理。预警本身不改变等级。\n\n"
    "One act on up to 200 alerts, all or none. Orange and red take two officers. For people who "
    "are logged in. A warning alone changes no tier.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example({"done": [STANDING]})},
    openapi_extra=written_by_person(),
)
async def act(request: Request, actions: AlertActions) -> Response:
    """Do the same with alerts."""
    service = service_of(request)
    caller = await service.person(request, ALERTS_ACT)
    arguments = (purpose_of(request.headers), idempotency_key_of(request.headers), actions)
    outcomes = await asyncio.to_thread(act_on, service, caller, *arguments)
    return RoundedJSON({"done": outcomes}, headers=NO_STORE)


def act_on(
    service: Service, caller: Caller, purpose: str, key: str | None, actions: AlertActions
) -> list[dict[str, Any]]:
    """Do the same with alerts, once for a key.

    Raises:
        UnknownRecord, WrongState, TwoPersons, BadInput: as ``take``; then nothing was done.
    """
    action_fields = actions.model_dump(exclude_none=True)
    audited_act = caller.act_once(key, f"alert.{actions.act}", purpose, **action_fields)
    action = AlertAction(
        actions.act, service.today(), caller.name, actions.reason, actions.details()
    )
    case_context = AlertContext(service.store, service.rulebook, caller.scope(ALERTS_ACT))
    return perform_on_alerts(case_context, audited_act, actions.alerts, action)


@router.get(
    "/v1/alerts/{number}",
    operation_id="alert",
    summary="一条预警 / one alert",
    description="触发依据、相关事件及每一步办理。\n\nEvidence, the events behind it, every step.",
    responses=declared_problems(400, 404, 422)
    | {200: examples.json_example({**EXAMPLE_ALERT, "steps": []})},
    openapi_extra=examples.purpose_parameters(),
)
async def alert(
    request: Request, number: Annotated[int, Path(ge=1, le=2**53, examples=[7])]
) -> Response:
    """One alert with its evidence and steps."""
    service = service_of(request)
    caller = await service.caller(request, ALERTS_READ)
    purpose = purpose_of(request.headers)
    within = caller.scope(ALERTS_READ)
    alert_row = await asyncio.to_thread(service.store.alerts.get, number, within)
    audit_payload = {"alert": number, "codes": [alert_row["code"]] if alert_row["code"] else []}
    await service.journal.note(caller.act("alert.read", purpose, **audit_payload))
    alert = with_overdue([alert_row], service.today(), service.rulebook.calendar)[0]
    return RoundedJSON(alert, headers=NO_STORE)


def refuse_too_many(count: int, max_rows: int) -> None:
    """Refuse a file of more rows than a spreadsheet is made for.

    Raises:
        BadInput: it would have more.
    """
    if count > max_rows:
        raise BadInput(
            f"more than {max_rows} alerts are too many for a spreadsheet; narrow the filter"
        )
