"""Catalogue over HTTP: runs, releases, rules, metadata."""

from __future__ import annotations

from datetime import date
from typing import Annotated, cast

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import JSONResponse

from xhcredit.errors import RuleNotInForce, UnknownRecord
from xhcredit.features.registry import features
from xhcredit.ingest.schema import Table, directory
from xhcredit.jobs.scoring.model import code_version
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.rules.check import ending_soon
from xhcredit.rules.rule import Entry, Rule
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.night.rows import Run
from xhcredit.tiers.assign import TIERS
from xhcredit_serving.auth.authentication import Caller
from xhcredit_serving.auth.permissions import CATALOGUE, ROLES
from xhcredit_serving.dependencies import RulebookDep, ServiceDep, StoreDep, caller_with
from xhcredit_serving.http.paging import PageQuery, PageQueryDep, page_query
from xhcredit_serving.http.problems import declared_problems
from xhcredit_serving.night import schemas
from xhcredit_serving.service import Service

# Nothing here is rounded: digests are made of points tables and rules as they stand.
router = APIRouter(tags=["catalogue"], default_response_class=JSONResponse)
#: the largest number that both databases take
_MAX_NUMBER = 2**53
CatalogueReader = Annotated[Caller, Depends(caller_with(CATALOGUE))]
#: a whole rulebook fits on a page
RulePageQuery = Annotated[PageQuery, Depends(page_query(1000, 500))]
AsOf = Annotated[
    date | None, Query(description="日期，默认今日（北京时间）/ a day; today in China if left out")
]


@router.get(
    "/v1/runs",
    operation_id="list_runs",
    summary="已发布批次 / published runs",
    description="最新在前，current 为现行批次。\n\nThe latest first; current is what answers.",
    responses=declared_problems(400, 422),
)
def list_runs(_: CatalogueReader, service: ServiceDep, page: PageQueryDep) -> schemas.RunPage:
    """Published runs, and which one answers."""
    rows = service.store.reader.runs(page.after_number, page.limit + 1)
    page_rows, next_cursor = page.cut_read(rows, key=lambda row: row["run"])
    current = current_run(service)
    return {"current": current["run"] if current else None, "runs": page_rows, "next": next_cursor}


@router.get(
    "/v1/runs/{run}",
    operation_id="get_run",
    summary="单个批次 / one run",
    description="批次的日期、来源指纹、等级分布与快照摘要。\n\nDay, provenance, tiers and digest.",
    responses=declared_problems(404, 422),
)
def get_run(
    _: CatalogueReader,
    store: StoreDep,
    run: Annotated[int, Path(ge=1, le=_MAX_NUMBER, examples=[12])],
) -> Run:
    """One published run with its provenance."""
    return store.reader.run(run)


@router.get(
    "/v1/releases",
    operation_id="list_releases",
    summary="评分表版本 / releases",
    description="已存档的评分表名称与摘要，最新在前。\n\n"
    "Names and digests of the points tables kept, the latest first.",
    responses=declared_problems(400, 422),
)
def list_releases(_: CatalogueReader, store: StoreDep, page: PageQueryDep) -> schemas.ReleasePage:
    """Stored releases."""
    page_rows, next_cursor = page.cut(store.reader.releases(), key=lambda row: row["digest"])
    return {"releases": page_rows, "next": next_cursor}


@router.get(
    "/v1/releases/{digest}",
    operation_id="get_release",
    summary="评分表全文 / one release",
    description="按摘要取评分表全文。\n\nThe points tables with this digest, whole.",
    responses=declared_problems(404, 422),
)
def get_release(
    _: CatalogueReader, store: StoreDep, digest: Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
) -> schemas.ReleaseTables:
    """The points tables with this digest."""
    # As they were stored; the answer's check reads the tables.
    return cast(schemas.ReleaseTables, store.reader.release(digest))


@router.get(
    "/v1/rules",
    operation_id="list_rules",
    summary="某日有效规则 / rules in force on a day",
    description="数值、依据与核验标记；confirmed=false 表示待法制核。ending 列出三个月内到期、"
    "或者已到期而没有后续规定的条目。\n\nValue, source and mark; what no lawyer has "
    "confirmed says so. ending: what ends within three months, or has expired without a successor.",
    responses=declared_problems(400, 422),
)
def list_rules(
    _: CatalogueReader, service: ServiceDep, page: RulePageQuery, as_of: AsOf = None
) -> schemas.RulePage:
    """All rules in force on a day."""
    day = as_of or service.today()
    rules = rules_in_force(service.rulebook, day)
    page_rows, next_cursor = page.cut(rules, key=lambda rule: rule["id"])
    return {
        "as_of": day.isoformat(),
        "digest": service.rulebook.digest,
        "ending": [
            {"rule": rule_fact.rule_id, "zh": rule_fact.zh, "en": rule_fact.en}
            for rule_fact in ending_soon(service.rulebook, day)
        ],
        "rules": page_rows,
        "next": next_cursor,
    }


@router.get(
    "/v1/rules/{rule_id}",
    operation_id="get_rule",
    summary="单条规则 / one rule",
    description="某日的取值与历次沿革。\n\nIts value on a day and all its entries.",
    responses=declared_problems(404, 422),
)
def get_rule(
    _: CatalogueReader,
    service: ServiceDep,
    rulebook: RulebookDep,
    rule_id: Annotated[str, Path(max_length=200, examples=["scores.scale"])],
    as_of: AsOf = None,
) -> schemas.RuleWithEntries:
    """One rule, with all its entries."""
    return rule_with_entries(rulebook, rule_id, as_of or service.today())


@router.get(
    "/v1/metadata",
    operation_id="get_metadata",
    summary="服务说明 / what this service is",
    description="版本、当前批次、等级、指标目录、数据目录与本密钥权限。\n\n"
    "Version, current run, tiers, indicators, tables and what the key may do.",
    responses=declared_problems(),
)
def get_metadata(caller: CatalogueReader, service: ServiceDep) -> schemas.Metadata:
    """Metadata: version, current run, indicators, and the caller's permissions."""
    return {
        "code_version": code_version(),
        "current_run": current_run(service),
        "rulebook_digest": service.rulebook.digest,
        "tiers": list(TIERS),
        "mark": MARK,
        "key": {
            "name": caller.name,
            "bureau": caller.bureau,
            "roles": list(caller.roles),
            "may": sorted(caller.permissions),
            "expires_at": caller.expires_at,
        },
        "roles": {name: sorted(may) for name, may in ROLES.items()},
        "indicators": [
            {"id": f.id, "zh": f.zh, "en": f.en, "unit": f.unit}
            for f in features(service.rulebook).values()
        ],
        "tables": [_table(t) for t in directory().values()],
    }


def _table(table: Table) -> schemas.DirectoryTable:
    """Table of the data directory with its columns."""
    columns: list[schemas.DirectoryColumn] = [
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


def current_run(service: Service) -> Run | None:
    """The run that answers; None before the first one."""
    try:
        return service.store.reader.current_run()
    except UnknownRecord:
        return None


def rule_with_entries(rulebook: Rulebook, rule_id: str, day: date) -> schemas.RuleWithEntries:
    """A rule as of a day, with all its entries.

    Raises:
        UnknownRecord: there is no such rule.
        RuleNotInForce: it has no entry in force on that day.
    """
    if rule_id not in rulebook.rules:
        raise UnknownRecord(f'there is no rule "{rule_id}"; list them: /v1/rules')
    rule = rulebook.rules[rule_id]
    rule_body = _rule_body(rule, rule.on(day), _is_in_service(rulebook, rule.pack, day))
    return {
        "as_of": day.isoformat(),
        **rule_body,
        "entries": [_entry_body(entry) for entry in rule.entries],
    }


def rules_in_force(rulebook: Rulebook, day: date) -> list[schemas.RuleAnswer]:
    """Rules in force on a day, by id."""
    return [
        _rule_body(rule_fact.rule, rule_fact.entry, rule_fact.in_service)
        for rule_fact in rulebook.in_force(day)
    ]


def _is_in_service(rulebook: Rulebook, pack: str, day: date) -> bool:
    """Whether a pack is in service; before its first day it is not."""
    try:
        return rulebook.in_service(pack, day)
    except RuleNotInForce:
        return False


def _entry_body(entry: Entry) -> schemas.RuleEntry:
    return cast(schemas.RuleEntry, entry.model_dump(mode="json"))


def _rule_body(rule: Rule, entry: Entry, in_service: bool) -> schemas.RuleAnswer:
    """A rule as of a day: value, source, verification mark."""
    last_day = rule.last_day(entry)
    entry_body = _entry_body(entry)
    return {
        "id": rule.id,
        "name_zh": rule.name_zh,
        "name_en": rule.name_en,
        "unit": rule.unit,
        "value": entry_body["value"],
        "effective_from": entry_body["effective_from"],
        "last_day": last_day.isoformat() if last_day else None,
        "verification": entry.verification,
        "confirmed": rule.is_confirmed,
        "pack": rule.pack,
        "in_service": in_service,
        "source": entry_body["source"],
    }
