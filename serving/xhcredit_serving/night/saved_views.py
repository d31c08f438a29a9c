"""Saved views of the watchlist: filters under a name, one's own or shared in the bureau."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Path

from xhcredit.errors import BadInput, UnknownRecord
from xhcredit.store.core.transactions import Act
from xhcredit.store.night.saved_views import EVERYBODY, NOBODY, View
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import SCORES
from xhcredit_serving.dependencies import (
    ServiceDep,
    StoreDep,
    Writing,
    caller_with,
    writing_with,
)
from xhcredit_serving.http.paging import PageQueryDep
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.night.schemas import (
    MAX_QUERY_LENGTH,
    NewView,
    SavedView,
    ViewName,
    ViewPage,
)
from xhcredit_serving.service import Service

router = APIRouter(tags=["enterprises"])
#: what a view may hold: the filters of the API and of the page, and the order; never a page's place
FILTER_NAMES = frozenset(
    {"tier", "street", "bureau", "kind", "size", "field", "lowest", "highest", "moved", "text",
     "alerted", "trigger", "sort"}
)  # fmt: skip
ANY = "any"  #: on the page, instead of a trigger: whichever
ViewReader = Annotated[Caller, Depends(caller_with(SCORES))]
ViewChange = Annotated[Writing, Depends(writing_with(SCORES))]
# With the converter a name may hold a slash.
_PATH = "/v1/views/{name:path}"
NameInPath = Annotated[ViewName, Path(description="名称 / its name", examples=["D级餐饮"])]


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


def views_of(service: Service, caller: Caller) -> list[SavedView]:
    """Own views and those shared with the caller's bureau, by name."""
    visible_views = service.store.views.visible_to(caller.name, caller.bureau)
    return [_view_body(caller, view) for view in visible_views]


def _view_body(caller: Caller, view: View) -> SavedView:
    return {
        "name": view.name,
        "query": view.query,
        "owner": view.owner,
        "shared": view.bureau != NOBODY,
        "mine": view.owner == caller.name,
    }


def save_view(
    service: Service, caller: Caller, act: Act, view_name: str, new_view: NewView
) -> SavedView:
    """Save a view of the caller.

    Raises:
        BadInput: it has no name, or its filters cannot be read.
    """
    name = view_name.strip()
    if not name:
        raise BadInput("the view has no name; write one")
    bureau = (caller.bureau or EVERYBODY) if new_view.shared else NOBODY
    view = View(caller.name, name, normalized_query(new_view.query), bureau)
    service.store.views.save(act, view)
    return _view_body(caller, view)


@router.get(
    "/v1/views",
    operation_id="list_views",
    summary="常用筛选 / saved views",
    description="自己保存的与本部门共享的筛选条件。\n\n"
    "Filters that one saved, and those shared in the bureau.",
    responses=declared_problems(400, 422),
)
def list_views(caller: ViewReader, service: ServiceDep, page: PageQueryDep) -> ViewPage:
    """Saved views, by name."""
    page_rows, next_cursor = page.cut(
        views_of(service, caller), key=lambda view: f"{view['name']}\n{view['owner']}"
    )
    return {"views": page_rows, "next": next_cursor}


@router.get(
    _PATH,
    operation_id="get_view",
    summary="单个常用筛选 / one saved view",
    description="自己的优先，否则为本部门共享的同名者。\n\nOne's own, else the first shared one.",
    responses=declared_problems(404, 422),
)
def get_view(caller: ViewReader, service: ServiceDep, name: NameInPath) -> SavedView:
    """One saved view."""
    same_name = [view for view in views_of(service, caller) if view["name"] == name.strip()]
    if not same_name:
        raise UnknownRecord(f'there is no saved view "{name}"; list them: /v1/views')
    return max(same_name, key=lambda view: view["mine"])


@router.put(
    _PATH,
    operation_id="save_view",
    summary="保存常用筛选 / save a view",
    description="自己的同名者即被替换；未知条件与翻页位置不保存。\n\n"
    "One's own of the same name is replaced; unknown filters and places of pages are left out.",
    responses=declared_problems(400, 404, 409, 422),
)
def put_view(
    change: ViewChange, service: ServiceDep, name: NameInPath, new_view: NewView
) -> SavedView:
    """Save a view."""
    act = change.act("view.save", {"name": name, **new_view.model_dump()})
    return save_view(service, change.caller, act, name, new_view)


@router.delete(
    _PATH,
    operation_id="remove_view",
    summary="删除常用筛选 / remove a view",
    description="只能删除自己的；历史留存。\n\nOne's own alone; what it was stays in the chain.",
    responses=declared_problems(400, 404, 409, 422),
)
def remove_view(change: ViewChange, store: StoreDep, name: NameInPath) -> SavedView:
    """Remove a view."""
    act = change.act("view.remove", {"name": name})
    return _view_body(change.caller, store.views.drop(act, change.caller.name, name.strip()))
