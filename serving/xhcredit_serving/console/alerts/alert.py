"""Console page of one alert: trigger, evidence, workflow history and next actions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from xhcredit.alerts.rows import EventValue, Figure
from xhcredit.alerts.workflow import BY_NIGHT, MEASURES, SECOND, STATES, TRANSITIONS
from xhcredit.domain.number_format import written
from xhcredit.errors import UnknownRecord, XhcreditError
from xhcredit.ingest.schema import directory
from xhcredit.jobs.alerts.follow_up import departments_of_family
from xhcredit.jobs.alerts.rows import DatedAlertWithSteps
from xhcredit.rules.schemas.alerts import Flow
from xhcredit.store.alerts.alert_queries import AlertQuery as Question
from xhcredit.store.alerts.rows import AlertRow, AlertWithSteps
from xhcredit_serving.alerts.files_and_clusters import visible_cluster
from xhcredit_serving.alerts.routes import act_on, alert_with_steps
from xhcredit_serving.alerts.schemas import AlertActions
from xhcredit_serving.auth.permissions import ALERTS_ACT, ALERTS_READ
from xhcredit_serving.console.shell.language import language_of
from xhcredit_serving.console.shell.layout import Visitor, page, redirect_to
from xhcredit_serving.console.shell.relations_svg import graph_picture
from xhcredit_serving.console.shell.value_labels import word_of
from xhcredit_serving.console.shell.visitor import number_of, text_of, visitor_of
from xhcredit_serving.dependencies import Reading
from xhcredit_serving.http.problems import Refusal
from xhcredit_serving.service import Service, service_of

router = APIRouter(include_in_schema=False)
_MAX_OTHER_ALERTS = 50  #: other alerts of the subject that are shown
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
async def alert_page(request: Request, alert: str) -> Response:
    """The page of an alert."""
    visitor = await visitor_of(request, ALERTS_READ)
    return await _render_alert(request, visitor, number_of(alert, "alert"))


async def _render_alert(
    request: Request, visitor: Visitor, number: int, error_message: str = "", status: int = 200
) -> Response:
    service, zh = service_of(request), language_of(request) == "zh"
    alert, other_alerts = await asyncio.to_thread(_alert_and_others, service, visitor, number)
    audit_details = {"alert": number, "codes": [alert["code"]] if alert["code"] else []}
    await service.journal.note(visitor.act("alert.read", **audit_details))
    context = {
        "a": alert,
        "others": other_alerts,
        "subject": subject_of(alert, zh),
        "named": alert["evidence"].get("zh" if zh else "en") or alert["trigger"],
        "figures": figures_of(alert["evidence"].get("figures", {}), zh),
        "events": [_event_context(e, zh) for e in alert["evidence"].get("events", [])],
        "picture": await _cluster_picture(service, visitor, alert["code"], zh),
        "acts": _possible_acts(service, visitor, alert),
        "may_act": ALERTS_ACT in visitor.caller.permissions,
        "departments": departments_of_family(service.rulebook, alert["family"], service.today()),
        "before": dict(await request.form()) if error_message else {},
    }
    return page(
        request,
        "alert.html",
        visitor,
        status,
        wrong=error_message,
        once=secrets.token_hex(16),
        moves=TRANSITIONS,
        states=STATES,
        measures=MEASURES,
        colours=Flow.COLOURS,
        **context,
    )


def _alert_and_others(
    service: Service, visitor: Visitor, number: int
) -> tuple[DatedAlertWithSteps, list[AlertRow]]:
    """The alert, and the other ones about the same enterprise.

    Raises:
        UnknownRecord: there is none within the visitor's bureaus.
    """
    bureaus, store = visitor.caller.scope(ALERTS_READ), service.store.alerts
    alert = alert_with_steps(service, number, bureaus)
    code = alert["code"]
    same_enterprise = (
        store.read_page(Question(within=bureaus, code=code, limit=_MAX_OTHER_ALERTS))
        if code
        else []
    )
    return alert, [row for row in same_enterprise if row["id"] != number]


def figures_of(figures: Mapping[str, Figure], zh: bool) -> list[tuple[str, str | list[str]]]:
    """The numbers of a finding with their words; lists are codes of enterprises."""
    return [(FIGURES.get(k, (k, k))[0 if zh else 1], _figure(k, v)) for k, v in figures.items()]


def _figure(name: str, value: Figure) -> str | list[str]:
    if isinstance(value, list):
        return value if name == "enterprises" else "、".join(value)
    if value is None:
        return "–"
    return f"{written(value):,}" if isinstance(value, float) else str(value)


def _event_context(event: Mapping[str, EventValue], zh: bool) -> dict[str, object]:
    """One event of the evidence: its columns as labels and its source row."""
    table = directory()[str(event["table"])]
    facts = []
    for column in table.columns:
        if column.name in event and column.name not in _META_COLUMNS:
            value = event[column.name]
            value_label = dict(column.values).get(str(value), value) if zh else value
            facts.append((column.zh if zh else column.en, str(value_label)))
    table_label = table.name_zh if zh else table.name.replace("_", " ")
    return {
        "named": table_label,
        "facts": facts,
        **{k: str(event.get(k, "")) for k in _META_COLUMNS},
    }


_META_COLUMNS = ("code", "occurred_on", "known_on", "source_file", "source_row")


async def _cluster_picture(
    service: Service, visitor: Visitor, code: str, zh: bool
) -> dict[str, object]:
    """The cluster around the enterprise; empty without one, or where no warehouse is."""
    if not code or service.settings.warehouse is None:
        return {}
    try:
        cluster = await visible_cluster(service, Reading(visitor.caller, visitor.purpose), code)
    except (XhcreditError, Refusal):
        return {"size": 0}  # left the register, another night, or too many ask: the rest is shown
    nodes = {}
    for node in cluster["nodes"]:
        kind = "other" if node["kind"] == "enterprise" else "shared"
        label = node["name"] or _kind_label(node["kind"], zh)
        nodes[node["id"]] = ("self" if node["id"] == code else kind, label)
    edges = [(edge["enterprise"], edge["node"]) for edge in cluster["edges"]]
    if not edges:
        return {}
    return graph_picture(nodes, edges) | {"size": cluster["size"], "shown": cluster["shown"]}


def _kind_label(kind: str, zh: bool) -> str:
    """Label of a relation kind; an enterprise of another bureau has no name."""
    if kind == "enterprise":
        return "其他部门的企业" if zh else "of another bureau"
    return word_of("relation.kind", kind, "zh" if zh else "en")


def subject_of(alert: AlertRow, zh: bool) -> str:
    """Label of the subject of an alert; a shared node has a kind and no name."""
    kind, _, node = str(alert["name"] or alert["subject"]).partition(":")
    return (
        f"{_kind_label(kind, zh)} {node[:12]}" if alert["kind"] == "node" else alert["name"] or kind
    )


def _possible_acts(service: Service, visitor: Visitor, alert: AlertWithSteps) -> dict[str, str]:
    """Workflow actions now possible, each with the actor barred by the two-person rule."""
    rule = service.rulebook.value("alerts.flow", Flow, as_of=service.today())
    needs_two_persons = bool(set(rule.two_persons) & {s["colour"] for s in alert["steps"]})
    actor_by_act = {}
    for name, transition in TRANSITIONS.items():
        if alert["state"] not in transition.states or name in BY_NIGHT:
            continue
        first_actors = {s["actor"] for s in alert["steps"] if s["act"] in SECOND.get(name, ())}
        # Orange and red need two persons (law-notes 7.3): who did the first act is told before,
        # not after.
        is_first_actor = needs_two_persons and visitor.caller.name in first_actors
        actor_by_act[name] = visitor.caller.name if is_first_actor else ""
    return actor_by_act


@router.post("/console/alerts/{alert}")
async def act(request: Request, alert: str) -> Response:
    """Do the next step."""
    visitor, number = await visitor_of(request, ALERTS_ACT), number_of(alert, "alert")
    form = await request.form()
    idempotency_key = text_of(form, "once")[:64] or None
    service = service_of(request)
    try:
        act_request = act_request_of(form, [number])
        await asyncio.to_thread(
            act_on, service, visitor.caller, visitor.purpose, idempotency_key, act_request
        )
    except ValidationError as error:
        first_error = error.errors()[0]
        return await _render_alert(
            request, visitor, number, f"{first_error['loc'][0]}: {first_error['msg']}", 422
        )
    except UnknownRecord:
        raise
    except XhcreditError as error:
        return await _render_alert(request, visitor, number, str(error), 409)
    return redirect_to(request, f"/console/alerts/{number}")


def act_request_of(form: FormData, alert_numbers: list[int]) -> AlertActions:
    """Workflow action requested by a form.

    Raises:
        ValidationError: something in it cannot be read.
    """
    form_fields: dict[str, object] = {k: v for k, v in form.items() if isinstance(v, str) and v}
    form_fields = {k: v for k, v in form_fields.items() if k in AlertActions.model_fields}
    return AlertActions.model_validate(form_fields | {"alerts": alert_numbers})
