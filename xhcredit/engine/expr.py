"""From the text of an expression to Python (for the kernel) and to SQL (for the oracle).

The language is a small subset of Python's expressions.  A comparison that touches a missing value
is false, so there is no ``not`` (it would turn "unknown" into "true").
"""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from dataclasses import dataclass

from xhcredit.engine.codes import NULLS, storage_type
from xhcredit.errors import BadDeclaration
from xhcredit.ingest.schema import Column, Table

COMPARE = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*"}
#: names that every event has besides its columns
EVENT_NAMES = ("age", "ended", "open", "duration", "as_of")


@dataclass(frozen=True)
class Code:
    """Emitted text; ``needs`` are the tests that must hold for a value to be there."""

    text: str
    needs: tuple[str, ...] = ()
    is_bool: bool = False


class Emitter(ABC):
    """Base of both emitters: dispatch, kinds of node, refusals."""

    def __init__(self, table: Table, error_prefix: str) -> None:
        self.table = table
        self.error_prefix = error_prefix

    def refuse(self, problem: str) -> BadDeclaration:
        """Return (not raise) the error for something outside the language."""
        return BadDeclaration(f"{self.error_prefix}: {problem}")

    def emit(self, node: ast.expr) -> Code:
        """Emit one node."""
        method = getattr(self, f"on_{type(node).__name__.lower()}", None)
        if method is None:
            raise self.refuse(f'"{ast.unparse(node)}" is not in the expression language')
        code: Code = method(node)
        return code

    def condition(self, node: ast.expr) -> str:
        """Emit a node as a truth value; a missing value is false."""
        code = self.emit(node)
        if code.is_bool:
            return code.text
        return self.compare(code, "==", Code("1"))

    @abstractmethod
    def compare(self, left: Code, op: str, right: Code) -> str:
        """Emit a comparison that is false when a side is missing."""

    @abstractmethod
    def compare_value(self, column: Column, op: str, value: str) -> str:
        """Emit the comparison of a category with one of its values (in declared order)."""

    @abstractmethod
    def one_of(self, column: Column, values: list[str], *, negate: bool) -> str:
        """Emit the test that a multi-valued column holds (or holds nothing beyond) values."""

    def category(self, node: ast.expr) -> Column | None:
        """Return the column if the node is the name of a category column."""
        if isinstance(node, ast.Name) and node.id not in EVENT_NAMES:
            column = self.table.column(node.id)
            if column.type in ("category", "categories"):
                return column
        return None

    def value_of(self, column: Column, node: ast.expr) -> str:
        """Return the string of a literal after checking that the column declares it."""
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            raise self.refuse(f'"{ast.unparse(node)}" must be a value of "{column.name}"')
        if node.value not in column.value_ids:
            known = ", ".join(column.value_ids)
            raise self.refuse(f'"{node.value}" is no value of "{column.name}"; it has: {known}')
        return node.value

    def on_constant(self, node: ast.Constant) -> Code:
        """Whole numbers only; words stand only beside a category column."""
        if type(node.value) is not int:
            raise self.refuse(f"{node.value!r}: only whole numbers may stand alone")
        return Code(str(node.value))

    def on_unaryop(self, node: ast.UnaryOp) -> Code:
        """A minus sign, and nothing else."""
        if not isinstance(node.op, ast.USub):
            raise self.refuse('there is no "not": a missing value would become true')
        inner = self.emit(node.operand)
        return Code(f"(-{inner.text})", inner.needs)

    def on_binop(self, node: ast.BinOp) -> Code:
        """Sum, difference, product of whole numbers."""
        op = ARITHMETIC.get(type(node.op))
        if op is None:
            raise self.refuse(f'"{ast.unparse(node)}": events know + - * only; divide in a derive')
        left, right = self.emit(node.left), self.emit(node.right)
        return Code(f"({left.text} {op} {right.text})", left.needs + right.needs)

    def on_compare(self, node: ast.Compare) -> Code:
        """Comparisons, membership of a category, membership in a multi-valued column."""
        if len(node.ops) != 1:
            raise self.refuse(f'"{ast.unparse(node)}": write one comparison at a time')
        op, left, right = node.ops[0], node.left, node.comparators[0]
        if isinstance(op, ast.In):
            return Code(self.membership(left, right), is_bool=True)
        symbol = COMPARE.get(type(op))
        if symbol is None:
            raise self.refuse(f'"{ast.unparse(node)}" is not in the expression language')
        column = self.category(left)
        if column is not None and isinstance(right, ast.Constant) and isinstance(right.value, str):
            test = self.compare_value(column, symbol, self.value_of(column, right))
            return Code(test, is_bool=True)
        return Code(self.compare(self.emit(left), symbol, self.emit(right)), is_bool=True)

    def membership(self, left: ast.expr, right: ast.expr) -> str:
        """``x in ('a', 'b')`` and ``'a' in multi``."""
        multi = self.category(right)
        if multi is not None and multi.type == "categories":
            return self.one_of(multi, [self.value_of(multi, left)], negate=False)
        column = self.category(left)
        if column is None or not isinstance(right, ast.Tuple):
            raise self.refuse(f'"{ast.unparse(left)} in …" needs a category and a tuple of values')
        values = [self.value_of(column, item) for item in right.elts]
        tests = [self.compare_value(column, "==", value) for value in values]
        return self.any_of(tests)

    def any_of(self, tests: list[str]) -> str:
        """Emit a disjunction."""
        return "(" + f" {self.OR} ".join(tests) + ")"

    OR = "or"
    AND = "and"

    def on_boolop(self, node: ast.BoolOp) -> Code:
        """Conjunction and disjunction."""
        op = self.AND if isinstance(node.op, ast.And) else self.OR
        return Code(
            "(" + f" {op} ".join(self.condition(v) for v in node.values) + ")", is_bool=True
        )

    def on_call(self, node: ast.Call) -> Code:
        """``only(multi, 'a', …)`` and ``is_missing(column)``."""
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        column = self.category(node.args[0]) if node.args else None
        if name == "only" and column is not None and column.type == "categories":
            values = [self.value_of(column, a) for a in node.args[1:]]
            return Code(self.one_of(column, values, negate=True), is_bool=True)
        if name == "is_missing" and len(node.args) == 1:
            return Code(self.missing(self.emit(node.args[0])), is_bool=True)
        raise self.refuse(f'"{ast.unparse(node)}": there are only is_missing(x) and only(x, …)')

    @abstractmethod
    def missing(self, code: Code) -> str:
        """Emit the test that a value is missing."""


class KernelExpr(Emitter):
    """Emits Python over columns ``c_<name>[j]`` of event ``j`` (``r`` for the register)."""

    def __init__(self, table: Table, error_prefix: str) -> None:
        super().__init__(table, error_prefix)
        self.index = "r" if table.kind == "register" else "j"
        self.used: set[str] = set()

    def on_name(self, node: ast.Name) -> Code:
        """A column, or one of the names that every event has."""
        special = {
            "age": Code("age"),
            "as_of": Code("A"),
            "ended": Code("is_ended", is_bool=True),
            "open": Code("(not is_ended)", is_bool=True),
            "duration": Code("duration"),
        }
        if node.id in special:
            self.used.add(f"@{node.id}")
            return special[node.id]
        return self.column_code(self.table.column(node.id))

    def column_code(self, column: Column) -> Code:
        """Read a column, with the tests that say whether a value is there."""
        self.used.add(column.name)
        text = f"int(c_{column.name}[{self.index}])"  # the plain twin must not compute in 8 bits
        needs: tuple[str, ...] = ()
        if not column.required:
            needs = (f"{text} != {NULLS[storage_type(column)]}",)
        if column.with_end:
            self.used.add("@ended")
            needs = ("is_ended", *needs)
        return Code(text, needs)

    def compare(self, left: Code, op: str, right: Code) -> str:  # noqa: D102 - as in Emitter
        return (
            "(" + " and ".join([*left.needs, *right.needs, f"{left.text} {op} {right.text}"]) + ")"
        )

    def compare_value(self, column: Column, op: str, value: str) -> str:  # noqa: D102
        place = Code(str(column.value_ids.index(value)))
        return self.compare(self.column_code(column), op, place)

    def one_of(self, column: Column, values: list[str], *, negate: bool) -> str:  # noqa: D102
        code = self.column_code(column)
        mask = sum(1 << column.value_ids.index(v) for v in values)
        test = f"({code.text} & {~mask}) == 0" if negate else f"({code.text} & {mask}) != 0"
        return "(" + " and ".join([*code.needs, test]) + ")"

    def missing(self, code: Code) -> str:  # noqa: D102 - as in Emitter
        tests = [f"not ({need})" for need in code.needs]
        return self.any_of(tests) if tests else "False"


class SqlExpr(Emitter):
    """Emits DuckDB SQL over the ``visible`` rows of a table (dates are day numbers there)."""

    OR = "OR"
    AND = "AND"

    def on_name(self, node: ast.Name) -> Code:
        """A column, or one of the names that every event has."""
        special = {
            "age": Code("age"),
            "as_of": Code("as_of_day"),
            "ended": Code("is_ended", is_bool=True),
            "open": Code("(NOT is_ended)", is_bool=True),
            "duration": Code("duration"),
        }
        if node.id in special:
            return special[node.id]
        column = self.table.column(node.id)
        return Code(sql_number(column) if column.type != "category" else sql_category(column))

    def compare(self, left: Code, op: str, right: Code) -> str:  # noqa: D102 - as in Emitter
        symbol = {"==": "=", "!=": "<>"}.get(op, op)
        return f"coalesce({left.text} {symbol} {right.text}, FALSE)"

    def compare_value(self, column: Column, op: str, value: str) -> str:  # noqa: D102
        if op in ("==", "!="):
            return self.compare(Code(column.name), op, Code(f"'{value}'"))
        place = Code(str(column.value_ids.index(value)))
        return self.compare(Code(sql_category(column)), op, place)

    def one_of(self, column: Column, values: list[str], *, negate: bool) -> str:  # noqa: D102
        words = "[" + ", ".join(f"'{v}'" for v in values) + "]"
        parts = f"string_split({column.name}, ';')"
        test = f"list_has_all({words}, {parts})" if negate else f"list_has_any({parts}, {words})"
        return f"coalesce({test}, FALSE)"

    def missing(self, code: Code) -> str:  # noqa: D102 - as in Emitter
        return f"({code.text} IS NULL)"


def sql_category(column: Column) -> str:
    """SQL of a category's code: its position among the declared values."""
    words = ", ".join(f"'{v}'" for v in column.value_ids)
    return f"(list_position([{words}], {column.name}) - 1)"


def sql_number(column: Column) -> str:
    """SQL of a column as the whole number that the kernel sees.

    >>> from xhcredit.ingest.schema import table
    >>> sql_number(table("penalty").column("amount_yuan"))
    'CAST(amount_yuan * 100 AS BIGINT)'
    """
    name = column.name
    if column.type == "date":
        return f"({name} - DATE '1970-01-01')"
    # Money is whole 分: sums are integers, and every engine agrees to the last digit.
    if column.type == "money":
        return f"CAST({name} * 100 AS BIGINT)"
    if column.type == "flag":
        return f"CAST({name} AS INTEGER)"
    if column.type == "count":
        return name
    raise BadDeclaration(f'column "{name}" of type "{column.type}" has no number')
