"""Saved views of the watchlist: filters under a name, one's own or shared in the bureau."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from xhcredit.errors import BadInput
from xhcredit.store.core.transactions import Act
from xhcredit.store.night.saved_views import EVERYBODY, NOBODY, View
from xhcredit_serving.auth.authentication import Caller, idempotency_key_of, purpose_of
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.http import examples
from xhcredit_serving.http.json_response import NO_STORE, RoundedJSON
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["enterprises"])
MAX_QUERY_LENGTH = 1000  #: characters of filters, as in an address
#: what a view may hold: the filters of the API and of the page, and the order; never a page's place
FILTER_NAMES = frozenset(
    {"tier", "street", "bureau", "kind", "size", "field", "lowest", "highest", "moved", "text",
     "alerted", "trigger", "sort"}
)  # fmt: skip
ANY = "any"  #: on the page, instead of a trigger: whichever
Name = Annotated[
    str, Field(min_length=1, max_length=60, pattern=r"^[^\x00-\x1f\x7f]*$", examples=["D级餐饮"])
]
EXAMPLE_VIEW = {
    "name": "D级餐饮", "query": "tier=D&field=x_food", "owner": "user:wang", "shared": False,
    "mine": True,
}  # fmt: skip


class NewView(BaseModel):
    """Request: a saved view; one of the same name is replaced."""

    model_config = ConfigDict(extra="forbid")
    name: Name
    query: Annotated[str, Field(max_length=MAX_QUERY_LENGTH, examples=["tier=D&field=x_food"])]
    shared: bool = Field(False, description="与本部门共享 / shared in one's bureau")


class ViewName(BaseModel):
    """Which one."""

    model_config = ConfigDict(extra="forbid")
    name: Name


def normalized_query(text: str) -> str:
    """Filters of an address in one form: known ones alone, in order, without empty ones.

    >>> normalized_query("?tier=D&after=3~x&street=&alert=any")
    'alerted=true&tier=D'

    Raises:
        BadInput: longer than an address should be, or not text of an address.
    """
    try:
        pairs = parse_qsl(text.removeprefix("?"), max_num_fields=100)
        api_pairs = (_api_filter(k, v.replace("\0", "")) for k, v in pairs)
        filter_pairs = sorted((k, v) for k, v in api_pairs if k in FILTER_NAMES and v)
        query = urlencode(filter_pairs)
    except ValueError as error:
        raise BadInput(f"these filters cannot be read ({error}); copy them anew") from None
    if len(query) > MAX_QUERY_LENGTH:
        raise BadInput(f"more than {MAX_QUERY_LENGTH} characters of filters; choose fewer")
    return query


def _api_filter(key: str, value: str) -> tuple[str, str]:
    """The page's one choice of alerts as the API's two filters."""
    if key != "alert":
        return key, value
    return ("alerted", "true") if value == ANY else ("trigger", value)


def views_of(service: Service, caller: Caller) -> list[dict[str, Any]]:
    """Own views and those shared with the caller's bureau, by name."""
    visible_views = service.store.views.visible_to(caller.name, caller.bureau)
    return [
        {
            "name": v.name,
            "query": v.query,
            "owner": v.owner,
            "shared": v.bureau != NOBODY,
            "mine": v.owner == caller.name,
        }
        for v in visible_views
    ]


def save_view(service: Service, caller: Caller, act: Act, new_view: NewView) -> None:
    """Save a view of the caller."""
    name = new_view.name.strip()
    if not name:
        raise BadInput("the view has no name; write one")
    bureau = (caller.bureau or EVERYBODY) if new_view.shared else NOBODY
    view = View(caller.name, name, normalized_query(new_view.query), bureau)
    service.store.views.save(act, view)


@router.get(
    "/v1/watchlist/views",
    operation_id="views",
    summary="常用筛选 / saved views",
    description="自己保存的与本部门共享的筛选条件。\n\n"
    "Filters that one saved, and those shared in the bureau.",
    responses=declared_problems() | {200: examples.json_example({"views": [EXAMPLE_VIEW]})},
)
async def views(request: Request) -> Response:
    """Saved views."""
    service = service_of(request)
    caller = await service.caller(request, SCORES)
    view_rows = await asyncio.to_thread(views_of, service, caller)
    return RoundedJSON({"views": view_rows}, headers=NO_STORE)


@router.post(
    "/v1/watchlist/views",
    operation_id="view_save",
    summary="保存常用筛选 / save a view",
    description="同名即替换；未知条件与翻页位置不保存。\n\n"
    "One of the same name is replaced; unknown filters and places of pages are left out.",
    responses=declared_problems(400, 409, 422)
    | {200: examples.json_example({"views": [EXAMPLE_VIEW]})},
    openapi_extra=examples.purpose_parameters(),
)
async def view_save(request: Request, new_view: NewView) -> Response:
    """Save a view and list them."""
    service = service_of(request)
    caller = await service.caller(request, SCORES)
    act = _new_act(request, caller, "save", new_view.model_dump())
    await asyncio.to_thread(save_view, service, caller, act, new_view)
    return RoundedJSON({"views": await asyncio.to_thread(views_of, service, caller)})


@router.post(
    "/v1/watchlist/views/removal",
    operation_id="view_remove",
    summary="删除常用筛选 / remove a view",
    description="只能删除自己的；历史留存。\n\nOne's own alone; what it was stays in the chain.",
    responses=declared_problems(400, 404, 409, 422) | {200: examples.json_example({"views": []})},
    openapi_extra=examples.purpose_parameters(),
)
async def view_remove(request: Request, view_name: ViewName) -> Response:
    """Remove a view and list the rest."""
    service = service_of(request)
    caller = await service.caller(request, SCORES)
    act = _new_act(request, caller, "remove", view_name.model_dump())
    await asyncio.to_thread(service.store.views.drop, act, caller.name, view_name.name.strip())
    return RoundedJSON({"views": await asyncio.to_thread(views_of, service, caller)})


def _new_act(request: Request, caller: Caller, action: str, body: Any) -> Act:
    purpose, key = purpose_of(request.headers), idempotency_key_of(request.headers)
    return Act(caller.name, f"view.{action}", purpose, caller.bureau, {}, key, body)
