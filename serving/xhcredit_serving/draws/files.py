"""Files of a draw over HTTP: public list, and internal list and notices for officers.

The names are fixed addresses; nothing that a caller writes becomes part of a path.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from xhcredit.errors import UnknownRecord
from xhcredit.jobs.draws.documents import notices_pdf, write_internal_list
from xhcredit.jobs.draws.publication import (
    FILES,
    PUBLISHED,
    record_publication,
    write_public_list,
)
from xhcredit.jobs.draws.steps import record_of
from xhcredit.store.core.hash_chain import canonical
from xhcredit.store.draws.rows import DrawPublished
from xhcredit_serving.auth.permissions import DRAWS_RUN
from xhcredit_serving.dependencies import Reading, ServiceDep, StoreDep
from xhcredit_serving.draws.routes import (
    Drawing,
    DrawInPath,
    DrawToRun,
    OfficerReading,
    draw_of_bureau,
    point_to_draw,
)
from xhcredit_serving.http import examples
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service

router = APIRouter(tags=["draws"])
#: for everybody, as the record is
public = APIRouter(tags=["draws"])

TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pdf": "application/pdf",
}
INTERNAL = {"internal_list.xlsx": "内部名单 / internal list", "notices.pdf": "检查通知书 / notices"}
_CACHE_HEADERS = {"Cache-Control": "public, max-age=300"}
_MAX_CACHED = 12  #: public files that are kept ready


@dataclass
class PublicLists:
    """Public files as they were made last; one is made at a time, since anybody may ask."""

    _cached: dict[str, bytes] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def of(self, service: Service, draw: str, name: str) -> bytes:
        """File of a published draw, rebuilt when results or names have changed.

        Raises:
            UnknownRecord: there is no such draw, or its list was not published.
        """
        # One at a time: no key is needed to ask, and a PDF costs seconds and memory.
        async with self._lock:
            file_version = await asyncio.to_thread(_file_version, service, draw, name)
            if file_version not in self._cached:
                content = await asyncio.to_thread(_file_content, _write_public, service, draw, name)
                # A new dict with the oldest left out: the bound holds whatever strangers ask
                # for.
                self._cached = dict([*self._cached.items()][1 - _MAX_CACHED :]) | {
                    file_version: content
                }
            return self._cached[file_version]


def _file_version(service: Service, draw: str, name: str) -> str:
    """Version of a public file: digest of its inputs."""
    draw_record = service.store.draws.get(draw)
    if draw_record["state"] != PUBLISHED:
        raise UnknownRecord(f'draw "{draw}" has published no list yet')
    run = service.store.reader.current_run()["run"]
    return hashlib.sha256(
        canonical([draw, name, draw_record["results"], draw_record["publications"], run]).encode()
    ).hexdigest()


def _file_content(write_file: Callable[..., None], service: Service, draw: str, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        write_file(service, draw, file)
        return file.read_bytes()


def _write_public(service: Service, draw: str, file: Path) -> None:
    write_public_list(service.store, draw, file)


def _write_internal(service: Service, draw: str, file: Path) -> None:
    if file.suffix == ".pdf":
        file.write_bytes(notices_pdf(service.store, draw, service.rulebook))
    else:
        write_internal_list(service.store, draw, file)


def _file_response_schema(name: str) -> dict[int | str, dict[str, object]]:
    return {200: examples.file_answer(TYPES[Path(name).suffix])}


def _attachment(content: bytes, draw: str, name: str, headers: dict[str, str]) -> Response:
    disposition = {"Content-Disposition": f'attachment; filename="{draw}-{name}"'}
    return Response(content, headers=headers | disposition, media_type=TYPES[Path(name).suffix])


async def _public_lists(request: Request) -> PublicLists:
    lists: PublicLists = request.app.state.public_lists
    return lists


PublicListsDep = Annotated[PublicLists, Depends(_public_lists)]


def _public_file_route(name: str) -> Callable[..., Awaitable[Response]]:
    async def download(lists: PublicListsDep, service: ServiceDep, draw: DrawInPath) -> Response:
        content = await lists.of(service, draw, name)
        return _attachment(content, draw, name, _CACHE_HEADERS)

    download.__doc__ = f"The {name} of a published draw."
    return download


for _name in FILES:
    public.get(
        f"/v1/public/draws/{{draw}}/{_name}",
        operation_id=f"download_{_name.replace('.', '_')}",
        summary=f"抽查名单与结果（公开） / {_name}, public",
        description="公示后任何人可取，随结果更新；不含等级。单元格不会作为公式执行；无需密钥。\n\n"
        "For everybody once it was published, with results as they stand; no tiers, no key.",
        responses=declared_problems(400, 404, 422) | _file_response_schema(_name),
        response_class=Response,
    )(_public_file_route(_name))


async def internal_file(service: Service, reading: Reading, draw: str, name: str) -> Response:
    """Internal file of a draw; the read and the enterprises in it are audited.

    Raises:
        UnknownRecord: there is no such draw for this caller, or nothing was drawn yet.
        Refusal: another export is being written.
    """
    await asyncio.to_thread(draw_of_bureau, service, reading.caller, DRAWS_RUN, draw)
    if service.export_lock.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    async with service.export_lock:
        record = await asyncio.to_thread(record_of, service.store, draw)
        content = await asyncio.to_thread(_file_content, _write_internal, service, draw, name)
    codes = [s["code"] for s in record["selected"]]
    # Recorded before it is sent: the file names enterprises.
    await service.journal.note(reading.act("draw.file", draw=draw, file=name, codes=codes))
    return _attachment(content, draw, name, {})


def _internal_file_route(name: str) -> Callable[..., Awaitable[Response]]:
    async def download(reading: OfficerReading, service: ServiceDep, draw: DrawInPath) -> Response:
        return await internal_file(service, reading, draw, name)

    download.__doc__ = f"The {name} of a draw."
    return download


for _name, _summary in INTERNAL.items():
    router.get(
        f"/v1/draws/{{draw}}/{_name}",
        operation_id=f"download_{_name.replace('.', '_')}",
        summary=_summary,
        description="供抽查经办人，含企业信息，不得公开；查询留痕。\n\n"
        "For officers of the draw, not public; the reading is recorded.",
        responses=declared_problems(400, 404, 422) | _file_response_schema(_name),
        response_class=Response,
    )(_internal_file_route(_name))


@router.post(
    "/v1/draws/{draw}/publications",
    operation_id="publish_draw",
    summary="公示名单与结果 / publish the list",
    description="此后任何人可取公开名单，随结果更新；有新结果后可再次公示，逐次编号留存。\n\n"
    "From then on everybody can take the public list, with results as they stand; again after "
    "new results: publications are numbered and all kept.",
    status_code=201,
    responses=declared_problems(400, 404, 409, 422),
)
def publish_draw(
    drawing: Drawing, store: StoreDep, draw: DrawToRun, response: Response
) -> DrawPublished:
    """Publish the list of a draw."""
    act = drawing.act("draw.publish", None, draw=draw["id"])
    point_to_draw(response, draw)
    return record_publication(store, act, draw["id"])
