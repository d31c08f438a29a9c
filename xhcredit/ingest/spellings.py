"""Official names in place of spellings: bureaus and streets, each known by one name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as Lists
from dataclasses import replace

import duckdb

from xhcredit.ingest.mapping_types import Block, Mapping
from xhcredit.ingest.readers.parquet import quoted
from xhcredit.ingest.rowchecks import GOOD
from xhcredit.ingest.schema import Column
from xhcredit.ingest.sql_text import literal
from xhcredit.ingest.suggest import hint_for

#: unknown names that a note spells out; the most frequent
_MAX_SHOWN = 5


def with_spellings(mapping: Mapping, lists: Lists[str, Lists[str, str]]) -> Mapping:
    """The mapping with the lists that its columns need, and a digest that names them too.

    So a delivery is read anew once a list that it needs has changed, and only then.

    Args:
        mapping: as its file says.
        lists: official names by spelling, by the rule that lists them.
    """
    needed_rules = {
        block.table.column(name).names for block in mapping.blocks for name in block.cells
    }
    spellings = {rule: dict(lists[rule]) for rule in sorted(needed_rules & lists.keys())}
    if not spellings:
        return mapping
    text = json.dumps([mapping.digest, spellings], ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return replace(mapping, spellings=spellings, digest=digest)


def unknown_name_notes(
    con: duckdb.DuckDBPyConnection, mapping: Mapping, block: Block, typed_table: str
) -> list[str]:
    """A note for each column whose texts the list of official names does not all have.

    The rows go in with the text as it is written: a right that nobody holds, and a street of its
    own, until the list has it.
    """
    notes = []
    for column in block.table.columns:
        spellings = mapping.spellings.get(column.names, {})
        if not spellings or column.name not in block.cells:
            continue
        official_names = ", ".join(literal(name) for name in sorted(set(spellings.values())))
        unknown_counts = con.execute(
            f"SELECT {quoted(column.name)}, count(*) FROM {typed_table} WHERE {GOOD} "
            f"AND {quoted(column.name)} NOT IN ({official_names}) "
            "GROUP BY ALL ORDER BY count(*) DESC, 1"
        ).fetchall()
        if unknown_counts:
            notes.append(_unknown_names_note(block, column, spellings, unknown_counts))
    return notes


def _unknown_names_note(
    block: Block, column: Column, spellings: Lists[str, str], unknown_counts: list[tuple[str, int]]
) -> str:
    shown = ", ".join(
        f'"{text}" {count:,}{hint_for(text, spellings)}'
        for text, count in unknown_counts[:_MAX_SHOWN]
    )
    further = len(unknown_counts) - _MAX_SHOWN
    others = f", and {further:,} others" if further > 0 else ""
    row_count = sum(count for _, count in unknown_counts)
    return (
        f"{block.table.name}.{column.name}: {row_count:,} rows name {len(unknown_counts):,} "
        f"{column.zh} that {column.names} does not list: {shown}{others}; they went in as "
        f"written; add them to {column.names} in the folder of --rules and ingest again"
    )
