"""Day until which the result of an enterprise is valid without new data.

The result is made of bins, of rules about features, and of the values shown as reasons.  Between
two days of change (``engine.due``) a feature that moves matters only when it nears an edge of a bin
or of a rule, or when its value is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from xhcredit.engine.bounds import Interval, bounds
from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array, Store
from xhcredit.engine.compile import reads
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.spec import Feature
from xhcredit.engine.valid_until import Due, Moves, compile_due, moves
from xhcredit.jobs.scoring.model import Model

#: for how many days ahead it is tried whether a feature stays between two edges
_AHEAD = (64, 16, 4)

#: above the rounding of the decay weights: a part of the sum, and an absolute term
_PART, _ABSOLUTE = 1e-4, 1e-5


@dataclass(frozen=True)
class DueDays:
    """Due days of results for one model."""

    model: Model
    due: Due = field(init=False)
    moves: Mapping[str, Moves] = field(init=False)
    edges: Mapping[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        features = self.model.compiled.features
        own = [f for f in features if f.table]
        object.__setattr__(self, "due", compile_due(own))
        object.__setattr__(self, "moves", moves(features))
        object.__setattr__(self, "edges", edges_of(self.model))

    def of(self, store: Store, rows: Array, x: Array, reason: Array) -> Array:
        """First day after the model's on which a row of the result may differ, int64.

        Args:
            store: clustered columns.
            rows: positions of the enterprises in the store, int64.
            x: their features on the model's day, features by enterprises.
            reason: positions in the scorer's vocabulary, enterprises by reasons.
        """
        day = day_number(self.model.as_of)
        found = np.full(rows.shape, NEVER, np.int64)
        self.due.lower(store, rows, day, found)
        at = {name: k for k, name in enumerate(self.model.compiled.ids)}
        for name, edges in self.edges.items():
            if self.moves[name] == "climbs":
                found = np.minimum(found, day + _until(x[at[name]], edges))
            elif self.moves[name] == "restless":
                found = np.minimum(found, day + 1)
        found = np.minimum(found, day + 1 + self._stable_for(x, at))
        found[self._shown_moves(x, at, reason)] = day + 1
        return np.asarray(found)

    def _stable_for(self, x: Array, at: Mapping[str, int]) -> Array:
        """Days for which all features that decay or are derived surely stay between two edges."""
        named = [n for n in self.edges if self.moves[n] in ("decays", "derived")]
        days = np.full(x.shape[1], _AHEAD[0] if named else NEVER, np.int64)
        left = np.arange(x.shape[1] if named else 0)  # of whom no number of days is known yet
        for shorter, ahead in zip((*_AHEAD[1:], 0), _AHEAD, strict=True):
            known = self._bounds(x, at, ahead, left)
            safe = [_within(known[n], self.edges[n]) for n in named]
            left = left[~np.logical_and.reduce(safe)] if left.shape[0] else left
            days[left] = shorter
        return days

    def _shown_moves(self, x: Array, at: Mapping[str, int], reason: Array) -> Array:
        """Whether a value that changes from day to day is shown as a reason."""
        vocabulary = [f for _, f in self.model.scorer.vocabulary]
        known = self._bounds(x, at, _AHEAD[-1], slice(None))
        moving = np.zeros(x.shape[1], bool)
        for name in {f for f in vocabulary if self.moves[f] != "stands"}:
            places = [k for k, f in enumerate(vocabulary) if f == name]
            shown = np.isin(reason, places).any(axis=1)
            moving |= shown & self._moving(name, known)
        return np.asarray(moving)

    def _moving(self, name: str, known: Mapping[str, Interval]) -> Array:
        if self.moves[name] == "restless":
            return np.ones(known[name][0].shape, bool)
        lo, hi = known[name]
        return np.asarray((lo != hi) & ~(np.isnan(lo) & np.isnan(hi)))

    def _bounds(
        self, x: Array, at: Mapping[str, int], ahead: int, which: Array | slice
    ) -> dict[str, Interval]:
        """Between which values each feature of some enterprises stays for some days."""
        found: dict[str, Interval] = {}
        needed = self._needed()
        for f in self.model.compiled.features:
            if f.id in needed:
                found[f.id] = self._bound(f, x[at[f.id]][which], ahead, found)
        return found

    def _needed(self) -> set[str]:
        """Features that move and whatever derived ones are made of."""
        features = {f.id: f for f in self.model.compiled.features}
        moving = {n for n, how in self.moves.items() if how != "stands"}
        return moving | {name for n in moving for name in _inputs(features[n])}

    def _bound(self, f: Feature, v: Array, ahead: int, found: Mapping[str, Interval]) -> Interval:
        how = self.moves[f.id]
        if how == "climbs":
            return v, v + ahead
        if how == "decays":
            least = v * (2.0 ** (-ahead / f.half_life) * (1 - _PART)) - _ABSOLUTE
            return np.where(v == 0, v, np.minimum(np.maximum(least, 0.0), v)), v
        if how == "derived":
            return bounds(f, found)
        return v, v


def _inputs(f: Feature) -> list[str]:
    return reads(f) if f.aggregate == "derived" else []


def edges_of(model: Model) -> dict[str, Array]:
    """By feature: values at which a score, a tier or a grade can change, sorted."""
    found: dict[str, set[float]] = {}
    for name, edge in _edges(model):
        found.setdefault(name, set()).add(float(edge))
    return {name: np.array(sorted(values), np.float64) for name, values in found.items()}


def _edges(model: Model) -> Iterator[tuple[str, float]]:
    for flat in model.scorer.flats.values():
        for row in flat.table.indicators:
            yield from ((row.feature, cut) for cut in row.cuts)
            yield from ((row.feature, special.value) for special in row.special)
            yield from ((row.feature, bound) for bound in row.seen or ())
    conditions = [*model.policy.caps, *model.policy.directs, *model.x_caps]
    yield from ((c.feature, c.at_least) for c in conditions)
    yield from ((a.feature, a.at_least) for a in model.scorer.pool.x.values())
    t = model.policy.tolerance
    if t is not None:
        yield from ((name, 1.0) for name in (*t.covers.features, *t.never))
        yield from (("age_days", float(edge)) for edge in (0, t.days))


def _until(v: Array, edges: Array) -> Array:
    """Days until a value that climbs by at most one a day can reach the next edge."""
    ahead = np.append(edges, np.inf)[np.searchsorted(edges, v, side="left")]
    days = np.maximum(1.0, np.ceil(ahead - v))
    return np.where(np.isfinite(days), days, NEVER).astype(np.int64)


def _within(known: Interval, edges: Array) -> Array:
    """Whether no edge lies between two bounds, nor on one of them."""
    lo, hi = known
    same = [
        np.searchsorted(edges, lo, side=side) == np.searchsorted(edges, hi, side=side)
        for side in ("left", "right")
    ]
    return np.asarray(same[0] & same[1] & (np.isnan(lo) == np.isnan(hi)))
