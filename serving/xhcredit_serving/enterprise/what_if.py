"""What-if scores with supposed changes; nothing is stored but the audit log entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.jobs.enterprise.what_if_changes import FieldProblem, check_changes
from xhcredit_serving.auth.authentication import Caller, purpose_of
from xhcredit_serving.auth.permissions import WHAT_IF
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import validated_code
from xhcredit_serving.http.json_response import RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, service_of

#: only where a warehouse is
router = APIRouter(tags=["enterprises"])
_MAX_CHANGES = 20


class Addition(BaseModel):
    """An event that is supposed to be known."""

    model_config = ConfigDict(extra="forbid")
    table: str = Field(max_length=60, description="事项目录表 / table of the directory")
    values: dict[str, str | bool | int | float | None] = Field(
        max_length=60, description="各列取值；日期默认评分日 / values by column"
    )


class Withdrawal(BaseModel):
    """A known event that is supposed to count no more."""

    model_config = ConfigDict(extra="forbid")
    table: str = Field(max_length=60, description="事项目录表 / table of the directory")
    key: dict[str, str | bool | int | float | None] = Field(
        max_length=10, description="该表的主键列 / key columns of the table"
    )


class WhatIfRequest(BaseModel):
    """What-if request: one enterprise and its supposed changes."""

    model_config = ConfigDict(extra="forbid")
    code: str = Field(max_length=64, examples=[examples.CODE])
    add: list[Addition] = Field(
        [], max_length=_MAX_CHANGES, examples=[examples.SUPPOSED_CHANGES["add"]]
    )
    withdraw: list[Withdrawal] = Field(
        [], max_length=_MAX_CHANGES, examples=[examples.SUPPOSED_CHANGES["withdraw"]]
    )


@router.post(
    "/v1/scores:what-if",
    operation_id="what_if",
    summary="假设测算 / what if",
    description="在当前批次的评分日，假设新增或停用若干事项，给出前后的评分、等级与逐项差异；"
    "不改变任何数据。同时测算过多时返回 503。\n\nScore, tier and each indicator on the day of the "
    "current run, with and without supposed events; nothing is changed. 503 while too many ask.",
    responses=declared_problems(400, 404, 409, 422)
    | {200: examples.json_example(examples.WHAT_IF)},
    openapi_extra=examples.purpose_parameters(),
)
async def what_if(request: Request, request_body: WhatIfRequest) -> Response:
    """The current result of an enterprise with and without supposed events."""
    service = service_of(request)
    caller = await service.caller(request, WHAT_IF)
    comparison = await run_what_if(service, caller, purpose_of(request.headers), request_body)
    return RoundedJSON(comparison, headers={"Cache-Control": "no-store"})


async def run_what_if(
    service: Service, caller: Caller, purpose: str, request_body: WhatIfRequest
) -> dict[str, Any]:
    """What-if result with and without the supposed changes; the read is audited.

    Raises:
        RequestValidationError: with every fault of what is supposed.
        UnknownEnterprise: there is none, or it is another bureau's.
        Refusal: too many ask at once.
        BookLost, OtherNight: the run cannot be told from what is here.
    """
    code, run = validated_code(request_body.code), None
    service.explainer.refuse_if_full()
    try:
        within = caller.scope(WHAT_IF)
        await service.run_lookup(service.store.reader.current_answer, code, within)
        explainer = service.explainer
        day = await explainer.run_in_thread(explainer.champion_day)
        changes = check_changes(
            [(addition.table, addition.values) for addition in request_body.add],
            [(withdrawal.table, withdrawal.key) for withdrawal in request_body.withdraw],
            day,
        )
        if changes.wrong:
            raise _validation_error(changes.wrong)
        comparison = await explainer.run_in_thread(
            explainer.what_if, code, changes, service.today()
        )
        run = comparison["run"]
    finally:
        # Recorded also if there was no answer: trying one code after the other leaves its
        # trace.
        audit_payload = {
            "code": code,
            "run": run,
            "supposed": request_body.model_dump(exclude={"code"}),
        }
        await service.journal.note(caller.act("enterprise.what_if", purpose, **audit_payload))
    return comparison


def _validation_error(wrong_changes: Sequence[FieldProblem]) -> RequestValidationError:
    """Validation error of all wrong changes at once (422)."""
    return RequestValidationError(
        [
            {
                "loc": ("body", *wrong_change.field.split(".")),
                "msg": wrong_change.detail,
                "type": "supposed",
            }
            for wrong_change in wrong_changes
        ]
    )
