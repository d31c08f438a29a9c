"""Triggers on events: occurrence, count, worsened grade, ratio out of bounds, fallen tier."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from xhcredit.alerts.hits import Hit, HitFigure, events_by_enterprise, refs_of, text_of
from xhcredit.alerts.visible_events import PickedEvents, World
from xhcredit.engine.columns import Array
from xhcredit.rules.schemas.alerts import CountReaches, EventHappens, RatioOff, TierFalls, Worsens


def event_happens(world: World, trigger: EventHappens, day: int) -> Iterator[Hit]:
    """One hit per enterprise and day of occurrence, of events that became known lately."""
    counted = world.pick(trigger.events).visible_on(day)
    # By the day of becoming known: by that of occurrence, what is delivered late would never be
    # told.
    fresh = counted.select(_alertable_on(counted) > day - trigger.days)
    for ent, events in events_by_enterprise(fresh, np.unique(fresh.ent)):
        for onset in np.unique(events.occurred):
            rows = events.select(events.occurred == onset)
            yield Hit(
                "enterprise",
                ent,
                f"{text_of(onset)}x{len(rows)}",
                float(len(rows)),
                refs_of(rows),
                {"events": len(rows), "on": text_of(onset)},
            )


def _alertable_on(picked: PickedEvents) -> Array:
    """The day on which an event could be told: with an outcome, that of its ending."""
    return np.maximum(picked.known, picked.ended_known) if picked.needs_end else picked.known


def count_reaches(world: World, trigger: CountReaches, day: int) -> Iterator[Hit]:
    """Enterprises with so many events within the window; a new event is a new fact."""
    recent = world.pick(trigger.events).visible_on(day, since=day - trigger.days)
    counts = np.bincount(recent.ent, minlength=len(world.event_columns))
    for ent, events in events_by_enterprise(recent, np.flatnonzero(counts >= trigger.at_least)):
        many = len(events)
        worse = trigger.worse_from is not None and many >= trigger.worse_from
        yield Hit(
            "enterprise",
            ent,
            f"{text_of(events.occurred[-1])}x{many}",
            many / trigger.at_least,
            refs_of(events),
            {"events": many, "days": trigger.days},
            worse=worse,
        )


def grade_worsens(world: World, trigger: Worsens, day: int) -> Iterator[Hit]:
    """Enterprises whose last grade, known in the last days, is worse than the one before."""
    counted = world.pick(trigger.events).visible_on(day)
    values = world.values(counted.table, trigger.column, counted.index)
    last = counted.last_of_each()
    last = last[(last > 0) & (counted.known[last] > day - trigger.days)]
    previous = last - 1
    # Events of all enterprises stand in one column, so the entry before may be somebody else's
    # last grade.
    same_enterprise = (counted.ent[last] == counted.ent[previous]) & (previous >= 0)
    last, previous = last[same_enterprise], previous[same_enterprise]
    steps_fallen = values[last] - values[previous]
    for index in np.flatnonzero(steps_fallen >= trigger.steps):
        event_pair = counted.select(np.array([previous[index], last[index]]))
        fact = text_of(counted.occurred[last[index]])
        figures: dict[str, HitFigure] = {
            "column": trigger.column,
            "steps": int(steps_fallen[index]),
        }
        yield Hit(
            "enterprise",
            int(counted.ent[last[index]]),
            fact,
            float(steps_fallen[index]),
            refs_of(event_pair),
            figures,
        )


def ratio_off(world: World, trigger: RatioOff, day: int) -> Iterator[Hit]:
    """Enterprises whose last report, of the last days, has a ratio beyond its bound."""
    counted = world.pick(trigger.events).visible_on(day)
    part = world.values(counted.table, trigger.part, counted.index)
    whole = world.values(counted.table, trigger.whole, counted.index)
    ratio = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    last = counted.last_of_each()
    last = last[counted.occurred[last] > day - trigger.days]
    previous = np.maximum(last - 1, 0)
    has_earlier = (last > 0) & (counted.ent[previous] == counted.ent[last])
    earlier = np.where(has_earlier, ratio[previous], np.nan)
    excess = _excess(trigger, ratio[last], earlier)
    for index in np.flatnonzero(excess > 0):
        report = counted.select(last[index : index + 1])
        figures: dict[str, HitFigure] = {
            "ratio": round(float(ratio[last[index]]), _PLACES),
            "of": [trigger.part, trigger.whole],
        }
        if not np.isnan(earlier[index]):
            figures["before"] = round(float(earlier[index]), _PLACES)
        yield Hit(
            "enterprise",
            int(report.ent[0]),
            text_of(report.occurred[0]),
            float(excess[index]),
            refs_of(report),
            figures,
        )


_PLACES = 2


def _excess(trigger: RatioOff, ratio: Array, ratio_before: Array) -> Array:
    """Excess of a ratio over its bound, as a share of it; NaN or negative within it."""
    if trigger.above is not None:
        return ratio / trigger.above - 1
    if trigger.below is not None:
        return 1 - ratio / trigger.below
    drop_share = np.divide(
        ratio_before - ratio, ratio_before, out=np.full(ratio.shape, np.nan), where=ratio_before > 0
    )
    return np.where(drop_share >= (trigger.fell_by or 0), drop_share, np.nan)


def tier_falls(world: World, trigger: TierFalls, day: int) -> Iterator[Hit]:
    """Enterprises whose tier fell tonight."""
    for position, (tier_before, tier_now) in sorted(world.tier_changes.items()):
        steps = ord(tier_now) - ord(tier_before)
        if steps >= trigger.steps and tier_now in trigger.into:
            yield Hit(
                "enterprise",
                position,
                f"{text_of(day)}:{tier_before}{tier_now}",
                float(steps),
                figures={"before": tier_before, "now": tier_now},
            )
