"""Day until which the features of an enterprise stay unchanged without new events.

Written from the same declarations as the kernel: a day on which an event begins to count, ends, is
withdrawn, or leaves a window; a day on which a comparison with time turns.  Between these days a
feature either stands still or moves in a known way (``Moves``).  Every answer is a lower bound: too
early costs a computation, too late cannot be.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from xhcredit.engine import derive
from xhcredit.engine.columns import Array, EventColumns
from xhcredit.engine.expr import KernelExpr
from xhcredit.engine.jit import has_numba, load_module
from xhcredit.engine.kernel_source import DECAY_DAYS
from xhcredit.engine.parsing import parse
from xhcredit.engine.spec import Feature
from xhcredit.ingest.schema import Table, directory, table

#: between two days of change a feature ``stands``; ``elapses`` by exactly one a day, as it counts
#: the days from one day on; ``climbs`` by no more than one a day and never falls; ``decays``; is
#: ``derived`` from such; or may do anything (``restless``)
Moves = Literal["stands", "elapses", "climbs", "decays", "derived", "restless"]

_TIME = frozenset({"age", "as_of", "duration"})
_CLIMBERS = frozenset({"min", "max", "last", "attribute"})
_SINCE = frozenset({"days_since", "days_since_first"})
Slope = tuple[int, int] | None


def moves(features: Sequence[Feature]) -> dict[str, Moves]:
    """How each feature moves between two days of change, by id; inputs stand before users."""
    motion_by_id: dict[str, Moves] = {}
    for f in features:
        motion_by_id[f.id] = (
            _derived_motion(f, motion_by_id) if f.aggregate == "derived" else _own_motion(f)
        )
    return motion_by_id


def _derived_motion(f: Feature, known: dict[str, Moves]) -> Moves:
    inputs = {known[name] for name in derive.input_ids(f.derive, f'feature "{f.id}"')}
    if "restless" in inputs:
        return "restless"
    return "stands" if inputs <= {"stands"} else "derived"


def _own_motion(f: Feature) -> Moves:
    """A neighbour's value stands here: those are computed every night, for everybody."""
    if f.aggregate in _SINCE:
        return "elapses"
    slope = _value_slope(f)
    if f.aggregate == "decayed":
        return "decays" if f.value == "1" else "restless"
    if slope == (0, 0):
        return "stands"
    if slope is None or f.aggregate not in _CLIMBERS or f.unit == "yuan":
        return "restless"
    # Of several events that all grow by one a day the greatest, least or latest stays the same one.
    if slope == (1, 1) and f.unit == "days":
        return "elapses"
    return "climbs" if slope[0] >= 0 and slope[1] <= 1 else "restless"


def _value_slope(f: Feature) -> Slope:
    """By how much the value of an event moves in a day; truth values are told by ``_turn_days``."""
    if not f.value:
        return 0, 0
    node = parse(f.value, f.id)
    if isinstance(node, ast.Compare | ast.BoolOp):
        return (0, 0) if _time_only_in_comparisons(node) else None
    return _slope(node, _conjuncts(f.where))


def _conjuncts(condition: str) -> set[str]:
    """Names that stand alone in a condition, so that they hold of every event that counts."""
    if not condition:
        return set()
    names, stack = set(), [parse(condition, "where")]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            stack += node.values
        elif isinstance(node, ast.Name):
            names.add(node.id)
    return names


def _slope(node: ast.expr, holds: Set[str] = frozenset()) -> Slope:
    """Least and greatest growth of an expression per day; ``None`` if unknown.

    ``holds``: names that are true of every event that counts.
    """
    if isinstance(node, ast.Name):
        if node.id == "duration":
            return (0, 0) if "ended" in holds else (1, 1) if "open" in holds else (0, 1)
        return (1, 1) if node.id in _TIME else (0, 0)
    if not _depends_on_time(node):
        return 0, 0
    if isinstance(node, ast.UnaryOp):
        inner = _slope(node.operand, holds)
        return None if inner is None else (-inner[1], -inner[0])
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        a, b = _slope(node.left, holds), _slope(node.right, holds)
        if a is None or b is None:
            return None
        return (
            (a[0] + b[0], a[1] + b[1])
            if isinstance(node.op, ast.Add)
            else (a[0] - b[1], a[1] - b[0])
        )
    return None


def _depends_on_time(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Name) and n.id in _TIME for n in ast.walk(node))


def _time_only_in_comparisons(node: ast.AST) -> bool:
    """Whether time stands only inside comparisons."""
    if isinstance(node, ast.Compare) or not _depends_on_time(node):
        return True
    if isinstance(node, ast.Name):
        return False
    return all(_time_only_in_comparisons(child) for child in ast.iter_child_nodes(node))


def _turn_days(f: Feature, emitter: KernelExpr) -> list[str]:
    """Lines that find the next day on which a comparison with time can turn."""
    lines = []
    for text in filter(None, (f.where, f.value)):
        node = parse(text, f'feature "{f.id}"')
        if text == f.where and not _time_only_in_comparisons(node):
            lines.append("best = min(best, A + 1)")
        lines += [
            line
            for comparison in ast.walk(node)
            if isinstance(comparison, ast.Compare) and _depends_on_time(comparison)
            for line in _turning_lines(comparison, emitter)
        ]
    return lines


def _turning_lines(node: ast.Compare, emitter: KernelExpr) -> list[str]:
    """If both sides draw near by at most one a day, they cannot meet before that many days."""
    left, right = node.left, node.comparators[0]
    slope = _slope(ast.BinOp(left, ast.Sub(), right))
    if slope is None or slope[0] < -1 or slope[1] > 1:
        return ["best = min(best, A + 1)"]
    a, b = emitter.emit(left), emitter.emit(right)
    line = f"best = min(best, A + max(1, abs({a.text} - {b.text})))"
    needs = " and ".join([*a.needs, *b.needs])
    return [f"if {needs}:", f"    {line}"] if needs else [line]


@dataclass(frozen=True)
class _Source:
    name: str
    arrays: tuple[str, ...]
    source: str


def _source(name: str, features: Sequence[Feature]) -> _Source:
    """The function of one table: lowers ``out[i]`` to the next day of change of ``rows[i]``."""
    t = table(name)
    emitter = KernelExpr(t, f'table "{name}"')
    turns = list(dict.fromkeys(_joined_lines([_turn_days(f, emitter) for f in features])))
    body = turns if t.kind == "register" else _events(t, features, turns)
    columns = sorted(c for c in emitter.used if not c.startswith("@"))
    arrays = [f"c_{c}" for c in columns]
    if t.kind != "register":
        days = ["offsets", "occurred", "known", "withdrawn"]
        arrays = [*days, *(["ended", "ended_known"] if t.ends else []), *arrays]
    lines = [f"def due_{name}(rows, A, {''.join(a + ', ' for a in arrays)}out):"]
    lines += ["    for i in range(rows.shape[0]):", "        r = rows[i]", "        best = out[i]"]
    lines += [f"        {line}" for part in body for line in part.split("\n")]
    return _Source(f"due_{name}", tuple(arrays), "\n".join([*lines, "        out[i] = best"]))


def _joined_lines(line_groups: Sequence[Sequence[str]]) -> list[str]:
    """Lines with those that hang on a line before them in one piece."""
    blocks: list[str] = []
    for lines in line_groups:
        for line in lines:
            if line.startswith(" "):
                blocks[-1] += "\n" + line
            else:
                blocks.append(line)
    return blocks


def _events(t: Table, features: Sequence[Feature], turns: Sequence[str]) -> list[str]:
    """The walk over one enterprise's events."""
    windows = {f.window_days for f in features if f.window_days}
    # Beyond its table of weights a decaying event counts for nothing: that edge is a day of
    # change too.
    windows |= {DECAY_DAYS for f in features if f.aggregate == "decayed"}
    lines = [
        "if occurred[j] > A:", "    best = min(best, occurred[j])", "    break",
        "if withdrawn[j] <= A:", "    continue",
        "if known[j] > A:", "    best = min(best, known[j])", "    continue",
        "best = min(best, withdrawn[j])", "age = A - occurred[j]",
    ]  # fmt: skip
    if t.ends:
        lines += ["is_ended = ended[j] <= A and ended_known[j] <= A"]
        for day in ("ended", "ended_known"):
            lines += [f"if {day}[j] > A:", f"    best = min(best, {day}[j])"]
        lines.append("duration = (ended[j] if is_ended else A) - occurred[j]")
    for window in sorted(windows):
        lines += [f"if age < {window}:", f"    best = min(best, occurred[j] + {window})"]
    lines += [line for part in turns for line in part.split("\n")]
    return ["for j in range(offsets[r], offsets[r + 1]):", *(f"    {line}" for line in lines)]


@dataclass(frozen=True, repr=False)
class Due:
    """Compiled: the next day of change of enterprises, over the tables of some features."""

    sources: tuple[_Source, ...]
    tables: tuple[str, ...]
    _module: Any

    def lower(self, event_columns: EventColumns, rows: Array, day: int, out: Array) -> None:
        """Lower ``out[i]`` (int64) to the next day after ``day`` on which ``rows[i]`` changes."""
        for name, source in zip(self.tables, self.sources, strict=True):
            arrays = event_columns.tables[name]
            getattr(self._module, source.name)(rows, day, *(arrays[a] for a in source.arrays), out)


def compile_due(features: Sequence[Feature]) -> Due:
    """Compile the next day of change of features (neighbour and derived ones left out)."""
    features_by_table = {name: [f for f in features if f.table == name] for name in directory()}
    sources = {name: _source(name, fs) for name, fs in features_by_table.items() if fs}
    text = "\n\n\n".join(s.source for s in sources.values()) + "\n"
    header = (
        '"""Written by xhcredit.engine.valid_until from the feature declarations; do not edit."""\n'
    )
    if has_numba():
        text = text.replace("def due_", "@compiled\ndef due_")
        header += "\nfrom xhcredit.engine.jit import compiled\n"
    text = f"{header}\n\n{text}"
    name = "xhdue_" + hashlib.sha256(text.encode()).hexdigest()[:16]
    return Due(tuple(sources.values()), tuple(sources), load_module(name, text))


__all__ = ["Due", "Moves", "compile_due", "moves"]
