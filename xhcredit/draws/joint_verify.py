"""Verification of a joint record against the records of its members."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from xhcredit.draws import joint
from xhcredit.draws.commitment import digest_of
from xhcredit.draws.frame import decoded
from xhcredit.draws.verify import Check, json_of
from xhcredit.draws.verify import Files as Beside
from xhcredit.draws.verify import verified as record_verified
from xhcredit.errors import BadPlan, RecordRefuted

Json = Mapping[str, Any]


def verified(
    told: Json,
    records: Mapping[str, bytes],
    plans: Mapping[str, bytes] | None = None,
    frames: Mapping[str, bytes] | None = None,
) -> list[Check]:
    """Everything that was checked; all of it holds.

    Args:
        told: the joint record.
        records: the members' ``record.json`` by draw, as published.
        plans: their ``plan.json``, where at hand: whose the draws are, and for which items.
        frames: their ``frame.csv``; with all of them the probabilities are computed again.

    Raises:
        RecordRefuted: names the first thing that does not hold.
        BadInput: a file is no JSON object.
    """
    try:
        return _verified(told, records, plans or {}, frames or {})
    except (KeyError, TypeError, ValueError, BadPlan) as error:
        raise RecordRefuted(f"the joint record does not hold: {error}; do not trust it") from None


def _verified(
    told: Json,
    records: Mapping[str, bytes],
    plans: Mapping[str, bytes],
    frames: Mapping[str, bytes],
) -> list[Check]:
    members = [_member(said, records, plans, frames) for said in told["members"]]
    period = told["period"]
    days = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
    again = joint.overlaid(told["joint_id"], days, members)
    with_odds = all(m.odds is not None for m in members)
    if not with_odds:
        told = {**told, "selected": [_without(s) for s in told["selected"]]}
    for name in sorted(again.keys() | told.keys()):
        if again.get(name) != told.get(name):
            raise RecordRefuted(f'"{name}" does not follow from the members\' records')
    checks = [Check(True, f"成员记录 {m.id}", f"member record {m.id}") for m in members]
    checks += [Check(True, f"成员计划 {m.id}", f"plan of {m.id}") for m in members if m.id in plans]
    checks.append(Check(True, "合并到户、事项与人员", "visits, items and inspectors"))
    checks.append(Check(True, "减少的上门次数", "visits saved"))
    if with_odds:
        checks.append(Check(True, "被检查概率", "probabilities of being visited"))
    return checks


def _without(selected: Json) -> dict[str, Any]:
    return {k: v for k, v in selected.items() if k != "inclusion_probability"}


def _member(
    said: Json,
    records: Mapping[str, bytes],
    plans: Mapping[str, bytes],
    frames: Mapping[str, bytes],
) -> joint.Member:
    draw = said["draw_id"]
    if draw not in records:
        raise RecordRefuted(f'the record of draw "{draw}" is not at hand; put it beside')
    if digest_of(records[draw]) != said["record_digest"]:
        raise RecordRefuted(f'the record of draw "{draw}" is not the one that was laid over')
    record = json_of(records[draw])
    record_verified(record, Beside(record=records[draw]))
    bureau, items = said["bureau"], tuple(said["items"])
    if draw in plans:
        bureau, items = _planned(plans[draw], record)
    odds = joint.odds_of(record, decoded(frames[draw])) if draw in frames else None
    return joint.Member(record, said["record_digest"], bureau, items, odds)


def _planned(data: bytes, record: Json) -> tuple[str, tuple[str, ...]]:
    if digest_of(data) != record["plan"]["digest"]:
        raise RecordRefuted(f'this is not the plan of draw "{record["draw_id"]}"')
    plan = json_of(data)
    return plan["bureau"], tuple(plan["items"])
