"""Ingestion job behind ``xhcredit ingest SOURCE --mapping FILE --into WAREHOUSE``."""

from __future__ import annotations

from collections.abc import Mapping as Lists
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from xhcredit.domain.disk import require_free_space
from xhcredit.domain.log import failure, log_call, log_duration
from xhcredit.domain.persons import person_key as warehouse_person_key
from xhcredit.domain.progress import Progress
from xhcredit.errors import BadInput, XhcreditError
from xhcredit.ingest.deliveries import WAITING_REASONS, Delivery
from xhcredit.ingest.mapping import load_mappings
from xhcredit.ingest.mapping_types import Mapping
from xhcredit.ingest.pipeline import IngestContext, ingest_source
from xhcredit.ingest.readers.sources import Source, bytes_of, sources_of
from xhcredit.ingest.report import FileReport, IngestReport
from xhcredit.ingest.spellings import with_spellings
from xhcredit.ingest.suggest import hint_for
from xhcredit.ingest.warehouse import Warehouse
from xhcredit.rules.official_names import BUREAUS, STREETS, spellings_of
from xhcredit.rules.rulebook import Rulebook

#: bytes that are written per byte that is read: staged texts, the scratch database, the parts
_BYTES_PER_SOURCE_BYTE = 3


def _log_fields(report: IngestReport) -> dict[str, object]:
    """Log fields of an ingestion."""
    refused = len(report.refused)
    rows = {"entered": report.entered(), "quarantined": report.quarantined()}
    return {"files": len(report.files), "refused": refused, **rows}


@log_call("ingest.finished", _log_fields)
def run_ingest(
    source: str,
    mapping: Path,
    warehouse: Path,
    *,
    today: date,
    person_key: bytes | None = None,
    progress: Progress | None = None,
    names: Lists[str, Lists[str, str]] | None = None,
) -> IngestReport:
    """Ingest a file, a folder of files or a database into a warehouse.

    Files that feed the register go first.  Each file goes in whole or not at all; doing it again
    changes nothing.

    Args:
        source: a file, a folder (its files, not those of folders within), or a database URL.
        mapping: a mapping file or a folder of them; each reads the files that match its ``files``.
        warehouse: folder of the warehouse; made if it does not exist.
        today: the day after which nothing can have happened.
        person_key: key of the hashes of persons; by default ``XHCREDIT_PERSON_KEY`` or the key
            file in the warehouse, which is made when it is first needed.
        progress: told of every step.
        names: the district's official names (``district_names``); by default bureaus and streets
            stay as they are written.

    Returns:
        A report file by file.  In a folder or database, a file that is refused as a whole stands
        in the report with its error, and the others still go in.

    Raises:
        BadMapping: a mapping file is refused.
        BadInput: there is nothing to ingest, the only file is refused, or another ingestion is
            running.
        DiskFull: the warehouse's disk has less room than this needs; nothing was begun.
    """
    sources = sources_of(source)
    mappings = [with_spellings(m, names or {}) for m in load_mappings(mapping)]
    pairs = _source_mapping_pairs(sources, mappings, source)
    require_free_space(warehouse, _BYTES_PER_SOURCE_BYTE * bytes_of(source), "this ingestion")
    target = Warehouse(warehouse)
    reports: list[FileReport] = []

    def report_progress(words: str) -> None:
        if progress:
            progress(words, len(reports), len(pairs))

    def load_person_key() -> bytes:
        return person_key if person_key is not None else warehouse_person_key(warehouse)

    run = IngestContext(target, today, load_person_key, report_progress)
    with target.lock():
        target.sweep()
        runs = [
            replace(run, following=later_deliveries)
            for later_deliveries in _later_deliveries(pairs)
        ]
        for file_run, (source_, file_mapping) in zip(runs, pairs, strict=True):
            reports.append(
                _ingest_file(file_run, source_, file_mapping, is_only_file=len(pairs) == 1)
            )
        _repeat_waiting(runs, pairs, reports)
        target.sweep(["quarantine"])
        report_progress("done")
        digest = target.digest()
    unmatched, unused = _unpaired(sources, mappings)
    return IngestReport(tuple(reports), unmatched, unused, digest)


def district_names(rules: Rulebook, day: date) -> Lists[str, Lists[str, str]]:
    """Official names of bureaus and streets by spelling, by the rule that lists them on a day."""
    return {rule_id: spellings_of(rules, rule_id, day) for rule_id in (BUREAUS, STREETS)}


def _unpaired(
    sources: Sequence[Source], mappings: Sequence[Mapping]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of files that no mapping reads, and ids of mappings that read no file."""
    return (
        tuple(s.name for s in sources if not any(m.matches(s.name) for m in mappings)),
        tuple(m.id for m in mappings if not any(m.matches(s.name) for s in sources)),
    )


def _source_mapping_pairs(
    sources: list[Source], mappings: list[Mapping], source_name: str
) -> list[tuple[Source, Mapping]]:
    """Which mapping reads which source; those that only feed the register first."""
    pairs = [(s, m) for s in sources for m in mappings if m.matches(s.name)]
    if not pairs:
        names = [s.name for s in sources]
        hint = hint_for(mappings[0].files, names)
        raise BadInput(
            f'no file of "{source_name}" matches a mapping; it holds: '
            f"{', '.join(names) or 'nothing'}; "
            f"the mappings read: {', '.join(m.files for m in mappings)}{hint}"
        )
    return sorted(pairs, key=lambda pair: (_register_rank(pair[1]), pair[0].name))


def _later_deliveries(pairs: list[tuple[Source, Mapping]]) -> list[frozenset[Delivery]]:
    """For each delivery those that come after it."""
    deliveries = [(source.digest() or source.name, mapping.id) for source, mapping in pairs]
    return [frozenset(deliveries[index + 1 :]) for index in range(len(deliveries))]


def _register_rank(mapping: Mapping) -> int:
    """0 for a register, 1 for events that bring register rows along, 2 for other events."""
    if not mapping.feeds_register:
        return 2
    return int(any(block.table.kind == "event" for block in mapping.blocks))


def _ingest_file(
    run: IngestContext, source: Source, mapping: Mapping, *, is_only_file: bool
) -> FileReport:
    with log_duration("ingest.file", mapping=mapping.id) as counts:
        try:
            report = ingest_source(run, source, mapping)
        except XhcreditError as error:
            if is_only_file:
                raise
            report = FileReport(source.name, mapping.id, "refused", error=error)
        counts |= _file_log_fields(report)
    return report


def _file_log_fields(report: FileReport) -> dict[str, object]:
    """Log fields of a file, without its name."""
    rows = {"rows": report.rows_in, "quarantined": report.rows_quarantined}
    error = failure(report.error) if report.error is not None else {}
    return {"status": report.status, **rows, **error}


def _repeat_waiting(
    runs: list[IngestContext], pairs: list[tuple[Source, Mapping]], reports: list[FileReport]
) -> None:
    """Do files again whose rows waited for enterprises that later files of this run brought.

    So the result does not depend on the order of the files, and a second run changes nothing.
    """
    for index, (source, mapping) in enumerate(pairs):
        first_report = reports[index]
        if first_report.status != "refused" and WAITING_REASONS & set(
            first_report.quarantined or ()
        ):
            second_report = _ingest_file(runs[index], source, mapping, is_only_file=False)
            has_entered = "entered" in (first_report.status, second_report.status)
            reports[index] = (
                replace(second_report, status="entered") if has_entered else second_report
            )
