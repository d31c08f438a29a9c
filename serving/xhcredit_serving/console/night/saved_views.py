"""Saved views of the watchlist on screen: a menu of filters under names."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from xhcredit.errors import BadInput
from xhcredit.store.core.transactions import Act
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.console.shell.layout import redirect_to
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.night import saved_views
from xhcredit_serving.night.schemas import MAX_QUERY_LENGTH, NewView
from xhcredit_serving.service import service_of

router = APIRouter(include_in_schema=False)
_MAX_NAME_LENGTH = 60


@router.post("/console/watchlist/views")
async def change_view(request: Request) -> Response:
    """Save the present filters under a name, or take a view out of the menu."""
    visitor = await visitor_of(request, SCORES)
    service, form = service_of(request), await request.form()
    caller, name = visitor.caller, text_of(form, "name").strip()
    query = saved_views.normalized_query(text_of(form, "query")[: 4 * MAX_QUERY_LENGTH])
    act = Act(caller.name, "view.save", visitor.purpose, caller.bureau)
    if text_of(form, "do") == "remove":
        act = Act(caller.name, "view.remove", visitor.purpose, caller.bureau)
        await asyncio.to_thread(service.store.views.drop, act, caller.name, name)
    else:
        if not 0 < len(name) <= _MAX_NAME_LENGTH or not name.isprintable():
            raise BadInput("a view needs a name of 1 to 60 characters; write one")
        new_view = NewView(query=query, shared=text_of(form, "shared") == "1")
        await asyncio.to_thread(saved_views.save_view, service, caller, act, name, new_view)
    return redirect_to(request, f"/console/watchlist?{query}" if query else "/console/watchlist")
