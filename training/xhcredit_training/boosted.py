"""Boosted scorecard: LightGBM, one indicator per tree, compiled to shape functions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np

from xhcredit_training.additive_model import Additive, Shape, joined
from xhcredit_training.dataset import Array, Column, Frame, learnable
from xhcredit_training.random_source import generator

THREADED = 50_000  #: rows from which a second thread pays


@dataclass(frozen=True)
class Boosting:
    """How trees are grown; ``patience`` rounds without gain on the held-out part end it.

    ``held_out``: share of enterprises that decide when to stop; 0 grows exactly ``rounds``.
    ``bags``: so many boosters on halves of the rows, averaged (the mean of additive models is
    additive).
    """

    rounds: int = 2000
    rate: float = 0.05
    leaves: int = 4
    least_rows: int = 50
    fine: int = 64
    ridge: float = 1.0
    rows: float = 1.0
    columns: float = 1.0
    patience: int = 100
    held_out: float = 0.2
    bags: int = 1
    seed: int = 20261123


@dataclass(frozen=True)
class Spread:
    """Columns as LightGBM sees them: each indicator, and one more where it has special values.

    In the second column 0 is an ordinary value and ``k`` the ``k``-th special one, taken as a
    category, so that a code never pulls the ordinary values.  ``owner`` is the indicator of each
    column.
    """

    matrix: Array
    owner: tuple[int, ...]
    codes: tuple[int, ...]
    signs: tuple[int, ...]


def spread(columns: Sequence[Column], x: Array) -> Spread:
    """Lay indicators out for LightGBM: rows by columns."""
    parts: list[Array] = []
    owner: list[int] = []
    codes: list[int] = []
    signs: list[int] = []
    for k, column in enumerate(columns):
        row = x[k]
        if column.special:
            row, which = row.copy(), np.zeros(row.size)
            for n, code in enumerate(column.special, 1):
                which[row == code] = n
                row[row == code] = np.nan
            codes.append(len(parts) + 1)
            parts += [row, which]
            owner += [k, k]
            signs += [column.sign, 0]
            continue
        if column.category:
            codes.append(len(parts))
        parts.append(row)
        owner.append(k)
        signs.append(column.sign)
    return Spread(np.stack(parts, axis=1), tuple(owner), tuple(codes), tuple(signs))


def parameters(how: Boosting, laid: Spread, *, alone: bool) -> dict[str, Any]:
    """LightGBM's parameters; ``alone`` allows one indicator per tree only."""
    rows = len(laid.matrix)
    smooth = min(max(rows / 1000, 10.0), 100.0)  # categories of many codes are learned by heart
    told: dict[str, Any] = {
        "objective": "binary",
        "learning_rate": how.rate,
        "num_leaves": how.leaves,
        "min_data_in_leaf": how.least_rows,
        "max_bin": how.fine,
        "lambda_l2": how.ridge,
        "bagging_fraction": how.rows,
        "bagging_freq": int(how.rows < 1),
        "seed": how.seed,
        "feature_fraction": how.columns,
        "deterministic": True,
        "force_row_wise": False,
        "force_col_wise": True,
        "num_threads": threads(rows),
        "verbosity": -1,
        "feature_pre_filter": False,
        "min_data_per_group": max(how.least_rows, rows // 500),
        "cat_smooth": smooth,
        "cat_l2": min(smooth, 50.0),
        "max_cat_to_onehot": 8,
    }
    if any(laid.signs):
        told["monotone_constraints"] = list(laid.signs)
        told["monotone_constraints_method"] = "basic" if alone else "intermediate"
    if alone:
        told["interaction_constraints"] = [[k] for k in range(len(laid.owner))]
    return told


def threads(rows: int) -> int:
    """Threads for a sample; for a small one, threads that wait for each other cost more."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return int(asked) if asked.isdigit() else 1 + (rows > THREADED)


def held_out(sample: Frame, share: float, seed: int) -> Array:
    """Mask of the rows of a share of the enterprises, drawn once; none if an outcome lacks."""
    rng = generator(seed)
    who, at = np.unique(sample.ent, return_inverse=True)
    mask: Array = (rng.random(who.size) < share)[at]
    both = all(np.unique(sample.bad[m]).size == 2 for m in (mask, ~mask) if m.any())
    return mask if both and mask.any() else np.zeros(len(sample), bool)


def boost(
    sample: Frame, how: Boosting, *, alone: bool, start: Array | None = None
) -> tuple[lgb.Booster, Spread]:
    """Grow trees until the held-out enterprises gain no more, on top of ``start`` (log-odds)."""
    laid = spread(sample.columns, sample.x)
    kept = held_out(sample, how.held_out, how.seed)
    told = parameters(how, laid, alone=alone)
    names: Any = list(laid.codes) or "auto"
    begun = [None if start is None else start[rows] for rows in (~kept, kept)]
    train = lgb.Dataset(
        laid.matrix[~kept],
        sample.bad[~kept],
        weight=sample.weight[~kept],
        init_score=begun[0],
        categorical_feature=names,
        params=told,
    )
    if not kept.any():
        return lgb.train(told, train, how.rounds), laid
    judge = lgb.Dataset(
        laid.matrix[kept],
        sample.bad[kept],
        weight=sample.weight[kept],
        reference=train,
        init_score=begun[1],
        categorical_feature=names,
        params=told,
    )
    stop = lgb.early_stopping(how.patience, verbose=False)
    return lgb.train(told, train, how.rounds, valid_sets=[judge], callbacks=[stop]), laid


def fit_boosted(
    sample: Frame, how: Boosting | None = None, start: Additive | None = None
) -> Additive:
    """Learn the boosted scorecard; the shapes are the trees, added up exactly.

    Args:
        sample: what is learned from.
        how: how trees are grown.
        start: a model that the trees correct; the sum is additive, so still a points table.

    Raises:
        BadSample: one outcome only, too few cases, or nothing to learn from.
    """
    how = how or Boosting()
    whole, (sample, _) = sample, learnable(sample)
    begun = None if start is None else start.risk(whole.x, whole.ids)
    grown = []
    for bag in range(max(how.bags, 1)):
        own = Boosting(**{**how.__dict__, "seed": how.seed + bag})
        booster, laid = boost(sample, own, alone=True, start=begun)
        grown.append(compile_trees(booster, sample.columns, laid, sample.x))
    model = grown[0] if len(grown) == 1 else mean_of(grown)
    if start is not None:
        model = mean_of([start, model]).scaled(2.0, 0.0)
        return model.centred(whole.x, whole.ids, whole.weight)
    return model.centred(sample.x, sample.ids, sample.weight)


def compile_trees(
    booster: lgb.Booster, columns: Sequence[Column], laid: Spread, x: Array
) -> Additive:
    """Turn a booster whose trees read one column each into shapes that give the same output.

    Args:
        booster: what LightGBM grew.
        columns: the indicators.
        laid: how they were laid out.
        x: the values learned from, indicators by rows: which codes and missing values were seen.
    """
    trees: dict[int, list[dict[str, Any]]] = {k: [] for k in range(len(laid.owner))}
    intercept = 0.0
    count = booster.best_iteration or booster.current_iteration()
    for tree in booster.dump_model(num_iteration=count)["tree_info"]:
        root = tree["tree_structure"]
        if "split_feature" in root:
            trees[root["split_feature"]].append(root)
        else:
            intercept += root["leaf_value"]
    shapes = [
        _shape(column, [trees[c] for c, own in enumerate(laid.owner) if own == k], x[k])
        for k, column in enumerate(columns)
    ]
    return Additive(intercept, tuple(s for s in shapes if s.spread > 0))


def _shape(column: Column, trees: list[list[dict[str, Any]]], x: Array) -> Shape:
    """The shape of one indicator: its own trees, and those over its special values."""
    there = x[~np.isnan(x)]
    missing_seen = there.size < x.size
    if column.category:
        codes = np.unique(there)
        values = _sum(trees[0], codes)
        unseen, gone = _sum(trees[0], np.array([-1.0, np.nan]))
        special = dict(zip(codes.tolist(), values.tolist(), strict=True))
        return Shape(column, (), (float(unseen),), float(gone), special, missing_seen)
    cuts = np.unique([np.nextafter(t, np.inf) for tree in trees[0] for t in _thresholds(tree)])
    values = _sum(trees[0], np.append(-np.inf, cuts))
    missing = float(_sum(trees[0], np.array([np.nan]))[0])
    extra = _sum(trees[1], np.arange(len(column.special) + 1.0)) if column.special else np.zeros(1)
    special = {c: missing + float(extra[n]) for n, c in enumerate(column.special, 1)}
    usual = values + extra[0]
    made = Shape(
        column,
        tuple(cuts.tolist()),
        tuple(usual.tolist()),
        missing + float(extra[0]),
        special,
        missing_seen,
    )
    return joined(made)


def _thresholds(node: Mapping[str, Any]) -> list[float]:
    if "split_feature" not in node:
        return []
    return [node["threshold"], *_thresholds(node["left_child"]), *_thresholds(node["right_child"])]


def _sum(trees: list[dict[str, Any]], x: Array) -> Array:
    total = np.zeros(x.shape)
    for tree in trees:
        total += _walk(tree, x)
    return total


def _walk(node: Mapping[str, Any], x: Array) -> Array:
    """Output of one tree; decides as LightGBM does (``<=`` goes left, missing as was learned)."""
    if "split_feature" not in node:
        return np.full(x.shape, node["leaf_value"])
    gone = np.isnan(x)
    if node["decision_type"] == "==":
        left = np.isin(x, [float(c) for c in str(node["threshold"]).split("||")])
    else:
        value = x if node["missing_type"] == "NaN" else np.where(gone, 0.0, x)
        left = value <= node["threshold"]
        if node["missing_type"] == "NaN":
            left = np.where(gone, node["default_left"], left)
    return np.where(left, _walk(node["left_child"], x), _walk(node["right_child"], x))


def mean_of(models: Sequence[Additive]) -> Additive:
    """The mean of additive models: additive, with the cuts of all."""
    columns = {s.column.id: s.column for m in models for s in m.shapes}
    share = 1 / len(models)
    own = [{s.column.id: s for s in m.shapes} for m in models]
    shapes = [_mean([o[i] for o in own if i in o], share) for i in columns]
    return Additive(sum(m.intercept for m in models) * share, tuple(shapes))


def _mean(shapes: Sequence[Shape], share: float) -> Shape:
    cuts = np.unique(np.concatenate([s.cuts for s in shapes]))
    at = np.append(-np.inf, cuts)
    values = np.zeros(at.size)
    for s in shapes:
        values += np.asarray(s.values)[np.searchsorted(s.cuts, at, side="right")] * share
    codes = {c for s in shapes for c in s.special}
    special = {c: sum(s.special.get(c, s.values[0]) for s in shapes) * share for c in sorted(codes)}
    missing = sum(s.missing for s in shapes) * share
    seen = any(s.missing_seen for s in shapes)
    return joined(
        Shape(
            shapes[0].column, tuple(cuts.tolist()), tuple(values.tolist()), missing, special, seen
        )
    )
