"""Triggered checks over HTTP: opened for a reason, closed with a result, counted apart."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.draws import triggered_checks
from xhcredit.store.draws.check_rows import CheckEnded, CheckOpened, TriggeredCheckRow
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.dependencies import Reading, ServiceDep, reading_with
from xhcredit_serving.draws.routes import Drawing, EnteringResults
from xhcredit_serving.draws.schemas import CheckPage, Id, RequestBody
from xhcredit_serving.http import examples
from xhcredit_serving.http.paging import PageQueryDep
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, warehouse_of

router = APIRouter(tags=["draws"])
#: only where a warehouse is: results go into it
warehouse_router = APIRouter(tags=["draws"])

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
CheckInPath = Annotated[
    str,
    Path(
        pattern="^[a-z0-9][a-z0-9-]{0,63}$",
        description="检查编号 / id of the check",
        examples=["ts-2026-0031"],
    ),
]
CheckReading = Annotated[Reading, Depends(reading_with(DRAWS_READ))]


class NewCheck(RequestBody):
    """A check to be opened today."""

    id: Annotated[Id, Field(examples=["ts-2026-0031"])]
    bureau: Annotated[Text, Field(examples=["市场监管局"])]
    code: Annotated[Text, Field(examples=[examples.CODE])]
    source: Annotated[Text, Field(examples=["complaint"])]
    reason: Annotated[Text, Field(examples=["举报经营场所无证照，已核实线索"])]
    reference: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""
    items: list[Text] = Field(min_length=1, max_length=50, examples=[["disclosure"]])


class CheckResult(RequestBody):
    """Request: result of a triggered check."""

    result: Annotated[Text, Field(examples=["corrected"])]
    inspected_on: Annotated[Text, Field(examples=["2026-07-10"])]
    note: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


class NewCancellation(RequestBody):
    """Why a check does not take place."""

    reason: Annotated[Text, Field(examples=["投诉人撤回"])]


def _check_of_bureau(
    service: Service, caller: Caller, permission: str, check: str
) -> TriggeredCheckRow:
    """A check of a bureau for which the caller may do this.

    Raises:
        UnknownRecord: there is none.
    """
    check_row = service.store.triggered_checks.get(check)
    if not caller.may(permission, check_row["bureau"]):
        raise UnknownRecord(f'there is no check "{check}"; list them: /v1/triggered-checks')
    return check_row


@router.post(
    "/v1/triggered-checks",
    operation_id="open_check",
    summary="触发式检查立项 / open a triggered check",
    description="投诉举报、预警、移送等触发的检查，注明来源与理由；是否计入年度上限由当日规则决定。"
    "\n\nA check for a reason of its own; whether it counts toward the yearly cap is by the rules.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def open_check(
    opening: Drawing, service: ServiceDep, new_check: NewCheck, response: Response
) -> CheckOpened:
    """Open a triggered check."""
    if not opening.caller.may(DRAWS_RUN, service.official_bureau(new_check.bureau)):
        raise UnknownRecord("this bureau is not yours; open checks of your own bureau")
    act = opening.act("check.open", new_check.model_dump(), check=new_check.id)
    today = service.today()
    check_fields = new_check.model_dump() | {"opened_on": today}
    response.headers["Location"] = f"/v1/triggered-checks/{new_check.id}"
    return triggered_checks.open_check(service.store, act, check_fields, service.rulebook, today)


@router.get(
    "/v1/triggered-checks",
    operation_id="list_checks",
    summary="触发式检查列表 / triggered checks",
    description="本部门的触发式检查，最新在前，及按来源计数（全部，不限本页）；查询留痕。\n\n"
    "Triggered checks of one's bureaus, the latest first, and how many of all by source; the "
    "reading is recorded.",
    responses=declared_problems(400, 422),
)
async def list_checks(reading: CheckReading, service: ServiceDep, page: PageQueryDep) -> CheckPage:
    """Checks, a page of them, and how many there are."""
    scope = reading.caller.scope(DRAWS_READ)
    check_rows = await asyncio.to_thread(service.store.triggered_checks.list_checks, scope)
    page_rows, next_cursor = page.cut(check_rows, key=lambda check: check["id"])
    await service.journal.note(reading.act("check.list", checks=len(page_rows)))
    counted = triggered_checks.counts_by_source(check_rows)
    return {"checks": page_rows, "counted": counted, "next": next_cursor}


@router.get(
    "/v1/triggered-checks/{check}",
    operation_id="get_check",
    summary="单个触发式检查 / one triggered check",
    description="来源、理由、步骤与结果；查询留痕。\n\n"
    "Its source, reason, steps and result; the reading is recorded.",
    responses=declared_problems(400, 404, 422),
)
async def get_check(
    reading: CheckReading, service: ServiceDep, check: CheckInPath
) -> TriggeredCheckRow:
    """A check with its steps."""
    caller = reading.caller
    check_row = await asyncio.to_thread(_check_of_bureau, service, caller, DRAWS_READ, check)
    await service.journal.note(reading.act("check.read", check=check, code=check_row["code"]))
    return check_row


@warehouse_router.post(
    "/v1/triggered-checks/{check}/results",
    operation_id="close_check",
    summary="录入触发式检查结果 / enter its result",
    description="结果归集为检查事件；再次录入即更正。\n\n"
    "The result becomes an inspection; entering again corrects it.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def close_check(
    entering: EnteringResults,
    service: ServiceDep,
    check: CheckInPath,
    check_result: CheckResult,
    response: Response,
) -> CheckEnded:
    """Close a check."""
    _check_of_bureau(service, entering.caller, DRAWS_RESULTS, check)
    act = entering.act("check.close", check_result.model_dump(), check=check)
    response.headers["Location"] = f"/v1/triggered-checks/{check}"
    return triggered_checks.close_check(
        service.store,
        act,
        check,
        check_result.model_dump(),
        warehouse_of(service),
        service.today(),
    )


@router.post(
    "/v1/triggered-checks/{check}:cancel",
    operation_id="cancel_check",
    summary="撤销触发式检查 / call a check off",
    description="检查前撤销，理由留存。\n\nBefore it took place; the reason is kept.",
    responses=declared_problems(400, 404, 409, 422),
)
def cancel_check(
    cancelling: Drawing, service: ServiceDep, check: CheckInPath, cancellation: NewCancellation
) -> CheckEnded:
    """Call a check off."""
    _check_of_bureau(service, cancelling.caller, DRAWS_RUN, check)
    act = cancelling.act("check.call_off", cancellation.model_dump(), check=check)
    return triggered_checks.cancel_check(
        service.store, act, check, cancellation.reason, service.today()
    )
