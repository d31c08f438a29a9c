"""Day until which the result of an enterprise is valid without new data.

The result is made of bins, of rules about features, and of the facts told as reasons.  Between two
days of change (``engine.valid_until``) a feature that moves matters only when it nears an edge of a
bin or of a rule: as a reason it is told by a fact that does not move (see
``jobs.scoring.reason_facts``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from xhcredit.engine.bounds import Interval, bounds
from xhcredit.engine.codes import NEVER
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.compile import inputs_of
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.spec import Feature
from xhcredit.engine.valid_until import Due, compile_due
from xhcredit.jobs.scoring.model import Model

#: for how many days ahead it is tried whether a feature stays between two edges
_AHEAD = (64, 16, 4)

#: above the rounding of the decay weights: a part of the sum, and an absolute term
_RELATIVE_MARGIN, _ABSOLUTE_MARGIN = 1e-4, 1e-5


@dataclass(frozen=True)
class DueDays:
    """Due days of results for one model."""

    model: Model
    due: Due = field(init=False)
    edges: Mapping[str, Array] = field(init=False)

    def __post_init__(self) -> None:
        features = self.model.compiled.features
        event_features = [f for f in features if f.table]
        object.__setattr__(self, "due", compile_due(event_features))
        object.__setattr__(self, "edges", edges_of(self.model))

    def first_due_days(self, event_columns: EventColumns, rows: Array, x: Array) -> Array:
        """First day after the model's on which a row of the result may differ, int64.

        Args:
            event_columns: clustered columns.
            rows: positions of the enterprises in the store, int64.
            x: their features on the model's day, features by enterprises.
        """
        day = day_number(self.model.as_of)
        due_days = np.full(rows.shape, NEVER, np.int64)
        self.due.lower(event_columns, rows, day, due_days)
        index_by_feature = {name: k for k, name in enumerate(self.model.compiled.ids)}
        for name, edges in self.edges.items():
            if self.model.moves[name] in ("elapses", "climbs"):
                due_days = np.minimum(
                    due_days, day + _days_to_next_edge(x[index_by_feature[name]], edges)
                )
            elif self.model.moves[name] == "restless":
                due_days = np.minimum(due_days, day + 1)
        stable_days = self._stable_days(x, index_by_feature)
        return np.asarray(np.minimum(due_days, day + 1 + stable_days))

    def _stable_days(self, x: Array, index_by_feature: Mapping[str, int]) -> Array:
        """Days for which all features that decay or are derived surely stay between two edges."""
        moving_features = [n for n in self.edges if self.model.moves[n] in ("decays", "derived")]
        days = np.full(x.shape[1], _AHEAD[0] if moving_features else NEVER, np.int64)
        undecided = np.arange(
            x.shape[1] if moving_features else 0
        )  # of whom no number of days is known yet
        for shorter, ahead in zip((*_AHEAD[1:], 0), _AHEAD, strict=True):
            bounds_by_feature = self._bounds(x, index_by_feature, ahead, undecided)
            is_stable = [
                _is_between_edges(bounds_by_feature[n], self.edges[n]) for n in moving_features
            ]
            undecided = (
                undecided[~np.logical_and.reduce(is_stable)] if undecided.shape[0] else undecided
            )
            days[undecided] = shorter
        return days

    def _bounds(
        self,
        x: Array,
        index_by_feature: Mapping[str, int],
        ahead: int,
        row_selection: Array | slice,
    ) -> dict[str, Interval]:
        """Between which values each feature of some enterprises stays for some days."""
        bounds_by_feature: dict[str, Interval] = {}
        needed_ids = self._needed_features()
        for f in self.model.compiled.features:
            if f.id in needed_ids:
                bounds_by_feature[f.id] = self._bounds_of_feature(
                    f, x[index_by_feature[f.id]][row_selection], ahead, bounds_by_feature
                )
        return bounds_by_feature

    def _needed_features(self) -> set[str]:
        """Features that move and whatever derived ones are made of."""
        features = {f.id: f for f in self.model.compiled.features}
        moving = {n for n, movement in self.model.moves.items() if movement != "stands"}
        return moving | {name for n in moving for name in _inputs(features[n])}

    def _bounds_of_feature(
        self, f: Feature, v: Array, ahead: int, bounds_by_feature: Mapping[str, Interval]
    ) -> Interval:
        movement = self.model.moves[f.id]
        if movement in ("elapses", "climbs"):
            return v, v + ahead
        if movement == "decays":
            lower = v * (2.0 ** (-ahead / f.half_life) * (1 - _RELATIVE_MARGIN)) - _ABSOLUTE_MARGIN
            return np.where(v == 0, v, np.minimum(np.maximum(lower, 0.0), v)), v
        if movement == "derived":
            return bounds(f, bounds_by_feature)
        return v, v


def _inputs(f: Feature) -> list[str]:
    return inputs_of(f) if f.aggregate == "derived" else []


def edges_of(model: Model) -> dict[str, Array]:
    """By feature: values at which a score, a tier or a grade can change, sorted."""
    edges_by_feature: dict[str, set[float]] = {}
    for name, edge in _edges(model):
        edges_by_feature.setdefault(name, set()).add(float(edge))
    return {name: np.array(sorted(values), np.float64) for name, values in edges_by_feature.items()}


def _edges(model: Model) -> Iterator[tuple[str, float]]:
    for flat in model.scorer.flats.values():
        for row in flat.table.indicators:
            yield from ((row.feature, cut) for cut in row.cuts)
            yield from ((row.feature, special.value) for special in row.special)
            yield from ((row.feature, bound) for bound in row.seen_range or ())
    conditions = [*model.policy.caps, *model.policy.directs, *model.x_caps]
    yield from ((c.feature, c.at_least) for c in conditions)
    yield from ((a.feature, a.at_least) for a in model.scorer.pool.x.values())
    t = model.policy.tolerance
    if t is not None:
        yield from ((name, 1.0) for name in (*t.covers.features, *t.never))
        yield from (("age_days", float(edge)) for edge in (0, t.days))


def _days_to_next_edge(v: Array, edges: Array) -> Array:
    """Days until a value that climbs by at most one a day can reach the next edge."""
    ahead = np.append(edges, np.inf)[np.searchsorted(edges, v, side="left")]
    days = np.maximum(1.0, np.ceil(ahead - v))
    return np.where(np.isfinite(days), days, NEVER).astype(np.int64)


def _is_between_edges(interval: Interval, edges: Array) -> Array:
    """Whether no edge lies between two bounds, nor on one of them."""
    lo, hi = interval
    same_side = [
        np.searchsorted(edges, lo, side=side) == np.searchsorted(edges, hi, side=side)
        for side in ("left", "right")
    ]
    return np.asarray(same_side[0] & same_side[1] & (np.isnan(lo) == np.isnan(hi)))
