"""一企一档: everything known of one enterprise, as of a day."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from xhcredit.errors import BadInput
from xhcredit.jobs.enterprise.score_changes import with_moves
from xhcredit.store.core.bureau_scope import Within
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import CodeInPath, right_code
from xhcredit_serving.http.json_response import RoundedJSON
from xhcredit_serving.http.problems import declared
from xhcredit_serving.service import Service, service_of

RUNS = 24  #: earlier runs that a file shows
_FIRST = date(1990, 1, 1)  #: earlier days are slips of the pen

#: only where a warehouse is
router = APIRouter(tags=["enterprises"])
Told = tuple[dict[str, Any], list[str], int]


@router.get(
    "/v1/enterprises/{code}/file",
    operation_id="file",
    summary="一企一档 / the file of an enterprise",
    description="某日（默认当前批次之日）已归集的全部事项：登记、各类事件（发生、归集、结束日，来源文件与行，"
    "由哪些指标读取或为何不计入）、当日适用规则、关联关系、历次评分。已修复、撤销、更正等停用的记录不再显示。\n\n"
    "Everything known on a day (the run's by default): register, events with days, source and the "
    "indicators that read them or why none does, rules of the day, relations, earlier scores. "
    "Records that ceased to count (restored, revoked, corrected) are shown no more.",
    responses=declared(400, 404, 409, 422) | {200: examples.json_of(examples.FILE)},
    openapi_extra=examples.with_purpose(),
)
async def file(
    request: Request,
    code: CodeInPath,
    as_of: Annotated[date | None, Query(description="基准日 / the day")] = None,
) -> Response:
    """Everything known of an enterprise on a day."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    told = await read_file(service, caller, purpose, right_code(code), as_of)
    return RoundedJSON(told, headers={"Cache-Control": "no-store"})


async def read_file(
    service: Service, caller: Caller, purpose: str, code: str, as_of: date | None = None
) -> dict[str, Any]:
    """Enterprise file (一企一档); the read is audited.

    Raises:
        UnknownEnterprise: there is none, or it is another bureau's.
        BadInput: the day has not come.
        Refusal: too many ask at once.
        BookLost, OtherNight: the run cannot be told from what is here.
    """
    if as_of is not None and not _FIRST <= as_of <= service.today():
        raise BadInput(f"{as_of} is not between {_FIRST} and today; choose a day that has come")
    told: dict[str, Any] = {}
    hidden = 0
    try:
        within = caller.scope(SCORES)
        runs = await asyncio.to_thread(service.store.reader.history, code, RUNS, within)
        found = await service.explainer.do(service.explainer.file, code, as_of, service.today())
        told, hidden = await asyncio.to_thread(_with_names, service, found, within)
        told["history"] = with_moves(runs)
    finally:
        seen = {"code": code, "run": told.get("run"), "as_of": told.get("as_of"), "hidden": hidden}
        await service.journal.note(caller.act("enterprise.file", purpose, **seen))
    return told


def _with_names(service: Service, found: Told, within: Within) -> tuple[dict[str, Any], int]:
    """The file, in which neighbours have names; those of other bureaus are only counted."""
    told, codes, hidden = found
    named = service.store.watch.places(told["run"], codes, within)
    for relation in told["relations"]:
        shown = [named[c] for c in relation["neighbours"] if c in named]
        relation["neighbours"] = shown
    return told, hidden
