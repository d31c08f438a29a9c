"""Triggered checks over HTTP: opened for a reason, closed with a result, counted apart."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.draws import triggered_checks
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import Caller, idempotency_key_of, purpose_of
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.draws.routes import _run_in_thread
from xhcredit_serving.draws.schemas import Id
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, service_of, warehouse_of

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
EXAMPLE_OPENED: dict[str, Any] = {"check": "ts-2026-0031", "state": "open", "counts": False}
EXAMPLE_CLOSED: dict[str, Any] = {"check": "ts-2026-0031", "state": "closed"}
EXAMPLE_LIST: dict[str, Any] = {
    "checks": [],
    "counted": [{"source": "complaint", "checks": 3, "open": 1, "counting": 0, "failed": 1}],
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewCheck(_Body):
    """A check to be opened today."""

    id: Annotated[Id, Field(examples=["ts-2026-0031"])]
    bureau: Annotated[Text, Field(examples=["市场监管局"])]
    code: Annotated[Text, Field(examples=[examples.CODE])]
    source: Annotated[Text, Field(examples=["complaint"])]
    reason: Annotated[Text, Field(examples=["举报经营场所无证照，已核实线索"])]
    reference: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""
    items: list[Text] = Field(min_length=1, max_length=50, examples=[["disclosure"]])


class CheckResult(_Body):
    """Request: result of a triggered check."""

    result: Annotated[Text, Field(examples=["corrected"])]
    inspected_on: Annotated[Text, Field(examples=["2026-07-10"])]
    note: Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")] = ""


class CheckCancellation(_Body):
    """Why a check does not take place."""

    reason: Annotated[Text, Field(examples=["投诉人撤回"])]


def _new_act(request: Request, caller: Caller, action: str, check: str, body: Any) -> Act:
    purpose, key = purpose_of(request.headers), idempotency_key_of(request.headers)
    payload = {"check": check}
    return Act(caller.name, f"check.{action}", purpose, caller.bureau, payload, key, body)


def _refuse_other_bureau(service: Service, caller: Caller, permission: str, check: str) -> None:
    check_record = service.store.triggered_checks.get(check)
    if not caller.may(permission, check_record["bureau"]):
        raise UnknownRecord(f'there is no check "{check}"; list them: /v1/triggered-checks')


@router.post(
    "/v1/triggered-checks",
    operation_id="check_open",
    summary="触发式检查立项 / open a triggered check",
    description="投诉举报、预警、移送等触发的检查，注明来源与理由；是否计入年度上限由当日规则决定。"
    "\n\nA check for a reason of its own; whether it counts toward the yearly cap is by the rules.",
    responses=declared_problems(400, 404, 409, 422) | {200: examples.json_example(EXAMPLE_OPENED)},
    openapi_extra=examples.purpose_parameters(),
)
async def open_check(request: Request, new_check: NewCheck) -> Response:
    """Open a triggered check."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    if not caller.may(DRAWS_RUN, service.official_bureau(new_check.bureau)):
        raise UnknownRecord("this bureau is not yours; open checks of your own bureau")
    act = _new_act(request, caller, "open", new_check.id, new_check.model_dump())
    check_fields = new_check.model_dump() | {"opened_on": service.today()}
    return await _run_in_thread(
        triggered_checks.open_check,
        service.store,
        act,
        check_fields,
        service.rulebook,
        service.today(),
    )


@router.get(
    "/v1/triggered-checks",
    operation_id="checks",
    summary="触发式检查列表 / triggered checks",
    description="本部门的触发式检查，及按来源计数；查询留痕。\n\n"
    "Triggered checks of one's bureaus, and how many by source; the reading is recorded.",
    responses=declared_problems(400) | {200: examples.json_example(EXAMPLE_LIST)},
    openapi_extra=examples.purpose_parameters(),
)
async def checks(request: Request) -> Response:
    """Checks and how many there are."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_READ)
    purpose = purpose_of(request.headers)
    scope = caller.scope(DRAWS_READ)
    check_rows = await asyncio.to_thread(service.store.triggered_checks.list_checks, scope)
    await service.journal.note(caller.act("check.list", purpose, checks=len(check_rows)))
    return RoundedJSON(
        {"checks": check_rows, "counted": triggered_checks.counts_by_source(check_rows)},
        headers=NO_STORE,
    )


@warehouse_router.post(
    "/v1/triggered-checks/{check}/result",
    operation_id="check_close",
    summary="录入触发式检查结果 / enter its result",
    description="结果归集为检查事件；再次录入即更正。\n\n"
    "The result becomes an inspection; entering again corrects it.",
    responses=declared_problems(400, 404, 409, 422) | {200: examples.json_example(EXAMPLE_CLOSED)},
    openapi_extra=examples.purpose_parameters(),
)
async def close(request: Request, check: CheckInPath, check_result: CheckResult) -> Response:
    """Close a check."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RESULTS)
    await asyncio.to_thread(_refuse_other_bureau, service, caller, DRAWS_RESULTS, check)
    act = _new_act(request, caller, "close", check, check_result.model_dump())
    arguments = (check, check_result.model_dump(), warehouse_of(service), service.today())
    return await _run_in_thread(triggered_checks.close_check, service.store, act, *arguments)


@router.post(
    "/v1/triggered-checks/{check}/calling-off",
    operation_id="check_call_off",
    summary="撤销触发式检查 / call a check off",
    description="检查前撤销，理由留存。\n\nBefore it took place; the reason is kept.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example(EXAMPLE_CLOSED | {"state": "called_off"})},
    openapi_extra=examples.purpose_parameters(),
)
async def call_off(
    request: Request, check: CheckInPath, cancellation: CheckCancellation
) -> Response:
    """Call a check off."""
    service = service_of(request)
    caller = await service.caller(request, DRAWS_RUN)
    await asyncio.to_thread(_refuse_other_bureau, service, caller, DRAWS_RUN, check)
    act = _new_act(request, caller, "call_off", check, cancellation.model_dump())
    return await _run_in_thread(
        triggered_checks.cancel_check,
        service.store,
        act,
        check,
        cancellation.reason,
        service.today(),
    )
