"""Alert workflow: one action on one or many alerts, and tables of alerts, precision and
clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from xhcredit.alerts.clusters import PictureNode, cluster_picture
from xhcredit.alerts.detect import active_triggers
from xhcredit.alerts.precision import Precision, precision_of
from xhcredit.alerts.rows import AlertStepDetails, ClusterEdge
from xhcredit.alerts.visible_events import World
from xhcredit.alerts.workflow import (
    BY_NIGHT,
    TRANSITIONS,
    AlertAction,
    Standing,
    is_due_unknown,
    is_overdue,
    is_provisional,
    standing_after,
)
from xhcredit.domain.calendar import Calendar, provisional_data
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadInput
from xhcredit.jobs.alerts.context import DistrictContext
from xhcredit.jobs.alerts.rows import (
    AlertChange,
    Cluster,
    ClusterNode,
    DatedAlert,
    DueState,
    TriggerPrecision,
)
from xhcredit.jobs.warehouse.rows_by_enterprise import EnterpriseRows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Flow, Picture, Retirement, Routing
from xhcredit.store.alerts.alerts import ActionBuilder
from xhcredit.store.alerts.rows import AlertRow, AlertWithSteps
from xhcredit.store.core.bureau_scope import BureauScope
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

MAX_ALERTS_PER_ACTION = 200


@dataclass(frozen=True)
class AlertContext:
    """Context of alert workflow actions: store, rules and bureaus."""

    store: Store
    rules: Rulebook
    within: BureauScope = None


def perform_on_alerts(
    context: AlertContext, act: Act, numbers: Sequence[int], action: AlertAction
) -> list[AlertChange]:
    """Perform one workflow action on several alerts: on all of them, or on none.

    Raises:
        UnknownRecord: there is no such alert within the bureaus.
        WrongState: the act does not fit one of them.
        TwoPersons: somebody else must do it.
        BadInput: too many, none, or something that the act needs is not given.
    """
    if not 0 < len(numbers) <= MAX_ALERTS_PER_ACTION or len(set(numbers)) != len(numbers):
        raise BadInput(f"{len(numbers)} alerts; give 1 to {MAX_ALERTS_PER_ACTION} different ones")
    # What only a night may do (expire, count due days anew) is nobody's to do by hand.
    if action.act not in TRANSITIONS or action.act in BY_NIGHT:
        known_acts = ", ".join(name for name in TRANSITIONS if name not in BY_NIGHT)
        raise BadInput(f'unknown act "{action.act}"; choose one of: {known_acts}')
    changed_alerts = context.store.alerts.add_steps(
        act, numbers, _transition_of(context.rules, action), context.within
    )
    calendar = context.rules.calendar
    return [{**d, **provisional_data(is_provisional(d, calendar))} for d in changed_alerts]


def _transition_of(rules: Rulebook, action: AlertAction) -> ActionBuilder:
    # The flow in force when the act is done, not when the alert was raised.
    flow = rules.value("alerts.flow", Flow, as_of=action.on)
    routing = rules.value("alerts.routing", Routing, as_of=action.on)

    def transition(alert: AlertWithSteps) -> tuple[AlertAction, Standing]:
        earlier_standing = standing_of(alert)
        standing = standing_after(earlier_standing, alert["steps"], action, flow, rules.calendar)
        if action.act != "issue":
            return action, standing
        # 防范联动 goes by the published table of departments, not by whoever issues.
        department_names = notified_departments(routing, alert["family"], standing)
        provisional = is_provisional(
            {"state": standing.state, "due_on": standing.due_on}, rules.calendar
        )
        details: AlertStepDetails = {
            **action.details,
            "departments": department_names,
            "provisional": provisional,
        }
        return replace(action, details=details), standing

    return transition


def standing_of(alert: AlertRow) -> Standing:
    """Where an alert stands, from its row."""
    return Standing(
        alert["state"], alert["colour"], alert["owner"], alert["due_on"], alert["snoozed_until"]
    )


def notified_departments(routing: Routing, family: str, standing: Standing) -> list[str]:
    """Departments that are notified of an issued alert (防范联动)."""
    colour_rank = Flow.COLOURS.index
    if colour_rank(standing.colour) < colour_rank(routing.from_colour):
        return []
    return list(routing.departments.get(family, ()))


def departments_of_family(rules: Rulebook, family: str, day: date) -> list[str]:
    """Departments that are notified of alerts of a family issued at the required colour."""
    return list(rules.value("alerts.routing", Routing, as_of=day).departments.get(family, ()))


def with_overdue(rows: Sequence[AlertRow], day: date, calendar: Calendar) -> list[DatedAlert]:
    """Alerts, each told whether it is overdue on a day, whether nobody can say when it is, and
    whether its due day is provisional.
    """
    return [{**row, **due_state(row, day, calendar)} for row in rows]


def due_state(alert: AlertRow, day: date, calendar: Calendar) -> DueState:
    """Whether an alert is overdue on a day, and what is known of its due day."""
    return {
        "overdue": is_overdue(alert, day),
        "due_unknown": is_due_unknown(alert),
        **provisional_data(is_provisional(alert, calendar)),
    }


def precision_table(context: AlertContext, day: date) -> list[TriggerPrecision]:
    """Precision of each trigger from verified alerts, with its back-test if there is one."""
    rule = context.rules.value("alerts.retirement", Retirement, as_of=day)
    verdicts, proofs = (
        context.store.alerts.verdict_counts(context.within),
        context.store.alerts.latest_backtests(),
    )
    triggers = {t.id: t for t in active_triggers(context.rules, day)}
    precision_rows: list[TriggerPrecision] = []
    for name in sorted({*triggers, *verdicts}):
        verdict_counts = verdicts.get(name, {})
        precision: Precision = precision_of(
            name, verdict_counts.get("alerts", 0), verdict_counts, rule
        )
        trigger = triggers.get(name)
        precision_rows.append(
            {
                "trigger": name,
                "zh": trigger.zh if trigger else "",
                "en": trigger.en if trigger else "",
                "alerts": precision.alerts,
                "true": precision.true,
                "false": precision.false,
                "cannot_tell": precision.cannot_tell,
                "precision": precision.precision,
                "lowest": precision.lowest,
                "highest": precision.highest,
                "propose_retirement": precision.propose_retirement,
                "in_force": trigger is not None,
                "proof": proofs.get((name, trigger.digest)) if trigger else None,
            }
        )
    return precision_rows


def cluster_of(
    world: World, rows: EnterpriseRows, rules: Rulebook, code: str, day: date
) -> Cluster:
    """The cluster around an enterprise as known on a day: nodes and edges for a picture.

    Raises:
        UnknownEnterprise: nobody has this code.
    """
    rule = rules.value("alerts.picture", Picture, as_of=day)
    picture = cluster_picture(world, world.event_columns.row(code), rule, day_number(day))
    enterprise_nodes = [n for n in picture["nodes"] if n["kind"] == "enterprise"]
    register_rows = rows.register_rows(
        np.array([n["row"] for n in enterprise_nodes]), ["name", "bureau", "street"]
    )
    register_by_id = {
        node["id"]: {k: v or "" for k, v in row.items()}
        for node, row in zip(enterprise_nodes, register_rows.to_pylist(), strict=True)
    }
    return {
        "code": code,
        "as_of": day.isoformat(),
        "size": picture["size"],
        "shown": picture["shown"],
        "nodes": [_cluster_node(n, register_by_id.get(n["id"], {})) for n in picture["nodes"]],
        "edges": picture["edges"],
    }


def _cluster_node(node: PictureNode, register_row: Mapping[str, str]) -> ClusterNode:
    return {
        "id": node["id"],
        "kind": node["kind"],
        "name": register_row.get("name"),
        "bureau": register_row.get("bureau"),
        "street": register_row.get("street"),
    }


def cluster(warehouse: Path, rules: Rulebook, code: str, day: date) -> Cluster:
    """``cluster_of`` on a warehouse."""
    district = DistrictContext.open(warehouse, rules, day)
    return cluster_of(district.world, district.rows, rules, code, day)


def mask_others(cluster_data: Cluster, visible_codes: Set[str]) -> Cluster:
    """Cluster in which enterprises that are not visible are masked: no code, name and place."""
    masked_ids: dict[str, str] = {}
    nodes: list[ClusterNode] = []
    for node in cluster_data["nodes"]:
        if node["kind"] == "enterprise" and node["id"] not in visible_codes:
            masked_ids[node["id"]] = f"x{len(masked_ids) + 1}"
            node = {**node, "id": masked_ids[node["id"]], "name": "", "bureau": "", "street": ""}
        nodes.append(node)
    edges: list[ClusterEdge] = [
        {**edge, "enterprise": masked_ids.get(edge["enterprise"], edge["enterprise"])}
        for edge in cluster_data["edges"]
    ]
    return {**cluster_data, "nodes": nodes, "edges": edges}
