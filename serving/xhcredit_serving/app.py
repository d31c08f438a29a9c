"""FastAPI application: all routes, most frequent first."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.routing import Route

from xhcredit import __version__
from xhcredit.domain.log import events_to, json_lines
from xhcredit.store.store import Store
from xhcredit_serving import health_and_metrics
from xhcredit_serving.access import (
    accounts,
    api_keys,
    audit_log,
    oidc_routes,
    own_account,
)
from xhcredit_serving.alerts import files_and_clusters, routes
from xhcredit_serving.auth.oidc import Oidc
from xhcredit_serving.console import routes as console_routes
from xhcredit_serving.console.shell import error_page
from xhcredit_serving.delivery import changes, subscriptions, webhooks
from xhcredit_serving.demo_login import LoopbackOnly
from xhcredit_serving.draws import (
    files as draws_files,
)
from xhcredit_serving.draws import (
    joint,
)
from xhcredit_serving.draws import (
    public_record as draws_public,
)
from xhcredit_serving.draws import (
    routes as draws,
)
from xhcredit_serving.draws import (
    triggered_checks as draws_triggered,
)
from xhcredit_serving.draws import (
    trust_list as draws_trust,
)
from xhcredit_serving.enterprise import enterprise_file, scores, what_if
from xhcredit_serving.http import docs_page as docs
from xhcredit_serving.http import problems
from xhcredit_serving.http.json_response import RoundedJSON
from xhcredit_serving.http.middleware import Limits, Meters, RequestMiddleware
from xhcredit_serving.models import routes as models_routes
from xhcredit_serving.night import catalogue, saved_views, watchlist
from xhcredit_serving.restoration import (
    applications as restoration_applications,
)
from xhcredit_serving.restoration import (
    assessment as restoration,
)
from xhcredit_serving.restoration import (
    candidates as restorable,
)
from xhcredit_serving.service import Service, Settings
from xhcredit_serving.supervisor import Supervisor
from xhcredit_serving.warm_up import keep_warm

DESCRIPTION = """
企业信用风险分级分类评分接口（只读）。结果仅供内部配置监管资源，不是信用评价，不得公开。

- 每个请求须带 `Authorization: Bearer xhc_…`，或登录后的会话 Cookie
  （见 `/v1/session`；修改类请求另带 `X-CSRF-Token`）。
- 查询企业须带 `X-Purpose` 写明事由，随操作日志留存。
- 出错时统一返回 `application/problem+json`，`code` 稳定可供程序判断。

Scores and risk tiers of enterprises, read only; for placing supervision resources, no credit
evaluation, not public. Every request carries a key or a session (`/v1/session`; with one, changes
also carry `X-CSRF-Token`); every read of an enterprise says why, and is recorded before it is
answered. Errors are RFC 9457 problems with a stable `code`.
"""
#: FastAPI would send traces to wherever the environment says; nothing leaves by accident
_TELEMETRY_OFF = {
    "auto_configure": False, "tracing": False, "metrics": False, "logs": False,
    "operation_spans": False,
}  # fmt: skip

#: endpoints that run at once in threads; each may hold a connection of the store
_ENDPOINT_THREADS = 8

#: how long a computing thread may keep the interpreter from answers
SWITCH_SECONDS = 0.0005

_bearer = HTTPBearer(auto_error=False, description="访问密钥 / API key (xhc_…)")
_session = APIKeyCookie(
    name="xhcredit", auto_error=False, description="会话 / session, see /v1/session"
)


def create_app(store: Store, settings: Settings) -> FastAPI:
    """FastAPI application over an open store; the opener closes the store."""
    meters = Meters()
    tasks = Supervisor(meters.tasks, json_lines(settings.log))
    service = Service(store, settings, tasks)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        _tune_threads()
        with events_to(tasks.log):
            service.start_background_tasks()
            if settings.warm:
                tasks.start("warm_pages", partial(keep_warm, service, app.state.restorable))
            yield
            await tasks.stop()
            service.close()

    app = FastAPI(
        title="xhcredit",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        default_response_class=RoundedJSON,
        webhooks=webhooks.router,
        telemetry=_TELEMETRY_OFF,  # type: ignore[arg-type]  # a TypedDict
        lifespan=lifespan,
    )
    app.state.service, app.state.meters = service, meters
    score_route = Route(scores.SCORE_PATH, scores.ready_score, methods=["GET"])
    app.router.routes.insert(0, score_route)
    _add_caches(app)
    for router in _authenticated_routers(settings):
        app.include_router(router, dependencies=[Depends(_bearer), Depends(_session)])
    _add_login_routes(app, service)
    for router in _PUBLIC_ROUTERS:
        app.include_router(router)
    problems.register(app)
    console_routes.add_console(app)
    app.openapi = cache(partial(_openapi_with_problems, app, app.openapi))  # type: ignore[method-assign]
    limits = Limits(settings.in_flight, settings.body_bytes, settings.body_seconds)
    app.add_middleware(
        RequestMiddleware,
        meters=meters,
        log=settings.log,
        limits=limits,
        problem_page=error_page.without_handler,
    )
    if store.is_demo:
        app.add_middleware(LoopbackOnly, store=store)
    return app


#: what asks nobody who is there
_PUBLIC_ROUTERS = (
    draws_public.public, draws_files.public, joint.public, health_and_metrics.router, docs.router,
)  # fmt: skip


def _tune_threads() -> None:
    # What is computed in a thread gives way soon: answers would wait 5 ms at every turn.
    sys.setswitchinterval(SWITCH_SECONDS)
    current_default_thread_limiter().total_tokens = _ENDPOINT_THREADS


def _add_caches(app: FastAPI) -> None:
    """Add caches to the application state."""
    app.state.restorable, app.state.trust_lists = (
        restorable.RestorableLists(),
        draws_trust.TrustLists(),
    )
    app.state.public_lists = draws_files.PublicLists()


def _add_login_routes(app: FastAPI, service: Service) -> None:
    """Add login and account administration routes."""
    for router in (own_account.router, accounts.router, api_keys.router, subscriptions.router):
        app.include_router(router, dependencies=[Depends(_session)])
    app.include_router(own_account.public)
    if service.settings.oidc is not None:
        app.state.oidc = Oidc(service.settings.oidc, service.store.sessions)
        app.include_router(oidc_routes.router)


def _authenticated_routers(settings: Settings) -> list[APIRouter]:
    """Authenticated routers; some only where a warehouse is."""
    routers = [
        scores.router,
        watchlist.router,
        saved_views.router,
        catalogue.router,
        audit_log.router,
        changes.router,
    ]
    routers += [files_and_clusters.router, routes.router, models_routes.router, restoration.router]
    routers += [draws.router, draws_files.router, joint.router, draws_triggered.router]
    if settings.warehouse is not None:
        routers += [
            files_and_clusters.clusters,
            draws.warehouse_router,
            draws_triggered.warehouse_router,
            models_routes.warehouse_router,
        ]
        routers += [
            draws_trust.router,
            scores.explain_router,
            enterprise_file.router,
            what_if.router,
            *restoration_applications.ROUTERS,
        ]
    return routers


_REQUIRED_HEADERS = frozenset({"X-Purpose", "X-CSRF-Token"})


def _openapi_with_problems(
    app: FastAPI, default_openapi: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """The description with the error body, of which FastAPI knows only its own.

    Made when somebody asks for it: it takes longer than everything else at the start.
    """
    openapi = default_openapi()
    schemas = openapi["components"]["schemas"]
    problem_schema = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem_schema.pop("$defs") | {"Problem": problem_schema}
    for unused_name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused_name, None)
    problem_422 = problems.declared_problems(422)[422]
    for operation in (o for item in openapi["paths"].values() for o in item.values()):
        for parameter in operation.get("parameters", ()):
            # Optional for the framework, so that their absence is told by our own problems.
            if parameter["name"] in _REQUIRED_HEADERS:
                parameter["required"] = True
                parameter["schema"].pop("default", None)
        if problems.MEDIA_TYPE not in operation["responses"].get("422", problem_422)["content"]:
            operation["responses"]["422"] = problem_422
    for operation in (o for item in openapi["webhooks"].values() for o in item.values()):
        # What a receiver answers is its own: FastAPI describes our refusal of a bad body.
        operation["responses"].pop("422")
    return openapi
