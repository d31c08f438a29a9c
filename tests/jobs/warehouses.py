"""A real warehouse of random events, written through the same door as ingestion writes."""

from __future__ import annotations

from pathlib import Path

from tests.engine.world import connect, world
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Entry, Warehouse

EVENT_TABLES = tuple(name for name, t in directory().items() if t.kind == "event")


def random_warehouse(path: Path, seed: int = 1, events: int = 120) -> Warehouse:
    """Write a world of every table into a warehouse of one entry."""
    con = connect(world(seed, EVENT_TABLES, events))
    extra = "'test.csv' AS source_file, 2 AS source_row"
    selects = {
        name: f"SELECT *, {'0 AS event_id, ' if t.kind == 'register' else ''}{extra} FROM {name}"
        for name, t in directory().items()
    }
    warehouse = Warehouse(path)
    warehouse.commit(con, selects, Entry("", "test.csv", f"seed {seed}", "test", "test", {}))
    return warehouse
