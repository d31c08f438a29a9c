"""Every page of the console, to be put into the application in one step."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from serving.console import (
    accounts,
    alert,
    alerts,
    assets,
    audit,
    checks,
    door,
    draws,
    draws_joint,
    enterprise,
    half_year,
    mishaps,
    models,
    quality,
    restoration,
    rules,
    views,
    watchlist,
)

PARTS = (
    door, watchlist, views, enterprise, alerts, alert, draws, draws_joint, checks, models, quality,
    restoration, rules, audit, half_year, accounts,
)  # fmt: skip


def add_to(app: FastAPI) -> None:
    """Add the pages, their files, and the words for what goes wrong."""
    app.router.routes.append(Route("/", _to_console))
    app.router.routes.append(Route(assets.PREFIX + "{name:path}", assets.answer))
    for part in PARTS:
        app.include_router(part.router)
    mishaps.register(app)


async def _to_console(request: Request) -> Response:
    """Who knows nothing but the name of the service comes to its pages."""
    return RedirectResponse("/console", 307)
