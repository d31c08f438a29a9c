"""Static assets: cached in memory, named by digest, pre-compressed with gzip.

Nothing comes from outside, and what was loaded once is never asked for again.
"""

from __future__ import annotations

import gzip
import hashlib
from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from xhcredit_serving.http.problems import Refusal

PREFIX = "/console/static/"
_TYPES = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "verify.js": "text/javascript",
    "verify-page.js": "text/javascript",
    "ceremony.js": "text/javascript",
    "tour.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "vendor/htmx.min.js": "text/javascript",
    "vendor/echarts.min.js": "text/javascript",
}
_CACHE_FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Asset:
    """A file as it is sent: plain, and packed."""

    plain: bytes
    packed: bytes
    tag: str


@cache
def asset(name: str) -> Asset:
    """A file by its name below ``static``."""
    plain = files("xhcredit_serving.console").joinpath("static", *name.split("/")).read_bytes()
    # Without a time inside: the same file packs to the same bytes at every start.
    return Asset(plain, gzip.compress(plain, 9, mtime=0), hashlib.sha256(plain).hexdigest()[:16])


def address(name: str) -> str:
    """Where a page finds a file; another content is another address."""
    return f"{PREFIX}{name}?v={asset(name).tag}"


def data_url(name: str) -> str:
    """A small picture as an address that holds it: no request is spent on it."""
    return f"data:{_TYPES[name]};base64,{b64encode(asset(name).plain).decode()}"


async def serve_asset(request: Request) -> Response:
    """A file of the table above, and no other.

    Raises:
        Refusal: there is no such file.
    """
    name = request.path_params["name"]
    # The name comes from the address: only a table keeps `..` and other files of the package
    # out.
    if name not in _TYPES:
        raise Refusal("not_found", "no such file")
    static_asset = asset(name)
    accepts_gzip = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": _CACHE_FOREVER, "Vary": "Accept-Encoding"}
    headers |= {"Content-Encoding": "gzip"} if accepts_gzip else {}
    return Response(
        static_asset.packed if accepts_gzip else static_asset.plain, 200, headers, _TYPES[name]
    )
