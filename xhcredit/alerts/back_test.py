"""Back-test of triggers over past years: number, lead time and precision of alerts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from xhcredit.alerts.budget import WEEK
from xhcredit.alerts.detect import ActiveTrigger, Finding, detect
from xhcredit.alerts.hits import Hit
from xhcredit.alerts.precision import interval
from xhcredit.alerts.rows import BackTestReport
from xhcredit.alerts.visible_events import World
from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array
from xhcredit.rules.schemas.alerts import Discovery, Events, Flow, Proving

TierChanges = Mapping[int, tuple[str, str]]


@dataclass(frozen=True)
class Proof:
    """The back-test of one trigger.

    ``right`` is the share of alerts, old enough to tell, whose enterprise (of a node or area: its
    members on average) had an outcome within the horizon; ``base`` the same share of everybody on
    the same days.  ``lead_days`` is the median number of days from alert to outcome.
    """

    trigger: str
    numbers: str
    weeks: int
    alerts: int
    per_week: float
    judged_alerts: int
    right: float | None
    lowest: float | None
    highest: float | None
    base: float | None
    lead_days: float | None


@dataclass
class Outcomes:
    """The days of outcomes of each enterprise, and how far they are known."""

    ent: Array
    day: Array
    until: int

    @classmethod
    def of(cls, world: World, events: Iterable[Events], until: int) -> Outcomes:
        """Outcomes that had happened and were known by ``until``."""
        picked_events = [world.pick(e).visible_on(until) for e in events]
        ent = np.concatenate([p.ent for p in picked_events])
        day = np.concatenate([p.occurred for p in picked_events])
        order = np.lexsort((day, ent))
        return cls(ent[order], day[order].astype(np.int64), until)

    def first_after(self, day: int, enterprises: int) -> Array:
        """The first outcome of each enterprise after a day; ``NEVER`` if there was none."""
        first = np.full(enterprises, NEVER, np.int64)
        later = self.day > day
        np.minimum.at(first, self.ent[later], self.day[later])
        return first


@dataclass
class Replay:
    """Runs triggers over past days as if each were tonight, telling each fact once."""

    world: World
    rule: Proving
    discovery: Discovery
    until: int
    moves: Mapping[int, TierChanges] = field(default_factory=dict)

    def days(self) -> list[int]:
        """The nights, oldest first."""
        begin = self.until - self.rule.days
        return list(range(begin, self.until + 1, self.rule.step_days))

    def alerts(self, trigger: ActiveTrigger) -> list[tuple[int, Finding]]:
        """Alerts of a trigger with their nights; facts of the first night are not counted."""
        known_facts: set[tuple[object, ...]] = set()
        last_by_key: dict[tuple[object, ...], tuple[int, int]] = {}
        new_alerts = []
        days = self.days()
        for day in days:
            self.world.tier_changes = self.moves.get(day, {})
            for finding in detect(self.world, [trigger], self.discovery, day):
                key = finding.hit.key
                colour = Flow.COLOURS.index(finding.colour)
                # The same two tests as the night's budget makes; without them one listing would
                # count as an alert on each of a hundred nights, and precision would be that of
                # long-lasting facts.
                if (key, finding.hit.fact) in known_facts or _is_quiet(
                    trigger, last_by_key.get(key), day, colour
                ):
                    continue
                known_facts.add((key, finding.hit.fact))
                last_by_key[key] = day, colour
                # On the first night everything old is new; what it finds only fills the memory.
                if day > days[0]:
                    new_alerts.append((day, finding))
        # The world is shared with the next trigger; moves of the last night left in it would be
        # found again.
        self.world.tier_changes = {}
        return new_alerts

    def prove(self, trigger: ActiveTrigger, outcomes: Outcomes) -> Proof:
        """The back-test of one trigger."""
        alerts, size = self.alerts(trigger), len(self.world.event_columns)
        firsts: dict[int, Array] = {}
        right, base, leads = [], [], []
        for day, finding in alerts:
            # An alert whose horizon is not over cannot be called false yet.
            if day + self.rule.horizon_days > outcomes.until:
                continue
            if day not in firsts:
                firsts[day] = outcomes.first_after(day, size)
            first = firsts[day]
            struck = first <= day + self.rule.horizon_days
            rows = members(self.world, finding.hit)
            right.append(float(struck[rows].mean()) if len(rows) else 0.0)
            # Precision says little by itself: what counts is how far it lies above that of
            # everybody on the same day.
            base.append(float(struck[self.world.event_columns.present(day)].mean()))
            leads += [int(first[r] - day) for r in rows if struck[r]]
        return self._proof(trigger, len(alerts), right, base, leads)

    def _proof(
        self,
        trigger: ActiveTrigger,
        alerts: int,
        right: list[float],
        base: list[float],
        leads: list[int],
    ) -> Proof:
        nights = len(self.days()) - 1
        weeks = max(nights * self.rule.step_days // WEEK.days, 1)
        low = high = None
        if right:
            # A node or an area is right by its share of members, so successes are a sum of
            # shares; Wilson's interval takes whole ones.
            low, high = interval(round(sum(right)), len(right), self.rule.confidence)
        return Proof(
            trigger.id,
            trigger.digest,
            weeks,
            alerts,
            round(alerts / weeks, 2),
            len(right),
            _mean(right),
            low,
            high,
            _mean(base),
            float(np.median(leads)) if leads else None,
        )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _is_quiet(trigger: ActiveTrigger, last: tuple[int, int] | None, day: int, colour: int) -> bool:
    """Whether the trigger was heard about the subject lately, and it did not get worse."""
    if last is None:
        return False
    return day - last[0] < trigger.numbers.quiet_days and colour <= last[1]


def members(world: World, hit: Hit) -> Array:
    """Positions of the enterprises that a hit is about."""
    if hit.subject == "enterprise":
        return np.array([hit.position])
    if hit.subject == "node":
        return np.array(hit.figures.get("enterprises", []), np.int64)
    street, _, letter = hit.place.partition("|")
    if world.streets is None:
        return np.zeros(0, np.int64)
    # An area's members are those of the register as it stands: the world holds one street and
    # one industry per enterprise, without history.
    industry = world.industry_names.index(letter)
    return np.flatnonzero((world.streets == street) & (world.industries == industry))


def proposed_threshold(
    replay: Replay, trigger: ActiveTrigger, per_week: float, most: int
) -> int | None:
    """The lowest threshold at which a trigger stays within so many alerts a week.

    None if the trigger has no threshold, or none up to ``most`` times its own is enough.
    """
    own_threshold = getattr(trigger.numbers, "at_least", None)
    if own_threshold is None:
        return None
    for at_least in range(
        own_threshold, own_threshold * most + 1, max(1, own_threshold // WEEK.days)
    ):
        numbers = trigger.numbers.model_copy(update={"at_least": at_least})
        alerts = replay.alerts(ActiveTrigger(trigger.id, trigger.zh, trigger.en, numbers, ""))
        weeks = max((len(replay.days()) - 1) * replay.rule.step_days / WEEK.days, 1)
        if len(alerts) / weeks <= per_week:
            return int(at_least)
    return None


def proof_json(proof: Proof, proposed_at_least: int | None = None) -> BackTestReport:
    """A proof as plain JSON, shares with four digits."""
    return {
        "trigger": proof.trigger,
        "numbers": proof.numbers,
        "weeks": proof.weeks,
        "alerts": proof.alerts,
        "per_week": proof.per_week,
        "judged_alerts": proof.judged_alerts,
        "right": _rounded(proof.right),
        "lowest": _rounded(proof.lowest),
        "highest": _rounded(proof.highest),
        "base": _rounded(proof.base),
        "lead_days": _rounded(proof.lead_days),
        "proposed_at_least": proposed_at_least,
    }


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, _DIGITS)


_DIGITS = 2 + 2  #: of shares
