"""Data quality of a warehouse: completeness, freshness, quarantine by source; a page and a file."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import jinja2
from typing_extensions import TypedDict

from xhcredit.ingest.reasons import REASONS
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.warehouse import Entry, Warehouse

_QUANTILES = (0.5, 0.9, 0.99)


class SourceQuality(TypedDict):
    """Rows of one ingested source: read, left out, held back by reason, entered by table."""

    source: str
    mapping: str
    rows_in: int
    rows_skipped: int
    rows_quarantined: int
    notes: list[str]
    entry: str
    entered: dict[str, int]
    quarantined: dict[str, int]


class QualitySummary(TypedDict):
    """Data quality of a warehouse; see ``summarise``."""

    digest: str
    tables: list[dict[str, object]]
    empty: list[dict[str, str]]
    sources: list[SourceQuality]
    reasons: dict[str, int]


def summarise(warehouse: Warehouse) -> QualitySummary:
    """Summarise a warehouse as plain data.

    Returns:
        ``tables`` (rows, enterprises, days, delay between happening and becoming known in days,
        share of filled cells by column; empty tables only by name in ``empty``), ``sources`` (rows
        in, entered, left out, quarantined by reason, notes), ``reasons`` (rows over all sources).
    """
    rows_by_table = warehouse.tables()
    with duckdb.connect() as con:
        create_views(con, warehouse)
        tables = [
            _table_quality(con, table)
            for name, table in directory().items()
            if name in rows_by_table
        ]
    sources = [_source_quality(entry) for entry in warehouse.entries()]
    reasons: dict[str, int] = {}
    for source in sources:
        for reason, row_count in source["quarantined"].items():
            reasons[reason] = reasons.get(reason, 0) + row_count
    return {
        "digest": warehouse.digest(),
        "tables": tables,
        "empty": [
            _table_names(table) for name, table in directory().items() if name not in rows_by_table
        ],
        "sources": sources,
        "reasons": dict(sorted(reasons.items(), key=lambda item: -item[1])),
    }


def write_quality_page(warehouse: Warehouse, page_path: Path) -> QualitySummary:
    """Write the page ``page_path`` (one file, nothing from outside) and the same as JSON beside it.

    Args:
        warehouse: what to tell about.
        page_path: the page, such as ``quality.html``; the data goes to ``quality.json``.

    Returns:
        What ``summarise`` gives.
    """
    summary = summarise(warehouse)
    page_path.parent.mkdir(parents=True, exist_ok=True)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("xhcredit.ingest"),
        # Names of files and columns come from the departments and may hold markup.
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page_html = environment.get_template("quality.html").render(summary, what_to_do=REASONS)
    page_path.write_text(page_html, encoding="utf-8")
    text = json.dumps(summary, ensure_ascii=False, indent=1)
    page_path.with_suffix(".json").write_text(text, encoding="utf-8")
    return summary


def _table_names(table: Table) -> dict[str, str]:
    return {"table": table.name, "zh": table.name_zh, "en": table.name_en}


def _table_quality(con: duckdb.DuckDBPyConnection, table: Table) -> dict[str, object]:
    """Completeness and freshness of one table, in one pass over it."""
    own_columns = [c for c in table.columns if c.name != "code"]
    filled_counts = [f'count("{c.name}")' for c in own_columns]
    occurred_range = (
        ["min(occurred_on)", "max(occurred_on)"] if table.kind == "event" else ["NULL"] * 2
    )
    quantiles = (
        f"quantile_cont(known_on - occurred_on, {list(_QUANTILES)})"
        if table.kind == "event"
        else "NULL"
    )
    row = con.execute(
        f"SELECT count(*), count(DISTINCT code), max(known_on), {', '.join(occurred_range)}, "
        f'{quantiles}, {", ".join(filled_counts)} FROM "{table.name}"'
    ).fetchone()
    if row is None:
        return {}
    rows, enterprises, last_known, first_occurred, last_occurred, delays, *counts = row
    return _table_names(table) | {
        "rows": rows,
        "enterprises": enterprises,
        "last_known_on": _day_text(last_known),
        "first_occurred_on": _day_text(first_occurred),
        "last_occurred_on": _day_text(last_occurred),
        "delay_days": [round(float(d), 1) for d in delays] if delays else None,
        "columns": [
            {
                "column": column.name,
                "zh": column.zh,
                "en": column.en,
                "required": column.required,
                "filled_share": round(count / rows, 4) if rows else 0.0,
            }
            for column, count in zip(own_columns, counts, strict=True)
        ],
    }


def _day_text(value: object) -> str | None:
    return None if value is None else str(value)


def _source_quality(entry: Entry) -> SourceQuality:
    return {
        "source": entry.source,
        "mapping": entry.mapping,
        "rows_in": entry.rows_in,
        "rows_skipped": entry.rows_skipped,
        "rows_quarantined": entry.rows_quarantined,
        "notes": entry.notes,
        "entry": entry.name,
        "entered": entry.parts,
        "quarantined": dict(sorted(entry.quarantined.items(), key=lambda item: -item[1])),
    }
