"""Applications for restoration, and objections: filed, dealt with step by step, overdue or not."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.jobs.restoration import applications
from xhcredit.jobs.restoration.application_pages import CaseQuery, case_page
from xhcredit.jobs.restoration.records import RecordKey
from xhcredit.restoration.workflow import STATES, TRANSITIONS, Kind
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.authentication import (
    Caller,
    idempotency_key_of,
    purpose_of,
    refuse_hidden,
)
from xhcredit_serving.auth.permissions import (
    RESTORATION_DECIDE,
    RESTORATION_FILE,
    RESTORATION_READ,
)
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import validated_code
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.restoration import schemas
from xhcredit_serving.restoration.assessment import warehouse_router
from xhcredit_serving.restoration.candidates import router as candidates_router
from xhcredit_serving.service import Service, service_of, warehouse_of

#: only where a warehouse is: records are looked up there
router = APIRouter(tags=["restoration"])
_MAX_NUMBER = 2**53
Number = Annotated[int, Path(ge=1, le=_MAX_NUMBER, description="申请编号 / number")]
OnDay = Annotated[date | None, Query(description="超期按此日计，默认今日 / overdue as of a day")]
_ZH = {"restoration": "修复申请", "objection": "异议"}
_PATHS: dict[Kind, str] = {
    "restoration": "/v1/restoration/applications", "objection": "/v1/restoration/objections",
}  # fmt: skip


def _case_context(service: Service) -> applications.CaseContext:
    return applications.CaseContext(service.store, service.rulebook, warehouse_of(service))


async def _file_application(
    request: Request, new_application: schemas.NewApplication, kind: Kind
) -> Response:
    """File for the enterprise; the record must be of the caller's bureau."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_FILE)
    code, applicant = (
        validated_code(new_application.code),
        validated_code(new_application.applicant),
    )
    audit_payload = {"code": code, "table": new_application.table, "key": new_application.key}
    act = _new_act(
        request, caller, f"{kind}.file", audit_payload, new_application.model_dump(mode="json")
    )
    new_application = new_application.model_copy(update={"code": code, "applicant": applicant})
    arguments = (_case_context(service), caller, act, new_application, kind, service.today())
    return RoundedJSON(await asyncio.to_thread(file_for, *arguments), headers=NO_STORE)


def file_for(
    case_context: applications.CaseContext,
    caller: Caller,
    act: Act,
    new_application: schemas.NewApplication,
    kind: Kind,
    filed_on: date,
) -> dict[str, Any]:
    """File an application; the record must be of the caller's bureau."""
    record_key, facts = (
        RecordKey(new_application.table, new_application.key),
        schemas.facts_of(new_application.facts),
    )
    filing = applications.CaseRequest(
        kind,
        new_application.applicant,
        new_application.code,
        record_key,
        facts,
        new_application.reason,
    )
    refuse_hidden(caller, RESTORATION_FILE, applications.agency_of(case_context, filing, filed_on))
    return applications.file_case(case_context, act, filing, filed_on)


def _new_act(
    request: Request, caller: Caller, action: str, payload: dict[str, Any], body: Any
) -> Act:
    """The act of a write, with its key; the whole body makes the request."""
    purpose = purpose_of(request.headers)
    return Act(
        caller.name,
        action,
        purpose,
        caller.bureau,
        payload,
        idempotency_key_of(request.headers),
        body,
    )


async def _take_step(
    request: Request, number: int, new_step: schemas.NewStep, kind: Kind
) -> Response:
    """Apply a workflow step: of the applicant (right to file) or an official (right to decide)."""
    service = service_of(request)
    move = TRANSITIONS[kind].get(new_step.act)
    by_applicant = move is not None and not move.by_official
    permission = RESTORATION_FILE if by_applicant else RESTORATION_DECIDE
    caller = await service.caller(request, permission)
    if move is None or new_step.act == "file":
        step_names = ", ".join(name for name in TRANSITIONS[kind] if name != "file")
        raise BadInput(f'unknown step "{new_step.act}"; choose one of: {step_names}')
    await asyncio.to_thread(visible_application, service, caller, permission, number, kind)
    body = [number, new_step.model_dump(mode="json")]
    act = _new_act(request, caller, f"{kind}.{new_step.act}", {"application": number}, body)
    action = applications.CaseAction(
        new_step.act,
        service.today(),
        new_step.official,
        new_step.role,
        new_step.reason,
        new_step.details(),
    )
    outcome = await asyncio.to_thread(
        applications.perform_on_case, _case_context(service), act, number, action
    )
    return RoundedJSON(outcome, headers=NO_STORE)


def visible_application(
    service: Service, caller: Caller, permission: str, number: int, kind: Kind
) -> dict[str, Any]:
    """An application that the caller may see."""
    application = service.store.applications.get(number)
    if application["kind"] != kind or not caller.may(permission, application["bureau"]):
        raise UnknownRecord(f"there is no application {number}; list them to find its number")
    return application


async def _read_application(request: Request, number: int, on: date | None, kind: Kind) -> Response:
    """One application, with its clocks as of a day."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_READ)
    purpose = purpose_of(request.headers)
    application = await asyncio.to_thread(
        visible_application, service, caller, RESTORATION_READ, number, kind
    )
    response_body = applications.case_data(application, on or service.today(), service.rulebook)
    audit_payload = {"application": number, "code": application["code"]}
    await service.journal.note(caller.act(f"{kind}.read", purpose, **audit_payload))
    return RoundedJSON(response_body, headers=NO_STORE)


class ApplicationFilters(schemas.Body):
    """Which applications, and from where on."""

    state: list[str] = Field([], max_length=len(STATES))
    code: str = Field("", max_length=64)
    overdue: bool = False
    due_unknown: bool = False
    on: date | None = None
    before: int | None = Field(None, ge=1, le=_MAX_NUMBER)
    limit: int = Field(50, ge=1, le=200)


async def _list_applications(request: Request, filters: ApplicationFilters, kind: Kind) -> Response:
    """Applications, the latest first, steps and clocks with them."""
    service = service_of(request)
    caller = await service.caller(request, RESTORATION_READ)
    purpose = purpose_of(request.headers)
    unknown_states = sorted(set(filters.state) - set(STATES))
    if unknown_states:
        raise BadInput(f'unknown state "{unknown_states[0]}"; choose from: {", ".join(STATES)}')
    code = validated_code(filters.code) if filters.code else ""
    application_query = CaseQuery(
        kind,
        frozenset(filters.state),
        caller.scope(RESTORATION_READ),
        code,
        filters.overdue,
        filters.due_unknown,
        filters.before,
        filters.limit,
    )
    today = service.today()
    day = filters.on or today
    application_page = await asyncio.to_thread(
        case_page, service.store, service.rulebook, application_query, day, today
    )
    audit_payload = {"codes": sorted({row["code"] for row in application_page.rows})}
    await service.journal.note(caller.act(f"{kind}.list", purpose, **audit_payload))
    return RoundedJSON(
        {"applications": application_page.rows, "next": application_page.next}, headers=NO_STORE
    )


def _add_collection_routes(kind: Kind, path: str) -> None:
    """Add the routes of the collection: file and list."""
    zh = _ZH[kind]

    @router.post(
        path,
        operation_id=f"{kind}_file",
        summary=f"提出{zh} / file",
        description="申请人须为记录主体；由作出决定的部门办理。同一记录已在办的返回 409。\n\n"
        "The applicant must be the enterprise of the record. 409 while one is under way.",
        responses=declared_problems(400, 404, 409, 422)
        | {200: examples.json_example(schemas.EXAMPLE_FILED)},
        openapi_extra=schemas.write_parameters(),
    )
    async def file(request: Request, new_application: schemas.NewApplication) -> Response:
        return await _file_application(request, new_application, kind)

    @router.get(
        path,
        operation_id=f"{kind}_list",
        summary=f"{zh}列表 / list",
        description="按状态、企业、超期筛选，最新在前；翻页用 before=上一页的 next。\n\n"
        "Filtered, the latest first; for the next page give next as before.",
        responses=declared_problems(400, 404, 422)
        | {
            200: examples.json_example(
                {"applications": [schemas.EXAMPLE_APPLICATION], "next": None}
            )
        },
        openapi_extra=examples.purpose_parameters(),
    )
    async def page(request: Request, filters: Annotated[ApplicationFilters, Query()]) -> Response:
        return await _list_applications(request, filters, kind)


def _add_item_routes(kind: Kind, path: str) -> None:
    """The addresses for one of them, and for the next step."""
    zh = _ZH[kind]
    step_texts = "、".join(
        f"{name} {move.text.zh}" for name, move in TRANSITIONS[kind].items() if name != "file"
    )

    @router.get(
        path + "/{number}",
        operation_id=f"{kind}_one",
        summary=f"单件{zh} / one",
        description="各步骤（何人、何时、为何、所见的评估）与各时限；可问任一日是否超期。\n\n"
        "Every step, with the assessment that the officer saw, and every clock as of a day.",
        responses=declared_problems(400, 404, 422)
        | {200: examples.json_example(schemas.EXAMPLE_APPLICATION)},
        openapi_extra=examples.purpose_parameters(),
    )
    async def read_one(request: Request, number: Number, on: OnDay = None) -> Response:
        return await _read_application(request, number, on, kind)

    @router.post(
        path + "/{number}/steps",
        operation_id=f"{kind}_step",
        summary=f"办理{zh} / do a step",
        description=f"act：{step_texts}。次序不符返回 409；两人同时办理仅一人成功。\n\n"
        "Out of order is 409; of two officers at once one wins.",
        responses=declared_problems(400, 404, 409, 422)
        | {200: examples.json_example({**schemas.EXAMPLE_FILED, "step": 2, "state": "accepted"})},
        openapi_extra=schemas.write_parameters(),
    )
    async def step(request: Request, number: Number, new_step: schemas.NewStep) -> Response:
        return await _take_step(request, number, new_step, kind)


for _kind, _path in _PATHS.items():
    _add_collection_routes(_kind, _path)
    _add_item_routes(_kind, _path)

#: all addresses that need a warehouse
ROUTERS = (warehouse_router, candidates_router, router)
