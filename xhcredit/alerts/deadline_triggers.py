"""Triggers on missing events: deadline passed, still open, no report, not filed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from xhcredit.alerts.hits import Hit, day_of, groups, seen, text_of
from xhcredit.alerts.visible_events import World
from xhcredit.engine.one_enterprise import day_number
from xhcredit.rules.schemas.alerts import DeadlinePasses, NotFiled, NothingHeard, StaysOpen


def deadline_passes(world: World, trigger: DeadlinePasses, day: int) -> Iterator[Hit]:
    """Open events near or past their day; each stage is a fact of its own."""
    counted = world.pick(trigger.events).on(day)
    counted = counted.at(counted.is_open(day))
    due = world.values(counted.table, trigger.column, counted.index)
    left = due - day
    ahead = max(trigger.stages, default=0)
    for at in np.flatnonzero((left <= ahead) & (left >= -trigger.past_days)):
        stage = _stage(trigger, int(left[at]))
        if stage is None:
            continue
        one = counted.at(np.array([at]))
        on = text_of(due[at])
        yield Hit(
            "enterprise",
            int(one.ent[0]),
            f"{on}/{stage}:{text_of(one.occurred[0])}",
            float(-left[at]),
            seen(one),
            {"due_on": on, "days_left": int(left[at])},
        )


def _stage(trigger: DeadlinePasses, left: int) -> int | None:
    """The stage that has begun; 0 begins on the day after the deadline."""
    begun = [s for s in trigger.stages if (s > 0 and 0 <= left <= s) or (s == 0 and left < 0)]
    return min(begun, default=None)


def stays_open(world: World, trigger: StaysOpen, day: int) -> Iterator[Hit]:
    """Events that were not ended within their days."""
    counted = world.pick(trigger.events).on(day, since=day - trigger.until_days)
    overdue = counted.is_open(day) & (day - counted.occurred > trigger.days)
    late = counted.at(overdue)
    for ent, events in groups(late, np.unique(late.ent)):
        oldest = day - int(events.occurred[0])
        yield Hit(
            "enterprise",
            ent,
            f"{text_of(events.occurred[-1])}x{len(events)}",
            float(oldest),
            seen(events),
            {"open": len(events), "days_open": oldest},
        )


def nothing_heard(world: World, trigger: NothingHeard, day: int) -> Iterator[Hit]:
    """Members of a field whose regular event is overdue."""
    members = world.pick(trigger.member).on(day, since=day - trigger.member_days)
    members = members.at(members.is_open(day))
    heard = world.pick(trigger.events).on(day)
    last = np.full(len(world.store), -1, np.int64)
    np.maximum.at(last, heard.ent, heard.occurred)
    for ent in np.unique(members.ent):
        silent = day - int(last[ent]) > trigger.days
        old_enough = day - int(world.store.known[ent]) > trigger.days
        if silent and old_enough:
            since = text_of(last[ent]) if last[ent] >= 0 else None
            yield Hit(
                "enterprise",
                int(ent),
                since or "never",
                1.0,
                figures={"last_on": since, "days": trigger.days},
            )


def not_filed(world: World, trigger: NotFiled, day: int) -> Iterator[Hit]:
    """Enterprises of the year before that have not filed for it as the last day comes near."""
    today = day_of(day)
    last = day_number(date(today.year, trigger.month, trigger.day))
    if not last - trigger.days_before <= day <= last:
        return
    year = today.year - 1
    filed = world.pick(trigger.events).on(day)
    of_year = world.values(filed.table, trigger.year, filed.index) == year
    present = world.store.present(day)
    began = world.store.known[present] < day_number(date(today.year, 1, 1))
    for ent in np.setdiff1d(present[began], filed.ent[of_year]):
        figures = {"year": year, "due_on": text_of(last), "days_left": last - day}
        yield Hit("enterprise", int(ent), str(year), float(day - last), figures=figures)
