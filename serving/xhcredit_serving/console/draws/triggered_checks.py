"""Console pages of triggered checks (触发式检查): open, enter a result, cancel."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.ingest.schema import directory
from xhcredit.jobs.draws import triggered_checks as jobs
from xhcredit.rules.schemas.draws import Triggers
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.console.draws.joint import items_of
from xhcredit_serving.console.shell.layout import Visitor, go_to, page
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
HERE = "/console/draws-checks"
STATES = ("open", "closed", "called_off")
_ROWS = 200  #: of the list; filters narrow it
_LONGEST = 200  #: characters of a field


@router.get(HERE)
async def checks(request: Request) -> Response:
    """Checks of the visitor's bureaus, how many by source, and a form for a new one."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _list(request, visitor)


async def _list(
    request: Request, visitor: Visitor, wrong: str = "", said: dict[str, Any] | None = None
) -> Response:
    service, state = service_of(request), request.query_params.get("state", "")
    every = await asyncio.to_thread(
        service.store.triggered.listed, visitor.caller.scope(DRAWS_READ)
    )
    found = [c for c in every if state not in STATES or c["state"] == state]
    await service.journal.note(visitor.act("check.list", checks=len(found)))
    law = service.rulebook.serving("draws.triggered", Triggers, as_of=service.today()).root
    shown = {
        "checks": found[:_ROWS],
        "many": len(found),
        "counted": jobs.counted(every),
        "state": state,
        "states": STATES,
        "items": items_of(service),
        "sources": {name: {"zh": s.zh, "en": s.en} for name, s in law.items()},
        "may_run": DRAWS_RUN in visitor.caller.permissions,
        "bureau": visitor.caller.bureau,
        "said": said or {},
        "once": secrets.token_hex(16),
    }
    return page(request, "checks.html", visitor, 422 if wrong else 200, wrong=wrong, **shown)


@router.post(HERE)
async def open_check(request: Request) -> Response:
    """Open a check."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    names = ("id", "bureau", "code", "source", "reason", "reference")
    said: dict[str, Any] = {n: text_of(form, n).strip()[: _LONGEST + 1] for n in names}
    said["items"] = [i for i in form.getlist("item") if isinstance(i, str)]
    try:
        if not visitor.caller.may(DRAWS_RUN, said["bureau"]):
            raise UnknownRecord(f'"{said["bureau"]}" is not your bureau; open checks of your own')
        today = service.today()
        act = _act(visitor, form, "open", said["id"], said)
        given = said | {"opened_on": today}
        await asyncio.to_thread(jobs.open_check, service.store, act, given, service.rulebook, today)
    except XhcreditError as error:
        return await _list(request, visitor, str(error), said)
    return go_to(request, f"{HERE}/{said['id']}")


def _act(visitor: Visitor, form: FormData, action: str, check: str, body: Any) -> Act:
    """An act that the same form sent twice does once."""
    once, caller = text_of(form, "once")[:64] or None, visitor.caller
    payload = {"check": check}
    return Act(caller.name, f"check.{action}", visitor.purpose, caller.bureau, payload, once, body)


@router.get(HERE + "/{check}")
async def one(request: Request, check: str) -> Response:
    """One triggered check: reason, whether it counts, result, possible actions."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _one(request, visitor, check)


async def _one(request: Request, visitor: Visitor, check: str, wrong: str = "") -> Response:
    service = service_of(request)
    found = await asyncio.to_thread(_theirs, service, visitor, DRAWS_READ, check)
    await service.journal.note(visitor.act("check.read", check=check, code=found["code"]))
    run, scope = service.store.reader.current_run()["run"], visitor.caller.scope(DRAWS_READ)
    names = await asyncio.to_thread(service.store.watch.places, run, [found["code"]], scope)
    law = service.rulebook.serving("draws.triggered", Triggers, as_of=service.today()).root
    source = law.get(found["source"])
    shown = {
        "check": found,
        "names": names,
        "items": items_of(service),
        "source": {"zh": source.zh, "en": source.en} if source else {},
        "results": list(dict(directory()["inspection"].column("result").values)),
        "may_enter": visitor.caller.may(DRAWS_RESULTS, found["bureau"]),
        "may_run": visitor.caller.may(DRAWS_RUN, found["bureau"]),
        "today": service.today(),
        "once": secrets.token_hex(16),
    }
    return page(request, "check.html", visitor, 422 if wrong else 200, wrong=wrong, **shown)


def _theirs(service: Service, visitor: Visitor, permission: str, check: str) -> dict[str, Any]:
    """A check of the visitor's bureaus.

    Raises:
        UnknownRecord: there is none.
    """
    kept = service.store.triggered.one(check[:64])
    if not visitor.caller.may(permission, kept["bureau"]):
        raise UnknownRecord(f'there is no check "{check[:64]}"; list them to find its id')
    return kept


@router.post(HERE + "/{check}/result")
async def close(request: Request, check: str) -> Response:
    """Enter the result of a triggered check."""

    def work(service: Service, act: Act, form: FormData) -> None:
        names = ("result", "inspected_on", "note")
        found = {n: text_of(form, n).strip()[:_LONGEST] for n in names}
        place = warehouse_of(service)
        jobs.close_check(service.store, act, check, found, place, service.today())

    return await _step(request, check, DRAWS_RESULTS, "close", work)


@router.post(HERE + "/{check}/calling-off")
async def call_off(request: Request, check: str) -> Response:
    """Call a check off; the reason is kept."""

    def work(service: Service, act: Act, form: FormData) -> None:
        reason = text_of(form, "reason")[:_LONGEST]
        jobs.call_off(service.store, act, check, reason, service.today())

    return await _step(request, check, DRAWS_RUN, "call_off", work)


async def _step(
    request: Request,
    check: str,
    permission: str,
    action: str,
    work: Callable[[Service, Act, FormData], None],
) -> Response:
    """Do something about a check, and show it again."""
    visitor = await visitor_of(request, permission)
    service, form = service_of(request), await request.form()
    await asyncio.to_thread(_theirs, service, visitor, permission, check)
    told = {k: v for k, v in form.items() if isinstance(v, str) and k not in ("csrf", "once")}
    act = _act(visitor, form, action, check, told)
    try:
        await asyncio.to_thread(work, service, act, form)
    except XhcreditError as error:
        return await _one(request, visitor, check, str(error))
    return go_to(request, f"{HERE}/{check}")
