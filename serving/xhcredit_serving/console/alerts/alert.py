"""Console page of one alert: trigger, evidence, workflow history and next actions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.alerts.workflow import BY_NIGHT, MEASURES, MOVES, SECOND, STATES
from xhcredit.domain.number_format import written
from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.ingest.schema import directory
from xhcredit.jobs.alerts.follow_up import departments_of, with_overdue
from xhcredit.rules.schemas.alerts import Flow
from xhcredit.store.alerts.alert_queries import Asked as Question
from xhcredit_serving.alerts.files_and_clusters import cluster_seen
from xhcredit_serving.alerts.routes import Doings, act_on
from xhcredit_serving.auth.permissions import ALERTS_ACT, ALERTS_READ
from xhcredit_serving.console.shell.language import chosen
from xhcredit_serving.console.shell.layout import Visitor, go_to, page
from xhcredit_serving.console.shell.relations_svg import drawn
from xhcredit_serving.console.shell.value_labels import word_of
from xhcredit_serving.console.shell.visitor import number_of, text_of, visitor_of
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
_MOST = 50  #: other alerts of the subject that are shown
#: figures of evidence in words
FIGURES: dict[str, tuple[str, str]] = {
    "events": ("事件数", "events"), "days": ("统计天数", "days counted"), "on": ("发生日", "on"),
    "due_on": ("期限", "due on"), "days_left": ("剩余天数", "days left"),
    "members": ("成员数", "members"), "new": ("新增", "new"), "before": ("此前", "before"),
    "now": ("现在", "now"), "of": ("相关", "of"), "node": ("共享节点", "shared node"),
    "enterprises": ("企业", "enterprises"), "year": ("年度", "year"), "ratio": ("比值", "ratio"),
    "expected": ("预期", "expected"), "baseline_days": ("对照天数", "days of comparison"),
    "p": ("偶然概率", "chance"), "open": ("未办结", "open"), "days_open": ("已拖天数", "days open"),
    "column": ("指标列", "column"), "steps": ("下降级数", "steps down"),
    "last_on": ("最近一次", "last on"),
}  # fmt: skip


@router.get("/console/alerts/{alert}")
async def one(request: Request, alert: str) -> Response:
    """The page of an alert."""
    visitor = await visitor_of(request, ALERTS_READ)
    return await _page(request, visitor, number_of(alert, "alert"))


async def _page(
    request: Request, visitor: Visitor, number: int, wrong: str = "", status: int = 200
) -> Response:
    service, zh = service_of(request), chosen(request) == "zh"
    found, others = await asyncio.to_thread(_found, service, visitor, number)
    seen = {"alert": number, "codes": [found["code"]] if found["code"] else []}
    await service.journal.note(visitor.act("alert.read", **seen))
    shown = {
        "a": found,
        "others": others,
        "subject": subject_of(found, zh),
        "named": found["evidence"].get("zh" if zh else "en") or found["trigger"],
        "figures": figures_of(found["evidence"].get("figures", {}), zh),
        "events": [_event(e, zh) for e in found["evidence"].get("events", [])],
        "picture": await _picture(service, visitor, found["code"], zh),
        "acts": _acts(service, visitor, found),
        "may_act": ALERTS_ACT in visitor.caller.permissions,
        "departments": departments_of(service.rulebook, found["family"], service.today()),
        "before": dict(await request.form()) if wrong else {},
    }
    return page(
        request,
        "alert.html",
        visitor,
        status,
        wrong=wrong,
        once=secrets.token_hex(16),
        moves=MOVES,
        states=STATES,
        measures=MEASURES,
        colours=Flow.COLOURS,
        **shown,
    )


def _found(
    service: Service, visitor: Visitor, number: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The alert, and the other ones about the same enterprise.

    Raises:
        UnknownRecord: there is none within the visitor's bureaus.
    """
    within, store = visitor.caller.scope(ALERTS_READ), service.store.alerts
    found = with_overdue([store.one(number, within)], service.today(), service.rulebook.calendar)[0]
    code = found["code"]
    same = store.page(Question(within=within, code=code, limit=_MOST)) if code else []
    return found, [row for row in same if row["id"] != number]


def figures_of(figures: Mapping[str, Any], zh: bool) -> list[tuple[str, str | list[str]]]:
    """The numbers of a finding with their words; lists are codes of enterprises."""
    return [(FIGURES.get(k, (k, k))[0 if zh else 1], _figure(k, v)) for k, v in figures.items()]


def _figure(name: str, value: Any) -> str | list[str]:
    if name == "enterprises":
        return list(value)
    if isinstance(value, float):
        return f"{written(value):,}"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _event(event: Mapping[str, Any], zh: bool) -> dict[str, Any]:
    """One event of the evidence: its columns as labels and its source row."""
    table = directory()[event["table"]]
    facts = []
    for column in table.columns:
        if column.name in event and column.name not in _APART:
            value = event[column.name]
            words = dict(column.values).get(str(value), value) if zh else value
            facts.append((column.zh if zh else column.en, str(words)))
    named = table.name_zh if zh else table.name.replace("_", " ")
    return {"named": named, "facts": facts, **{k: str(event.get(k, "")) for k in _APART}}


_APART = ("code", "occurred_on", "known_on", "source_file", "source_row")


async def _picture(service: Service, visitor: Visitor, code: str, zh: bool) -> dict[str, Any]:
    """The cluster around the enterprise; empty without one, or where no warehouse is."""
    if not code or service.settings.warehouse is None:
        return {}
    try:
        told = await cluster_seen(service, visitor.caller, visitor.purpose, code)
    except (XhcreditError, Refusal):
        return {"size": 0}  # left the register, another night, or too many ask: the rest is shown
    nodes = {}
    for n in told["nodes"]:
        kind = "other" if n["kind"] == "enterprise" else "shared"
        words = n.get("name") or _kind(n["kind"], zh)
        nodes[n["id"]] = ("self" if n["id"] == code else kind, words)
    lines = [(e["enterprise"], e["node"]) for e in told["edges"]]
    return drawn(nodes, lines) | {k: told[k] for k in ("size", "shown")} if lines else {}


def _kind(kind: str, zh: bool) -> str:
    """Label of a relation kind; an enterprise of another bureau has no name."""
    if kind == "enterprise":
        return "其他部门的企业" if zh else "of another bureau"
    return word_of("relation.kind", kind, "zh" if zh else "en")


def subject_of(found: Mapping[str, Any], zh: bool) -> str:
    """Label of the subject of an alert; a shared node has a kind and no name."""
    kind, _, node = str(found["name"] or found["subject"]).partition(":")
    return f"{_kind(kind, zh)} {node[:12]}" if found["kind"] == "node" else found["name"] or kind


def _acts(service: Service, visitor: Visitor, found: Mapping[str, Any]) -> dict[str, str]:
    """Workflow actions now possible, each with the actor barred by the two-person rule."""
    rule = service.rulebook.value("alerts.flow", Flow, as_of=service.today())
    grave = bool(set(rule.two_persons) & {s["colour"] for s in found["steps"]})
    told = {}
    for name, move in MOVES.items():
        if found["state"] not in move.states or name in BY_NIGHT:
            continue
        first = {s["actor"] for s in found["steps"] if s["act"] in SECOND.get(name, ())}
        mine = grave and visitor.caller.name in first
        told[name] = visitor.caller.name if mine else ""
    return told


@router.post("/console/alerts/{alert}")
async def act(request: Request, alert: str) -> Response:
    """Do the next step."""
    visitor, number = await visitor_of(request, ALERTS_ACT), number_of(alert, "alert")
    form = await request.form()
    key = text_of(form, "once")[:64] or None
    service = service_of(request)
    try:
        doings = doings_of(form, [number])
        await asyncio.to_thread(act_on, service, visitor.caller, visitor.purpose, key, doings)
    except ValidationError as error:
        first = error.errors()[0]
        return await _page(request, visitor, number, f"{first['loc'][0]}: {first['msg']}", 422)
    except UnknownRecord:
        raise
    except XhcreditError as error:
        return await _page(request, visitor, number, str(error), 409)
    return go_to(request, f"/console/alerts/{number}")


def doings_of(form: FormData, numbers: list[int]) -> Doings:
    """Workflow action requested by a form.

    Raises:
        ValidationError: something in it cannot be read.
    """
    given: dict[str, Any] = {k: v for k, v in form.items() if isinstance(v, str) and v}
    given = {k: v for k, v in given.items() if k in Doings.model_fields}
    return Doings.model_validate(given | {"alerts": numbers})
