"""Warehouse: departments' exports are ingested into it, everything else is read from it.

```python
import xhcredit

report = xhcredit.ingest_folder(
    "data/sample/exports", "data/sample/mappings", "out/warehouse", today="2026-11-22"
)
print(report.entered(), report.quarantined())
district = xhcredit.open_warehouse("out/warehouse")
print(district)
```
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from xhcredit.api.days import Day, as_day
from xhcredit.engine.columns import EventColumns
from xhcredit.ingest.report import IngestReport
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.ingest import run_ingest

__all__ = ["IngestReport", "OpenWarehouse", "ingest_folder", "open_warehouse"]


@dataclass(frozen=True)
class OpenWarehouse:
    """A warehouse as it was when it was opened; what is ingested later does not show in it.

    ``enterprises`` counts the register, ``digest`` names exactly what was held. ``event_columns``
    are the events, mapped into memory, for the functions that read them.
    """

    folder: Path
    digest: str
    enterprises: int
    event_columns: EventColumns = field(repr=False, compare=False)


def ingest_folder(
    source: Path | str, mappings: Path | str, warehouse: Path | str, *, today: Day
) -> IngestReport:
    """Ingest departments' exports into a warehouse; what cannot be used is quarantined.

    Each file goes in whole or not at all; the same file again changes nothing.

    Args:
        source: a folder of files, one file, or a database address (SQLAlchemy).
        mappings: a mapping file or a folder of them (YAML): which source column is which.
        warehouse: folder of the warehouse; made if it does not exist.
        today: the day after which nothing can have happened.

    Returns:
        An ``IngestReport``: ``files`` one by one, ``refused``, ``unmatched``, ``entered()`` rows by
        table, ``quarantined()`` rows by reason.

    Raises:
        BadMapping: a mapping file is refused.
        BadInput: there is nothing to ingest, or the only file is refused.
        DiskFull: too little room; nothing was begun.
    """
    return run_ingest(str(source), Path(mappings), Path(warehouse), today=as_day(today, "today"))


def open_warehouse(folder: Path | str) -> OpenWarehouse:
    """Open a warehouse for reading; the first time its events are sorted, which takes a while.

    Args:
        folder: what ``ingest_folder`` or ``xhcredit ingest`` wrote.

    Raises:
        NothingKnown: nothing was ever ingested there.
        DiskFull: too little room for the sorted events; nothing was begun.
    """
    path = Path(folder)
    event_columns = open_event_columns(path)
    return OpenWarehouse(path, event_columns.digest, len(event_columns), event_columns)
