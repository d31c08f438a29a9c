"""Register all console pages, static assets and error pages with the application."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from xhcredit_serving.console.access import accounts, login_pages
from xhcredit_serving.console.access import audit_log as audit
from xhcredit_serving.console.alerts import alert, alert_list
from xhcredit_serving.console.documents import half_year_report
from xhcredit_serving.console.draws import draws, joint, triggered_checks
from xhcredit_serving.console.enterprise import enterprise
from xhcredit_serving.console.models import models
from xhcredit_serving.console.night import (
    data_quality as quality,
)
from xhcredit_serving.console.night import (
    rules,
    saved_views,
    watchlist,
)
from xhcredit_serving.console.restoration import candidates as restoration
from xhcredit_serving.console.shell import assets, error_page

PAGE_MODULES = (
    login_pages, watchlist, saved_views, enterprise, alert_list, alert, draws, joint,
    triggered_checks, models, quality, restoration, rules, audit, half_year_report, accounts,
)  # fmt: skip


def add_console(app: FastAPI) -> None:
    """Add console pages, static assets and error pages."""
    app.router.routes.append(Route("/", _redirect_to_console))
    app.router.routes.append(Route(assets.PREFIX + "{name:path}", assets.serve_asset))
    for part in PAGE_MODULES:
        app.include_router(part.router)
    error_page.register(app)


async def _redirect_to_console(request: Request) -> Response:
    """Redirect the root path to the console."""
    return RedirectResponse("/console", 307)
