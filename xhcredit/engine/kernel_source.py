"""Writes the kernel: one plain Python function per table, readable, and compilable by numba.

Each function walks the events of one enterprise after another, oldest first, and skips what was
not known, had not happened or was withdrawn on the day asked for.  There is no other place where
this is decided for the night, for training and for a single enterprise.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from xhcredit.engine.codes import NEVER
from xhcredit.engine.expr import KernelExpr
from xhcredit.engine.parsing import parse
from xhcredit.engine.spec import Feature
from xhcredit.errors import BadDeclaration
from xhcredit.ingest.schema import Table, table

DECAY_ONE = 2**30  #: fixed-point 1.0 of the decay weights, so that sums are whole numbers

#: days that the decay tables cover; older events weigh nothing
DECAY_DAYS = 20_000


@dataclass(frozen=True)
class TableKernel:
    """Source of one table's function; ``arrays`` are its arguments after ``rows`` and ``as_of``."""

    table: str
    name: str
    arrays: tuple[str, ...]
    half_lives: tuple[int, ...]
    source: str


@dataclass(frozen=True)
class EventCondition:
    """One thing that an event must fulfil so that an indicator reads it.

    ``kind``: ``window`` (it is recent enough), ``where`` (one part of the filter), ``value`` (what
    is aggregated is there) or ``hub`` (its node has few enough members, see ``neighbours``);
    ``names``: the columns and event names that it looks at; ``code``: the Python that tests it.
    """

    kind: Literal["window", "where", "value", "hub"]
    names: tuple[str, ...]
    code: str


#: what hides an event from every indicator on day ``A``, and the Python that tests it
HIDDEN = {
    "not_happened": "occurred[j] > A",
    # What nobody knew on the day is not used, so a back-test sees what that night saw.
    "not_known": "known[j] > A",
    # Restored or revoked events leave from their day on: 修复即停止公示、共享和使用
    # (信用修复管理办法 第二、三条), and the score keeps no shadow.
    "withdrawn": "withdrawn[j] <= A",
}
AGE = "age = A - occurred[j]"
IS_ENDED = "is_ended = ended[j] <= A and ended_known[j] <= A"
DURATION = "duration = (ended[j] if is_ended else A) - occurred[j]"


@dataclass
class _Parts:
    """Source lines of one feature: initialisation, step per event, end."""

    start: list[str]
    step: list[str]
    end: list[str]


def _scaled(f: Feature, text: str) -> str:
    """Turn 分 into yuan at the very end."""
    return f"({text}) / 100.0" if f.unit == "yuan" else f"float({text})"


def _count(k: int, f: Feature, value: str) -> _Parts:
    return _Parts([f"n{k} = 0"], [f"n{k} += 1"], [f"out[{k}, i] = float(n{k})"])


def _sum(k: int, f: Feature, value: str) -> _Parts:
    return _Parts([f"s{k} = 0"], [f"s{k} += {value}"], [f"out[{k}, i] = {_scaled(f, f's{k}')}"])


def _extreme(symbol: str) -> Callable[[int, Feature, str], _Parts]:
    def parts(k: int, f: Feature, value: str) -> _Parts:
        step = [f"if n{k} == 0 or {value} {symbol} s{k}:", f"    s{k} = {value}", f"n{k} = 1"]
        return _Parts([f"n{k} = 0", f"s{k} = 0"], step, _if_any(k, f, f"s{k}", 1))

    return parts


def _if_any(k: int, f: Feature, text: str, least: int) -> list[str]:
    """Write a value if enough events were seen, else missing."""
    return [f"out[{k}, i] = {_scaled(f, text)} if n{k} >= {least} else nan"]


def _mean(k: int, f: Feature, value: str) -> _Parts:
    end = [f"out[{k}, i] = {_scaled(f, f's{k} / n{k}')} if n{k} > 0 else nan"]
    return _Parts([f"n{k} = 0", f"s{k} = 0"], [f"n{k} += 1", f"s{k} += {value}"], end)


def _last(k: int, f: Feature, value: str) -> _Parts:
    step = [f"n{k} += 1", f"s{k} = {value}"]
    return _Parts([f"n{k} = 0", f"s{k} = 0"], step, _if_any(k, f, f"s{k}", 1))


def _last2(k: int, f: Feature, value: str) -> _Parts:
    step = [f"n{k} += 1", f"t{k} = s{k}", f"s{k} = {value}"]
    return _Parts([f"n{k} = 0", f"s{k} = 0", f"t{k} = 0"], step, _if_any(k, f, f"t{k}", 2))


def _streak(k: int, f: Feature, value: str) -> _Parts:
    step = [f"n{k} = n{k} + 1 if {value} else 0"]
    return _Parts([f"n{k} = 0"], step, [f"out[{k}, i] = float(n{k})"])


def _distinct(k: int, f: Feature, value: str) -> _Parts:
    end = [
        f"n{k} = 0",
        f"while s{k} != 0:",
        f"    s{k} = s{k} & (s{k} - 1)",
        f"    n{k} += 1",
        f"out[{k}, i] = float(n{k})",
    ]
    return _Parts([f"s{k} = 0"], [f"s{k} |= 1 << ({value})"], end)


def _decayed(k: int, f: Feature, value: str) -> _Parts:
    if any(c.type == "money" and f"c_{c.name}[" in value for c in table(f.table).columns):
        raise BadDeclaration(f'feature "{f.id}": a decayed sum of money overflows; count instead')
    step = [f"if age < {DECAY_DAYS}:", f"    s{k} += weights_{f.half_life}[age] * ({value})"]
    return _Parts([f"s{k} = 0"], step, [f"out[{k}, i] = s{k} / {float(DECAY_ONE)}"])


def _days_since(k: int, f: Feature, value: str) -> _Parts:
    step = [f"n{k} = 1", f"s{k} = age"]
    return _Parts([f"n{k} = 0", f"s{k} = 0"], step, _if_any(k, f, f"s{k}", 1))


def _days_since_first(k: int, f: Feature, value: str) -> _Parts:
    step = [f"if n{k} == 0:", f"    s{k} = age", f"n{k} = 1"]
    return _Parts([f"n{k} = 0", f"s{k} = 0"], step, _if_any(k, f, f"s{k}", 1))


_AGGREGATES: dict[str, Callable[[int, Feature, str], _Parts]] = {
    "count": _count,
    "sum": _sum,
    "min": _extreme("<"),
    "max": _extreme(">"),
    "mean": _mean,
    "last": _last,
    "last2": _last2,
    "streak": _streak,
    "distinct": _distinct,
    "decayed": _decayed,
    "days_since": _days_since,
    "days_since_first": _days_since_first,
}


def value_of(f: Feature, emitter: KernelExpr) -> tuple[str, tuple[str, ...]]:
    """Emit the value expression: text, and the tests that it is there."""
    if not f.value:
        return "1", ()
    node: ast.expr = parse(f.value, f'feature "{f.id}"')
    code = emitter.emit(node)
    if f.aggregate == "streak" and not code.is_bool:
        return emitter.compare(code, "==", type(code)("1")), code.needs
    if code.is_bool and f.aggregate != "streak":
        return f"(1 if {code.text} else 0)", ()
    return code.text, code.needs


def conditions(f: Feature, emitter: KernelExpr, needs: tuple[str, ...]) -> list[EventCondition]:
    """All that an event must fulfil so that this feature reads it; ``needs`` as by ``value_of``."""
    label = f'feature "{f.id}"'
    where_node = parse(f.where, label) if f.where else None
    condition_list = (
        [EventCondition("window", ("age",), f"age < {f.window_days}")] if f.window_days else []
    )
    condition_list += [
        EventCondition("where", _names(n), emitter.condition(n)) for n in _conjuncts(where_node)
    ]
    value = parse(f.value, label) if f.value else None
    return condition_list + [EventCondition("value", _names(value), need) for need in needs]


def _conjuncts(node: ast.expr | None) -> list[ast.expr]:
    """The parts of a condition that must all hold."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        return [part for value in node.values for part in _conjuncts(value)]
    return [] if node is None else [node]


def _names(node: ast.expr | None) -> tuple[str, ...]:
    """Columns and event names in an expression; the functions of the language are none."""
    called = {n.func for n in ast.walk(node) if isinstance(n, ast.Call)} if node else set()
    names = [n for n in ast.walk(node) if isinstance(n, ast.Name)] if node else []
    return tuple(dict.fromkeys(n.id for n in names if n not in called))


def _indent(lines: list[str], depth: int) -> list[str]:
    return [" " * 4 * depth + line for line in lines]


def _event_body(features: Sequence[tuple[int, Feature]], emitter: KernelExpr) -> list[str]:
    """The loop over one enterprise's events."""
    starts: list[str] = []
    steps: list[str] = []
    ends: list[str] = []
    for k, f in features:
        value, needs = value_of(f, emitter)
        parts = _AGGREGATES[f.aggregate](k, f, value)
        tests = [c.code for c in conditions(f, emitter, needs)]
        starts += parts.start
        ends += parts.end
        steps += (
            [f"if {' and '.join(tests)}:  # {f.id}", *_indent(parts.step, 1)]
            if tests
            else parts.step
        )
    visible = [
        f"if {HIDDEN['not_happened']}:",
        # Events stand in the order of their days: nothing after this one has happened either.
        "    break",
        f"if {HIDDEN['not_known']} or {HIDDEN['withdrawn']}:",
        "    continue",
        *event_names(emitter),
    ]
    loop = ["for j in range(offsets[r], offsets[r + 1]):", *_indent(visible + steps, 1)]
    return starts + loop + ends


def event_names(emitter: KernelExpr) -> list[str]:
    """Source lines of the derived event names (age, is_ended, duration) that are used."""
    lines = [AGE]
    if emitter.used & {"@ended", "@open", "@duration"}:
        lines.append(IS_ENDED)
    if "@duration" in emitter.used:
        lines.append(DURATION)
    return lines


def _register_body(features: Sequence[tuple[int, Feature]], emitter: KernelExpr) -> list[str]:
    """One line per attribute of the register."""
    lines = []
    for k, f in features:
        if f.aggregate != "attribute":
            raise BadDeclaration(f'feature "{f.id}": the register knows only "attribute"')
        value, needs = value_of(f, emitter)
        tests = " and ".join(needs)
        text = _scaled(f, value)
        lines.append(
            f"out[{k}, i] = {text} if {tests} else nan" if tests else f"out[{k}, i] = {text}"
        )
    return lines


def arrays_of(t: Table, emitter: KernelExpr, half_lives: Sequence[int] = ()) -> tuple[str, ...]:
    """Names of the arrays that the function takes, in order."""
    columns = sorted(name for name in emitter.used if not name.startswith("@"))
    arrays = [f"c_{name}" for name in columns]
    if t.kind == "register":
        return tuple(arrays)
    base = ["offsets", "occurred", "known", "withdrawn"]
    if t.ends:
        base += ["ended", "ended_known"]
    return (*base, *arrays, *(f"weights_{h}" for h in half_lives))


def table_kernel(name: str, features: Sequence[tuple[int, Feature]]) -> TableKernel:
    """Write the function that fills the rows ``k`` of ``out`` for all features of one table.

    Raises:
        BadDeclaration: an expression is outside the language, or asks an event without an ending
            whether it has ended.
    """
    t = table(name)
    emitter = KernelExpr(t, f'table "{name}"')
    body = (
        _register_body(features, emitter)
        if t.kind == "register"
        else _event_body(features, emitter)
    )
    if not t.ends and emitter.used & {"@ended", "@open", "@duration"}:
        raise BadDeclaration(f'table "{name}" declares no ending; ended/open/duration mean nothing')
    half_lives = sorted({f.half_life for _, f in features if f.aggregate == "decayed"})
    arrays = arrays_of(t, emitter, half_lives)
    lines = [
        f"def kernel_{name}(rows, as_of, {''.join(a + ', ' for a in arrays)}out):",
        *_indent(
            [f'"""{t.name_en}: {len(features)} features."""', "for i in range(rows.shape[0]):"], 1
        ),
        *_indent(["r = rows[i]", "A = as_of[i]", *body], 2),
    ]
    return TableKernel(name, f"kernel_{name}", arrays, tuple(half_lives), "\n".join(lines) + "\n")


__all__ = ["DECAY_DAYS", "DECAY_ONE", "NEVER", "TableKernel", "table_kernel"]
