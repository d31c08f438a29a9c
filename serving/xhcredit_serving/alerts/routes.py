"""Early-warning alerts over HTTP: list, precision, workflow actions."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from xhcredit.alerts.workflow import AlertAction
from xhcredit.jobs.alerts.follow_up import (
    AlertContext,
    due_state,
    perform_on_alerts,
    precision_table,
    with_overdue,
)
from xhcredit.jobs.alerts.rows import AlertChange, DatedAlert, DatedAlertWithSteps
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit_serving.alerts import schemas
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import ALERTS_ACT, ALERTS_READ
from xhcredit_serving.dependencies import (
    Reading,
    ServiceDep,
    Writing,
    caller_with,
    reading_with,
    written_by_person_with,
)
from xhcredit_serving.http.paging import PageQueryDep, keyset_cursor, number_after
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service

router = APIRouter(tags=["alerts"])
AlertReader = Annotated[Caller, Depends(caller_with(ALERTS_READ))]
AlertReading = Annotated[Reading, Depends(reading_with(ALERTS_READ))]
AlertActing = Annotated[Writing, Depends(written_by_person_with(ALERTS_ACT))]
_LIST = "alerts"


def alert_rows(service: Service, query: AlertQuery) -> list[DatedAlert]:
    """Alerts of a query, marked whether they are overdue today."""
    rows, calendar = service.store.alerts.read_page(query), service.rulebook.calendar
    return with_overdue(rows, service.today(), calendar)


def alert_with_steps(service: Service, number: int, within: BureauScope) -> DatedAlertWithSteps:
    """An alert with its steps, marked whether it is overdue today.

    Raises:
        UnknownRecord: there is none within these bureaus.
    """
    alert = service.store.alerts.get(number, within)
    return {**alert, **due_state(alert, service.today(), service.rulebook.calendar)}


@router.get(
    "/v1/alerts",
    operation_id="list_alerts",
    summary="预警列表 / alerts",
    description="按状态、颜色、触发器、承办人、街镇、是否逾期筛选，最新在前，游标翻页；限本部门。\n\n"
    "Filtered, the latest first, paged by cursor; of one's own bureaus.",
    responses=declared_problems(400, 422),
)
async def list_alerts(
    reading: AlertReading,
    service: ServiceDep,
    page_query: Annotated[schemas.AlertPageQuery, Query()],
) -> schemas.AlertPage:
    """Alerts, page by page."""
    scope, today = reading.caller.scope(ALERTS_READ), service.today().isoformat()
    before = number_after(page_query, _LIST)
    query = replace(page_query.to_query(scope, today), before=before, limit=page_query.limit + 1)
    rows = await asyncio.to_thread(alert_rows, service, query)
    page_rows = rows[: page_query.limit]
    act = reading.act(
        "alert.list",
        alerts=[r["id"] for r in page_rows],
        codes=sorted({r["code"] for r in page_rows} - {""}),
    )
    await service.journal.note(act)
    is_last = len(rows) <= page_query.limit
    next_cursor = None if is_last else keyset_cursor(page_query, _LIST, page_rows[-1]["id"])
    return {"alerts": [schemas.alert_answer(row) for row in page_rows], "next": next_cursor}


@router.get(
    "/v1/alert-triggers",
    operation_id="list_alert_triggers",
    summary="触发器准确率 / precision of triggers",
    description="按核查结论统计各触发器的准确率及置信区间，附启用前回测；准确率显著过低的提议停用。\n\n"
    "By what officers verified, with intervals and the back-test; who cries wolf is proposed for "
    "retirement.",
    responses=declared_problems(400, 404, 422),
)
def list_alert_triggers(
    caller: AlertReader, service: ServiceDep, page: PageQueryDep
) -> schemas.TriggerPage:
    """How right each trigger was."""
    context = AlertContext(service.store, service.rulebook, caller.scope(ALERTS_READ))
    precision_rows = precision_table(context, service.today())
    page_rows, next_cursor = page.cut(precision_rows, key=lambda row: row["trigger"])
    return {"triggers": page_rows, "next": next_cursor}


@router.post(
    "/v1/alerts:act",
    operation_id="act_on_alerts",
    summary="办理预警 / act on alerts",
    description="筛查、发布、核查、处置、反馈、关闭、升级、暂缓、合并，至多 200 条，"
    "全部办理或全部不办理；橙色、红色须两名人员办理。须登录，密钥不可办理。预警本身不改变等级。\n\n"
    "One act on up to 200 alerts, all or none. Orange and red take two officers. For people who "
    "are logged in. A warning alone changes no tier.",
    responses=declared_problems(400, 404, 409, 422),
)
def act_on_alerts(
    acting: AlertActing, service: ServiceDep, actions: schemas.AlertActions
) -> schemas.AlertChanges:
    """Do the same with alerts."""
    changes = act_on(service, acting.caller, acting.purpose, acting.key, actions)
    return {"done": [schemas.change_answer(change) for change in changes]}


def act_on(
    service: Service,
    caller: Caller,
    purpose: str,
    key: str | None,
    actions: schemas.AlertActions,
) -> list[AlertChange]:
    """Do the same with alerts, once for a key.

    Raises:
        UnknownRecord, WrongState, TwoPersons, BadInput: as ``perform_on_alerts``; then nothing
            was done.
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
    operation_id="get_alert",
    summary="一条预警 / one alert",
    description="触发依据、相关事件及每一步办理。\n\nEvidence, the events behind it, every step.",
    responses=declared_problems(400, 404, 422),
)
async def get_alert(
    reading: AlertReading,
    service: ServiceDep,
    number: Annotated[int, Path(ge=1, le=2**53, description="预警编号 / number", examples=[7])],
) -> schemas.AlertHistory:
    """One alert with its evidence and steps."""
    scope = reading.caller.scope(ALERTS_READ)
    alert = await asyncio.to_thread(alert_with_steps, service, number, scope)
    codes = [alert["code"]] if alert["code"] else []
    await service.journal.note(reading.act("alert.read", alert=number, codes=codes))
    steps = [schemas.step_answer(step) for step in alert["steps"]]
    return {**schemas.alert_answer(alert), "steps": steps}
