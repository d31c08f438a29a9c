"""Visitor of a page: who looks, why, and what a form or an address of theirs holds."""

from __future__ import annotations

from urllib.parse import unquote

from fastapi import Request
from starlette.datastructures import FormData

from xhcredit.errors import UnknownRecord
from xhcredit_serving.auth.authentication import PURPOSE_LENGTH
from xhcredit_serving.auth.sessions import LoginSession
from xhcredit_serving.console.shell.layout import Visitor
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import service_of

_MAX_DIGITS = len(str(2**53)) - 1  #: of the longest number that a browser and a store both hold
PURPOSE_COOKIE = "xhcredit_purpose"
#: why somebody logs in; kept with every enterprise that is looked at
PURPOSES = ("日常监管 routine supervision", "投诉举报处理 complaint or report",
            "双随机抽查 random inspection", "信用修复受理 credit restoration",
            "专项整治 special campaign", "系统维护 maintenance")  # fmt: skip


async def visitor_of(request: Request, permission: str) -> Visitor:
    """Visitor of a page, if they hold the permission.

    Raises:
        Refusal: nobody is logged in, a password is due, a forged request, or not allowed.
    """
    visitor = await visitor_if_any(request)
    if permission not in visitor.caller.permissions:
        raise Refusal("not_allowed", f'you lack "{permission}"; ask for a role that has it')
    return visitor


async def visitor_if_any(request: Request) -> Visitor:
    """Visitor of a page, whatever their permissions.

    Raises:
        Refusal: nobody is logged in, a password is due, or a forged request.
    """
    return remembered_visitor(request, await service_of(request).login_session(request))


def known_visitor(request: Request) -> Visitor | None:
    """Visitor already identified while this request was answered, if any."""
    visitor: Visitor | None = request.scope["state"].get("visitor")
    return visitor


def remembered_visitor(request: Request, visit: LoginSession) -> Visitor:
    """The visitor of a visit, remembered with the request."""
    purpose = unquote(request.cookies.get(PURPOSE_COOKIE, ""))[:PURPOSE_LENGTH]
    # The cookie is the browser's: what it says goes into the chain and must be a readable
    # purpose.
    known = purpose if purpose.isprintable() and purpose.strip() else PURPOSES[0]
    visitor = Visitor(visit.caller, visit.name, visit.csrf, known)
    request.scope["state"]["visitor"] = visitor
    return visitor


def text_of(form: FormData, name: str) -> str:
    """A field of a form; a file or nothing is empty text."""
    value = form.get(name)
    return value if isinstance(value, str) else ""


def number_of(text: str, record_kind: str) -> int:
    """The number in an address.

    Raises:
        UnknownRecord: nothing can have such a number.
    """
    # `isdigit` alone takes digits such as `²`; the length keeps within what both databases
    # hold.
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise UnknownRecord(
            f'there is no {record_kind} "{text[:20]}"; list them to find its number'
        )
    return int(text)
