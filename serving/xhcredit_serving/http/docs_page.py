"""Swagger UI page of the API, served from a package's files without network."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from xhcredit_serving.http.problems import Refusal

router = APIRouter(include_in_schema=False)
_TYPES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
# Swagger UI sets styles inline; scripts come from our own files alone.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:"
_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>xhcredit 接口说明 API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>接口说明文件 / as a file: <a href="openapi.json">openapi.json</a></noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
#: validatorUrl would send the description to somebody else's server
_START = """window.ui = SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout",
});
"""


@router.get("/docs")
async def page() -> Response:
    """The page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/docs/start.js")
async def start() -> Response:
    """Start script of Swagger UI; a file, so that CSP needs no inline script."""
    return Response(_START, media_type="text/javascript")


@router.get("/docs/{name}")
async def asset(name: str) -> Response:
    """A file of Swagger UI."""
    if name not in _TYPES:
        raise Refusal("not_found", "no such file; see /docs")
    headers = {"Cache-Control": "public, max-age=86400"}
    return Response(_asset_bytes(name), headers=headers, media_type=_TYPES[name])


@cache
def _asset_bytes(name: str) -> bytes:
    """A file of the package; none of its code is run."""
    return files("fastapi_swagger.resources").joinpath(name).read_bytes()
