"""Notes on fines above the limit of summary procedure (简易程序): a warning only."""

from __future__ import annotations

from datetime import date
from functools import cache

import duckdb

from xhcredit.ingest.mapping_types import Block
from xhcredit.ingest.rowchecks import GOOD
from xhcredit.rules.rule import Rule
from xhcredit.rules.rulebook import Rulebook

RULE = "restoration.national.summary_procedure"


def summary_fine_notes(con: duckdb.DuckDBPyConnection, block: Block, typed_table: str) -> list[str]:
    """A note on fines by summary procedure (简易程序) above the bound of organisations.

    The procedure or the amount must be wrong: both matter for publication.  The bound of persons is
    lower; a table of enterprises does not say who is one, so it is not applied here.

    Args:
        con: holds the table ``typed_table``.
        block: what is ingested; other tables than penalties have no note.
        typed_table: name of the table of typed rows.

    Source: 行政处罚法第51条, by the rule in force on the day of each decision.
    """
    if block.table.name != "penalty":
        return []
    above_bound = " OR ".join(
        f"(occurred_on BETWEEN DATE '{entry.effective_from}' "
        f"AND DATE '{_rule().last_day(entry) or date.max}' "
        f"AND amount_yuan > {entry.value.organisation_yuan})"
        for entry in _rule().entries
        if not entry.repealed
    )
    sql = f"""
      SELECT count(*), min(_row) FROM {typed_table}
      WHERE {GOOD} AND procedure = 'summary' AND ({above_bound})"""
    row = con.execute(sql).fetchone()
    if row is None or not row[0]:
        return []
    return [
        f"penalty.procedure: {row[0]} fines by summary procedure are above what it allows "
        f"(行政处罚法第51条), the first in row {row[1]}; check procedure and amount"
    ]


@cache
def _rule() -> Rule:
    return Rulebook.load().rule(RULE)
