"""Problem responses (RFC 9457) for errors and refusals.

``type`` is an URN made of the stable ``code``; ``instance`` names the request, so that an operator
finds it in the log.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from http import HTTPStatus

import duckdb
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from xlsxwriter.exceptions import XlsxWriterException

from xhcredit import errors
from xhcredit.domain.codes import problem_with
from xhcredit.domain.disk import disk_error
from xhcredit_serving.http.problem_catalogue import HTTP, LIBRARY, ProblemKind

MEDIA_TYPE = "application/problem+json"
TOO_LARGE = "the body is larger than is taken here; ask in smaller parts"
RETRY_SECONDS = 1  #: what is said in Retry-After: overload passes quickly


#: said instead of the error's own words: those tell of files and databases of the server
_PUBLIC_DETAILS = {
    500: "something is wrong on our side; tell the operator the number in instance",
    507: "there is no room left on the server's disk; nothing was changed",
    503: "the store is away, busy or full; nothing was changed: try again in a moment",
}


class Refusal(Exception):
    """A request is refused for a reason that exists only over HTTP."""

    def __init__(self, code: str, detail: str, **headers: str) -> None:
        """Refuse as ``HTTP[code]``; ``headers`` are written with ``_`` for ``-``."""
        super().__init__(detail)
        self.code, self.detail = code, detail
        self.headers = {k.replace("_", "-"): v for k, v in headers.items()}


class Fault(BaseModel):
    """One thing that is wrong in a request."""

    field: str = Field(description="哪一项 / which part of the request")
    detail: str = Field(description="发现什么 / what was found")


class Problem(BaseModel):
    """The one error body (RFC 9457)."""

    type: str = Field(examples=["urn:xhcredit:problem:bad_code"])
    title: str = Field(examples=["统一社会信用代码有误"])
    title_en: str = Field(examples=["Wrong unified social credit code"])
    status: int = Field(examples=[400])
    detail: str = Field(description="发现什么 / what was found, and what of it to change")
    advice: str = Field(description="怎么办", examples=["请对照营业执照核对18位代码后重新提交。"])
    advice_en: str = Field(
        description="what to do", examples=["Compare it with the business licence."]
    )
    instance: str = Field(description="请求编号 / names the request in the log")
    code: str = Field(examples=["bad_code"], description="稳定代码 / stable, to be matched")
    errors: list[Fault] = []


def declared_problems(*statuses: int) -> dict[int | str, dict[str, object]]:
    """OpenAPI responses of problems: those of every operation, and ``statuses``."""
    common = (401, 403, 503, 500)
    body = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        s: {"description": HTTPStatus(s).phrase, "content": {MEDIA_TYPE: body}}
        for s in sorted({*common, *statuses})
    }


def problem_response(
    request_id: str,
    code: str,
    problem_kind: ProblemKind,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Problem response (RFC 9457)."""
    body = Problem(
        type=f"urn:xhcredit:problem:{code}",
        title=problem_kind.zh,
        title_en=problem_kind.en,
        status=problem_kind.status,
        detail=detail,
        advice=problem_kind.do_zh,
        advice_en=problem_kind.do_en,
        instance=f"urn:xhcredit:request:{request_id}",
        code=code,
        errors=list(faults),
    )
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    if problem_kind.status == 503:
        all_headers["Retry-After"] = str(RETRY_SECONDS)
    body_json = json.dumps(body.model_dump(), ensure_ascii=False)
    return Response(body_json.encode(), problem_kind.status, all_headers, MEDIA_TYPE)


def refusal_response(request_id: str, refusal: Refusal) -> Response:
    """Problem response of a refusal that exists only over HTTP."""
    kind = HTTP[refusal.code]
    return problem_response(request_id, refusal.code, kind, refusal.detail, headers=refusal.headers)


def incident_response(request_id: str) -> Response:
    """Problem response of an internal error (500): the request id, no details."""
    return problem_response(request_id, "internal", HTTP["internal"], _PUBLIC_DETAILS[500])


def error_response(request_id: str, error: errors.XhcreditError) -> Response:
    """The response to an error of the library."""
    kind = LIBRARY[type(error)]
    detail = _PUBLIC_DETAILS.get(kind.status, str(error))
    return problem_response(request_id, error.code, kind, detail)


def wrong_codes_response(request_id: str, codes: Mapping[str, str]) -> Response:
    """Problem response of wrong codes, all at once, by their place in the request."""
    kind = LIBRARY[errors.BadCode]
    faults = [Fault(field=field, detail=problem_with(code) or "") for field, code in codes.items()]
    first_fault = f'"{next(iter(codes.values()))}": {faults[0].detail}'
    more_text = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    detail = f"code {first_fault}{more_text}; compare it with the business licence"
    return problem_response(request_id, errors.BadCode.code, kind, detail, faults)


class WrongCodes(Exception):
    """Wrong unified codes, by their place in the request."""

    def __init__(self, codes: Mapping[str, str]) -> None:
        """Hold the codes."""
        super().__init__("wrong codes")
        self.codes = dict(codes)


def request_id_of(request: Request) -> str:
    """The number under which the request is logged."""
    return str(request.scope["state"]["request_id"])


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for nothing else
    return refusal_response(request_id_of(request), error)


async def _on_library(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.XhcreditError)  # noqa: S101 - registered for nothing else
    request.scope["state"]["error"] = f"{error.code}: {error}"
    return error_response(request_id_of(request), error)


async def _on_disk(request: Request, error: Exception) -> Response:
    """Problem of a full disk or missing right; any other error is an incident."""
    disk_problem = disk_error(error)
    if disk_problem is None:
        raise error
    return await _on_library(request, disk_problem)


async def _on_codes(request: Request, error: Exception) -> Response:
    assert isinstance(error, WrongCodes)  # noqa: S101 - registered for nothing else
    return wrong_codes_response(request_id_of(request), error.codes)


async def _on_validation(request: Request, error: Exception) -> Response:
    """Problem of a pydantic validation error, without repeating the input."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    faults = [
        Fault(field=".".join(map(str, field_error["loc"])), detail=field_error["msg"])
        for field_error in error.errors()
    ]
    detail = f"{faults[0].field}: {faults[0].detail}; see /docs for what is expected"
    kind = HTTP["wrong_request"]
    # Cut, so that an answer does not grow with the mistakes of a request.
    return problem_response(request_id_of(request), "wrong_request", kind, detail, faults[:100])


_BY_STATUS = {
    404: ("not_found", "no such address; see /docs"),
    405: ("method_not_allowed", "another method is needed here; see /docs"),
    408: ("too_slow", "the body did not come in time; send it again"),
    413: ("too_large", TOO_LARGE),
}


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    code, detail = _BY_STATUS.get(error.status_code, ("refused", "the body cannot be read as JSON"))
    kind = HTTP[code]
    return problem_response(request_id_of(request), code, kind, detail, headers=error.headers)


def register(app: FastAPI) -> None:
    """Register the handlers that turn refusals and errors into problems."""
    for kind, handler in (
        (Refusal, _on_refusal),
        (errors.XhcreditError, _on_library),
        (OSError, _on_disk),
        (duckdb.Error, _on_disk),
        (sqlite3.Error, _on_disk),
        (XlsxWriterException, _on_disk),
        (WrongCodes, _on_codes),
        (RequestValidationError, _on_validation),
        (HTTPException, _on_http),
    ):
        app.add_exception_handler(kind, handler)
