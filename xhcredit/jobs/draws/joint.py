"""Joint draws of several bureaus: joint record and its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import cast

from xhcredit.domain.files import write_whole
from xhcredit.domain.log import log_call
from xhcredit.domain.spreadsheet_safety import neutral
from xhcredit.draws import joint as joint_draws
from xhcredit.draws.commitment import digest_of
from xhcredit.draws.frame import decoded
from xhcredit.draws.published_files import JointRecord
from xhcredit.draws.verify import json_of
from xhcredit.errors import BadPlan
from xhcredit.jobs.draws.steps import plan_of_draw
from xhcredit.store.core.transactions import Act
from xhcredit.store.draws.check_rows import JointDrawStored
from xhcredit.store.store import Store

#: of each member; the first is public
_MEMBER_FILES = ("record.json", "plan.json", "frame.csv")


@log_call(
    "draw.joined",
    lambda joint_report: {"visits": joint_report["visits"]},
    ids=["joint"],
    refusal="warning",
)
def join_draws(store: Store, act: Act, joint: str, draws: Sequence[str]) -> JointDrawStored:
    """Create a joint draw: one visit per enterprise that several draws selected.

    Args:
        store: where the draws are.
        act: who and why.
        joint: id of the joint draw.
        draws: ids of the members, all drawn, of plans whose periods overlap.

    Raises:
        BadPlan: fewer than two draws, two of one plan, or periods without a common day.
        WrongState: a draw was not drawn, was replaced, or takes part elsewhere.
        UnknownRecord: there is no such draw.
    """
    draw_ids = sorted(set(draws))

    def make_record() -> JointRecord:
        period, members = _common_period(store, draw_ids), members_of(store, draw_ids)
        return cast(JointRecord, joint_draws.overlay_draws(joint, period, members))

    return store.joint_draws.add(act, joint, draw_ids, make_record)


def members_of(store: Store, draws: Iterable[str]) -> list[joint_draws.Member]:
    """The draws as members, with the odds of everybody in their frames."""
    return [_member(store, draw) for draw in draws]


def _member(store: Store, draw: str) -> joint_draws.Member:
    record_bytes, plan = store.draws.file(draw, "record.json"), plan_of_draw(store, draw)
    record = json_of(record_bytes)
    odds = joint_draws.odds_of(record, decoded(store.draws.file(draw, "frame.csv")))
    return joint_draws.Member(record, digest_of(record_bytes), plan.bureau, plan.items, odds)


def _common_period(store: Store, draws: Sequence[str]) -> tuple[date, date]:
    """Period that all plans have in common."""
    periods = [plan_of_draw(store, draw).period for draw in draws]
    first_day, last_day = max(p.first for p in periods), min(p.last for p in periods)
    if first_day > last_day:
        raise BadPlan(
            f"the periods of {', '.join(draws)} have no day in common; a visit for all of them "
            "would be outside of one plan"
        )
    return first_day, last_day


def drawn_within(
    store: Store, first_day: date, last_day: date, bureaus: frozenset[str] | None = None
) -> list[str]:
    """Draws whose frame is of a day of the period, that were drawn, not replaced and are free."""
    draw_rows = store.draws.list_draws(bureaus)
    replaced_ids = {d["replaces"] for d in draw_rows}
    return [
        d["id"]
        for d in draw_rows
        if first_day.isoformat() <= d["as_of"] <= last_day.isoformat()
        and d["state"] in ("drawn", "published")
        and d["id"] not in replaced_ids
        and store.joint_draws.joint_of_draw(d["id"]) is None
    ]


def export_joint_draw(store: Store, joint: str, out: Path, *, private: bool = True) -> list[Path]:
    """Write the joint record and its members' files; the whole can be checked from the folder.

    Args:
        store: where it is kept.
        joint: which one.
        out: folder; files of the same name are replaced, each whole.
        private: frames, plans and everybody's probabilities as well, which are not public.
    """
    body = store.joint_draws.record(joint)
    members = [m["draw_id"] for m in json_of(body)["members"]]
    files = {Path("joint.json"): body}
    for draw in members:
        for name in _MEMBER_FILES if private else _MEMBER_FILES[:1]:
            files[Path("members") / draw / name] = store.draws.file(draw, name)
    if private:
        files[Path("probabilities.csv")] = _csv(
            joint_draws.probabilities(members_of(store, members))
        )
    for folder in {(out / name).parent for name in files}:
        folder.mkdir(parents=True, exist_ok=True)
    return [write_whole(out / name, file_bytes) for name, file_bytes in files.items()]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    safe_rows = ([neutral(cell) for cell in row] for row in rows)
    csv.writer(buffer, lineterminator="\n").writerows(safe_rows)
    return buffer.getvalue().encode()
