"""Public endpoints of a draw, without a key: commitment, record, stand-alone verifier."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter
from starlette.responses import Response

from xhcredit.draws.published_files import Commitment, DrawRecord
from xhcredit.draws.verify import standalone_verifier
from xhcredit.errors import UnknownRecord
from xhcredit_serving.dependencies import StoreDep
from xhcredit_serving.draws.routes import DrawInPath
from xhcredit_serving.http.problems import declared_problems

public = APIRouter(tags=["draws"])
_CACHE_HEADERS = {"Cache-Control": "public, max-age=300"}


def _public_file_route(name: str) -> Callable[..., Response]:
    # As bytes, not as rows: whoever checks a digest needs them as they were stored.
    def download(store: StoreDep, draw: DrawInPath) -> Response:
        try:
            content = store.draws.file(draw, name)
        except UnknownRecord:
            raise UnknownRecord(f'draw "{draw}" has published no {name} yet') from None
        return Response(content, headers=_CACHE_HEADERS, media_type="application/json")

    download.__doc__ = f"The {name} of a draw, byte by byte."
    return download


for _name, _zh, _model in (
    ("commitment", "承诺", Commitment),
    ("record", "抽查记录", DrawRecord),
):
    public.get(
        f"/v1/public/draws/{{draw}}/{_name}.json",
        operation_id=f"download_{_name}_json",
        summary=f"{_zh}（公开） / {_name}, public",
        description=f"{_zh}原文，任何人可据以核验；无需密钥。\n\n"
        "For everybody, to be checked; no key.",
        responses=declared_problems(404, 422) | {200: {"model": _model}},
    )(_public_file_route(f"{_name}.json"))


@public.get(
    "/v1/public/verify_draw.py",
    operation_id="download_verify_draw_py",
    summary="核验程序（公开） / stand-alone verifier",
    description="只用 Python 标准库的核验程序。\n\nChecks a record with the standard library only.",
    responses=declared_problems()
    | {200: {"content": {"text/x-python": {"schema": {"type": "string"}, "example": "#!…"}}}},
    response_class=Response,
)
async def download_verify_draw_py() -> Response:
    """The program by which a stranger checks a record."""
    return Response(standalone_verifier(), headers=_CACHE_HEADERS, media_type="text/x-python")
