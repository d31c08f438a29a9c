"""Alert workflow: one action on one or many alerts, and tables of alerts, precision and clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from xhcredit.alerts.clusters import picture
from xhcredit.alerts.detect import armed
from xhcredit.alerts.precision import Precision, precision_of
from xhcredit.alerts.visible_events import World
from xhcredit.alerts.workflow import (
    BY_NIGHT,
    MOVES,
    Doing,
    Standing,
    is_due_unknown,
    is_overdue,
    is_provisional,
    taken,
)
from xhcredit.domain.calendar import Calendar, provisional_data
from xhcredit.engine.one_enterprise import day_number
from xhcredit.errors import BadInput
from xhcredit.jobs.alerts.context import Scene
from xhcredit.jobs.warehouse.rows_by_enterprise import Rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.rules.schemas.alerts import Flow, Picture, Retirement, Routing
from xhcredit.store.alerts.alerts import Making
from xhcredit.store.core.bureau_scope import Within, is_within
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

MOST_AT_ONCE = 200


@dataclass(frozen=True)
class Desk:
    """Context of alert workflow actions: store, rules and bureaus."""

    store: Store
    rules: Rulebook
    within: Within = None


def take(desk: Desk, act: Act, numbers: Sequence[int], doing: Doing) -> list[dict[str, Any]]:
    """Perform one workflow action on several alerts: on all of them, or on none.

    Raises:
        UnknownRecord: there is no such alert within the bureaus.
        WrongState: the act does not fit one of them.
        TwoPersons: somebody else must do it.
        BadInput: too many, none, or something that the act needs is not given.
    """
    if not 0 < len(numbers) <= MOST_AT_ONCE or len(set(numbers)) != len(numbers):
        raise BadInput(f"{len(numbers)} alerts; give 1 to {MOST_AT_ONCE} different ones")
    if doing.act not in MOVES or doing.act in BY_NIGHT:
        known = ", ".join(name for name in MOVES if name not in BY_NIGHT)
        raise BadInput(f'unknown act "{doing.act}"; choose one of: {known}')
    done = desk.store.alerts.many(act, numbers, _making(desk.rules, doing), desk.within)
    calendar = desk.rules.calendar
    return [{**d, **provisional_data(is_provisional(d, calendar))} for d in done]


def _making(rules: Rulebook, doing: Doing) -> Making:
    flow = rules.value("alerts.flow", Flow, as_of=doing.on)
    routing = rules.value("alerts.routing", Routing, as_of=doing.on)

    def making(found: dict[str, Any]) -> tuple[Doing, Standing]:
        before = Standing(**{n: found[n] for n in _STANDING})
        standing = taken(before, found["steps"], doing, flow, rules.calendar)
        if doing.act != "issue":
            return doing, standing
        told = departments(routing, found["family"], standing)
        provisional = is_provisional(asdict(standing), rules.calendar)
        details = {**doing.details, "departments": told, "provisional": provisional}
        return replace(doing, details=details), standing

    return making


_STANDING = ("state", "colour", "owner", "due_on", "snoozed_until")


def departments(routing: Routing, family: str, standing: Standing) -> list[str]:
    """Departments that are notified of an issued alert (防范联动)."""
    at = Flow.COLOURS.index
    if at(standing.colour) < at(routing.from_colour):
        return []
    return list(routing.departments.get(family, ()))


def departments_of(rules: Rulebook, family: str, day: date) -> list[str]:
    """Departments that are notified of alerts of a family issued at the required colour."""
    return list(rules.value("alerts.routing", Routing, as_of=day).departments.get(family, ()))


def with_overdue(
    rows: Sequence[Mapping[str, Any]], day: date, calendar: Calendar
) -> list[dict[str, Any]]:
    """Alerts, each told whether it is overdue on a day, whether nobody can say when it is, and
    whether its due day is provisional.
    """
    return [
        {
            **row,
            "overdue": is_overdue(row, day),
            "due_unknown": is_due_unknown(row),
            **provisional_data(is_provisional(row, calendar)),
        }
        for row in rows
    ]


def precision_table(desk: Desk, day: date) -> list[dict[str, Any]]:
    """Precision of each trigger from verified alerts, with its back-test if there is one."""
    rule = desk.rules.value("alerts.retirement", Retirement, as_of=day)
    verdicts, proofs = desk.store.alerts.verdicts(desk.within), desk.store.alerts.proofs()
    triggers = {t.id: t for t in armed(desk.rules, day)}
    told = []
    for name in sorted({*triggers, *verdicts}):
        counted = verdicts.get(name, {})
        found: Precision = precision_of(name, counted.get("alerts", 0), counted, rule)
        trigger = triggers.get(name)
        names = {"zh": trigger.zh, "en": trigger.en} if trigger else {"zh": "", "en": ""}
        proof = proofs.get((name, trigger.digest)) if trigger else None
        told.append({**asdict(found), **names, "in_force": trigger is not None, "proof": proof})
    return told


def cluster_of(world: World, rows: Rows, rules: Rulebook, code: str, day: date) -> dict[str, Any]:
    """The cluster around an enterprise as known on a day: nodes and edges for a picture.

    Raises:
        UnknownEnterprise: nobody has this code.
    """
    rule = rules.value("alerts.picture", Picture, as_of=day)
    told = picture(world, world.store.row(code), rule, day_number(day))
    inside = [n for n in told["nodes"] if n["kind"] == "enterprise"]
    about = rows.register(np.array([n["row"] for n in inside]), ["name", "bureau", "street"])
    for node, row in zip(inside, about.to_pylist(), strict=True):
        node |= {k: v or "" for k, v in row.items()}
    for node in told["nodes"]:
        del node["row"]
    return {"code": code, "as_of": day.isoformat(), **told}


def cluster(warehouse: Path, rules: Rulebook, code: str, day: date) -> dict[str, Any]:
    """``cluster_of`` on a warehouse."""
    scene = Scene.open(warehouse, rules, day)
    return cluster_of(scene.world, scene.rows, rules, code, day)


def within_bureaus(told: dict[str, Any], within: Within) -> dict[str, Any]:
    """Cluster in which enterprises of other bureaus are masked: no code, name and place."""
    masks: dict[str, str] = {}
    for node in told["nodes"]:
        if node["kind"] == "enterprise" and not is_within(node["bureau"], within):
            masks[node["id"]] = f"x{len(masks) + 1}"
            node |= {"id": masks[node["id"]], "name": "", "bureau": "", "street": ""}
    for edge in told["edges"]:
        edge["enterprise"] = masks.get(edge["enterprise"], edge["enterprise"])
    return told
