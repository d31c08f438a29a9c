"""Interval arithmetic: bounds of a derived feature while its inputs move.

Rounding is met by widening: an interval may be too wide, never too narrow.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import reduce

import numpy as np

from xhcredit.engine.columns import Array
from xhcredit.engine.parsing import parse
from xhcredit.engine.spec import Feature

Interval = tuple[Array, Array]

#: far above the rounding of a few operations on doubles
_SLACK = 1e-9


def bounds(f: Feature, known: Mapping[str, Interval]) -> Interval:
    """Bounds of a derived feature from those of its inputs; both NaN where it stays missing.

    Where it may become missing, or cease to be, the bounds are infinite.
    """
    lo, hi = _bounds_of(parse(f.derive, f.id), known)
    moved = lo != hi
    # Widened only where something moves: a value that stands still keeps equal bounds and is no
    # change.
    lo = np.where(moved, lo - _SLACK * (1 + np.abs(lo)), lo)
    hi = np.where(moved, hi + _SLACK * (1 + np.abs(hi)), hi)
    return _or_infinite(lo, hi, lo, hi)


def _or_infinite(lo: Array, hi: Array, *inputs: Array) -> Interval:
    """Infinite bounds where only one is missing or arithmetic broke down (0 × ∞)."""
    is_known = ~reduce(np.logical_or, (np.isnan(i) for i in inputs))
    broken = (np.isnan(lo) != np.isnan(hi)) | (is_known & np.isnan(lo))
    return np.where(broken, -np.inf, lo), np.where(broken, np.inf, hi)


def _bounds_of(node: ast.expr, known: Mapping[str, Interval]) -> Interval:
    if isinstance(node, ast.Name):
        return known[node.id]
    if isinstance(node, ast.Constant):
        value = np.float64(node.value)  # type: ignore[arg-type]  # derive.py lets numbers pass only
        return value, value  # type: ignore[return-value]  # a number spreads over any array
    if isinstance(node, ast.BinOp):
        return _arithmetic(node, _bounds_of(node.left, known), _bounds_of(node.right, known))
    if isinstance(node, ast.Call):
        a, b = (_bounds_of(arg, known) for arg in node.args)
        return _call(ast.unparse(node.func), a, b)
    return _unknown(known)


def _unknown(known: Mapping[str, Interval]) -> Interval:
    """Infinite bounds of expressions without interval arithmetic (comparisons)."""
    shape = next(iter(known.values()))[0].shape
    return np.full(shape, -np.inf), np.full(shape, np.inf)


def _arithmetic(node: ast.BinOp, a: Interval, b: Interval) -> Interval:
    if isinstance(node.op, ast.Add):
        return _or_infinite(a[0] + b[0], a[1] + b[1], *a, *b)
    if isinstance(node.op, ast.Sub):
        return _or_infinite(a[0] - b[1], a[1] - b[0], *a, *b)
    if isinstance(node.op, ast.Div):
        return _divided(a, b)
    return _corners(a, b, np.multiply)


def _corners(a: Interval, b: Interval, operation: np.ufunc) -> Interval:
    with np.errstate(all="ignore"):
        corners = [np.asarray(operation(x, y)) for x in a for y in b]
    lo, hi = np.minimum.reduce(corners), np.maximum.reduce(corners)
    return _or_infinite(lo, hi, *a, *b)


def _divided(a: Interval, b: Interval) -> Interval:
    """x/0 is missing: it stays so where the divisor stays 0, and may become so where it holds 0."""
    lo, hi = _corners(a, b, np.divide)
    zero, around = (b[0] == 0) & (b[1] == 0), (b[0] <= 0) & (b[1] >= 0)
    lo, hi = np.where(around, -np.inf, lo), np.where(around, np.inf, hi)
    return np.where(zero, np.nan, lo), np.where(zero, np.nan, hi)


def _call(name: str, a: Interval, b: Interval) -> Interval:
    if name == "coalesce":
        missing = np.isnan(a[0]) & np.isnan(a[1])
        is_finite = np.isfinite(a[0]) & np.isfinite(a[1])
        lo, hi = (np.where(is_finite, a[k], end) for k, end in ((0, -np.inf), (1, np.inf)))
        return np.where(missing, b[0], lo), np.where(missing, b[1], hi)
    best = {"min": np.minimum, "max": np.maximum}[name]
    return _or_infinite(best(a[0], b[0]), best(a[1], b[1]), *a, *b)
