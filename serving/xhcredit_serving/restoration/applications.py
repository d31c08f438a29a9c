"""Applications for restoration, and objections: filed, dealt with step by step, overdue or not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from starlette.responses import Response

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.jobs.restoration import applications
from xhcredit.jobs.restoration.application_pages import CasePage, CaseQuery, case_page
from xhcredit.jobs.restoration.records import RecordKey
from xhcredit.jobs.restoration.rows import Case, CaseStep
from xhcredit.restoration.workflow import STATES, TRANSITIONS, Kind
from xhcredit.store.core.transactions import Act
from xhcredit.store.restoration.rows import CaseRow, CaseStepTaken
from xhcredit_serving.auth.authentication import Caller, refuse_hidden, refuse_without
from xhcredit_serving.auth.permissions import (
    RESTORATION_DECIDE,
    RESTORATION_FILE,
    RESTORATION_READ,
)
from xhcredit_serving.dependencies import (
    Reading,
    ServiceDep,
    Writing,
    reading_with,
    writing_with,
)
from xhcredit_serving.http.field_types import validated_code
from xhcredit_serving.http.paging import PageFields, keyset_cursor, number_after
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.restoration import schemas
from xhcredit_serving.restoration.assessment import warehouse_router
from xhcredit_serving.restoration.candidates import router as candidates_router
from xhcredit_serving.service import Service, warehouse_of

#: only where a warehouse is: records are looked up there
router = APIRouter(tags=["restoration"])
CaseReading = Annotated[Reading, Depends(reading_with(RESTORATION_READ))]
CaseFiling = Annotated[Writing, Depends(writing_with(RESTORATION_FILE))]
#: which further permission a step needs is known from its act
CaseStepping = Annotated[Writing, Depends(writing_with(RESTORATION_READ))]
Number = Annotated[int, Path(ge=1, le=2**53, description="申请编号 / number", examples=[7])]
StepNumber = Annotated[int, Path(ge=1, le=2**31 - 1, description="第几步 / step", examples=[2])]
OnDay = Annotated[date | None, Query(description="超期按此日计，默认今日 / overdue as of a day")]


@dataclass(frozen=True)
class _Collection:
    """One kind of cases over HTTP: its address, its names and the model of its pages."""

    kind: Kind
    noun: str
    zh: str
    page_type: type[schemas.ApplicationPage] | type[schemas.ObjectionPage]

    @property
    def path(self) -> str:
        """Where its cases are."""
        return f"/v1/restoration/{self.noun}s"


_COLLECTIONS = (
    _Collection("restoration", "application", "修复申请", schemas.ApplicationPage),
    _Collection("objection", "objection", "异议", schemas.ObjectionPage),
)


def _case_context(service: Service) -> applications.CaseContext:
    return applications.CaseContext(service.store, service.rulebook, warehouse_of(service))


def _file_application(
    service: Service, filing: Writing, new_application: schemas.NewApplication, kind: Kind
) -> CaseStepTaken:
    """File for the enterprise; the record must be of the caller's bureau."""
    code = validated_code(new_application.code)
    applicant = validated_code(new_application.applicant)
    act = filing.act(
        f"{kind}.file",
        new_application.model_dump(mode="json"),
        code=code,
        table=new_application.table,
        key=new_application.key,
    )
    new_application = new_application.model_copy(update={"code": code, "applicant": applicant})
    return file_for(
        _case_context(service), filing.caller, act, new_application, kind, service.today()
    )


def file_for(
    case_context: applications.CaseContext,
    caller: Caller,
    act: Act,
    new_application: schemas.NewApplication,
    kind: Kind,
    filed_on: date,
) -> CaseStepTaken:
    """File an application; the record must be of the caller's bureau."""
    filing = applications.CaseRequest(
        kind,
        new_application.applicant,
        new_application.code,
        RecordKey(new_application.table, new_application.key),
        schemas.facts_of(new_application.facts),
        new_application.reason,
    )
    refuse_hidden(caller, RESTORATION_FILE, applications.agency_of(case_context, filing, filed_on))
    return applications.file_case(case_context, act, filing, filed_on)


def _take_step(
    service: Service, stepping: Writing, number: int, new_step: schemas.NewStep, kind: Kind
) -> CaseStepTaken:
    """Apply a workflow step: of the applicant (right to file) or an official (right to decide)."""
    move = TRANSITIONS[kind].get(new_step.act)
    by_applicant = move is not None and not move.by_official
    permission = RESTORATION_FILE if by_applicant else RESTORATION_DECIDE
    refuse_without(stepping.caller, permission)
    if move is None or new_step.act == "file":
        step_names = ", ".join(name for name in TRANSITIONS[kind] if name != "file")
        raise BadInput(f'unknown step "{new_step.act}"; choose one of: {step_names}')
    visible_application(service, stepping.caller, permission, number, kind)
    request_body = [number, new_step.model_dump(mode="json")]
    act = stepping.act(f"{kind}.{new_step.act}", request_body, application=number)
    action = action_of(new_step, service.today())
    return applications.perform_on_case(_case_context(service), act, number, action)


def action_of(new_step: schemas.NewStep, today: date) -> applications.CaseAction:
    """A step as it is performed on a case today."""
    return applications.CaseAction(
        new_step.act,
        today,
        new_step.official,
        new_step.role,
        new_step.reason,
        new_step.details(),
    )


def visible_application(
    service: Service, caller: Caller, permission: str, number: int, kind: Kind
) -> CaseRow:
    """An application that the caller may see."""
    application = service.store.applications.get(number)
    if application["kind"] != kind or not caller.may(permission, application["bureau"]):
        raise UnknownRecord(f"there is no application {number}; list them to find its number")
    return application


async def _read_application(service: Service, reading: Reading, number: int, kind: Kind) -> CaseRow:
    """An application that the caller may see; the read is audited."""
    application = await asyncio.to_thread(
        visible_application, service, reading.caller, RESTORATION_READ, number, kind
    )
    act = reading.act(f"{kind}.read", application=number, code=application["code"])
    await service.journal.note(act)
    return application


class ApplicationFilters(PageFields):
    """Which applications, and which page of them."""

    state: list[str] = Field([], max_length=len(STATES))
    code: str = Field("", max_length=64)
    overdue: bool = False
    due_unknown: bool = False
    on: date | None = None
    limit: int = Field(50, ge=1, le=200, description="每页至多几条 / rows of a page")

    def to_query(self, kind: Kind, bureaus: frozenset[str] | None) -> CaseQuery:
        """The query of the store; ``bureaus`` are those that the caller may see.

        Raises:
            BadInput: an unknown state, or a cursor of another list.
            WrongCodes: the code is none.
        """
        unknown_states = sorted(set(self.state) - set(STATES))
        if unknown_states:
            raise BadInput(f'unknown state "{unknown_states[0]}"; choose from: {", ".join(STATES)}')
        return CaseQuery(
            kind,
            frozenset(self.state),
            bureaus,
            validated_code(self.code) if self.code else "",
            self.overdue,
            self.due_unknown,
            number_after(self, kind),
            self.limit,
        )


async def _list_applications(
    service: Service, reading: Reading, filters: ApplicationFilters, kind: Kind
) -> tuple[CasePage, str | None]:
    """A page of applications, the latest first, and the cursor of the next."""
    query = filters.to_query(kind, reading.caller.scope(RESTORATION_READ))
    today = service.today()
    page = await asyncio.to_thread(
        case_page, service.store, service.rulebook, query, filters.on or today, today
    )
    codes = sorted({row["code"] for row in page.rows})
    await service.journal.note(reading.act(f"{kind}.list", codes=codes))
    return page, None if page.next is None else keyset_cursor(filters, kind, page.next)


def _add_collection_routes(collection: _Collection) -> None:
    """Add the routes of the collection: file and list."""
    kind, noun, zh, path = collection.kind, collection.noun, collection.zh, collection.path

    @router.post(
        path,
        operation_id=f"file_{noun}",
        summary=f"提出{zh} / file",
        description="申请人须为记录主体；由作出决定的部门办理。同一记录已在办的返回 409。\n\n"
        "The applicant must be the enterprise of the record. 409 while one is under way.",
        status_code=201,
        responses=declared_problems(400, 404, 409, 422),
    )
    def file_case(
        filing: CaseFiling,
        service: ServiceDep,
        new_application: schemas.NewApplication,
        response: Response,
    ) -> CaseStepTaken:
        filed_case = _file_application(service, filing, new_application, kind)
        response.headers["Location"] = f"{path}/{filed_case['application']}"
        return filed_case

    @router.get(
        path,
        operation_id=f"list_{noun}s",
        summary=f"{zh}列表 / list",
        description="按状态、企业、超期筛选，最新在前。\n\nFiltered, the latest first.",
        response_model=collection.page_type,
        responses=declared_problems(400, 404, 422),
    )
    async def list_cases(
        reading: CaseReading, service: ServiceDep, filters: Annotated[ApplicationFilters, Query()]
    ) -> schemas.ApplicationPage | schemas.ObjectionPage:
        page, next_cursor = await _list_applications(service, reading, filters, kind)
        if kind == "objection":
            return {"objections": page.rows, "next": next_cursor}
        return {"applications": page.rows, "next": next_cursor}


def _add_case_route(collection: _Collection) -> None:
    """Add the route of one case."""
    kind, noun, zh, path = collection.kind, collection.noun, collection.zh, collection.path

    @router.get(
        path + "/{number}",
        operation_id=f"get_{noun}",
        summary=f"单件{zh} / one",
        description="各步骤（何人、何时、为何、所见的评估）与各时限；可问任一日是否超期。\n\n"
        "Every step, with the assessment that the officer saw, and every clock as of a day.",
        responses=declared_problems(400, 404, 422),
    )
    async def get_case(
        reading: CaseReading, service: ServiceDep, number: Number, on: OnDay = None
    ) -> Case:
        application = await _read_application(service, reading, number, kind)
        return applications.case_data(application, on or service.today(), service.rulebook)


def _add_step_routes(collection: _Collection) -> None:
    """Add the routes of a case's steps: take the next, get one."""
    kind, noun, zh, path = collection.kind, collection.noun, collection.zh, collection.path
    step_texts = "、".join(
        f"{name} {move.text.zh}" for name, move in TRANSITIONS[kind].items() if name != "file"
    )

    @router.post(
        path + "/{number}/steps",
        operation_id=f"take_{noun}_step",
        summary=f"办理{zh} / do a step",
        description=f"act：{step_texts}。次序不符返回 409；两人同时办理仅一人成功。\n\n"
        "Out of order is 409; of two officers at once one wins.",
        status_code=201,
        responses=declared_problems(400, 404, 409, 422),
    )
    def take_step(
        stepping: CaseStepping,
        service: ServiceDep,
        number: Number,
        new_step: schemas.NewStep,
        response: Response,
    ) -> CaseStepTaken:
        step_taken = _take_step(service, stepping, number, new_step, kind)
        response.headers["Location"] = f"{path}/{number}/steps/{step_taken['step']}"
        return step_taken

    @router.get(
        path + "/{number}/steps/{step}",
        operation_id=f"get_{noun}_step",
        summary=f"{zh}的一个步骤 / one step",
        description="何人、何时、为何，所见的评估。\n\n"
        "Who did it, when and why, with the assessment that the officer saw.",
        responses=declared_problems(400, 404, 422),
    )
    async def get_step(
        reading: CaseReading, service: ServiceDep, number: Number, step: StepNumber
    ) -> CaseStep:
        application = await _read_application(service, reading, number, kind)
        steps = {row["step"]: row for row in application["steps"]}
        if step not in steps:
            raise UnknownRecord(f"application {number} has no step {step}; see its steps")
        return applications.case_step(kind, steps[step])


for _collection in _COLLECTIONS:
    _add_collection_routes(_collection)
    _add_case_route(_collection)
    _add_step_routes(_collection)

#: all addresses that need a warehouse
ROUTERS = (warehouse_router, candidates_router, router)
