"""Boosted scorecard: LightGBM, one indicator per tree, compiled to shape functions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import lightgbm as lgb
import numpy as np

from xhcredit.engine.columns import Array
from xhcredit_training.additive_model import Additive, Shape, merge_equal_bins
from xhcredit_training.dataset import Column, Dataset, learnable
from xhcredit_training.random_source import generator
from xhcredit_training.rows import TreeNode

MIN_THREADED_ROWS = 50_000  #: rows from which a second thread pays


@dataclass(frozen=True)
class Boosting:
    """How trees are grown; ``patience`` rounds without gain on the held-out part end it.

    ``held_out_mask``: share of enterprises that decide when to stop; 0 grows exactly ``rounds``.
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
class FeatureMatrix:
    """Columns as LightGBM sees them: each indicator, and one more where it has special values.

    In the second column 0 is an ordinary value and ``k`` the ``k``-th special one, taken as a
    category, so that a code never pulls the ordinary values.  ``owner`` is the indicator of each
    column.
    """

    matrix: Array
    owner: tuple[int, ...]
    codes: tuple[int, ...]
    signs: tuple[int, ...]


def lay_out_columns(columns: Sequence[Column], x: Array) -> FeatureMatrix:
    """Lay indicators out for LightGBM: rows by columns."""
    matrix_columns: list[Array] = []
    owner: list[int] = []
    codes: list[int] = []
    signs: list[int] = []
    for k, column in enumerate(columns):
        row = x[k]
        if column.special:
            row, special_code = row.copy(), np.zeros(row.size)
            for n, code in enumerate(column.special, 1):
                special_code[row == code] = n
                row[row == code] = np.nan
            codes.append(len(matrix_columns) + 1)
            matrix_columns += [row, special_code]
            owner += [k, k]
            signs += [column.sign, 0]
            continue
        if column.category:
            codes.append(len(matrix_columns))
        matrix_columns.append(row)
        owner.append(k)
        signs.append(column.sign)
    return FeatureMatrix(np.stack(matrix_columns, axis=1), tuple(owner), tuple(codes), tuple(signs))


def parameters(
    boosting: Boosting, feature_matrix: FeatureMatrix, *, one_per_tree: bool
) -> dict[str, object]:
    """LightGBM's parameters; ``one_per_tree`` allows one indicator per tree only."""
    rows = len(feature_matrix.matrix)
    smooth = min(max(rows / 1000, 10.0), 100.0)  # categories of many codes are learned by heart
    lgb_parameters: dict[str, object] = {
        "objective": "binary",
        "learning_rate": boosting.rate,
        "num_leaves": boosting.leaves,
        "min_data_in_leaf": boosting.least_rows,
        "max_bin": boosting.fine,
        "lambda_l2": boosting.ridge,
        "bagging_fraction": boosting.rows,
        "bagging_freq": int(boosting.rows < 1),
        "seed": boosting.seed,
        "feature_fraction": boosting.columns,
        # A release must come out again from its sample: otherwise sums depend on how threads
        # happen to add, and the digest changes.
        "deterministic": True,
        "force_row_wise": False,
        "force_col_wise": True,
        "num_threads": threads(rows),
        "verbosity": -1,
        "feature_pre_filter": False,
        "min_data_per_group": max(boosting.least_rows, rows // 500),
        "cat_smooth": smooth,
        "cat_l2": min(smooth, 50.0),
        "max_cat_to_onehot": 8,
    }
    if any(feature_matrix.signs):
        lgb_parameters["monotone_constraints"] = list(feature_matrix.signs)
        lgb_parameters["monotone_constraints_method"] = "basic" if one_per_tree else "intermediate"
    if one_per_tree:
        lgb_parameters["interaction_constraints"] = [[k] for k in range(len(feature_matrix.owner))]
    return lgb_parameters


def threads(rows: int) -> int:
    """Threads for a sample; for a small one, threads that wait for each other cost more."""
    thread_setting = os.environ.get("OMP_NUM_THREADS", "")
    return int(thread_setting) if thread_setting.isdigit() else 1 + (rows > MIN_THREADED_ROWS)


def held_out_mask(sample: Dataset, share: float, seed: int) -> Array:
    """Mask of the rows of a share of the enterprises, drawn once; none if an outcome lacks."""
    rng = generator(seed)
    enterprises, enterprise_index = np.unique(sample.ent, return_inverse=True)
    mask: Array = (rng.random(enterprises.size) < share)[enterprise_index]
    has_both_outcomes = all(np.unique(sample.bad[m]).size == 2 for m in (mask, ~mask) if m.any())
    return mask if has_both_outcomes and mask.any() else np.zeros(len(sample), bool)


def boost(
    sample: Dataset, boosting: Boosting, *, one_per_tree: bool, start: Array | None = None
) -> tuple[lgb.Booster, FeatureMatrix]:
    """Grow trees until the held-out enterprises gain no more, on top of ``start`` (log-odds)."""
    feature_matrix = lay_out_columns(sample.columns, sample.x)
    is_held_out = held_out_mask(sample, boosting.held_out, boosting.seed)
    lgb_parameters = parameters(boosting, feature_matrix, one_per_tree=one_per_tree)
    categorical_columns: list[int] | Literal["auto"] = list(feature_matrix.codes) or "auto"
    start_scores = [None if start is None else start[rows] for rows in (~is_held_out, is_held_out)]
    learning_set = lgb.Dataset(
        feature_matrix.matrix[~is_held_out],
        sample.bad[~is_held_out],
        weight=sample.weight[~is_held_out],
        init_score=start_scores[0],
        categorical_feature=categorical_columns,
        params=lgb_parameters,
    )
    if not is_held_out.any():
        return lgb.train(lgb_parameters, learning_set, boosting.rounds), feature_matrix
    judging_set = lgb.Dataset(
        feature_matrix.matrix[is_held_out],
        sample.bad[is_held_out],
        weight=sample.weight[is_held_out],
        reference=learning_set,
        init_score=start_scores[1],
        categorical_feature=categorical_columns,
        params=lgb_parameters,
    )
    early_stopping = lgb.early_stopping(boosting.patience, verbose=False)
    return lgb.train(
        lgb_parameters,
        learning_set,
        boosting.rounds,
        valid_sets=[judging_set],
        callbacks=[early_stopping],
    ), feature_matrix


def fit_boosted(
    sample: Dataset, boosting: Boosting | None = None, start: Additive | None = None
) -> Additive:
    """Learn the boosted scorecard; the shapes are the trees, added up exactly.

    Args:
        sample: what is learned from.
        boosting: how trees are grown.
        start: a model that the trees correct; the sum is additive, so still a points table.

    Raises:
        BadSample: one outcome only, too few cases, or nothing to learn from.
    """
    boosting = boosting or Boosting()
    full_sample, (sample, _) = sample, learnable(sample)
    start_risk = None if start is None else start.risk(full_sample.x, full_sample.ids)
    bag_models = []
    for bag in range(max(boosting.bags, 1)):
        bag_settings = Boosting(**{**boosting.__dict__, "seed": boosting.seed + bag})
        booster, feature_matrix = boost(sample, bag_settings, one_per_tree=True, start=start_risk)
        bag_models.append(compile_trees(booster, sample.columns, feature_matrix, sample.x))
    model = bag_models[0] if len(bag_models) == 1 else mean_of(bag_models)
    if start is not None:
        model = mean_of([start, model]).scaled(2.0, 0.0)
        return model.centred(full_sample.x, full_sample.ids, full_sample.weight)
    return model.centred(sample.x, sample.ids, sample.weight)


def compile_trees(
    booster: lgb.Booster, columns: Sequence[Column], feature_matrix: FeatureMatrix, x: Array
) -> Additive:
    """Turn a booster whose trees read one column each into shapes that give the same output.

    Args:
        booster: what LightGBM grew.
        columns: the indicators.
        feature_matrix: how they were laid out.
        x: the values learned from, indicators by rows: which codes and missing values were seen.
    """
    trees: dict[int, list[TreeNode]] = {k: [] for k in range(len(feature_matrix.owner))}
    intercept = 0.0
    count = booster.best_iteration or booster.current_iteration()
    for tree in booster.dump_model(num_iteration=count)["tree_info"]:
        root = tree["tree_structure"]
        if "split_feature" in root:
            trees[root["split_feature"]].append(root)
        else:
            intercept += root["leaf_value"]
    shapes = [
        _shape(
            column, [trees[c] for c, owner in enumerate(feature_matrix.owner) if owner == k], x[k]
        )
        for k, column in enumerate(columns)
    ]
    return Additive(intercept, tuple(s for s in shapes if s.log_odds_range > 0))


def _shape(column: Column, trees: list[list[TreeNode]], x: Array) -> Shape:
    """The shape of one indicator: its own trees, and those over its special values."""
    known_values = x[~np.isnan(x)]
    missing_seen = known_values.size < x.size
    if column.category:
        codes = np.unique(known_values)
        values = _trees_output(trees[0], codes)
        unseen, missing_value = _trees_output(trees[0], np.array([-1.0, np.nan]))
        special = dict(zip(codes.tolist(), values.tolist(), strict=True))
        return Shape(column, (), (float(unseen),), float(missing_value), special, missing_seen)
    # LightGBM sends "<= threshold" left, a points table puts "cut <= value" right: the next
    # double says the same, bit by bit.
    cuts = np.unique([np.nextafter(t, np.inf) for tree in trees[0] for t in _thresholds(tree)])
    values = _trees_output(trees[0], np.append(-np.inf, cuts))
    missing = float(_trees_output(trees[0], np.array([np.nan]))[0])
    special_sums = (
        _trees_output(trees[1], np.arange(len(column.special) + 1.0))
        if column.special
        else np.zeros(1)
    )
    special = {c: missing + float(special_sums[n]) for n, c in enumerate(column.special, 1)}
    ordinary_values = values + special_sums[0]
    shape = Shape(
        column,
        tuple(cuts.tolist()),
        tuple(ordinary_values.tolist()),
        missing + float(special_sums[0]),
        special,
        missing_seen,
    )
    return merge_equal_bins(shape)


def _thresholds(node: TreeNode) -> list[float]:
    if "split_feature" not in node:
        return []
    return [node["threshold"], *_thresholds(node["left_child"]), *_thresholds(node["right_child"])]


def _trees_output(trees: list[TreeNode], x: Array) -> Array:
    total = np.zeros(x.shape)
    for tree in trees:
        total += _tree_output(tree, x)
    return total


def _tree_output(node: TreeNode, x: Array) -> Array:
    """Output of one tree; decides as LightGBM does (``<=`` goes left, missing as was learned)."""
    if "split_feature" not in node:
        return np.full(x.shape, node["leaf_value"])
    is_missing = np.isnan(x)
    if node["decision_type"] == "==":
        goes_left = np.isin(x, [float(c) for c in str(node["threshold"]).split("||")])
    else:
        value = x if node["missing_type"] == "NaN" else np.where(is_missing, 0.0, x)
        goes_left = value <= node["threshold"]
        if node["missing_type"] == "NaN":
            goes_left = np.where(is_missing, node["default_left"], goes_left)
    return np.where(
        goes_left, _tree_output(node["left_child"], x), _tree_output(node["right_child"], x)
    )


def mean_of(models: Sequence[Additive]) -> Additive:
    """The mean of additive models: additive, with the cuts of all."""
    columns = {s.column.id: s.column for m in models for s in m.shapes}
    share = 1 / len(models)
    shapes_by_id = [{s.column.id: s for s in m.shapes} for m in models]
    shapes = [
        _mean_shape([shape_by_id[i] for shape_by_id in shapes_by_id if i in shape_by_id], share)
        for i in columns
    ]
    return Additive(sum(m.intercept for m in models) * share, tuple(shapes))


def _mean_shape(shapes: Sequence[Shape], share: float) -> Shape:
    cuts = np.unique(np.concatenate([s.cuts for s in shapes]))
    bin_starts = np.append(-np.inf, cuts)
    values = np.zeros(bin_starts.size)
    for s in shapes:
        values += np.asarray(s.values)[np.searchsorted(s.cuts, bin_starts, side="right")] * share
    codes = {c for s in shapes for c in s.special}
    special = {c: sum(s.special.get(c, s.values[0]) for s in shapes) * share for c in sorted(codes)}
    missing = sum(s.missing for s in shapes) * share
    missing_seen = any(s.missing_seen for s in shapes)
    return merge_equal_bins(
        Shape(
            shapes[0].column,
            tuple(cuts.tolist()),
            tuple(values.tolist()),
            missing,
            special,
            missing_seen,
        )
    )
