"""Console pages for user accounts and API keys; a new secret is shown once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, get_args

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.errors import BadInput, UnknownRecord, XhcreditError
from xhcredit.store.core.hash_chain import written
from xhcredit_serving.access.accounts import Grant, NewAccount, add_account, looks_after
from xhcredit_serving.access.accounts import shown as shown_account
from xhcredit_serving.access.api_keys import NewKey, make_key
from xhcredit_serving.access.api_keys import shown as shown_key
from xhcredit_serving.auth.passwords import first_password
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.console.shell.layout import Visitor, go_to, page
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.http.field_types import Role
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Wish:
    """An account form as submitted, with the visitor who submitted it."""

    service: Service
    visitor: Visitor
    form: FormData

    @property
    def login(self) -> str:
        """Login of the account that the form is about."""
        return text_of(self.form, "login").strip()

    async def theirs(self) -> str:
        """The login, if the visitor administers that account.

        Raises:
            UnknownRecord: nobody has it, or it is another administrator's.
        """
        user = await asyncio.to_thread(self.service.store.access.user, self.login)
        if not looks_after(self.visitor.caller, user["grants"]):
            raise UnknownRecord(f'nobody has the login "{self.login}"; check it')
        return self.login


@router.get("/console/accounts")
async def accounts(request: Request) -> Response:
    """The page."""
    return await _page(request, await visitor_of(request, ACCOUNTS))


async def _page(
    request: Request, visitor: Visitor, status: int = 200, wrong: str = "", secret: str = ""
) -> Response:
    access, caller = service_of(request).store.access, visitor.caller
    people, keys = await asyncio.gather(
        asyncio.to_thread(access.people), asyncio.to_thread(access.keys)
    )
    told = [shown_account(p) for p in people if looks_after(caller, p["grants"])]
    kept = [shown_key(k) for k in keys if caller.may(ACCOUNTS, k["bureau"])]
    shown: dict[str, Any] = {"people": told, "keys": kept, "wrong": wrong, "secret": secret}
    now = written(service_of(request).now())
    return page(request, "accounts.html", visitor, status, roles=get_args(Role), now=now, **shown)


@router.post("/console/accounts")
async def change(request: Request) -> Response:
    """Do one thing; a new secret is shown on the page that answers, and never again."""
    visitor = await visitor_of(request, ACCOUNTS)
    form = await request.form()
    work = _DOINGS.get(text_of(form, "do"))
    try:
        if work is None:
            raise BadInput("nothing was chosen to be done; use one of the buttons")
        secret = await work(Wish(service_of(request), visitor, form))
    except ValidationError as error:
        first = error.errors()[0]
        return await _page(request, visitor, 422, f"{first['loc'][0]}: {first['msg']}")
    except Refusal as refusal:
        return await _page(request, visitor, 409, refusal.detail)
    except XhcreditError as error:
        return await _page(request, visitor, 409, str(error))
    if secret:
        return await _page(request, visitor, secret=secret)
    return go_to(request, "/console/accounts")


async def _new(wish: Wish) -> str:
    asked = NewAccount(login=wish.login, name=text_of(wish.form, "name"))
    password = await add_account(wish.service, wish.visitor.caller, wish.visitor.purpose, asked)
    return f"{asked.login}: {password}"


async def _reset(wish: Wish) -> str:
    login, password = await wish.theirs(), first_password()
    kept = await wish.service.passwords.hashed(password)
    act = wish.visitor.act("account.reset", login=login)
    await asyncio.to_thread(wish.service.store.access.reset_user, act, login, kept)
    return f"{login}: {password}"


async def _grant(wish: Wish) -> str:
    """Give a role for a bureau, or take it back."""
    login, take = await wish.theirs(), text_of(wish.form, "do") == "take"
    given = {"role": text_of(wish.form, "role"), "bureau": text_of(wish.form, "bureau").strip()}
    asked = Grant.model_validate(given)
    if not wish.visitor.caller.may(ACCOUNTS, asked.bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    act = wish.visitor.act("account.take" if take else "account.grant", login=login, **given)
    grant = wish.service.store.access.grant
    await asyncio.to_thread(grant, act, login, asked.role, asked.bureau, take=take)
    return ""


async def _shut(wish: Wish) -> str:
    login, shut = await wish.theirs(), text_of(wish.form, "do") == "shut"
    act = wish.visitor.act("account.shut", login=login, disabled=shut)
    at = written(wish.service.now()) if shut else None
    await asyncio.to_thread(wish.service.store.access.disable_user, act, login, at)
    return ""


async def _key(wish: Wish) -> str:
    given: dict[str, Any] = {n: text_of(wish.form, n).strip() for n in ("name", "bureau", "days")}
    asked = NewKey.model_validate(given | {"roles": [text_of(wish.form, "role")]})
    return await make_key(wish.service, wish.visitor.caller, wish.visitor.purpose, asked)


async def _revoke(wish: Wish) -> str:
    prefix, access = text_of(wish.form, "prefix"), wish.service.store.access
    every = await asyncio.to_thread(access.keys)
    may = wish.visitor.caller.may
    if not any(k["prefix"] == prefix and may(ACCOUNTS, k["bureau"]) for k in every):
        raise UnknownRecord(f'there is no key "{prefix[:20]}"; choose one of the list')
    act = wish.visitor.act("key.revoke", prefix=prefix)
    await asyncio.to_thread(access.revoke_key, act, prefix)
    return ""


_DOINGS: dict[str, Callable[[Wish], Awaitable[str]]] = {
    "new": _new, "reset": _reset, "grant": _grant, "take": _grant, "shut": _shut, "open": _shut,
    "key": _key, "revoke": _revoke,
}  # fmt: skip
