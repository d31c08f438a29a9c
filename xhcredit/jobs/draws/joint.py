"""Joint draws of several bureaus: joint record and its files."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from xhcredit.domain.log import logged
from xhcredit.domain.spreadsheet_safety import neutral
from xhcredit.draws import joint as joints
from xhcredit.draws.commitment import digest_of
from xhcredit.draws.frame import decoded
from xhcredit.draws.verify import json_of
from xhcredit.errors import BadPlan
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

Json = dict[str, Any]
#: of each member; the first is public
_FILES = ("record.json", "plan.json", "frame.csv")


@logged("draw.joined", lambda done: {"visits": done["visits"]}, ids=["joint"], refusal="warning")
def lay_over(store: Store, act: Act, joint: str, draws: Sequence[str]) -> Json:
    """Create a joint draw: one visit per enterprise that several draws selected.

    Args:
        store: where the draws are.
        act: who and why.
        joint: id of the joint draw.
        draws: ids of the members, all drawn, of plans whose periods overlap.

    Returns:
        ``joint``, ``digest``, ``inspections``, ``visits`` and ``saved``.

    Raises:
        BadPlan: fewer than two draws, two of one plan, or periods without a common day.
        WrongState: a draw was not drawn, was replaced, or takes part elsewhere.
        UnknownRecord: there is no such draw.
    """
    names = sorted(set(draws))

    def making() -> Json:
        return joints.overlaid(joint, _period(store, names), members_of(store, names))

    return store.joint_draws.add(act, joint, names, making)


def members_of(store: Store, draws: Iterable[str]) -> list[joints.Member]:
    """The draws as members, with the odds of everybody in their frames."""
    return [_member(store, draw) for draw in draws]


def _member(store: Store, draw: str) -> joints.Member:
    data, plan = store.draws.file(draw, "record.json"), json_of(store.draws.file(draw, "plan.json"))
    record = json_of(data)
    odds = joints.odds_of(record, decoded(store.draws.file(draw, "frame.csv")))
    return joints.Member(record, digest_of(data), plan["bureau"], tuple(plan["items"]), odds)


def _period(store: Store, draws: Sequence[str]) -> tuple[date, date]:
    """Period that all plans have in common."""
    every = [json_of(store.draws.file(draw, "plan.json"))["period"] for draw in draws]
    first = max(date.fromisoformat(p["first"]) for p in every)
    last = min(date.fromisoformat(p["last"]) for p in every)
    if first > last:
        raise BadPlan(
            f"the periods of {', '.join(draws)} have no day in common; a visit for all of them "
            "would be outside of one plan"
        )
    return first, last


def drawn_within(
    store: Store, first: date, last: date, bureaus: frozenset[str] | None = None
) -> list[str]:
    """Draws whose frame is of a day of the period, that were drawn, not replaced and are free."""
    every = store.draws.listed(bureaus)
    gone = {d["replaces"] for d in every}
    return [
        d["id"]
        for d in every
        if first.isoformat() <= d["as_of"] <= last.isoformat()
        and d["state"] in ("drawn", "published")
        and d["id"] not in gone
        and store.joint_draws.of_draw(d["id"]) is None
    ]


def export(store: Store, joint: str, out: Path, *, private: bool = True) -> list[Path]:
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
        for name in _FILES if private else _FILES[:1]:
            files[Path("members") / draw / name] = store.draws.file(draw, name)
    if private:
        files[Path("probabilities.csv")] = _csv(joints.probabilities(members_of(store, members)))
    return [_written(out / name, data) for name, data in files.items()]


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    safe = ([neutral(cell) for cell in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(safe)
    return text.getvalue().encode()


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)
    return path
