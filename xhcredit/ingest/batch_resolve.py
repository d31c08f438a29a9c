"""Resolve versions of keys of many tables in one query.

A table's content is one JSON text here and its outcomes are texts, so that all tables look alike;
the rules are those of ``versions.py``, applied to a table that stands for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import duckdb

from xhcredit.ingest.schema import Column, Table, directory
from xhcredit.ingest.sql_text import columns_of
from xhcredit.ingest.versions import content_columns, events_sql, quoted_names

_OUTCOME = "outcome_{}"
_COMMON = ("code", "occurred_on", "known_on", "withdrawn_on", "withdrawn_why")
_ENDS = ("ended_on", "ended_known_on")


def _outcome_columns(table: Table) -> list[str]:
    """Columns that are known with the ending only."""
    return [c.name for c in table.columns if c.with_end]


@cache
def _any_table() -> Table:
    """A table with an ending that stands for all; ``content`` is all that a correction changes."""
    template_table = next(t for t in directory().values() if t.ends)
    max_outcomes = max(len(_outcome_columns(t)) for t in directory().values())
    content = Column("content", "text", "内容", "content")
    outcomes = [
        Column(_OUTCOME.format(k), "text", "", "", with_end=True) for k in range(max_outcomes)
    ]
    common_columns = [template_table.column(name) for name in (*_COMMON, *_ENDS)]
    return Table(
        name="any",
        kind="event",
        name_zh="",
        name_en="",
        directory="",
        authority="",
        key=("code",),
        columns=(*common_columns, content, *outcomes),
        ends=True,
        scored=False,
        why_not_scored="",
    )


def _uniform_versions_sql(table: Table) -> str:
    """SQL of a table's versions (``seen_<table>``) as those of the table that stands for all."""
    content_names = quoted_names(n for n in content_columns(table) if n not in _COMMON)
    outcomes = _outcome_columns(table)
    outcome_texts = [f'"{name}"::VARCHAR' for name in outcomes]
    outcome_texts += ["NULL::VARCHAR"] * (len(_outcome_columns(_any_table())) - len(outcomes))
    columns = [
        *_COMMON,
        *(name if table.ends else f"NULL::DATE AS {name}" for name in _ENDS),
        f"to_json(row({content_names}))::VARCHAR AS content" if content_names else "'' AS content",
        *(f"{text} AS {_OUTCOME.format(k)}" for k, text in enumerate(outcome_texts)),
        "event_id",
        f"'{table.name}' AS source_file",
        "rowid AS source_row",
        *("_seq", "_ingested"),
    ]
    return f"SELECT {', '.join(columns)} FROM seen_{table.name}"


def resolve(con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
    """Create ``resolved`` from ``seen_<table>`` of all ``tables`` (see ``numbered_sql``)."""
    if tables:
        versions_sql = " UNION ALL ".join(_uniform_versions_sql(t) for t in tables)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE resolved AS {events_sql(_any_table(), versions_sql)}"
        )


def resolved_rows_sql(table: Table) -> str:
    """SQL of one table's rows, as ``events_sql`` would give them; ``resolve`` comes first."""
    sql_by_column = {name: f's."{name}"' for name in columns_of(table)}
    resolved_columns = ("known_on", "withdrawn_on", "withdrawn_why", *(_ENDS if table.ends else ()))
    sql_by_column |= {name: f"g.{name}" for name in resolved_columns}
    for k, name in enumerate(_outcome_columns(table)):
        sql_by_column[name] = f"CAST(g.{_OUTCOME.format(k)} AS {columns_of(table)[name]})"
    columns = ", ".join(f'{text} AS "{name}"' for name, text in sql_by_column.items())
    return (
        f"SELECT {columns} FROM seen_{table.name} s JOIN resolved g "
        f"ON g.source_row = s.rowid AND g.source_file = '{table.name}'"
    )
