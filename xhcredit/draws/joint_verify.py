"""Verification of a joint record against the records of its members."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from xhcredit.draws import joint
from xhcredit.draws.commitment import Statement, digest_of
from xhcredit.draws.frame import decoded
from xhcredit.draws.verify import Check, json_of
from xhcredit.draws.verify import PublishedFiles as Beside
from xhcredit.draws.verify import verify_record as record_verified
from xhcredit.errors import BadPlan, RecordRefuted


def verify_joint_record(
    joint_record: Statement,
    records: Mapping[str, bytes],
    plans: Mapping[str, bytes] | None = None,
    frames: Mapping[str, bytes] | None = None,
) -> list[Check]:
    """Everything that was checked; all of it holds.

    Args:
        joint_record: the joint record.
        records: the members' ``record.json`` by draw, as published.
        plans: their ``plan.json``, where at hand: whose the draws are, and for which items.
        frames: their ``frame.csv``; with all of them the probabilities are computed again.

    Raises:
        RecordRefuted: names the first thing that does not hold.
        BadInput: a file is no JSON object.
    """
    try:
        return _recompute_checks(joint_record, records, plans or {}, frames or {})
    except (KeyError, TypeError, ValueError, BadPlan) as error:
        raise RecordRefuted(f"the joint record does not hold: {error}; do not trust it") from None


def _recompute_checks(
    joint_record: Statement,
    records: Mapping[str, bytes],
    plans: Mapping[str, bytes],
    frames: Mapping[str, bytes],
) -> list[Check]:
    members = [
        _member(member_entry, records, plans, frames) for member_entry in joint_record["members"]
    ]
    period = joint_record["period"]
    days = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
    recomputed = joint.overlay_draws(joint_record["joint_id"], days, members)
    with_odds = all(m.odds is not None for m in members)
    # Without every frame the probabilities cannot be computed again: they are left out of the
    # comparison and out of the list of what was checked.
    if not with_odds:
        joint_record = {
            **joint_record,
            "selected": [_without_probability(s) for s in joint_record["selected"]],
        }
    for name in sorted(recomputed.keys() | joint_record.keys()):
        if recomputed.get(name) != joint_record.get(name):
            raise RecordRefuted(f'"{name}" does not follow from the members\' records')
    checks = [Check(True, f"成员记录 {m.id}", f"member record {m.id}") for m in members]
    checks += [Check(True, f"成员计划 {m.id}", f"plan of {m.id}") for m in members if m.id in plans]
    checks.append(Check(True, "合并到户、事项与人员", "visits, items and inspectors"))
    checks.append(Check(True, "减少的上门次数", "visits saved"))
    if with_odds:
        checks.append(Check(True, "被检查概率", "probabilities of being visited"))
    return checks


def _without_probability(selected: Statement) -> dict[str, object]:
    return {k: v for k, v in selected.items() if k != "inclusion_probability"}


def _member(
    member_entry: Statement,
    records: Mapping[str, bytes],
    plans: Mapping[str, bytes],
    frames: Mapping[str, bytes],
) -> joint.Member:
    draw_id = member_entry["draw_id"]
    if draw_id not in records:
        raise RecordRefuted(f'the record of draw "{draw_id}" is not at hand; put it beside')
    if digest_of(records[draw_id]) != member_entry["record_digest"]:
        raise RecordRefuted(f'the record of draw "{draw_id}" is not the one that was laid over')
    record = json_of(records[draw_id])
    # Each member is verified before it is laid over: a joint record is worth no more than the
    # weakest of its members.
    record_verified(record, Beside(record=records[draw_id]))
    bureau, items = member_entry["bureau"], tuple(member_entry["items"])
    if draw_id in plans:
        bureau, items = _plan_terms(plans[draw_id], record)
    odds = joint.odds_of(record, decoded(frames[draw_id])) if draw_id in frames else None
    return joint.Member(record, member_entry["record_digest"], bureau, items, odds)


def _plan_terms(plan_bytes: bytes, record: Statement) -> tuple[str, tuple[str, ...]]:
    if digest_of(plan_bytes) != record["plan"]["digest"]:
        raise RecordRefuted(f'this is not the plan of draw "{record["draw_id"]}"')
    plan = json_of(plan_bytes)
    return plan["bureau"], tuple(plan["items"])
