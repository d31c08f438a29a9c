"""Spike triggers: tests against own and peers' history, with a false discovery rate.

Two tests, and the weaker evidence of the two counts:

* own history: given all ``x + y`` events of window and baseline, ``x`` is binomial if nothing
  changed (the conditional test of two Poisson rates; Przyborowski and Wilenski 1940);
* peers: rates of an industry follow a gamma distribution whose shape is estimated from the
  baseline counts by the method of moments; given the own ``y`` the count of the window is then
  negative binomial.  Over-dispersion between enterprises is in it; an industry without any is
  Poisson.

Tests of one family on one night are held to a false discovery rate (Benjamini and Hochberg 1995).
Who has too few events is not shown but still counted as a test that found nothing, which keeps the
rate on the safe side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from xhcredit.alerts.hits import Hit, refs_of, text_of
from xhcredit.alerts.visible_events import PickedEvents, World
from xhcredit.engine.columns import Array
from xhcredit.rules.schemas.alerts import Spike

_LARGE = 1 / np.finfo(np.float32).eps  #: shape of a gamma distribution that is a point


@dataclass(frozen=True)
class Counts:
    """Events of each subject: within the window, in the baseline, and days of baseline lived."""

    window: Array
    baseline: Array
    exposure: Array
    peers: Array


def own_test(c: Counts, days: int) -> Array:
    """Probability of so many events in the window, or more, if the own rate had not changed."""
    total = c.window + c.baseline
    # Under an unchanged rate each of the x + y events falls into the window by its share of the
    # days lived.
    share = days / (days + c.exposure)
    tested: Array = scipy.stats.binom.sf(c.window - 1, total, share)
    return tested


def peer_test(c: Counts, days: int) -> Array:
    """The same by the rates of peers, corrected by the own baseline (gamma-Poisson)."""
    p = np.ones(c.window.shape)
    for peer in np.unique(c.peers):
        rows = c.peers == peer
        shape, rate = gamma_of(c.baseline[rows], c.exposure[rows])
        # An industry without a single event in its baseline has no distribution to compare
        # with; p stays 1 and the own test cannot pass alone.
        if shape > 0:
            r = shape + c.baseline[rows]
            known = rate + c.exposure[rows]
            p[rows] = scipy.stats.nbinom.sf(c.window[rows] - 1, r, known / (known + days))
    return p


def gamma_of(counts: Array, exposure: Array) -> tuple[float, float]:
    """Shape and rate of the gamma distribution of the rates behind counts; shape 0: no events.

    Method of moments: mean rate ``m``; of the variance of counts, what Poisson does not explain is
    that of the rates.

    >>> gamma_of(np.array([0, 0]), np.array([365, 365]))
    (0.0, 0.0)
    """
    lived = exposure.sum()
    mean = counts.sum() / lived if lived else 0.0
    if mean <= 0:
        return 0.0, 0.0
    expected = mean * exposure
    # What Poisson scatter does not explain of the squared deviations is the variance of the
    # rates; not positive means no over-dispersion, hence the point mass.
    beyond = ((counts - expected) ** 2 - expected).sum() / (exposure**2).sum()
    shape = min(mean**2 / beyond, _LARGE) if beyond > 0 else _LARGE
    return float(shape), float(shape / mean)


def discoveries(p: Sequence[float], tests: int, rate: float) -> list[bool]:
    """Which of these pass at a false discovery rate, among ``tests`` of which the rest are 1.

    >>> discoveries([0.001, 0.04], tests=2, rate=0.05)
    [True, True]
    >>> discoveries([0.001, 0.04], tests=40, rate=0.05)
    [True, False]
    """
    if not p:
        return []
    p_values = np.ones(max(tests, len(p)))
    p_values[: len(p)] = p
    adjusted = scipy.stats.false_discovery_control(p_values, method="bh")[: len(p)]
    return [bool(a <= rate) for a in adjusted]


def spikes(world: World, trigger: Spike, day: int) -> tuple[list[Hit], int]:
    """Subjects whose count rose, each with its ``p``; and how many were tested."""
    begin = day - trigger.days
    counted = world.pick(trigger.events).visible_on(day, since=begin - trigger.baseline_days)
    recent = counted.select(counted.occurred > begin)
    by_area = trigger.by == "street_industry"
    subject, names = _areas(world, day) if by_area else _enterprises(world, day)
    if not len(names):
        return [], 0
    c = _counts(world, trigger, day, subject, len(names), (counted, recent))
    # An empty baseline counts as one event: a ratio to zero would let the first event ever pass
    # as a surge.
    ratio = c.window * c.exposure / (np.maximum(c.baseline, 1) * trigger.days)
    enough = np.flatnonzero((c.window >= trigger.at_least) & (ratio >= trigger.ratio))
    # The weaker evidence of the two: a season that lifts a whole industry is no news of one
    # enterprise, nor is a big firm's usual number.
    p = np.maximum(own_test(c, trigger.days), peer_test(c, trigger.days))
    hits = [
        _hit(trigger, names[k], c, int(k), float(p[k]), recent.select(subject[recent.ent] == k))
        for k in enough
    ]
    return hits, len(names)


SubjectName = tuple[int, str]  # position, or -1 and the name of an area


def _enterprises(world: World, day: int) -> tuple[Array, list[SubjectName]]:
    """Every enterprise present is a subject of its own."""
    present = world.event_columns.present(day)
    subject = np.full(len(world.event_columns), -1)
    subject[present] = np.arange(present.size)
    return subject, [(int(i), "") for i in present]


def _areas(world: World, day: int) -> tuple[Array, list[SubjectName]]:
    """Subjects: every street and industry with an enterprise present."""
    subject = np.full(len(world.event_columns), -1, np.int64)
    if world.streets is None:
        return subject, []
    present = world.event_columns.present(day)
    present = present[(world.streets[present] != "") & (world.industries[present] >= 0)]
    letters = np.array([*world.industry_names], dtype=str)
    names = np.char.add(
        np.char.add(world.streets[present].astype(str), "|"), letters[world.industries[present]]
    )
    unique, subject[present] = np.unique(names, return_inverse=True)
    return subject, [(-1, str(n)) for n in unique]


def _counts(
    world: World,
    trigger: Spike,
    day: int,
    subject: Array,
    size: int,
    picked_pair: tuple[PickedEvents, PickedEvents],
) -> Counts:
    counted, recent = picked_pair

    def per(picked: PickedEvents) -> Array:
        subjects = subject[picked.ent]
        return np.bincount(subjects[subjects >= 0], minlength=size)

    window = per(recent)
    peers, lived = np.full(size, -1, np.int64), np.zeros(size, np.int64)
    positions = np.flatnonzero(subject >= 0)
    known = day - trigger.days - world.event_columns.known[positions].astype(np.int64)
    # Exposure is what was lived, not the nominal baseline: over a full year a firm of two
    # months would seem to have surged. An area has lived as long as its oldest member.
    np.maximum.at(lived, subject[positions], np.clip(known, 1, trigger.baseline_days))
    peers[subject[positions]] = world.industries[positions]
    return Counts(window, per(counted) - window, lived, peers)


def _hit(
    trigger: Spike, name: SubjectName, c: Counts, k: int, p: float, events: PickedEvents
) -> Hit:
    position, place = name
    expected = float(c.baseline[k] * trigger.days / c.exposure[k])
    figures = {
        "events": int(c.window[k]),
        "days": trigger.days,
        "before": int(c.baseline[k]),
        "baseline_days": int(c.exposure[k]),
        "expected": round(expected, 2),
        "p": p,
    }
    return Hit(
        "area" if place else "enterprise",
        position,
        text_of(events.occurred.max()),
        # The logarithm only orders; the floor keeps a p that underflowed to 0 finite.
        float(-np.log(max(p, np.finfo(float).tiny))),
        refs_of(events),
        figures,
        p=p,
        place=place,
    )
