"""Register all console pages, static assets and error pages with the application."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from xhcredit_serving.console.access import accounts
from xhcredit_serving.console.access import audit_log as audit
from xhcredit_serving.console.access import login_pages as door
from xhcredit_serving.console.alerts import alert
from xhcredit_serving.console.alerts import alert_list as alerts
from xhcredit_serving.console.documents import half_year_report as half_year
from xhcredit_serving.console.draws import draws
from xhcredit_serving.console.draws import joint as draws_joint
from xhcredit_serving.console.draws import triggered_checks as checks
from xhcredit_serving.console.enterprise import enterprise
from xhcredit_serving.console.models import models
from xhcredit_serving.console.night import (
    data_quality as quality,
)
from xhcredit_serving.console.night import (
    rules,
    watchlist,
)
from xhcredit_serving.console.night import (
    saved_views as views,
)
from xhcredit_serving.console.restoration import candidates as restoration
from xhcredit_serving.console.shell import assets
from xhcredit_serving.console.shell import error_page as mishaps

PAGE_MODULES = (
    door, watchlist, views, enterprise, alerts, alert, draws, draws_joint, checks, models, quality,
    restoration, rules, audit, half_year, accounts,
)  # fmt: skip


def add_console(app: FastAPI) -> None:
    """Add console pages, static assets and error pages."""
    app.router.routes.append(Route("/", _redirect_to_console))
    app.router.routes.append(Route(assets.PREFIX + "{name:path}", assets.serve_asset))
    for part in PAGE_MODULES:
        app.include_router(part.router)
    mishaps.register(app)


async def _redirect_to_console(request: Request) -> Response:
    """Redirect the root path to the console."""
    return RedirectResponse("/console", 307)
