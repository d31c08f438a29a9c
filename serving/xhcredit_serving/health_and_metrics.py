"""Health, readiness and metrics endpoints for operators."""

from __future__ import annotations

import asyncio
import os
from ipaddress import ip_address

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from xhcredit.errors import XhcreditError
from xhcredit_serving.auth.permissions import CATALOGUE
from xhcredit_serving.http.read_log import TASK_NAME as JOURNAL
from xhcredit_serving.night.catalogue import current_run
from xhcredit_serving.service import Service, service_of

FREE_SHARE = 0.05  #: below it, writers would soon fail
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def healthz() -> Response:
    """Whether the process answers."""
    return JSONResponse({"alive": True})


@router.get("/readyz")
async def readyz(request: Request) -> Response:
    """Whether it can serve: run published, store writable, room on disk, background tasks at work.

    ``failed_tasks`` names the background tasks that failed and have not worked since.
    """
    service = service_of(request)
    checks = await asyncio.to_thread(_checks, service)
    if JOURNAL in service.supervisor.down:  # who is not asked while not ready would never recover
        await service.journal.probe()
    failed_tasks = service.supervisor.down
    is_ready = all(checks.values()) and not failed_tasks
    readiness = {"ready": is_ready, **checks, "tasks": not failed_tasks} | (
        {"down": failed_tasks} if failed_tasks else {}
    )
    return JSONResponse(readiness, 200 if is_ready else 503)


def _checks(service: Service) -> dict[str, bool]:
    try:
        # Only the writer's lock itself shows a store that is locked, read-only or without room.
        with service.store.database.writing():
            pass
        run = current_run(service)
    except XhcreditError:
        return {"store": False}
    return {"store": True, "run": run is not None, "disk": _has_room(service)}


def _has_room(service: Service) -> bool:
    """Whether the disk of an SQLite store has room; a PostgreSQL server watches its own."""
    if not service.store.database.is_sqlite:
        return True
    disk = os.statvfs(service.store.database.path.parent)
    return disk.f_bavail >= FREE_SHARE * disk.f_blocks


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """Measurements for Prometheus: from this computer itself, or with a key."""
    service = service_of(request)
    if not _is_local(request):
        await service.caller(request, CATALOGUE)
    meters = request.app.state.meters
    run = await asyncio.to_thread(current_run, service)
    meters.run.set(run["run"] if run else 0)
    meters.missing_notice.set(service.rulebook.missing_notice(service.today()) or 0)
    return Response(meters.exposition(), media_type=CONTENT_TYPE_LATEST)


def _is_local(request: Request) -> bool:
    """Whether the request comes from this computer directly, not through a gateway."""
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False
