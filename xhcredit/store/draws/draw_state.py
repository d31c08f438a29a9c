"""State of a draw read within a transaction, and refusals of what does not fit it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from sqlalchemy import Connection, func, select

from xhcredit.errors import UnknownRecord, WrongState
from xhcredit.store.core.tables import activity
from xhcredit.store.draws.rows import DrawState, DrawStep, DrawWithSteps, InspectorReplacement
from xhcredit.store.draws.tables import (
    draw_files,
    draw_replacements,
    draw_results,
    draw_seeds,
    draw_steps,
    draws,
    plans,
)

#: states in their order
STATES: tuple[DrawState, ...] = get_args(DrawState)
Files = Mapping[str, bytes]


@dataclass(frozen=True)
class FrozenDraw:
    """A draw whose frame is frozen: its plan, round, day, and the draw that it replaces."""

    id: str
    plan: str
    bureau: str
    round: str
    as_of: str
    replaces: str | None = None


def refuse_duplicate(con: Connection, new_draw: FrozenDraw) -> None:
    """Refuse to freeze a duplicate draw, or one whose plan, round or replaced draw does not fit.

    Raises:
        UnknownRecord: no such plan, or no such draw to replace.
        WrongState: the draw is there, or the other one was replaced before.
    """
    if con.scalar(select(plans.c.id).where(plans.c.id == new_draw.plan)) is None:
        raise UnknownRecord(f'there is no plan "{new_draw.plan}"; file it first')
    if con.scalar(select(draws.c.id).where(draws.c.id == new_draw.id)) is not None:
        raise WrongState(
            f'draw "{new_draw.id}" is frozen; write its files: xhcredit draw export {new_draw.id}; '
            "a draw to be repeated is a new draw"
        )
    # A frame that is frozen after the seed could be chosen for its outcome.
    seed_digest = con.scalar(
        select(draw_seeds.c.digest).where(draw_seeds.c.round == new_draw.round)
    )
    if seed_digest is not None:
        raise WrongState(
            f'the round "{new_draw.round}" has its seed; every frame of a round is frozen before'
        )
    if new_draw.replaces is not None:
        get_draw(con, new_draw.replaces)
        replacement_id = con.scalar(select(draws.c.id).where(draws.c.replaces == new_draw.replaces))
        if replacement_id is not None:
            raise WrongState(
                f'draw "{new_draw.replaces}" was replaced by "{replacement_id}"; replace that'
            )


def get_draw(con: Connection, draw: str) -> DrawWithSteps:
    """A draw with its steps and state.

    Raises:
        UnknownRecord: there is none.
    """
    row = con.execute(select(draws).where(draws.c.id == draw)).mappings().first()
    if row is None:
        raise UnknownRecord(
            f'there is no draw "{draw}"; freeze it first (the commitment comes before the seed), '
            "or list those there are: xhcredit draw show"
        )
    statement = select(draw_steps).where(draw_steps.c.draw == draw).order_by(draw_steps.c.step)
    steps = [
        cast(DrawStep, {**s, "details": json.loads(s["details"])})
        for s in con.execute(statement).mappings()
    ]
    return cast(DrawWithSteps, {**row, "steps": steps, "state": steps[-1]["state"]})


def current_state(con: Connection, draw: str) -> DrawState:
    """Current state of a draw."""
    statement = select(draw_steps.c.state).where(draw_steps.c.draw == draw)
    return cast(DrawState, con.scalar(statement.order_by(draw_steps.c.step.desc()).limit(1)))


def refuse_unless(con: Connection, draw: str, state: DrawState) -> DrawWithSteps:
    """The draw, if it is in exactly this state."""
    draw_record = get_draw(con, draw)
    if draw_record["state"] != state:
        raise WrongState(
            f'draw "{draw}" is {draw_record["state"]}, not {state}; see: xhcredit draw show'
        )
    return draw_record


def refuse_before(con: Connection, draw: str, state: DrawState) -> None:
    """Refuse a draw that has not yet reached a state.

    Raises:
        WrongState: it has not.
    """
    draw_record = get_draw(con, draw)
    if STATES.index(draw_record["state"]) < STATES.index(state):
        raise WrongState(f'draw "{draw}" is only {draw_record["state"]}; it must be {state} before')


def read_file(con: Connection, draw: str, name: str) -> bytes:
    """A file of a draw.

    Raises:
        UnknownRecord: there is none.
    """
    file_filter = (draw_files.c.draw == draw) & (draw_files.c.name == name)
    row = con.execute(select(draw_files.c.packed).where(file_filter)).first()
    if row is None:
        get_draw(con, draw)
        raise UnknownRecord(f'draw "{draw}" has no file "{name}" yet')
    return zlib.decompress(row[0])


def last_visits(con: Connection, ids: Sequence[str]) -> dict[str, str]:
    """Day of the last inspection of each draw by its latest results; none without results."""
    c = draw_results.c
    last_entry = func.max(c.entry).over(partition_by=(c.draw, c.code))
    numbered_results = (
        select(c.draw, c.body, c.entry, last_entry.label("last")).where(c.draw.in_(ids)).subquery()
    )
    rows = con.execute(
        select(numbered_results.c.draw, numbered_results.c.body).where(
            numbered_results.c.entry == numbered_results.c.last
        )
    )
    last_visit_by_draw: dict[str, str] = {}
    for draw, body in rows:
        last_visit_by_draw[draw] = max(
            last_visit_by_draw.get(draw, ""), json.loads(body)["inspected_on"]
        )
    return last_visit_by_draw


def entered_at(con: Connection, ids: Sequence[str]) -> dict[str, str]:
    """When the last enterprise's first result was entered; corrections do not put it off."""
    c = draw_results.c
    statement = select(c.draw, func.max(activity.c.recorded_at)).join(
        activity, activity.c.seq == c.activity
    )
    first_entries = statement.where(c.draw.in_(ids), c.entry == 1).group_by(c.draw)
    return {draw: moment for draw, moment in con.execute(first_entries)}


def published_at(con: Connection, ids: Sequence[str]) -> dict[str, str]:
    """When each draw's list was published first; none that was not."""
    c = draw_steps.c
    statement = select(c.draw, func.min(c.recorded_at)).where(
        c.draw.in_(ids), c.state == STATES[-1]
    )
    return {draw: moment for draw, moment in con.execute(statement.group_by(c.draw))}


def replacements(con: Connection, draw: str) -> list[InspectorReplacement]:
    """Replacements of inspectors after the draw, in order."""
    c = draw_replacements.c
    statement = select(c.code, c.place, c.attempt, c.away, c.instead, c.reason).where(
        c.draw == draw
    )
    rows = con.execute(statement.order_by(c.activity)).mappings()
    return [cast(InspectorReplacement, dict(row)) for row in rows]
