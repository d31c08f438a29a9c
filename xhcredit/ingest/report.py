"""Ingestion report, file by file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from xhcredit.errors import XhcreditError
from xhcredit.ingest.warehouse import Entry

Status = Literal["entered", "unchanged", "refused"]


@dataclass(frozen=True)
class FileReport:
    """One source file and mapping.

    ``quarantined`` counts rows by reason (a row counts once for each of its reasons),
    ``rows_quarantined`` counts rows.  ``error`` is set if the file as a whole was refused.
    """

    source: str
    mapping: str
    status: Status
    rows_in: int = 0
    rows_skipped: int = 0
    rows_quarantined: int = 0
    entered: dict[str, int] | None = None
    quarantined: dict[str, int] | None = None
    notes: tuple[str, ...] = ()
    entry: str = ""
    quarantine_csv: str = ""
    error: XhcreditError | None = None


@dataclass(frozen=True)
class IngestReport:
    """Ingestion of one run, file by file.

    ``unmatched`` are source files that no mapping reads; ``unused`` mappings that read no file.
    """

    files: tuple[FileReport, ...]
    unmatched: tuple[str, ...]
    unused: tuple[str, ...]
    warehouse_digest: str

    @property
    def refused(self) -> tuple[FileReport, ...]:
        """Files that were refused as a whole."""
        return tuple(file for file in self.files if file.status == "refused")

    def entered(self) -> dict[str, int]:
        """Rows by table that this run put in."""
        return _summed([f.entered or {} for f in self.files if f.status == "entered"])

    def quarantined(self) -> dict[str, int]:
        """Rows by reason that lie in quarantine for the files of this run, new or not."""
        return _summed([f.quarantined or {} for f in self.files])


def _summed(counts: list[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for table_counts in counts:
        for key, number in table_counts.items():
            total[key] = total.get(key, 0) + number
    return dict(sorted(total.items()))


def file_report(entry: Entry, status: Status, quarantine_csv: str) -> FileReport:
    """Report of a manifest entry."""
    return FileReport(
        source=entry.source,
        mapping=entry.mapping,
        status=status,
        rows_in=entry.rows_in,
        rows_skipped=entry.rows_skipped,
        rows_quarantined=entry.rows_quarantined,
        entered=entry.parts,
        quarantined=entry.quarantined,
        notes=tuple(entry.notes),
        entry=entry.name,
        quarantine_csv=quarantine_csv if entry.rows_quarantined else "",
    )
