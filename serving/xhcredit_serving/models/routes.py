"""Models over HTTP: candidates, shadow tier changes, and promotion by two officers.

What is shown was put into the store by ``xhcredit-train submit``; nothing is trained here.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.jobs.models import promotion
from xhcredit.store.core.transactions import Act
from xhcredit.store.models.rows import Candidate, CandidateProgress, ShadowReport
from xhcredit_serving.auth.permissions import MODELS_PROMOTE, MODELS_READ
from xhcredit_serving.dependencies import (
    Reading,
    ServiceDep,
    StoreDep,
    Writing,
    caller_with,
    reading_with,
    written_by_person_with,
)
from xhcredit_serving.http.paging import (
    PageQuery,
    PageQueryDep,
    key_of_cursor,
    page_query,
)
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.models import schemas
from xhcredit_serving.service import Service, warehouse_of

router = APIRouter(tags=["models"])
#: only where a warehouse is: a night of shadow scores it
warehouse_router = APIRouter(tags=["models"])

NumberInPath = Annotated[
    int, Path(ge=1, le=2**53, description="候选编号 / candidate", examples=[3])
]
READER = Depends(caller_with(MODELS_READ))


def promoting_officer(
    writing: Annotated[Writing, Depends(written_by_person_with(MODELS_PROMOTE))],
) -> Writing:
    """Dependency: a write by a person who may promote for the whole district.

    Raises:
        UnknownRecord: the permission is of one bureau only.
    """
    if not writing.caller.may(MODELS_PROMOTE, None):
        raise UnknownRecord("a release scores the whole district; its model managers promote it")
    return writing


Promoting = Annotated[Writing, Depends(promoting_officer)]


@router.get(
    "/v1/models",
    operation_id="list_candidates",
    summary="候选评分卡 / candidates",
    description="各候选的指标、门槛与进度，最新在前。\n\n"
    "Figures, gates and steps of every candidate, the latest first.",
    dependencies=[READER],
    responses=declared_problems(400, 422),
)
def list_candidates(
    store: StoreDep,
    page: Annotated[PageQuery, Depends(page_query(most=100, default=50))],
) -> schemas.CandidatePage:
    """Candidates, a page of them."""
    candidates = store.models.list_candidates(page.limit + 1, before=page.after_number)
    page_rows, next_cursor = page.cut_read(candidates, key=lambda candidate: candidate["id"])
    return {"candidates": page_rows, "next": next_cursor}


@router.get(
    "/v1/model-switches",
    operation_id="list_switches",
    summary="评分卡切换 / switches",
    description="历次切换与回退，最新在前。\n\nEvery switch and roll-back, the latest first.",
    dependencies=[READER],
    responses=declared_problems(400, 422),
)
def list_switches(store: StoreDep, page: PageQueryDep) -> schemas.SwitchPage:
    """Switches of the champion, a page of them."""
    page_rows, next_cursor = page.cut(store.models.switches(), key=lambda row: row["id"])
    return {"switches": page_rows, "next": next_cursor}


@router.get(
    "/v1/models/{number}",
    operation_id="get_candidate",
    summary="一个候选 / one candidate",
    description="与现行评分卡同样本对比的指标及差异区间、分组、各月稳定性、门槛与理由、每一步的姓名。\n\n"
    "Figures beside the champion's with intervals of differences, groups, months, gates, steps.",
    dependencies=[READER],
    responses=declared_problems(404, 422),
)
def get_candidate(store: StoreDep, number: NumberInPath) -> Candidate:
    """One candidate."""
    return store.models.get(number)


@router.get(
    "/v1/models/{number}/moves",
    operation_id="list_tier_moves",
    summary="等级变化清单 / tier moves",
    description="最近一次并行中等级将变化的企业，逐户列出；查询留痕。\n\n"
    "Who would move by the last night of shadow, one by one; the read is recorded.",
    responses=declared_problems(400, 404, 422),
)
async def list_tier_moves(
    reading: Annotated[Reading, Depends(reading_with(MODELS_READ))],
    service: ServiceDep,
    number: NumberInPath,
    page: Annotated[PageQuery, Depends(page_query(most=500))],
) -> schemas.TierMovePage:
    """Tier changes by the last shadow night."""
    after_code = key_of_cursor(page.after) if page.after else ""
    if "\0" in after_code:  # PostgreSQL knows no such text
        raise BadInput("the cursor is of another list; begin with the first page")
    moves = await asyncio.to_thread(
        service.store.models.list_tier_moves,
        number,
        bureaus=reading.caller.scope(MODELS_READ),
        after_code=after_code,
        limit=page.limit + 1,
    )
    page_rows, next_cursor = page.cut_read(moves, key=lambda move: move["code"])
    codes = [move["code"] for move in page_rows]
    await service.journal.note(reading.act("model.moves", candidate=number, codes=codes))
    return {"moves": page_rows, "next": next_cursor}


@router.post(
    "/v1/models/{number}:approve",
    operation_id="approve_candidate",
    summary="批准 / approve",
    description="须两名不同人员批准，且均非提交人；门槛未过不得批准。\n\n"
    "Two different officers, neither of whom submitted it; not against a closed gate.",
    responses=declared_problems(400, 404, 409, 422),
)
def approve_candidate(
    promoting: Promoting, store: StoreDep, number: NumberInPath, approval: schemas.Reason
) -> CandidateProgress:
    """Approve a candidate."""
    act = promoting.act("model.approve", approval.model_dump(), candidate=number)
    return store.models.approve(act, number, approval.reason)


@router.post(
    "/v1/models/{number}:refuse",
    operation_id="refuse_candidate",
    summary="终止 / refuse",
    description="终止一个候选。\n\nPuts an end to a candidate.",
    responses=declared_problems(400, 404, 409, 422),
)
def refuse_candidate(
    promoting: Promoting, store: StoreDep, number: NumberInPath, refusal: schemas.Reason
) -> CandidateProgress:
    """Put an end to a candidate."""
    act = promoting.act("model.refuse", refusal.model_dump(), candidate=number)
    return store.models.refuse(act, number, refusal.reason)


@warehouse_router.post(
    "/v1/models/{number}:shadow",
    operation_id="shadow_candidate",
    summary="并行 / shadow night",
    description="以现行与候选评分卡同时评一晚，列出将变化的企业。\n\n"
    "Scores the current night with candidate and champion; lists who would move.",
    responses=declared_problems(400, 404, 409, 422),
)
def shadow_candidate(
    promoting: Promoting, service: ServiceDep, number: NumberInPath
) -> ShadowReport:
    """Score the current night with both."""
    act = promoting.act("model.shadow", None, candidate=number)
    return run_shadow_night(service, act, number)


def run_shadow_night(service: Service, act: Act, number: int) -> ShadowReport:
    """A night of shadow on the day of the run that answers."""
    day = date.fromisoformat(service.store.reader.current_run()["as_of"])
    return promotion.shadow(
        service.store, act, number, warehouse_of(service), service.rulebook, day
    )


@router.post(
    "/v1/models/{number}:switch",
    operation_id="switch_champion",
    summary="切换 / switch",
    description="自所定评分日起由该候选评分；此前须并行足够天数。\n\n"
    "From a stated as-of day on this release scores, after enough days of shadow.",
    responses=declared_problems(400, 404, 409, 422),
)
def switch_champion(
    promoting: Promoting, service: ServiceDep, number: NumberInPath, switch: schemas.Switch
) -> CandidateProgress:
    """Switch the champion to a candidate from a day on."""
    body_fields = switch.model_dump(mode="json")
    act = promoting.act(
        "model.switch", body_fields, candidate=number, from_day=body_fields["from_day"]
    )
    return promotion.switch_champion(
        service.store, act, number, service.rulebook, switch.from_day, service.today()
    )


@router.post(
    "/v1/models:roll-back",
    operation_id="roll_back_champion",
    summary="回退 / roll back",
    description="自今日起恢复上一评分卡。\n\nFrom today on the release before the last switch.",
    responses=declared_problems(400, 409, 422),
)
def roll_back_champion(promoting: Promoting, service: ServiceDep) -> CandidateProgress:
    """Go back to the release before the last switch."""
    act = promoting.act("model.roll_back", None)
    return promotion.roll_back(service.store, act, service.today())
