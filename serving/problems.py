"""What is answered when something cannot be answered?  RFC 9457 bodies; nothing else knows HTTP.

``type`` is an URN made of the stable ``code``; ``instance`` names the request, so that an operator
finds it in the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from xhcredit import errors
from xhcredit.domain.codes import problem_with

MEDIA_TYPE = "application/problem+json"
TOO_LARGE = "the body is larger than is taken here; ask in smaller parts"
RETRY_SECONDS = 1  #: what is said in Retry-After: overload passes quickly


class Kind(NamedTuple):
    """How a kind of problem is told: HTTP status and titles."""

    status: int
    zh: str
    en: str


#: every error of the library; a contract test holds it complete
LIBRARY: dict[type[errors.XhcreditError], Kind] = {
    errors.XhcreditError: Kind(500, "系统内部状态异常", "The service is not in order"),
    errors.BadCode: Kind(400, "统一社会信用代码有误", "Wrong unified social credit code"),
    errors.BadInput: Kind(400, "输入无法识别", "The input cannot be read"),
    errors.BadMapping: Kind(422, "字段映射有误", "The mapping is wrong"),
    errors.BadDeclaration: Kind(500, "指标或评分表声明有误", "A declaration cannot be run"),
    errors.BadRule: Kind(500, "规则文件有误", "A rule file is refused"),
    errors.RuleNotInForce: Kind(404, "所询日期无有效规则", "No rule in force on that day"),
    errors.NothingKnown: Kind(404, "尚无数据", "Nothing is known yet"),
    errors.UnknownEnterprise: Kind(404, "未找到该企业", "Unknown enterprise"),
    errors.StoreUnavailable: Kind(503, "存储暂不可用", "The store does not answer now"),
    errors.BadStore: Kind(500, "存储不可用", "The store cannot be used"),
    errors.KeyReused: Kind(422, "幂等键已用于其他请求", "Idempotency key used before"),
    errors.ChainBroken: Kind(500, "操作日志链校验不通过", "The activity chain is broken"),
    errors.UnknownRecord: Kind(404, "未找到该记录", "No such record"),
    errors.BeyondCalendar: Kind(422, "超出工作日历范围", "Beyond the calendar of working days"),
    errors.WrongApplicant: Kind(422, "申请人与记录主体不符", "Not the enterprise of the record"),
    errors.WrongState: Kind(409, "当前状态不允许此操作", "Not possible in this state"),
    errors.TwoPersons: Kind(409, "须由两名人员共同办理", "Two different officers are needed"),
    errors.LoginRefused: Kind(401, "登录失败", "Login refused"),
    errors.BadPlan: Kind(422, "抽查计划或名录有误", "No lawful draw can be made of this"),
    errors.Unstaffable: Kind(422, "执法人员无法满足约束", "Inspectors cannot be assigned"),
    errors.RecordRefuted: Kind(422, "抽查记录核验不通过", "The draw record is refuted"),
    errors.BadSample: Kind(422, "训练样本不可用", "The sample cannot be used"),
    errors.GateClosed: Kind(409, "模型未达到上线条件", "The model does not pass its gates"),
    errors.RegistryUnavailable: Kind(503, "模型登记库暂不可用", "The model registry is away"),
}

#: what only exists over HTTP
HTTP: dict[str, Kind] = {
    "no_key": Kind(401, "缺少或无效的访问密钥", "No valid key"),
    "code_needed": Kind(401, "需要动态口令", "A one-time code is needed"),
    "foreign_page": Kind(403, "请求来源校验未通过", "The request is not from our own pages"),
    "provider_away": Kind(503, "统一身份认证暂不可用", "The identity provider is away"),
    "password_due": Kind(403, "须先更换口令", "Choose a new password first"),
    "too_many_logins": Kind(429, "登录尝试过多", "Too many logins failed"),
    "not_allowed": Kind(403, "无权访问", "Not allowed"),
    "purpose_missing": Kind(400, "缺少查询事由", "No purpose given"),
    "not_found": Kind(404, "没有此地址", "No such address"),
    "method_not_allowed": Kind(405, "不支持此方法", "Method not allowed"),
    "other_night": Kind(409, "数据已更新，暂不能解释当前结果", "The data is of another night"),
    "too_slow": Kind(408, "请求体传输超时", "The body came too slowly"),
    "too_large": Kind(413, "请求体过大", "The body is too large"),
    "wrong_request": Kind(422, "请求内容不符合要求", "The request is not as declared"),
    "refused": Kind(400, "请求被拒绝", "The request is refused"),
    "overloaded": Kind(503, "服务繁忙，请稍后再试", "Busy; try again"),
    "internal": Kind(500, "系统内部错误", "Our mistake"),
}

#: said instead of the error's own words: those tell of files and databases of the server
_DISCREET = {
    500: "something is wrong on our side; tell the operator the number in instance",
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
    detail: str = Field(description="发现什么、怎么办 / what was found; what to do")
    instance: str = Field(description="请求编号 / names the request in the log")
    code: str = Field(examples=["bad_code"], description="稳定代码 / stable, to be matched")
    errors: list[Fault] = []


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of refusals: those that every operation has, and ``statuses``."""
    common = (401, 403, 503, 500)
    body = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        s: {"description": HTTPStatus(s).phrase, "content": {MEDIA_TYPE: body}}
        for s in sorted({*common, *statuses})
    }


def answer(
    request_id: str,
    code: str,
    kind: Kind,
    detail: str,
    faults: Sequence[Fault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response that tells a problem."""
    body = Problem(
        type=f"urn:xhcredit:problem:{code}",
        title=kind.zh,
        title_en=kind.en,
        status=kind.status,
        detail=detail,
        instance=f"urn:xhcredit:request:{request_id}",
        code=code,
        errors=list(faults),
    )
    known = {"Cache-Control": "no-store", **(headers or {})}
    if kind.status == 503:
        known["Retry-After"] = str(RETRY_SECONDS)
    text = json.dumps(body.model_dump(), ensure_ascii=False)
    return Response(text.encode(), kind.status, known, MEDIA_TYPE)


def refused(request_id: str, refusal: Refusal) -> Response:
    """The response to what is refused for a reason of HTTP's own."""
    kind = HTTP[refusal.code]
    return answer(request_id, refusal.code, kind, refusal.detail, headers=refusal.headers)


def incident(request_id: str) -> Response:
    """The response to our own mistake: a number, and nothing of what happened."""
    return answer(request_id, "internal", HTTP["internal"], _DISCREET[500])


def of_error(request_id: str, error: errors.XhcreditError) -> Response:
    """The response to an error of the library."""
    kind = LIBRARY[type(error)]
    detail = _DISCREET.get(kind.status, str(error))
    return answer(request_id, error.code, kind, detail)


def wrong_codes(request_id: str, codes: Mapping[str, str]) -> Response:
    """The response to codes that cannot be right, all of them at once; by where they stand."""
    kind = LIBRARY[errors.BadCode]
    faults = [Fault(field=f, detail=problem_with(c) or "") for f, c in codes.items()]
    first = f'"{next(iter(codes.values()))}": {faults[0].detail}'
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    told = f"code {first}{more}; compare it with the business licence"
    return answer(request_id, errors.BadCode.code, kind, told, faults)


class WrongCodes(Exception):
    """Codes that cannot be right, by where they stand in the request."""

    def __init__(self, codes: Mapping[str, str]) -> None:
        """Hold the codes."""
        super().__init__("wrong codes")
        self.codes = dict(codes)


def request_id_of(request: Request) -> str:
    """The number under which the request is logged."""
    return str(request.scope["state"]["request_id"])


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - registered for nothing else
    return refused(request_id_of(request), error)


async def _on_library(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.XhcreditError)  # noqa: S101 - registered for nothing else
    request.scope["state"]["error"] = f"{error.code}: {error}"
    return of_error(request_id_of(request), error)


async def _on_codes(request: Request, error: Exception) -> Response:
    assert isinstance(error, WrongCodes)  # noqa: S101 - registered for nothing else
    return wrong_codes(request_id_of(request), error.codes)


async def _on_validation(request: Request, error: Exception) -> Response:
    """What pydantic found, without repeating what was sent."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    found = [Fault(field=".".join(map(str, e["loc"])), detail=e["msg"]) for e in error.errors()]
    detail = f"{found[0].field}: {found[0].detail}; see /docs for what is expected"
    kind = HTTP["wrong_request"]
    return answer(request_id_of(request), "wrong_request", kind, detail, found[:100])


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
    return answer(request_id_of(request), code, kind, detail, headers=error.headers)


def register(app: FastAPI) -> None:
    """Let every refusal and error be told as a problem; what is no such error is an incident."""
    for kind, handler in (
        (Refusal, _on_refusal),
        (errors.XhcreditError, _on_library),
        (WrongCodes, _on_codes),
        (RequestValidationError, _on_validation),
        (HTTPException, _on_http),
    ):
        app.add_exception_handler(kind, handler)
