"""Triggers on missing events: deadline passed, still open, no report, not filed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from xhcredit.alerts.hits import Hit, HitFigure, day_of, events_by_enterprise, refs_of, text_of
from xhcredit.alerts.visible_events import World
from xhcredit.engine.one_enterprise import day_number
from xhcredit.rules.schemas.alerts import DeadlinePasses, NotFiled, NothingHeard, StaysOpen


def deadline_passes(world: World, trigger: DeadlinePasses, day: int) -> Iterator[Hit]:
    """Open events near or past their day; each stage is a fact of its own."""
    counted = world.pick(trigger.events).visible_on(day)
    counted = counted.select(counted.is_open(day))
    due = world.values(counted.table, trigger.column, counted.index)
    days_left = due - day
    ahead = max(trigger.stages, default=0)
    for i in np.flatnonzero((days_left <= ahead) & (days_left >= -trigger.past_days)):
        stage = _stage(trigger, int(days_left[i]))
        if stage is None:
            continue
        event = counted.select(np.array([i]))
        due_text = text_of(due[i])
        yield Hit(
            "enterprise",
            int(event.ent[0]),
            f"{due_text}/{stage}:{text_of(event.occurred[0])}",
            float(-days_left[i]),
            refs_of(event),
            {"due_on": due_text, "days_left": int(days_left[i])},
        )


def _stage(trigger: DeadlinePasses, days_left: int) -> int | None:
    """The stage that has begun; 0 begins on the day after the deadline."""
    begun_stages = [
        # On the last day itself the stage before still holds: a deadline passes with the end of
        # its day.
        s
        for s in trigger.stages
        if (s > 0 and 0 <= days_left <= s) or (s == 0 and days_left < 0)
    ]
    return min(begun_stages, default=None)


def stays_open(world: World, trigger: StaysOpen, day: int) -> Iterator[Hit]:
    """Events that were not ended within their days."""
    counted = world.pick(trigger.events).visible_on(day, since=day - trigger.until_days)
    overdue = counted.is_open(day) & (day - counted.occurred > trigger.days)
    # Told only up to until_days: an end that nobody reported would otherwise be told for ever.
    late = counted.select(overdue)
    for ent, events in events_by_enterprise(late, np.unique(late.ent)):
        oldest = day - int(events.occurred[0])
        yield Hit(
            "enterprise",
            ent,
            f"{text_of(events.occurred[-1])}x{len(events)}",
            float(oldest),
            refs_of(events),
            {"open": len(events), "days_open": oldest},
        )


def nothing_heard(world: World, trigger: NothingHeard, day: int) -> Iterator[Hit]:
    """Members of a field whose regular event is overdue."""
    members = world.pick(trigger.member).visible_on(day, since=day - trigger.member_days)
    members = members.select(members.is_open(day))
    heard_events = world.pick(trigger.events).visible_on(day)
    last = np.full(len(world.event_columns), -1)
    np.maximum.at(last, heard_events.ent, heard_events.occurred)
    for ent in np.unique(members.ent):
        silent = day - int(last[ent]) > trigger.days
        # A newcomer has been silent for as long as it has been known, which is no fault.
        old_enough = day - int(world.event_columns.known[ent]) > trigger.days
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
    filed = world.pick(trigger.events).visible_on(day)
    of_year = world.values(filed.table, trigger.year, filed.index) == year
    present = world.event_columns.present(day)
    # 企业信息公示暂行条例 art 8: an enterprise reports from the year after its registration on.
    began = world.event_columns.known[present] < day_number(date(today.year, 1, 1))
    for ent in np.setdiff1d(present[began], filed.ent[of_year]):
        figures: dict[str, HitFigure] = {
            "year": year,
            "due_on": text_of(last),
            "days_left": last - day,
        }
        yield Hit("enterprise", int(ent), str(year), float(day - last), figures=figures)
