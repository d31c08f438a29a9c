"""CSRF: a change must carry the session's token and come from our own pages."""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from xhcredit_serving.http.problems import Refusal

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def refuse_forgery(request: Request, csrf: str, public: str) -> None:
    """Refuse a change that another site may have sent in the visitor's name.

    Raises:
        Refusal: without the session's token, or from a foreign page.
    """
    if request.method in _SAFE:
        return
    # Origin before token: a token that leaked is still of no use from a foreign page.
    refuse_other_site(request, public)
    sent_token = request.headers.get("x-csrf-token")
    if sent_token is None and request.headers.get("content-type", "").startswith(_FORMS):
        field = (await request.form()).get("csrf")
        sent_token = field if isinstance(field, str) else None
    # In constant time: the duration of a comparison must not tell how much of a token was
    # right.
    if sent_token is None or not hmac.compare_digest(sent_token.encode(), csrf.encode()):
        raise Refusal(
            "foreign_page",
            "the session's token is missing or wrong; send it as X-CSRF-Token (see /v1/session)",
        )


def refuse_other_site(request: Request, public: str) -> None:
    """CSRF: refuse a request from another site (Sec-Fetch-Site, Origin).

    Raises:
        Refusal: it does.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    # Behind a gateway the Host header is the gateway's; only `public` is what browsers see.
    own_host = urlsplit(public).netloc or request.headers.get("host", "")
    is_foreign = origin is not None and urlsplit(origin).netloc != own_host
    # `none` is a typed address or a bookmark; older browsers and programs send no such header.
    if is_foreign or site not in (None, "same-origin", "none"):
        raise Refusal("foreign_page", "the request comes from another site; use our own pages")
