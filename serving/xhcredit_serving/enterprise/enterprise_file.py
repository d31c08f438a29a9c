"""一企一档: everything known of one enterprise, as of a day."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from xhcredit.errors import BadInput
from xhcredit.jobs.enterprise.rows import SharedRelation
from xhcredit.jobs.enterprise.score_changes import with_score_changes
from xhcredit.store.night.rows import NamedEnterprise
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.dependencies import Reading, ServiceDep, reading_with
from xhcredit_serving.enterprise.schemas import EnterpriseFile, Relation
from xhcredit_serving.http.field_types import CodeInPath, validated_code
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service

HISTORY_RUNS = 24  #: earlier runs that a file shows
_FIRST_DAY = date(1990, 1, 1)  #: earlier days are slips of the pen

#: only where a warehouse is
router = APIRouter(tags=["enterprises"])


@router.get(
    "/v1/enterprises/{code}/file",
    operation_id="get_enterprise_file",
    summary="一企一档 / the file of an enterprise",
    description="某日（默认当前批次之日）已归集的全部事项：登记、各类事件（发生、归集、结束日，来源文件与行，"
    "由哪些指标读取或为何不计入）、当日适用规则、关联关系、历次评分。已修复、撤销、更正等停用的记录不再显示。\n\n"
    "Everything known on a day (the run's by default): register, events with days, source and the "
    "indicators that read them or why none does, rules of the day, relations, earlier scores. "
    "Records that ceased to count (restored, revoked, corrected) are shown no more.",
    responses=declared_problems(400, 404, 409, 422),
)
async def get_enterprise_file(
    reading: Annotated[Reading, Depends(reading_with(SCORES))],
    service: ServiceDep,
    code: CodeInPath,
    as_of: Annotated[date | None, Query(description="基准日 / the day")] = None,
) -> EnterpriseFile:
    """Everything known of an enterprise on a day."""
    return await read_file(service, reading.caller, reading.purpose, validated_code(code), as_of)


async def read_file(
    service: Service, caller: Caller, purpose: str, code: str, as_of: date | None = None
) -> EnterpriseFile:
    """Enterprise file (一企一档); the read is audited.

    Raises:
        UnknownEnterprise: there is none, or it is another bureau's.
        BadInput: the day has not come.
        Refusal: too many ask at once.
        BookLost, OtherNight: the run cannot be told from what is here.
    """
    if as_of is not None and not _FIRST_DAY <= as_of <= service.today():
        raise BadInput(f"{as_of} is not between {_FIRST_DAY} and today; choose a day that has come")
    run, day, hidden_count = None, None, 0
    try:
        within = caller.scope(SCORES)
        runs = await asyncio.to_thread(service.store.reader.history, code, HISTORY_RUNS, within)
        run, file_row, neighbours, hidden_count = await service.explainer.run_in_thread(
            service.explainer.enterprise_file, code, as_of, service.today()
        )
        day = file_row["as_of"]
        # The file itself is in scope, its neighbours need not be: they are asked for with the scope
        # again, and of the others no more is told than their number.
        names = await asyncio.to_thread(
            service.store.watchlist.enterprise_rows, run, neighbours, within
        )
    finally:
        # Also where nothing was found or read: trying codes is what a trail must show.
        audit_payload = {"code": code, "run": run, "as_of": day, "hidden": hidden_count}
        await service.journal.note(caller.act("enterprise.file", purpose, **audit_payload))
    relations = [_with_names(relation, names) for relation in file_row["relations"]]
    return {"run": run, **file_row, "relations": relations, "history": with_score_changes(runs)}


def _with_names(relation: SharedRelation, names: Mapping[str, NamedEnterprise]) -> Relation:
    """The relation, in which neighbours have names; those of other bureaus are only counted."""
    return {
        "kind": relation["kind"],
        "zh": relation["zh"],
        "since": relation["since"],
        "known_on": relation["known_on"],
        "count": relation["count"],
        "neighbours": [names[code] for code in relation["neighbours"] if code in names],
    }
