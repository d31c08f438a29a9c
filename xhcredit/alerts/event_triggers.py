"""Triggers on events: occurrence, count, worsened grade, ratio out of bounds, fallen tier."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xhcredit.alerts.hits import Hit, groups, seen, text_of
from xhcredit.alerts.visible_events import Picked, World
from xhcredit.engine.columns import Array
from xhcredit.rules.schemas.alerts import CountReaches, EventHappens, RatioOff, TierFalls, Worsens


def event_happens(world: World, trigger: EventHappens, day: int) -> Iterator[Hit]:
    """One hit per enterprise and day of occurrence, of events that became known lately."""
    counted = world.pick(trigger.events).on(day)
    fresh = counted.at(_told_on(counted) > day - trigger.days)
    for ent, events in groups(fresh, np.unique(fresh.ent)):
        for happened in np.unique(events.occurred):
            same = events.at(events.occurred == happened)
            yield Hit(
                "enterprise",
                ent,
                f"{text_of(happened)}x{len(same)}",
                float(len(same)),
                seen(same),
                {"events": len(same), "on": text_of(happened)},
            )


def _told_on(picked: Picked) -> Array:
    """The day on which an event could be told: with an outcome, that of its ending."""
    return np.maximum(picked.known, picked.ended_known) if picked.needs_end else picked.known


def count_reaches(world: World, trigger: CountReaches, day: int) -> Iterator[Hit]:
    """Enterprises with so many events within the window; a new event is a new fact."""
    recent = world.pick(trigger.events).on(day, since=day - trigger.days)
    counts = np.bincount(recent.ent, minlength=len(world.store))
    for ent, events in groups(recent, np.flatnonzero(counts >= trigger.at_least)):
        many = len(events)
        worse = trigger.worse_from is not None and many >= trigger.worse_from
        yield Hit(
            "enterprise",
            ent,
            f"{text_of(events.occurred[-1])}x{many}",
            many / trigger.at_least,
            seen(events),
            {"events": many, "days": trigger.days},
            worse=worse,
        )


def worsens(world: World, trigger: Worsens, day: int) -> Iterator[Hit]:
    """Enterprises whose last grade, known in the last days, is worse than the one before."""
    counted = world.pick(trigger.events).on(day)
    values = world.values(counted.table, trigger.column, counted.index)
    last = counted.last_of_each()
    last = last[(last > 0) & (counted.known[last] > day - trigger.days)]
    before = last - 1
    same = (counted.ent[last] == counted.ent[before]) & (before >= 0)
    last, before = last[same], before[same]
    fell = values[last] - values[before]
    for at in np.flatnonzero(fell >= trigger.steps):
        both = counted.at(np.array([before[at], last[at]]))
        fact = text_of(counted.occurred[last[at]])
        figures = {"column": trigger.column, "steps": int(fell[at])}
        yield Hit(
            "enterprise", int(counted.ent[last[at]]), fact, float(fell[at]), seen(both), figures
        )


def ratio_off(world: World, trigger: RatioOff, day: int) -> Iterator[Hit]:
    """Enterprises whose last report, of the last days, has a ratio beyond its bound."""
    counted = world.pick(trigger.events).on(day)
    part = world.values(counted.table, trigger.part, counted.index)
    whole = world.values(counted.table, trigger.whole, counted.index)
    ratio = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    last = counted.last_of_each()
    last = last[counted.occurred[last] > day - trigger.days]
    before = np.maximum(last - 1, 0)
    has_one = (last > 0) & (counted.ent[before] == counted.ent[last])
    earlier = np.where(has_one, ratio[before], np.nan)
    beyond = _beyond(trigger, ratio[last], earlier)
    for at in np.flatnonzero(beyond > 0):
        report = counted.at(last[at : at + 1])
        figures = {
            "ratio": round(float(ratio[last[at]]), _PLACES),
            "of": [trigger.part, trigger.whole],
        }
        if not np.isnan(earlier[at]):
            figures["before"] = round(float(earlier[at]), _PLACES)
        yield Hit(
            "enterprise",
            int(report.ent[0]),
            text_of(report.occurred[0]),
            float(beyond[at]),
            seen(report),
            figures,
        )


_PLACES = 2


def _beyond(trigger: RatioOff, now: Array, before: Array) -> Array:
    """Excess of a ratio over its bound, as a share of it; NaN or negative within it."""
    if trigger.above is not None:
        return now / trigger.above - 1
    if trigger.below is not None:
        return 1 - now / trigger.below
    fell = np.divide(before - now, before, out=np.full(now.shape, np.nan), where=before > 0)
    return np.where(fell >= (trigger.fell_by or 0), fell, np.nan)


def tier_falls(world: World, trigger: TierFalls, day: int) -> Iterator[Hit]:
    """Enterprises whose tier fell tonight."""
    for at, (before, now) in sorted(world.moves.items()):
        steps = ord(now) - ord(before)
        if steps >= trigger.steps and now in trigger.into:
            yield Hit(
                "enterprise",
                at,
                f"{text_of(day)}:{before}{now}",
                float(steps),
                figures={"before": before, "now": now},
            )
