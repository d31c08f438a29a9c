"""Console pages of triggered checks (触发式检查): open, enter a result, cancel."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.ingest.schema import directory
from xhcredit.jobs.draws import triggered_checks
from xhcredit.rules.schemas.draws import CheckSources
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.check_rows import TriggeredCheckRow
from xhcredit_serving.auth.permissions import DRAWS_READ, DRAWS_RESULTS, DRAWS_RUN
from xhcredit_serving.console.draws.joint import items_of
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.service import Service, service_of, warehouse_of

router = APIRouter(include_in_schema=False)
BASE_PATH = "/console/draws-checks"
STATES = ("open", "closed", "called_off")
_MAX_ROWS = 200  #: of the list; filters narrow it
_MAX_LENGTH = 200  #: characters of a field


@router.get(BASE_PATH)
async def checks(request: Request) -> Response:
    """Checks of the visitor's bureaus, how many by source, and a form for a new one."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _render_list(request, visitor)


async def _render_list(
    request: Request,
    visitor: Visitor,
    error_message: str = "",
    form_fields: dict[str, object] | None = None,
) -> Response:
    service, state = service_of(request), request.query_params.get("state", "")
    all_checks = await asyncio.to_thread(
        service.store.triggered_checks.list_checks, visitor.caller.scope(DRAWS_READ)
    )
    filtered_checks = [c for c in all_checks if state not in STATES or c["state"] == state]
    await service.journal.note(visitor.act("check.list", checks=len(filtered_checks)))
    source_by_name = service.rulebook.serving(
        "draws.triggered", CheckSources, as_of=service.today()
    ).root
    context = {
        "checks": filtered_checks[:_MAX_ROWS],
        "many": len(filtered_checks),
        "counted": triggered_checks.counts_by_source(all_checks),
        "state": state,
        "states": STATES,
        "items": items_of(service),
        "sources": {name: {"zh": s.zh, "en": s.en} for name, s in source_by_name.items()},
        "may_run": DRAWS_RUN in visitor.caller.permissions,
        "bureau": visitor.caller.bureau,
        "form": form_fields or {},
        "once": secrets.token_hex(16),
    }
    return page(
        request,
        "checks.html",
        visitor,
        422 if error_message else 200,
        wrong=error_message,
        **context,
    )


@router.post(BASE_PATH)
async def open_check(request: Request) -> Response:
    """Open a check."""
    visitor = await visitor_of(request, DRAWS_RUN)
    service, form = service_of(request), await request.form()
    names = ("id", "bureau", "code", "source", "reason", "reference")
    form_texts = {n: text_of(form, n).strip()[: _MAX_LENGTH + 1] for n in names}
    items = [i for i in form.getlist("item") if isinstance(i, str)]
    form_fields: dict[str, object] = {**form_texts, "items": items}
    try:
        bureau = service.official_bureau(form_texts["bureau"])
        if not visitor.caller.may(DRAWS_RUN, bureau):
            raise UnknownRecord(
                f'"{form_texts["bureau"]}" is not your bureau; open checks of your own'
            )
        today = service.today()
        act = _act(visitor, form, "open", form_texts["id"], form_fields)
        check_fields = form_fields | {"opened_on": today}
        await asyncio.to_thread(
            triggered_checks.open_check, service.store, act, check_fields, service.rulebook, today
        )
    except XhcreditError as error:
        return await _render_list(request, visitor, str(error), form_fields)
    return redirect_to(request, f"{BASE_PATH}/{form_texts['id']}")


def _act(visitor: Visitor, form: FormData, action: str, check_id: str, request_body: object) -> Act:
    """An act that the same form sent twice does once."""
    idempotency_key, caller = text_of(form, "once")[:64] or None, visitor.caller
    payload = {"check": check_id}
    return Act(
        caller.name,
        f"check.{action}",
        visitor.purpose,
        caller.bureau,
        payload,
        idempotency_key,
        request_body,
    )


@router.get(BASE_PATH + "/{check}")
async def check_page(request: Request, check: str) -> Response:
    """One triggered check: reason, whether it counts, result, possible actions."""
    visitor = await visitor_of(request, DRAWS_READ)
    return await _render_check(request, visitor, check)


async def _render_check(
    request: Request, visitor: Visitor, check_id: str, error_message: str = ""
) -> Response:
    service = service_of(request)
    stored_check = await asyncio.to_thread(_visible_check, service, visitor, DRAWS_READ, check_id)
    await service.journal.note(visitor.act("check.read", check=check_id, code=stored_check["code"]))
    run, scope = service.store.reader.current_run()["run"], visitor.caller.scope(DRAWS_READ)
    names = await asyncio.to_thread(
        service.store.watchlist.enterprise_rows, run, [stored_check["code"]], scope
    )
    source_by_name = service.rulebook.serving(
        "draws.triggered", CheckSources, as_of=service.today()
    ).root
    source = source_by_name.get(stored_check["source"])
    context = {
        "check": stored_check,
        "names": names,
        "items": items_of(service),
        "source": {"zh": source.zh, "en": source.en} if source else {},
        "results": list(dict(directory()["inspection"].column("result").values)),
        "may_enter": visitor.caller.may(DRAWS_RESULTS, stored_check["bureau"]),
        "may_run": visitor.caller.may(DRAWS_RUN, stored_check["bureau"]),
        "today": service.today(),
        "once": secrets.token_hex(16),
    }
    return page(
        request,
        "check.html",
        visitor,
        422 if error_message else 200,
        wrong=error_message,
        **context,
    )


def _visible_check(
    service: Service, visitor: Visitor, permission: str, check_id: str
) -> TriggeredCheckRow:
    """A check of the visitor's bureaus.

    Raises:
        UnknownRecord: there is none.
    """
    stored_check = service.store.triggered_checks.get(check_id[:64])
    if not visitor.caller.may(permission, stored_check["bureau"]):
        raise UnknownRecord(f'there is no check "{check_id[:64]}"; list them to find its id')
    return stored_check


@router.post(BASE_PATH + "/{check}/result")
async def close(request: Request, check: str) -> Response:
    """Enter the result of a triggered check."""

    def save_result(service: Service, act: Act, form: FormData) -> None:
        names = ("result", "inspected_on", "note")
        result_fields = {n: text_of(form, n).strip()[:_MAX_LENGTH] for n in names}
        warehouse = warehouse_of(service)
        triggered_checks.close_check(
            service.store, act, check, result_fields, warehouse, service.today()
        )

    return await _perform_step(request, check, DRAWS_RESULTS, "close", save_result)


@router.post(BASE_PATH + "/{check}/calling-off")
async def call_off(request: Request, check: str) -> Response:
    """Call a check off; the reason is kept."""

    def save_call_off(service: Service, act: Act, form: FormData) -> None:
        reason = text_of(form, "reason")[:_MAX_LENGTH]
        triggered_checks.cancel_check(service.store, act, check, reason, service.today())

    return await _perform_step(request, check, DRAWS_RUN, "call_off", save_call_off)


async def _perform_step(
    request: Request,
    check_id: str,
    permission: str,
    action: str,
    perform: Callable[[Service, Act, FormData], None],
) -> Response:
    """Do something about a check, and show it again."""
    visitor = await visitor_of(request, permission)
    service, form = service_of(request), await request.form()
    await asyncio.to_thread(_visible_check, service, visitor, permission, check_id)
    form_fields = {
        k: v for k, v in form.items() if isinstance(v, str) and k not in ("csrf", "once")
    }
    act = _act(visitor, form, action, check_id, form_fields)
    try:
        await asyncio.to_thread(perform, service, act, form)
    except XhcreditError as error:
        return await _render_check(request, visitor, check_id, str(error))
    return redirect_to(request, f"{BASE_PATH}/{check_id}")
