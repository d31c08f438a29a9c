"""Console pages for user accounts and API keys; a new secret is shown once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import get_args

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.errors import BadInput, UnknownRecord, XhcreditError
from xhcredit.store.core.hash_chain import format_moment
from xhcredit_serving.access.accounts import (
    account_body,
    add_account,
    granted_bureau,
    manages_account,
)
from xhcredit_serving.access.api_keys import make_key
from xhcredit_serving.access.schemas import Grant, NewAccount, NewKey
from xhcredit_serving.auth.passwords import first_password
from xhcredit_serving.auth.permissions import ACCOUNTS
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to
from xhcredit_serving.console.shell.visitor import text_of, visitor_of
from xhcredit_serving.http.field_types import Role
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class AccountAction:
    """An account form as submitted, with the visitor who submitted it."""

    service: Service
    visitor: Visitor
    form: FormData

    @property
    def login(self) -> str:
        """Login of the account that the form is about."""
        return text_of(self.form, "login").strip()

    async def checked_login(self) -> str:
        """The login, if the visitor administers that account.

        Raises:
            UnknownRecord: nobody has it, or it is another administrator's.
        """
        user = await asyncio.to_thread(self.service.store.access.get_user, self.login)
        if not manages_account(self.visitor.caller, user["grants"]):
            raise UnknownRecord(f'nobody has the login "{self.login}"; check it')
        return self.login


@router.get("/console/accounts")
async def accounts(request: Request) -> Response:
    """The page."""
    return await _render_accounts(request, await visitor_of(request, ACCOUNTS))


async def _render_accounts(
    request: Request, visitor: Visitor, status: int = 200, error_message: str = "", secret: str = ""
) -> Response:
    access, caller = service_of(request).store.access, visitor.caller
    all_accounts, all_keys = await asyncio.gather(
        asyncio.to_thread(access.list_users), asyncio.to_thread(access.list_keys)
    )
    account_rows = [account_body(p) for p in all_accounts if manages_account(caller, p["grants"])]
    key_rows = [k for k in all_keys if caller.may(ACCOUNTS, k["bureau"])]
    context: dict[str, object] = {
        "people": account_rows,
        "keys": key_rows,
        "wrong": error_message,
        "secret": secret,
    }
    moment_text = format_moment(service_of(request).moment())
    return page(
        request,
        "accounts.html",
        visitor,
        status,
        roles=get_args(Role),
        moment=moment_text,
        **context,
    )


@router.post("/console/accounts")
async def change_account(request: Request) -> Response:
    """Do one thing; a new secret is shown on the page that answers, and never again."""
    visitor = await visitor_of(request, ACCOUNTS)
    form = await request.form()
    handler = _HANDLERS.get(text_of(form, "do"))
    try:
        if handler is None:
            raise BadInput("nothing was chosen to be done; use one of the buttons")
        secret = await handler(AccountAction(service_of(request), visitor, form))
    except ValidationError as error:
        first_error = error.errors()[0]
        return await _render_accounts(
            request, visitor, 422, f"{first_error['loc'][0]}: {first_error['msg']}"
        )
    except Refusal as refusal:
        return await _render_accounts(request, visitor, 409, refusal.detail)
    except XhcreditError as error:
        return await _render_accounts(request, visitor, 409, str(error))
    if secret:
        return await _render_accounts(request, visitor, secret=secret)
    return redirect_to(request, "/console/accounts")


async def _create_account(action: AccountAction) -> str:
    new_account = NewAccount(login=action.login, name=text_of(action.form, "name"))
    password = await add_account(
        action.service, action.visitor.caller, action.visitor.act("account.new"), new_account
    )
    return f"{new_account.login}: {password}"


async def _reset_password(action: AccountAction) -> str:
    login, password = await action.checked_login(), first_password()
    password_hash = await action.service.passwords.hash_password(password)
    act = action.visitor.act("account.reset", login=login)
    await asyncio.to_thread(action.service.store.access.reset_user, act, login, password_hash)
    return f"{login}: {password}"


async def _change_grant(action: AccountAction) -> str:
    """Give a role for a bureau, or take it back."""
    login, is_revoking = await action.checked_login(), text_of(action.form, "do") == "take"
    new_grant = Grant.model_validate(
        {"role": text_of(action.form, "role"), "bureau": text_of(action.form, "bureau").strip()}
    )
    bureau = await asyncio.to_thread(
        granted_bureau, action.service, login, new_grant.bureau, take=is_revoking
    )
    if not action.visitor.caller.may(ACCOUNTS, bureau):
        raise Refusal("not_allowed", "this bureau is another administrator's; ask them")
    act = action.visitor.act(
        "account.take" if is_revoking else "account.grant",
        login=login,
        role=new_grant.role,
        bureau=bureau,
    )
    store_grant = action.service.store.access.grant
    await asyncio.to_thread(store_grant, act, login, new_grant.role, bureau, take=is_revoking)
    return ""


async def _set_disabled(action: AccountAction) -> str:
    login, is_disabled = await action.checked_login(), text_of(action.form, "do") == "shut"
    act = action.visitor.act("account.shut", login=login, disabled=is_disabled)
    disabled_at = format_moment(action.service.moment()) if is_disabled else None
    await asyncio.to_thread(action.service.store.access.disable_user, act, login, disabled_at)
    return ""


async def _create_key(action: AccountAction) -> str:
    key_fields: dict[str, object] = {
        n: text_of(action.form, n).strip() for n in ("name", "bureau", "days")
    }
    new_key = NewKey.model_validate(key_fields | {"roles": [text_of(action.form, "role")]})
    return await asyncio.to_thread(
        make_key, action.service, action.visitor.caller, action.visitor.act("key.new"), new_key
    )


async def _revoke_key(action: AccountAction) -> str:
    prefix, access = text_of(action.form, "prefix"), action.service.store.access
    all_keys = await asyncio.to_thread(access.list_keys)
    is_allowed = action.visitor.caller.may
    if not any(k["prefix"] == prefix and is_allowed(ACCOUNTS, k["bureau"]) for k in all_keys):
        raise UnknownRecord(f'there is no key "{prefix[:20]}"; choose one of the list')
    act = action.visitor.act("key.revoke", prefix=prefix)
    await asyncio.to_thread(access.revoke_key, act, prefix)
    return ""


_HANDLERS: dict[str, Callable[[AccountAction], Awaitable[str]]] = {
    "new": _create_account, "reset": _reset_password, "grant": _change_grant, "take": _change_grant,
    "shut": _set_disabled, "open": _set_disabled,
    "key": _create_key, "revoke": _revoke_key,
}  # fmt: skip
