"""一企一档: everything known of one enterprise, as of a day."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from xhcredit.errors import BadInput
from xhcredit.jobs.enterprise.score_changes import with_score_changes
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import CodeInPath, validated_code
from xhcredit_serving.http.json_response import RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, service_of

HISTORY_RUNS = 24  #: earlier runs that a file shows
_FIRST_DAY = date(1990, 1, 1)  #: earlier days are slips of the pen

#: only where a warehouse is
router = APIRouter(tags=["enterprises"])
FileParts = tuple[dict[str, Any], list[str], int]


@router.get(
    "/v1/enterprises/{code}/file",
    operation_id="file",
    summary="一企一档 / the file of an enterprise",
    description="某日（默认当前批次之日）已归集的全部事项：登记、各类事件（发生、归集、结束日，来源文件与行，"
    "由哪些指标读取或为何不计入）、当日适用规则、关联关系、历次评分。已修复、撤销、更正等停用的记录不再显示。\n\n"
    "Everything known on a day (the run's by default): register, events with days, source and the "
    "indicators that read them or why none does, rules of the day, relations, earlier scores. "
    "Records that ceased to count (restored, revoked, corrected) are shown no more.",
    responses=declared_problems(400, 404, 409, 422) | {200: examples.json_example(examples.FILE)},
    openapi_extra=examples.purpose_parameters(),
)
async def file(
    request: Request,
    code: CodeInPath,
    as_of: Annotated[date | None, Query(description="基准日 / the day")] = None,
) -> Response:
    """Everything known of an enterprise on a day."""
    service = service_of(request)
    caller, purpose = await service.reader_of_enterprises(request)
    file_body = await read_file(service, caller, purpose, validated_code(code), as_of)
    return RoundedJSON(file_body, headers={"Cache-Control": "no-store"})


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
    if as_of is not None and not _FIRST_DAY <= as_of <= service.today():
        raise BadInput(f"{as_of} is not between {_FIRST_DAY} and today; choose a day that has come")
    file_body: dict[str, Any] = {}
    hidden_count = 0
    try:
        within = caller.scope(SCORES)
        runs = await asyncio.to_thread(service.store.reader.history, code, HISTORY_RUNS, within)
        file_parts = await service.explainer.run_in_thread(
            service.explainer.enterprise_file, code, as_of, service.today()
        )
        file_body, hidden_count = await asyncio.to_thread(_with_names, service, file_parts, within)
        file_body["history"] = with_score_changes(runs)
    finally:
        # Also where nothing was found or read: trying codes is what a trail must show.
        audit_payload = {
            "code": code,
            "run": file_body.get("run"),
            "as_of": file_body.get("as_of"),
            "hidden": hidden_count,
        }
        await service.journal.note(caller.act("enterprise.file", purpose, **audit_payload))
    return file_body


def _with_names(
    service: Service, file_parts: FileParts, within: BureauScope
) -> tuple[dict[str, Any], int]:
    """The file, in which neighbours have names; those of other bureaus are only counted."""
    file_body, codes, hidden_count = file_parts
    # The file itself is in scope, its neighbours need not be: they are asked for with the scope
    # again, and of the others no more is told than their number.
    neighbour_rows = service.store.watchlist.enterprise_rows(file_body["run"], codes, within)
    for relation in file_body["relations"]:
        visible_neighbours = [
            neighbour_rows[code] for code in relation["neighbours"] if code in neighbour_rows
        ]
        relation["neighbours"] = visible_neighbours
    return file_body, hidden_count
