"""Alerts as a spreadsheet, and relation clusters of enterprises."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from xhcredit.alerts.visible_events import World
from xhcredit.alerts.workflow import STATES
from xhcredit.domain.clock import beijing_time
from xhcredit.domain.codes import UnifiedCode, normalised
from xhcredit.domain.number_format import rounded
from xhcredit.errors import BadInput
from xhcredit.jobs.alerts.context import white_nodes
from xhcredit.jobs.alerts.follow_up import cluster_of, mask_others
from xhcredit.jobs.alerts.rows import Cluster, DatedAlert
from xhcredit.jobs.documents.spreadsheets import Column, write_xlsx
from xhcredit.jobs.scoring.result_table import MARK
from xhcredit.store.alerts.alert_queries import AlertQuery
from xhcredit_serving.alerts.routes import AlertReading, alert_rows
from xhcredit_serving.alerts.schemas import AlertFilters
from xhcredit_serving.auth.permissions import ALERTS_READ
from xhcredit_serving.dependencies import Reading, ServiceDep
from xhcredit_serving.http import examples
from xhcredit_serving.http.field_types import CodeInPath
from xhcredit_serving.http.problems import Refusal, declared_problems
from xhcredit_serving.service import Service

router = APIRouter(tags=["alerts"])
clusters = APIRouter(tags=["alerts"])
MAX_ROWS = 50_000
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_COLOURS = {"blue": "蓝", "yellow": "黄", "orange": "橙", "red": "红"}
_COLUMNS = {
    "id": Column("编号", 8),
    "colour": Column("颜色", 6),
    "state": Column("状态", 10),
    "zh": Column("触发事项", 28),
    "subject": Column("对象", 24),
    "name": Column("名称", 36),
    "bureau": Column("主管部门", 18),
    "street": Column("街镇", 14),
    "detected_on": Column("发现日", 12),
    "owner": Column("承办人", 14),
    "due_on": Column("办理期限", 12),
    "overdue": Column("逾期", 6),
    "figures": Column("数据", 50),
}


@router.get(
    "/v1/alerts.xlsx",
    operation_id="download_alerts_xlsx",
    summary="导出预警 / alerts as a spreadsheet",
    description=f"与 /v1/alerts 同样筛选的全部预警，至多 {MAX_ROWS} 条；"
    "单元格不会作为公式执行。\n\nAll alerts that the same filters give; no cell acts as a formula.",
    responses=declared_problems(400, 422) | {200: examples.file_answer(_XLSX)},
    response_class=FileResponse,
)
async def download_alerts(
    reading: AlertReading, service: ServiceDep, filters: Annotated[AlertFilters, Query()]
) -> FileResponse:
    """Export the filtered alerts as a file; the export is audited."""
    if service.export_lock.locked():
        raise Refusal("overloaded", "other exports are being written; try again")
    query = filters.to_query(reading.caller.scope(ALERTS_READ), service.today().isoformat())
    async with service.export_lock:
        file, rows = await asyncio.to_thread(
            _write_spreadsheet, service, query, reading.caller.name
        )
    audit_payload = {
        "rows": len(rows),
        "asked": filters.model_dump(exclude_defaults=True),
        "alerts": rows,
    }
    try:
        await service.journal.note(reading.act("alert.export", **audit_payload))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    delete_file = BackgroundTask(file.unlink, missing_ok=True)
    return FileResponse(file, filename="risk-alerts.xlsx", background=delete_file, media_type=_XLSX)


def _write_spreadsheet(
    service: Service, query: AlertQuery, exported_by: str
) -> tuple[Path, list[int]]:
    """All rows in a temporary file, and their numbers.

    Raises:
        BadInput: more rows than a spreadsheet is made for.
    """
    rows = alert_rows(service, replace(query, limit=MAX_ROWS + 1))
    if len(rows) > MAX_ROWS:
        raise BadInput(
            f"more than {MAX_ROWS} alerts are too many for a spreadsheet; narrow the filter"
        )
    title = (
        f"风险预警 alerts；导出 by {exported_by}，北京时间 {beijing_time(service.moment())}；{MARK}"
    )
    with tempfile.NamedTemporaryFile(suffix=".xlsx", delete=False) as file:
        path = Path(file.name)
    try:
        write_xlsx(path, title, list(_COLUMNS.values()), _cells(rows))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, [row["id"] for row in rows]


def _due_text(row: DatedAlert) -> str:
    """Due day as shown in a spreadsheet."""
    if row["due_unknown"]:
        return "未知"
    return f"{row['due_on']}（暂定）" if row["provisional"] else row["due_on"]


def _cells(rows: Iterable[DatedAlert]) -> Iterator[list[object]]:
    for row in rows:
        figures = row["evidence"]["figures"]
        cells: dict[str, object] = {
            **row,
            "state": STATES[row["state"]][0],
            "colour": _COLOURS[row["colour"]],
            "zh": row["evidence"]["zh"] or row["trigger"],
            "overdue": "是" if row["overdue"] else "",
            "figures": "；".join(f"{k}={rounded(v, k)}" for k, v in figures.items()),
            "due_on": _due_text(row),
        }
        yield [cells[name] for name in _COLUMNS]


@clusters.get(
    "/v1/enterprises/{code}/cluster",
    operation_id="get_enterprise_cluster",
    summary="关联图 / relation cluster",
    description="与该企业共享法定代表人、实际控制人、地址、代理、电话的企业群，供绘图；集中登记地等大节点不作连接，"
    "其他部门的企业不显示名称和代码。\n\nWho shares persons, addresses, agents or telephones, as "
    "nodes and edges. Hubs join nobody; enterprises of other bureaus stand without code and name.",
    responses=declared_problems(400, 404, 409, 422),
)
async def get_enterprise_cluster(
    reading: AlertReading, service: ServiceDep, code: CodeInPath
) -> Cluster:
    """Relation cluster of an enterprise, as known on the day of the current run."""
    enterprise_code = UnifiedCode(normalised(code)).text
    return await visible_cluster(service, reading, enterprise_code)


async def visible_cluster(service: Service, reading: Reading, code: str) -> Cluster:
    """Relation cluster of an enterprise in scope of the caller; the read is audited.

    Raises:
        UnknownRecord, UnknownEnterprise: there is none, or it is another bureau's.
        Refusal: too many ask at once.
    """
    within = reading.caller.scope(ALERTS_READ)
    answer = await service.run_lookup(service.store.reader.current_answer, code, within)
    cluster = await service.explainer.run_in_thread(_cluster, service, code, answer.run)
    if within is not None:
        members = [n["id"] for n in cluster["nodes"] if n["kind"] == "enterprise"]
        visible_rows = await asyncio.to_thread(
            service.store.watchlist.enterprise_rows, answer.run, members, within
        )
        cluster = mask_others(cluster, visible_rows.keys())
    codes = [n["id"] for n in cluster["nodes"] if n["name"]]
    act = reading.act("enterprise.cluster", code=code, codes=codes, run=answer.run)
    await service.journal.note(act)
    return cluster


def _cluster(service: Service, code: str, run: int) -> Cluster:
    live = service.explainer.champions.champion_of_run(run).live
    day: date = live.model.as_of
    warehouse = service.explainer.champions.warehouse
    white = white_nodes(warehouse, service.rulebook, day)
    world = World(live.event_columns, white_nodes=white)
    return cluster_of(world, live.rows, service.rulebook, code, day)
