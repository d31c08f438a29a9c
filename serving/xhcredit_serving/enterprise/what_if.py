"""What-if scores with supposed changes; nothing is stored but the audit log entry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.exceptions import RequestValidationError

from xhcredit.jobs.enterprise.rows import WhatIfResult
from xhcredit.jobs.enterprise.what_if_changes import FieldProblem, check_changes
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import WHAT_IF
from xhcredit_serving.dependencies import Reading, ServiceDep, reading_with
from xhcredit_serving.enterprise.schemas import WhatIfRequest
from xhcredit_serving.http.field_types import validated_code
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service

#: only where a warehouse is
router = APIRouter(tags=["enterprises"])


@router.post(
    "/v1/scores:what-if",
    operation_id="run_what_if",
    summary="假设测算 / what if",
    description="在当前批次的评分日，假设新增或停用若干事项，给出前后的评分、等级与逐项差异；"
    "不改变任何数据。同时测算过多时返回 503。\n\nScore, tier and each indicator on the day of the "
    "current run, with and without supposed events; nothing is changed. 503 while too many ask.",
    responses=declared_problems(400, 404, 409, 422),
)
async def what_if(
    reading: Annotated[Reading, Depends(reading_with(WHAT_IF))],
    service: ServiceDep,
    supposition: WhatIfRequest,
) -> WhatIfResult:
    """The current result of an enterprise with and without supposed events."""
    return await run_what_if(service, reading.caller, reading.purpose, supposition)


async def run_what_if(
    service: Service, caller: Caller, purpose: str, supposition: WhatIfRequest
) -> WhatIfResult:
    """What-if result with and without the supposed changes; the read is audited.

    Raises:
        RequestValidationError: with every fault of what is supposed.
        UnknownEnterprise: there is none, or it is another bureau's.
        Refusal: too many ask at once.
        BookLost, OtherNight: the run cannot be told from what is here.
    """
    code, run = validated_code(supposition.code), None
    service.explainer.refuse_if_full()
    try:
        within = caller.scope(WHAT_IF)
        await service.run_lookup(service.store.reader.current_answer, code, within)
        explainer = service.explainer
        day = await explainer.run_in_thread(explainer.champion_day)
        changes = check_changes(
            [(addition.table, addition.values) for addition in supposition.add],
            [(withdrawal.table, withdrawal.key) for withdrawal in supposition.withdraw],
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
            "supposed": supposition.model_dump(exclude={"code"}),
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
