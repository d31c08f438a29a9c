"""Catalogue over HTTP: runs, releases, rules, metadata."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import JSONResponse, Response

from xhcredit.errors import RuleNotInForce, UnknownRecord
from xhcredit.features.registry import features
from xhcredit.ingest.schema import Table, directory
from xhcredit.jobs.scoring.model import code_version
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.rules.check import ending_soon
from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.tiers.assign import TIERS
from xhcredit_serving.auth.permissions import CATALOGUE, ROLES
from xhcredit_serving.http import examples
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.service import Service, service_of

router = APIRouter(tags=["catalogue"])
#: the largest number that both databases take
_MAX_NUMBER = 2**53
Limit = Annotated[int, Query(ge=1, le=500, description="每页条数 / rows of a page")]
AsOf = Annotated[
    date | None, Query(description="日期，默认今日（北京时间）/ a day; today in China if left out")
]


@router.get(
    "/v1/runs",
    operation_id="runs",
    summary="已发布批次 / published runs",
    description="最新在前；翻页用 before=上一页最后的批次号。\n\nThe latest first; for the next "
    "page give the last run of this one as before.",
    responses=declared_problems(422)
    | {200: examples.json_example({"current": 12, "runs": [examples.RUN]})},
)
async def runs(
    request: Request,
    before: Annotated[int | None, Query(ge=1, le=_MAX_NUMBER)] = None,
    limit: Limit = 50,
) -> Response:
    """Published runs, and which one answers."""
    service = service_of(request)
    await service.caller(request, CATALOGUE)
    run_rows = await asyncio.to_thread(service.store.reader.runs, before, limit)
    current = await asyncio.to_thread(current_run, service)
    return JSONResponse({"current": current["run"] if current else None, "runs": run_rows})


@router.get(
    "/v1/runs/{run}",
    operation_id="run",
    summary="单个批次 / one run",
    description="批次的日期、来源指纹、等级分布与快照摘要。\n\nDay, provenance, tiers and digest.",
    responses=declared_problems(404, 422) | {200: examples.json_example(examples.RUN)},
)
async def run(request: Request, run: Annotated[int, Path(ge=1, le=_MAX_NUMBER)]) -> Response:
    """One published run with its provenance."""
    service = service_of(request)
    await service.caller(request, CATALOGUE)
    return JSONResponse(await asyncio.to_thread(service.store.reader.run, run))


@router.get(
    "/v1/releases",
    operation_id="releases",
    summary="评分表版本 / releases",
    description="已存档的评分表名称与摘要。\n\nNames and digests of the points tables kept.",
    responses=declared_problems()
    | {200: examples.json_example({"releases": [{"name": "expert"}]})},
)
async def releases(request: Request) -> Response:
    """Stored releases."""
    service = service_of(request)
    await service.caller(request, CATALOGUE)
    release_rows = await asyncio.to_thread(service.store.reader.releases)
    return JSONResponse({"releases": [{k: r[k] for k in ("digest", "name")} for r in release_rows]})


@router.get(
    "/v1/releases/{digest}",
    operation_id="release",
    summary="评分表全文 / one release",
    description="按摘要取评分表全文。\n\nThe points tables with this digest, whole.",
    responses=declared_problems(404, 422)
    | {200: examples.json_example({"release": "expert", "tables": []})},
)
async def release(
    request: Request, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
) -> Response:
    """The points tables with this digest."""
    service = service_of(request)
    await service.caller(request, CATALOGUE)
    return JSONResponse(await asyncio.to_thread(service.store.reader.release, digest))


@router.get(
    "/v1/rules",
    operation_id="rules",
    summary="某日有效规则 / rules in force on a day",
    description="数值、依据与核验标记；confirmed=false 表示待法制核。ending 列出三个月内到期、"
    "或者已到期而没有后续规定的条目。\n\nValue, source and mark; what no lawyer has "
    "confirmed says so. ending: what ends within three months, or has expired without a successor.",
    responses=declared_problems(422)
    | {200: examples.json_example({**examples.RULES, "rules": [examples.RULE]})},
)
async def rules(request: Request, as_of: AsOf = None) -> Response:
    """All rules in force on a day."""
    service = service_of(request)
    await service.caller(request, CATALOGUE)
    day = as_of or service.today()
    return JSONResponse(await asyncio.to_thread(rules_effective_on, service.rulebook, day))


@router.get(
    "/v1/rules/{rule_id}",
    operation_id="rule",
    summary="单条规则 / one rule",
    description="某日的取值与历次沿革。\n\nIts value on a day and all its entries.",
    responses=declared_problems(404, 422)
    | {200: examples.json_example({**examples.RULE, "entries": []})},
)
async def rule(
    request: Request,
    rule_id: Annotated[str, Path(max_length=200, examples=["scores.scale"])],
    as_of: AsOf = None,
) -> Response:
    """One rule, with all its entries."""
    service = service_of(request)
    await service.caller(request, CATALOGUE)
    return JSONResponse(rule_with_entries(service.rulebook, rule_id, as_of or service.today()))


@router.get(
    "/v1/metadata",
    operation_id="metadata",
    summary="服务说明 / what this service is",
    description="版本、当前批次、等级、指标目录、数据目录与本密钥权限。\n\n"
    "Version, current run, tiers, indicators, tables and what the key may do.",
    responses=declared_problems()
    | {200: examples.json_example({"code_version": "…", "tiers": list("ABCD")})},
)
async def metadata(request: Request) -> Response:
    """Metadata: version, current run, indicators, and the caller's permissions."""
    service = service_of(request)
    caller = await service.caller(request, CATALOGUE)
    key = {
        "name": caller.name,
        "bureau": caller.bureau,
        "roles": list(caller.roles),
        "may": sorted(caller.permissions),
        "expires_at": caller.expires_at,
    }
    return JSONResponse(
        {
            "code_version": code_version(),
            "current_run": await asyncio.to_thread(current_run, service),
            "rulebook_digest": service.rulebook.digest,
            "tiers": list(TIERS),
            "mark": MARK,
            "key": key,
            "roles": {name: sorted(may) for name, may in ROLES.items()},
            "indicators": [
                {"id": f.id, "zh": f.zh, "en": f.en, "unit": f.unit} for f in features().values()
            ],
            "tables": [_table(t) for t in directory().values()],
        }
    )


def _table(table: Table) -> dict[str, Any]:
    """Table of the data directory with its columns."""
    columns = [
        {
            "name": c.name,
            "zh": c.zh,
            "en": c.en,
            "type": c.type,
            "required": c.required,
            "values": dict(c.values),
        }
        for c in table.columns
    ]
    return {
        "table": table.name,
        "zh": table.name_zh,
        "en": table.name_en,
        "kind": table.kind,
        "authority": table.authority,
        "columns": columns,
    }


def current_run(service: Service) -> dict[str, Any] | None:
    """The run that answers; None before the first one."""
    try:
        return service.store.reader.current_run()
    except UnknownRecord:
        return None


def rule_with_entries(rulebook: Rulebook, rule_id: str, day: date) -> dict[str, Any]:
    """A rule as of a day, with all its entries.

    Raises:
        UnknownRecord: there is no such rule.
        RuleNotInForce: it has no entry in force on that day.
    """
    if rule_id not in rulebook.rules:
        raise UnknownRecord(f'there is no rule "{rule_id}"; list them: /v1/rules')
    rule = rulebook.rules[rule_id]
    rule_body = _rule_body(rule, rule.on(day), _is_in_service(rulebook, rule.pack, day))
    entries = [e.model_dump(mode="json") for e in rule.entries]
    return {"as_of": day.isoformat(), **rule_body, "entries": entries}


def rules_effective_on(rulebook: Rulebook, day: date) -> dict[str, Any]:
    """Rules in force on a day, with the digest of the rulebook and rules that end soon."""
    rule_bodies = [
        _rule_body(rule_fact.rule, rule_fact.entry, rule_fact.in_service)
        for rule_fact in rulebook.in_force(day)
    ]
    ending_rules = [
        {"rule": rule_fact.rule_id, "zh": rule_fact.zh, "en": rule_fact.en}
        for rule_fact in ending_soon(rulebook, day)
    ]
    return {
        "as_of": day.isoformat(),
        "digest": rulebook.digest,
        "ending": ending_rules,
        "rules": rule_bodies,
    }


def _is_in_service(rulebook: Rulebook, pack: str, day: date) -> bool:
    """Whether a pack is in service; before its first day it is not."""
    try:
        return rulebook.in_service(pack, day)
    except RuleNotInForce:
        return False


def _rule_body(rule: Rule, entry: Entry, in_service: bool) -> dict[str, Any]:
    """A rule as of a day: value, source, verification mark."""
    last_day = rule.last_day(entry)
    entry_fields = entry.model_dump(mode="json")
    return {
        "id": rule.id,
        "name_zh": rule.name_zh,
        "name_en": rule.name_en,
        "unit": rule.unit,
        "value": entry_fields["value"],
        "effective_from": entry_fields["effective_from"],
        "last_day": last_day.isoformat() if last_day else None,
        "verification": entry.verification,
        "confirmed": rule.is_confirmed,
        "pack": rule.pack,
        "in_service": in_service,
        "source": entry_fields["source"],
    }
