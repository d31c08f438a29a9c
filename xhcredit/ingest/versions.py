"""SQL that makes one history out of the versions of each key; the rules stand in ``resolved``."""

from __future__ import annotations

from collections.abc import Iterable

from xhcredit.ingest.schema import REINSTATED, Table
from xhcredit.ingest.sql_text import columns_of

_ENDING_COLUMNS = ("known_on", "ended_on", "ended_known_on", "withdrawn_on", "withdrawn_why")

#: when a version is told; what the first version of a key says is taken at its word
_STATED_ON = "CASE WHEN _first THEN known_on ELSE greatest(known_on, _ingested) END"

#: a version that takes a withdrawal back in so many words; it begins anew
_REINSTATED = f"coalesce(withdrawn_on IS NULL AND withdrawn_why = '{REINSTATED}', false)"


def content_columns(table: Table) -> list[str]:
    """Columns whose change makes a version of an event a correction."""
    ending = {*_ENDING_COLUMNS, *(c.name for c in table.columns if c.with_end)}
    return [c.name for c in table.columns if c.name not in ending]


def lasting_columns(table: Table) -> list[str]:
    """Columns of an event's ending whose last value that is not empty stays."""
    names = ["ended_on"] if table.ends else []
    return names + [c.name for c in table.columns if c.with_end]


def quoted_names(names: Iterable[str]) -> str:
    """SQL of a list of columns."""
    return ", ".join(f'"{name}"' for name in names)


def register_sql(table: Table, versions_sql: str) -> str:
    """SQL of one row per code.

    Args:
        table: the register.
        versions_sql: SQL of all versions, with ``_seq`` and ``_ingested``.
    """
    sql_by_column = {name: f'arg_max("{name}", _seq)' for name in columns_of(table)}
    sql_by_column |= {"code": "code", "known_on": "min(known_on)"}
    # The present status holds since version `_since`; before that the enterprise had another one.
    sql_by_column["status_on"] = """CASE WHEN bool_or(_first AND _seq = _since)
    THEN arg_min(status_on, _seq) FILTER (_seq >= _since)
    ELSE max(greatest(status_on, _told)) FILTER (_seq = _since) END"""
    sql_by_column["deregistered_on"] = """arg_min(
    CASE WHEN _first THEN deregistered_on ELSE greatest(deregistered_on, _told) END, _seq
  ) FILTER (deregistered_on IS NOT NULL)"""
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in sql_by_column.items())
    return f"""
WITH numbered AS ({versions_sql}),
placed AS (
  SELECT *, _seq = min(_seq) OVER (PARTITION BY code) AS _first,
    status IS NOT NULL AND status IS DISTINCT FROM
      lag(status IGNORE NULLS) OVER (PARTITION BY code ORDER BY _seq) AS _turned
  FROM numbered
),
told AS (
  SELECT *, {_STATED_ON} AS _told,
    max(CASE WHEN _turned THEN _seq END) OVER (PARTITION BY code) AS _since
  FROM placed
)
SELECT {columns} FROM told GROUP BY code"""


def events_sql(table: Table, versions_sql: str) -> str:
    """SQL of events whose versions follow each other without a gap or an overlap.

    Args:
        table: the events' table.
        versions_sql: SQL of all versions, with ``_seq`` and ``_ingested``.
    """
    columns = quoted_names(
        n for n in columns_of(table) if n not in ("withdrawn_on", "withdrawn_why")
    )
    return f"""
WITH numbered AS ({versions_sql}),
{_runs_cte(table)},
{_steps_cte(table)},
followed AS (
  SELECT *, min(known_on) OVER (
    PARTITION BY event_id ORDER BY _step ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
  ) AS _newer
  FROM merged
)
SELECT {columns}, least(withdrawn_on, _newer) AS withdrawn_on,
  CASE WHEN _newer IS NULL OR withdrawn_on <= _newer THEN withdrawn_why ELSE 'corrected' END
    AS withdrawn_why
FROM followed WHERE _newer IS NULL OR _newer > known_on"""


def _runs_cte(table: Table) -> str:
    """CTEs: versions with equal content are runs; old exports delivered again are left out."""
    content = quoted_names(content_columns(table))
    by_key = "PARTITION BY event_id ORDER BY _seq"
    earlier_runs = (
        "PARTITION BY event_id ORDER BY _run RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    )
    in_run = "PARTITION BY event_id, _run ORDER BY _seq"

    def stated_sql(day: str, window: str) -> str:
        return f"coalesce(bool_or({day} IS NOT NULL) OVER ({window}), false)"

    is_withdrawn = stated_sql("withdrawn_on", in_run)
    silent = f"{stated_sql('withdrawn_on', earlier_runs)} AND NOT {is_withdrawn}"
    if table.ends:
        ending_silent = (
            f"{stated_sql('ended_on', earlier_runs)} AND NOT {stated_sql('ended_on', in_run)}"
        )
        silent = f"{silent} OR {ending_silent} AND NOT {is_withdrawn}"
    revived = f"bool_or({_REINSTATED}) OVER ({in_run})"
    return f"""placed AS (
  SELECT *, row_number() OVER ({by_key}) = 1 AS _first,
    row_number() OVER (PARTITION BY event_id, {content} ORDER BY _seq) = 1 AS _unheard,
    {_REINSTATED} OR row({content}) IS DISTINCT FROM lag(row({content})) OVER ({by_key}) AS _other
  FROM numbered
),
told AS (SELECT *, {_STATED_ON} AS _told, count_if(_other) OVER ({by_key}) AS _run FROM placed),
runs AS (
  SELECT * FROM told
  QUALIFY bool_or(_unheard) OVER (PARTITION BY event_id, _run) OR {revived} OR NOT ({silent})
)"""


#: a withdrawal counts from its own day, or from when it was told if that was later
_WITHDRAWN_FROM = (
    "CASE WHEN _first OR withdrawn_on IS NULL THEN withdrawn_on "
    "ELSE greatest(withdrawn_on, _told) END"
)


def _steps_cte(table: Table) -> str:
    """CTEs: a run is split where another ending is stated; each step becomes one row."""
    lasting = lasting_columns(table)
    in_run, in_step = "PARTITION BY event_id, _run", "PARTITION BY event_id, _step"
    last_values = "".join(
        f', last_value("{n}" IGNORE NULLS) OVER ({in_run} ORDER BY _seq) AS "{n}"' for n in lasting
    )
    first_reason = f"arg_min(withdrawn_why, _seq) FILTER (withdrawn_on IS NOT NULL) OVER ({in_run})"
    withdrawn_from = _WITHDRAWN_FROM
    is_parted, ending_known = _ending_sql(lasting) if table.ends else ("false", "")
    return f"""lasting AS (
  SELECT * REPLACE (
    first_value({withdrawn_from} IGNORE NULLS) OVER ({in_run} ORDER BY _seq
      ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS withdrawn_on,
    {first_reason} AS withdrawn_why{last_values}
  ) FROM runs
),
parted AS (SELECT *, {is_parted} AS _parted FROM lasting),
steps AS (
  SELECT *, count_if(_parted OR _run IS DISTINCT FROM _before)
    OVER (PARTITION BY event_id ORDER BY _seq) AS _step
  FROM (
    SELECT *, lag(_run) OVER (PARTITION BY event_id ORDER BY _seq) AS _before FROM parted
  )
),
merged AS (
  SELECT * REPLACE (
    min(CASE WHEN _step = 1 THEN known_on ELSE _told END) OVER ({in_step}) AS known_on{ending_known}
  ) FROM steps QUALIFY row_number() OVER ({in_step} ORDER BY _seq DESC) = 1
)"""


def _ending_sql(lasting: list[str]) -> tuple[str, str]:
    """SQL of where another ending is stated, and of the day a step's ending became known."""
    by_run, ending = "PARTITION BY event_id, _run ORDER BY _seq", f"row({quoted_names(lasting)})"
    is_parted = (
        f"lag(ended_on) OVER ({by_run}) IS NOT NULL "
        f"AND {ending} IS DISTINCT FROM lag({ending}) OVER ({by_run})"
    )
    ending_day = "CASE WHEN _first THEN ended_known_on ELSE greatest(ended_known_on, _told) END"
    ending_known = (
        f", arg_min({ending_day}, _seq) FILTER (ended_on IS NOT NULL) "
        f"OVER (PARTITION BY event_id, _step) AS ended_known_on"
    )
    return is_parted, ending_known
