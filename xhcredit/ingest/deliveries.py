"""Delivery plan: nothing to do, a new entry, or entries to be replaced in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from xhcredit.ingest import quarantine
from xhcredit.ingest.mapping_types import Mapping
from xhcredit.ingest.schema import Table
from xhcredit.ingest.sql_text import literal, read_parquet
from xhcredit.ingest.versions import content_columns, lasting_columns, quoted_names
from xhcredit.ingest.warehouse import Entry, Warehouse

#: digest of the source (name of a database table, not read yet) and id of the mapping
Delivery = tuple[str, str]

#: reasons that end when more of the register is known
WAITING_REASONS = frozenset({"unknown_enterprise", "name_not_found"})


@dataclass(frozen=True)
class DeliveryPlan:
    """Delivery plan: the entries of ``redo`` again, each in its place, or a new one."""

    digest: str
    redo: tuple[Entry, ...] = ()

    def entries(self, checked_entry: Entry) -> Iterator[Entry]:
        """The entries to write; what is done again still counts as ingested on its first day."""
        for redone_entry in self.redo:
            yield replace(
                checked_entry, replaces=[redone_entry.name], ingested_on=redone_entry.ingested_on
            )
        if not self.redo:
            yield checked_entry


def plan_delivery(
    warehouse: Warehouse,
    digest: str,
    mapping: Mapping,
    today: date,
    following: frozenset[Delivery] = frozenset(),
) -> DeliveryPlan | Entry:
    """Plan a delivery; an entry means that nothing is to be done.

    The same content under a changed mapping is done again in place, and so is a file with rows
    that waited: for enterprises, when the register has changed since, or for a day that has come.
    The same content delivered after another that contradicts it is a new entry, for it is the
    later word.

    Args:
        warehouse: where earlier entries are.
        digest: of the source's content.
        mapping: how it is read.
        today: the day of this ingestion.
        following: deliveries that come later in this very ingestion; their word comes after, so
            that a folder that holds both ingested twice changes nothing.
    """
    entries = warehouse.entries()
    same_delivery = [e for e in entries if (e.source_digest, e.mapping) == (digest, mapping.id)]
    stale_entries = tuple(e for e in same_delivery if not _up_to_date(warehouse, e, mapping, today))
    if not same_delivery or stale_entries:
        return DeliveryPlan(digest, stale_entries)
    later_entries = [e for e in entries if e.seq > same_delivery[-1].seq]
    later_entries = [
        e
        for e in later_entries
        if not {(e.source_digest, e.mapping), (e.source, e.mapping)} & following
    ]
    return (
        DeliveryPlan(digest)
        if _contradicted(warehouse, same_delivery[-1], later_entries, mapping)
        else same_delivery[-1]
    )


def _up_to_date(warehouse: Warehouse, entry: Entry, mapping: Mapping, today: date) -> bool:
    """Whether doing the entry again could give nothing else."""
    same_register = entry.register_digest == warehouse.register_digest({entry.name})
    return (
        entry.mapping_digest == mapping.digest
        and (same_register or not WAITING_REASONS & set(entry.quarantined))
        and not _has_due_rows(warehouse, entry, today)
    )


def _has_due_rows(warehouse: Warehouse, entry: Entry, today: date) -> bool:
    """Whether a row was held because of a day that is no longer ahead."""
    if "future_date" not in entry.quarantined:
        return False
    quarantined_rows = read_parquet([quarantine.paths(warehouse, entry.name)[0]])
    return _has_row(
        f"SELECT 1 FROM {quarantined_rows} WHERE reason = 'future_date' "
        f"AND TRY_CAST(raw_text AS DATE) <= DATE {literal(today.isoformat())} LIMIT 1"
    )


def _contradicted(
    warehouse: Warehouse, entry: Entry, later_entries: list[Entry], mapping: Mapping
) -> bool:
    """Whether a later entry contradicts this one on one of its keys.

    Register rows that only come along with events are no word of the register.
    """
    for table in {b.table.name: b.table for b in mapping.blocks if not b.optional}.values():
        files = [warehouse.part(table.name, e.name) for e in later_entries if table.name in e.parts]
        if not files or table.name not in entry.parts:
            continue
        if _has_row(
            f"SELECT 1 FROM {read_parquet([warehouse.part(table.name, entry.name)])} a "
            f"JOIN {read_parquet(files, ', union_by_name = true')} b USING (event_id) "
            f"WHERE {_difference_sql(table)} LIMIT 1"
        ):
            return True
    return False


def _difference_sql(table: Table) -> str:
    """SQL that is true if ``b`` differs from ``a``; an empty ending is no difference."""
    if table.kind == "event":
        content = content_columns(table)
        differs = f"row({_columns('a', content)}) IS DISTINCT FROM row({_columns('b', content)})"
        names = lasting_columns(table)
    else:
        differs = "false"
        names = [c.name for c in table.columns if c.name not in ("code", "known_on")]
    return " OR ".join([differs, *(f'a."{name}" <> b."{name}"' for name in names)])


def _columns(side: str, names: list[str]) -> str:
    return ", ".join(f"{side}.{quoted_names([name])}" for name in names)


def _has_row(select: str) -> bool:
    with duckdb.connect() as con:
        return con.execute(select).fetchone() is not None
