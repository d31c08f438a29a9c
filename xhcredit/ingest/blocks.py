"""SQL that turns the source rows of one table block into canonical rows with their problems."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from xhcredit.ingest.cells import (
    NULL_PROBLEM,
    CellSql,
    bound_sql,
    cell_sql,
    code_columns_sql,
    condition_sql,
    name_sql,
    problem_sql,
    shown,
)
from xhcredit.ingest.mapping_types import Block, Condition, Mapping
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.schema import SQL_TYPES, THIS_YEAR, Bounds, Column
from xhcredit.ingest.sql_text import event_id, literal

#: states of the register that end business: de-registered, licence revoked
ENDING_STATES = ("deregistered", "revoked")

#: (a day, the day it may not lie before, reason)
_DAY_ORDER = (
    ("known_on", "occurred_on", "known_before_occurred"),
    ("ended_on", "occurred_on", "ended_before_occurred"),
    ("ended_known_on", "ended_on", "ended_known_before_ended"),
    ("withdrawn_on", "occurred_on", "withdrawn_before_occurred"),
)


@dataclass(frozen=True)
class BlockSql:
    """Compiles one block; ``today`` is the day after which nothing can have happened."""

    mapping: Mapping
    block: Block
    digest_of: list[str]
    today: date

    def typed_rows_sql(self) -> str:
        """SQL of ``_row``, the canonical columns, ``event_id``, ``_problems`` (a list).

        Reads relation ``cells`` and, for a look-up by name, relation ``names``.
        """
        columns = self.block.table.columns
        values = ", ".join(f"{self._value_sql(c)} AS {quoted(c.name)}" for c in columns)
        problem_names = ", ".join(quoted(f"p:{c.name}") for c in columns)
        problems = ", ".join(self._problem_sqls())
        return (
            f"SELECT _row, {', '.join(quoted(c.name) for c in columns)}, "
            f"{event_id(self.block.table)} AS event_id, _undated, "
            f"list_filter([{problems}], lambda p: p IS NOT NULL) AS _problems "
            f"FROM (SELECT _row, {values}, {problem_names}, {self._undated_sql()} AS _undated "
            f"FROM ({self._parsed_sql()}))"
        )

    def row_conditions(self) -> list[Condition]:
        """Conditions that a source row must fulfil to be used in this block."""
        return [*self.mapping.where, *self.block.where]

    def _parsed_sql(self) -> str:
        """SQL of each column's own value ``v:`` and problem ``p:``, no defaults applied."""
        code = self.block.cells["code"]
        columns = []
        for column in self.block.table.columns:
            cell = self.block.cells.get(column.name)
            compiled = (
                cell_sql(column, cell, self.digest_of)
                if cell
                else CellSql(f"NULL::{SQL_TYPES[column.type]}", NULL_PROBLEM)
            )
            columns.append(f"{compiled.value} AS {quoted('v:' + column.name)}")
            columns.append(f"{compiled.problem} AS {quoted('p:' + column.name)}")
        relation = code_columns_sql(code, self.digest_of, self._source_rows_sql())
        names = f"LEFT JOIN names n ON n.name = {name_sql('s.' + quoted(code.by_name))}"
        return (
            f"SELECT s._row, {', '.join(columns)} FROM ({relation}) s "
            f"{names if code.by_name else ''}"
        )

    def _source_rows_sql(self) -> str:
        where_sql = " AND ".join(condition_sql(c) for c in self.row_conditions()) or "true"
        skipped_sql = " OR ".join(condition_sql(c) for c in self.mapping.skip_where) or "false"
        return f"SELECT * FROM cells s WHERE ({where_sql}) AND NOT ({skipped_sql})"

    def _value_sql(self, column: Column) -> str:
        """SQL of the final value: own, another column's, the constant."""
        value = self._fallback_sql(column.name, ())
        if column.name == "ended_known_on":
            ended, known = (self._fallback_sql(name, ()) for name in ("ended_on", "known_on"))
            # An ending that comes with the row is known with it, but never before it happened.
            known_on = f"greatest({ended}, {known})"
            return f"CASE WHEN {ended} IS NOT NULL THEN coalesce({value}, {known_on}) END"
        if self.block.table.kind == "register" and column.name in ("status_on", "deregistered_on"):
            return self._state_day_sql(column.name, value)
        return _official_name_sql(self.mapping, column, value)

    def _state_day_sql(self, name: str, value: str) -> str:
        """SQL of the day of a state that ends business, where a row may lack that day.

        The one definition of when an enterprise is gone (注销) or revoked (吊销) then: on the other
        day that the row tells, else when the row became known.  Readers find days only.
        """
        other_day = "status_on" if name == "deregistered_on" else "deregistered_on"
        status, known_on = self._fallback_sql("status", ()), self._fallback_sql("known_on", ())
        deregistered, revoked = (literal(state) for state in ENDING_STATES)
        ending_cases = (
            f"WHEN {deregistered} THEN coalesce({self._fallback_sql(other_day, ())}, {known_on})"
        )
        if name == "status_on":
            ending_cases += f" WHEN {revoked} THEN {known_on}"
        return f"coalesce({value}, CASE {status} {ending_cases} END)"

    def _undated_sql(self) -> str:
        """SQL of a status that ends business without its day, else NULL."""
        if self.block.table.kind != "register":
            return "NULL::VARCHAR"
        status, status_on, deregistered_on = (
            self._fallback_sql(n, ()) for n in ("status", "status_on", "deregistered_on")
        )
        deregistered, revoked = (literal(state) for state in ENDING_STATES)
        return (
            f"CASE WHEN {status_on} IS NULL AND ({status} = {revoked} "
            f"OR {status} = {deregistered} AND {deregistered_on} IS NULL) THEN {status} END"
        )

    def _fallback_sql(self, name: str, visited: tuple[str, ...]) -> str:
        cell = self.block.cells.get(name)
        own_value = quoted("v:" + name)
        if cell is None:
            return own_value
        alternatives = [own_value]
        if cell.else_column and cell.else_column not in visited:
            alternatives.append(self._fallback_sql(cell.else_column, (*visited, name)))
        if cell.default is not None:
            column = self.block.table.column(name)
            alternatives.append(f"{literal(cell.default)}::{SQL_TYPES[column.type]}")
        return f"coalesce({', '.join(alternatives)})" if len(alternatives) > 1 else own_value

    def _problem_sqls(self) -> list[str]:
        """SQL of every problem a row can have, each NULL where there is none."""
        columns = self.block.table.columns
        problem_sqls = [quoted(f"p:{c.name}") for c in columns]
        problem_sqls += [self._missing_problem(c) for c in columns if c.required]
        problem_sqls += [
            problem for c in columns if c.bounds for problem in self._bound_problems(c, c.bounds)
        ]
        names = {c.name for c in columns}
        problem_sqls += [
            self._problem_case(day, f"{quoted(day)} < {quoted(first)}", reason, quoted(first))
            for day, first, reason in _DAY_ORDER
            if {day, first} <= names
        ]
        return problem_sqls

    def _bound_problems(self, column: Column, bounds: Bounds) -> Iterator[str]:
        """SQL of the problems of a value below its least and above its most."""
        is_day, name = column.type == "date", quoted(column.name)
        lowest, highest = bounds.least, bounds.most
        low_reason, high_reason = ("too_early", "too_late") if is_day else ("too_low", "too_high")
        if highest is None:
            highest, high_reason = self.today, "future_date"
        elif highest == THIS_YEAR:
            highest = self.today.year
        for bound, comparison, reason in ((lowest, "<", low_reason), (highest, ">", high_reason)):
            yield self._problem_case(
                column.name,
                f"{name} {comparison} {bound_sql(bound)}",
                reason,
                literal(shown(bound)),
            )

    def _missing_problem(self, column: Column) -> str:
        no_problems = " AND ".join(
            f"{quoted('p:' + n)} IS NULL" for n in self._source_names(column.name)
        )
        reason = problem_sql(
            self._label(column.name),
            "'missing_required'",
            "''",
            literal(f"{column.zh} {column.name}"),
        )
        return f"CASE WHEN {quoted(column.name)} IS NULL AND {no_problems} THEN {reason} END"

    def _problem_case(self, name: str, condition: str, reason: str, detail: str) -> str:
        problem = problem_sql(
            self._label(name), literal(reason), f"{quoted(name)}::VARCHAR", f"({detail})::VARCHAR"
        )
        return f"CASE WHEN {condition} THEN {problem} END"

    def _label(self, name: str) -> str:
        """Name of the column in the source."""
        for source in self._source_names(name):
            cell = self.block.cells.get(source)
            if cell and cell.column:
                return cell.column
        return name

    def _source_names(self, name: str) -> list[str]:
        """The column and those that stand in for it when it is empty, in order."""
        names: list[str] = []
        while name and name not in names:
            names.append(name)
            cell = self.block.cells.get(name)
            name = cell.else_column if cell else ""
        return names


def _official_name_sql(mapping: Mapping, column: Column, value: str) -> str:
    """SQL of the official name of a text; one that no list has stays as it is written."""
    spellings = mapping.spellings.get(column.names, {})
    cases = " ".join(
        f"WHEN {literal(spelling)} THEN {literal(name)}"
        for spelling, name in spellings.items()
        if spelling != name
    )
    return f"CASE {value} {cases} ELSE {value} END" if cases else value
