"""Supervision on a day: which bureaus supervise an enterprise, in which fields.

What the table ``supervision`` tells of an enterprise counts; of whom it tells nothing by that day,
the register's ``bureau`` supervises in every field, as in districts that deliver no such table.
"""

from __future__ import annotations

from xhcredit.ingest.sql_text import literal

#: field of a row that holds for all fields
EVERY_FIELD = "every"
#: characters of a bureau's name that are read; no right can be granted for a longer one
_MAX_NAME_LENGTH = 64

_NAME_SQL = f"left(replace(bureau, ';', '；'), {_MAX_NAME_LENGTH})"
#: code, bureau, field on ``$day``, as known by then; a row no longer holds on the day it ended
SUPERVISION_SQL = f"""
WITH known_rows AS (
  SELECT code, bureau, field, occurred_on, ended_on,
    coalesce(ended_known_on, ended_on) AS ended_known_on
  FROM supervision
  WHERE known_on <= $day AND (withdrawn_on IS NULL OR withdrawn_on > $day)
)
SELECT DISTINCT code, {_NAME_SQL} AS bureau, field FROM known_rows
WHERE occurred_on <= $day
  AND (ended_on IS NULL OR ended_on > $day OR ended_known_on > $day)
UNION ALL
SELECT code, {_NAME_SQL}, '{EVERY_FIELD}' FROM enterprise
WHERE bureau <> '' AND known_on <= $day AND code NOT IN (SELECT code FROM known_rows)
"""


def bureaus_sql(field: str = "") -> str:
    """SQL of code and its bureaus on ``$day`` as one text, ``;a;b;``.

    Args:
        field: only bureaus that are named for this field; by default all.
    """
    where_sql = f" WHERE field = {literal(field)}" if field else ""
    return (
        "SELECT code, ';' || string_agg(bureau, ';' ORDER BY bureau) || ';' AS bureaus "
        f"FROM (SELECT DISTINCT code, bureau FROM ({SUPERVISION_SQL}){where_sql}) GROUP BY code"
    )
