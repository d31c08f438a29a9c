"""Derived features: arithmetic over other features, in Python and in SQL."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from xhcredit.engine.expr import COMPARE
from xhcredit.engine.parsing import parse
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadDeclaration

#: What the emitted Python calls; missing is NaN, and x/0 is missing.
PREAMBLE = '''
from math import nan


def _div(a, b):
    """Quotient; missing when a side is missing or the divisor is 0."""
    if b == 0.0 or b != b:
        return nan
    return a / b


def _min(a, b):
    """The smaller; missing when a side is missing."""
    if a != a or b != b:
        return nan
    return a if a < b else b


def _max(a, b):
    """The larger; missing when a side is missing."""
    if a != a or b != b:
        return nan
    return a if a > b else b


def _coalesce(a, b):
    """The first that is not missing."""
    return b if a != a else a
'''

_OPS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
_CALLS = ("min", "max", "coalesce")


def input_ids(expression: str, error_prefix: str) -> list[str]:
    """Ids of the features that a derived expression reads."""
    feature_ids = []
    for node in ast.walk(parse(expression, error_prefix)):
        if isinstance(node, ast.Name) and node.id not in _CALLS and node.id not in feature_ids:
            feature_ids.append(node.id)
    return feature_ids


class _Python:
    """Emits Python over ``out[k, i]``."""

    def __init__(self, positions: Mapping[str, int]) -> None:
        self.positions = positions

    def name(self, name: str) -> str:
        return f"out[{self.positions[name]}, i]"

    def number(self, value: float) -> str:
        return repr(float(value))

    def divide(self, a: str, b: str) -> str:
        return f"_div({a}, {b})"

    def compare(self, a: str, op: str, b: str) -> str:
        known = f"{a} == {a} and {b} == {b} and " if op == "!=" else ""  # NaN differs from all
        return f"(1.0 if {known}{a} {op} {b} else 0.0)"

    def call(self, name: str, a: str, b: str) -> str:
        return f"_{name}({a}, {b})"


class _Sql:
    """Emits DuckDB SQL over columns named as the features."""

    def name(self, name: str) -> str:
        return f'"{name}"'

    def number(self, value: float) -> str:
        return f"CAST('{float(value)!r}' AS DOUBLE)"  # a bare 0.05 would be a DECIMAL

    def divide(self, a: str, b: str) -> str:
        # x/0 is missing on every engine, as in the kernel's _div; without nullif DuckDB would
        # decide.
        return f"({a} / nullif({b}, 0))"

    def compare(self, a: str, op: str, b: str) -> str:
        symbol = {"==": "=", "!=": "<>"}.get(op, op)
        return f"CASE WHEN coalesce({a} {symbol} {b}, FALSE) THEN CAST(1 AS DOUBLE) ELSE 0 END"

    def call(self, name: str, a: str, b: str) -> str:
        if name == "coalesce":
            return f"coalesce({a}, {b})"
        best = {"min": "least", "max": "greatest"}[name]
        # DuckDB's least and greatest skip nulls; in the kernel one missing side makes the
        # result missing.
        return f"CASE WHEN {a} IS NULL OR {b} IS NULL THEN NULL ELSE {best}({a}, {b}) END"


def _emit(node: ast.expr, emitter: _Python | _Sql, error_prefix: str) -> str:
    if isinstance(node, ast.Name):
        return emitter.name(node.id)
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return emitter.number(float(node.value))
    if isinstance(node, ast.BinOp):
        a, b = _emit(node.left, emitter, error_prefix), _emit(node.right, emitter, error_prefix)
        if isinstance(node.op, ast.Div):
            return emitter.divide(a, b)
        if type(node.op) in _OPS:
            return f"({a} {_OPS[type(node.op)]} {b})"
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        a, b = (
            _emit(node.left, emitter, error_prefix),
            _emit(node.comparators[0], emitter, error_prefix),
        )
        return emitter.compare(a, COMPARE[type(node.ops[0])], b)
    if isinstance(node, ast.Call) and len(node.args) == 2 and ast.unparse(node.func) in _CALLS:
        a, b = (_emit(arg, emitter, error_prefix) for arg in node.args)
        return emitter.call(ast.unparse(node.func), a, b)
    raise BadDeclaration(
        f'{error_prefix}: "{ast.unparse(node)}" is not in the language of derived features'
    )


def to_python(f: Feature, positions: Mapping[str, int]) -> str:
    """Emit a derived feature as Python over the kernel's output."""
    error_prefix = f'feature "{f.id}"'
    for name in input_ids(f.derive, error_prefix):
        if name not in positions:
            raise BadDeclaration(f'{error_prefix} reads "{name}", which is no feature before it')
    return _emit(parse(f.derive, error_prefix), _Python(positions), error_prefix)


def to_sql(f: Feature) -> str:
    """Emit a derived feature as SQL over columns named as the features."""
    error_prefix = f'feature "{f.id}"'
    return _emit(parse(f.derive, error_prefix), _Sql(), error_prefix)


def derived_source(features: Sequence[tuple[int, Feature]], positions: Mapping[str, int]) -> str:
    """Write the function that fills all derived rows of ``out``, in the order given."""
    lines = ["def kernel_derived(out):", '    """Features made of other features."""']
    lines.append("    for i in range(out.shape[1]):")
    lines += [f"        out[{k}, i] = {to_python(f, positions)}  # {f.id}" for k, f in features]
    return "\n".join(lines if features else [*lines, "        pass"]) + "\n"
