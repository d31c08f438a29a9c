"""Training dataset: one row per enterprise and as-of day, validated once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from xhcredit.engine.columns import Array
from xhcredit.engine.spec import Direction
from xhcredit.errors import BadSample

#: fewer cases of either outcome teach nothing that would hold
MIN_CASES = 20


@dataclass(frozen=True)
class Column:
    """One indicator of a sample.

    ``direction``: which way risk goes as the value grows; ``none`` leaves the model free (never
    for a declared feature).  ``special``: values that stand for themselves (codes such as -9).
    ``category``: whole numbers that name something and have no order.
    """

    id: str
    direction: Direction = "none"
    special: tuple[float, ...] = ()
    category: bool = False

    @property
    def sign(self) -> int:
        """1 if risk grows with the value, -1 if it falls, 0 if nothing is declared."""
        return {"riskier": 1, "safer": -1, "none": 0}[self.direction]


@dataclass(frozen=True, repr=False)
class Dataset:
    """A sample: ``x`` is float64, indicators by rows, missing is NaN.

    ``bad``: 1 if the outcome happened, else 0.  ``weight``: how many enterprises a row stands for
    (1/π where only some were inspected); all ones if everybody was observed.  ``day``: as-of day
    number of the row.  ``ent``: whose row it is; rows of one enterprise are never told apart by
    chance.  ``groups``: whole numbers by row for evaluation only (tier, field, size, ...).
    ``identifiers``: numbers by row that name something (who inspected); never learned from, they
    should say nothing.
    """

    columns: tuple[Column, ...]
    x: Array
    bad: Array
    weight: Array
    day: Array
    ent: Array
    groups: Mapping[str, Array] = field(default_factory=dict)
    notes: Mapping[str, object] = field(default_factory=dict)
    identifiers: Mapping[str, Array] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.bad.shape[0])

    def __repr__(self) -> str:
        return f"Frame({len(self.columns)} indicators, {len(self)} rows, {int(self.bad.sum())} bad)"

    @property
    def ids(self) -> list[str]:
        """Ids of the indicators, in the order of ``x``."""
        return [c.id for c in self.columns]

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that is learned from."""
        hasher = hashlib.sha256(repr(self.columns).encode())
        for array in (self.x, self.bad, self.weight, self.day, self.ent):
            hasher.update(np.ascontiguousarray(array).tobytes())
        return hasher.hexdigest()

    def rows(self, row_selection: Array) -> Dataset:
        """The sample of some rows (positions or a mask)."""
        groups, identifiers = (
            {name: np.asarray(values)[row_selection] for name, values in arrays_by_name.items()}
            for arrays_by_name in (self.groups, self.identifiers)
        )
        return replace(
            self,
            x=self.x[:, row_selection],
            bad=self.bad[row_selection],
            weight=self.weight[row_selection],
            day=self.day[row_selection],
            ent=self.ent[row_selection],
            groups=groups,
            identifiers=identifiers,
        )

    def only(self, ids: Sequence[str]) -> Dataset:
        """The sample with some indicators only, in the order asked for.

        Raises:
            BadSample: an indicator is not in the sample.
        """
        position_by_id = {c.id: k for k, c in enumerate(self.columns)}
        unknown_ids = [i for i in ids if i not in position_by_id]
        if unknown_ids:
            raise BadSample(
                f'the sample has no indicator "{unknown_ids[0]}"; add it, or leave it out'
            )
        positions = [position_by_id[i] for i in ids]
        return replace(self, columns=tuple(self.columns[k] for k in positions), x=self.x[positions])


def make_dataset(
    columns: Sequence[Column],
    x: npt.ArrayLike,
    bad: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    day: npt.ArrayLike | None = None,
    ent: npt.ArrayLike | None = None,
    groups: Mapping[str, Array] | None = None,
    notes: Mapping[str, object] | None = None,
    identifiers: Mapping[str, Array] | None = None,
) -> Dataset:
    """Return a checked sample; weights default to 1, days to 0, every row to its own enterprise.

    Raises:
        BadSample: parts do not fit, outcomes are not 0 and 1, or a weight is not positive.
    """
    outcome = np.asarray(bad)
    row_count = outcome.shape[0]
    dataset = Dataset(
        tuple(columns),
        np.ascontiguousarray(x, np.float64),
        outcome.astype(np.int8),
        np.ones(row_count) if weight is None else np.asarray(weight, np.float64),
        np.zeros(row_count, np.int32) if day is None else np.asarray(day, np.int32),
        np.arange(row_count, dtype=np.int64) if ent is None else np.asarray(ent, np.int64),
        groups or {},
        notes or {},
        identifiers or {},
    )
    _check(dataset, outcome)
    return dataset


def _check(dataset: Dataset, outcome: Array) -> None:
    size = len(dataset)
    if dataset.x.shape != (len(dataset.columns), size):
        shape_text = (
            f"{dataset.x.shape[0]} by {dataset.x.shape[1]}"
            if dataset.x.ndim == 2
            else dataset.x.shape
        )
        raise BadSample(
            f"values are {shape_text}, expected {len(dataset.columns)} indicators by {size} rows"
        )
    named_columns = (*dataset.groups.values(), *dataset.identifiers.values())
    if any(
        len(row_array) != size
        for row_array in (dataset.weight, dataset.day, dataset.ent, *named_columns)
    ):
        raise BadSample(f"weights, days, enterprises or groups do not have the {size} rows of x")
    if not np.isin(outcome, (0, 1)).all():
        raise BadSample("an outcome is neither 0 nor 1; leave out rows whose outcome is unknown")
    if not (np.isfinite(dataset.weight) & (dataset.weight > 0)).all():
        raise BadSample("a weight is not positive; leave out rows that stand for nobody")
    if np.isinf(dataset.x).any():
        raise BadSample("an indicator is infinite; declare it missing (NaN) instead")


def learnable(sample: Dataset) -> tuple[Dataset, tuple[str, ...]]:
    """Return the sample without uninformative indicators, and the ids left out.

    An indicator says nothing if it is missing everywhere, or has one value and no missing ones.

    Raises:
        BadSample: too few cases of an outcome, or no indicator is left.
    """
    cases = int(min(sample.bad.sum(), len(sample) - sample.bad.sum()))
    if cases == 0:
        kind = "bad" if sample.bad.any() else "good"
        raise BadSample(
            f"all {len(sample)} rows are {kind}; a model needs both outcomes: widen the period"
        )
    if cases < MIN_CASES:
        raise BadSample(
            f"{cases} cases of one outcome in {len(sample)} rows; {MIN_CASES} are needed: "
            "widen the period or the outcome, or stay with the expert table"
        )
    informative_ids = [
        c.id for c, row in zip(sample.columns, sample.x, strict=True) if _is_informative(row)
    ]
    left_out = tuple(i for i in sample.ids if i not in set(informative_ids))
    if not informative_ids:
        raise BadSample("every indicator is constant or missing; deliver more tables first")
    return sample.only(informative_ids), left_out


def _is_informative(row: Array) -> bool:
    known_values = row[~np.isnan(row)]
    return known_values.size > 0 and (
        known_values.size < row.size or bool((known_values != known_values[0]).any())
    )
