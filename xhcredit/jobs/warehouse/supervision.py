"""Bureaus and listings of all enterprises of a clustered store on a day."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xhcredit.engine.columns import EventColumns
from xhcredit.engine.stores import places_table
from xhcredit.ingest.listings import LISTINGS_SQL
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.supervision import EVERY_FIELD, SUPERVISION_SQL, bureaus_sql
from xhcredit.ingest.warehouse import Warehouse

#: what the query may hold; beyond it DuckDB goes on out of core
_MEMORY_LIMIT = "500MB"
_BATCH_ROWS = 100_000


def bureaus_on(
    warehouse: Path, event_columns: EventColumns, as_of: date, field: str = ""
) -> pa.DictionaryArray:
    """Bureaus that supervise each enterprise on a day, as known by then.

    Args:
        warehouse: what the store was made from.
        event_columns: the clustered store; what was ingested since does not count.
        as_of: the day.
        field: only bureaus that are named for this field; by default all.

    Returns:
        One text per enterprise of the store, names between semicolons (``;a;b;``), sorted; empty
        where no bureau supervises it.

    Raises:
        BookLost: what the store was made from is gone meanwhile.
    """
    return texts_on(warehouse, event_columns, as_of, bureaus_sql(field))


def listings_on(warehouse: Path, event_columns: EventColumns, as_of: date) -> pa.DictionaryArray:
    """Lists that each enterprise is on on a day, as known by then (``LISTINGS_SQL``).

    Arguments and errors are those of ``bureaus_on``; empty where it is on none.
    """
    return texts_on(warehouse, event_columns, as_of, LISTINGS_SQL)


def texts_on(
    warehouse: Path, event_columns: EventColumns, as_of: date, sql: str
) -> pa.DictionaryArray:
    """One text per enterprise of a clustered store, from a query of the resolved views.

    Args:
        warehouse: what the store was made from.
        event_columns: the clustered store; what was ingested since does not count.
        as_of: the query's parameter ``day``.
        sql: gives code and text, each code once; of a code that it lacks the text is empty.

    Raises:
        BookLost: what the store was made from is gone meanwhile.
    """
    opened_warehouse = Warehouse(warehouse)
    positions_of_text: dict[str, int] = {"": 0}
    text_index = np.zeros(len(event_columns), np.int32)
    with opened_warehouse.reading(), duckdb.connect() as con:
        con.execute(f"SET memory_limit = '{_MEMORY_LIMIT}'")
        create_views(con, opened_warehouse, opened_warehouse.book(event_columns.digest))
        for batch in con.sql(sql, params={"day": as_of}).to_arrow_reader(_BATCH_ROWS):
            codes = np.array(batch.column(0).to_pylist(), event_columns.codes.dtype)
            rows = np.searchsorted(event_columns.codes, codes)
            rows[rows == len(event_columns)] = 0
            texts = batch.column(1).dictionary_encode()
            numbers = np.array(
                [
                    positions_of_text.setdefault(text, len(positions_of_text))
                    for text in texts.dictionary.to_pylist()
                ],
                np.int32,
            )
            is_registered = event_columns.codes[rows] == codes
            text_index[rows[is_registered]] = numbers[texts.indices.to_numpy()][is_registered]
    return _sorted_dictionary(text_index, list(positions_of_text))


def register_columns(warehouse: Path, event_columns: EventColumns, as_of: date) -> pa.Table:
    """Name, street, kind …, ``bureaus`` and ``listings`` of every enterprise of a store.

    The last two are those of ``bureaus_on`` and ``listings_on``.

    Raises:
        BookLost: what the store was made from is gone meanwhile.
    """
    bureaus = bureaus_on(warehouse, event_columns, as_of)
    listings = listings_on(warehouse, event_columns, as_of)
    places = places_table(event_columns).append_column("bureaus", bureaus)
    return places.append_column("listings", listings)


def _sorted_dictionary(text_index: npt.NDArray[np.int32], texts: list[str]) -> pa.DictionaryArray:
    """The texts at their indices, the dictionary sorted and without what stands nowhere."""
    # DuckDB hands groups over in any order; a night's file is the same bytes each time.
    used = np.unique(text_index)
    used_texts = np.array([texts[n] for n in used], object)
    order = np.argsort(used_texts)
    rank = np.zeros(len(texts), np.int32)
    rank[used[order]] = np.arange(len(used), dtype=np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(rank[text_index]), pa.array(used_texts[order], pa.string())
    )


def supervised_codes(
    warehouse: Path, bureau: str, fields: Collection[str], as_of: date
) -> frozenset[str] | None:
    """Codes that a bureau supervises in one of some fields on a day, as known by then.

    None where nothing is known of any bureau: the district delivers no jurisdiction, and nobody is
    left out for want of one.
    """
    opened_warehouse = Warehouse(warehouse)
    with opened_warehouse.reading(), duckdb.connect() as con:
        create_views(con, opened_warehouse)
        rows = con.execute(
            f"SELECT code, bureau = $bureau AND list_contains($fields, field) "
            f"FROM ({SUPERVISION_SQL})",
            {"day": as_of, "bureau": bureau, "fields": [EVERY_FIELD, *fields]},
        ).fetchall()
    return frozenset(code for code, is_supervised in rows if is_supervised) if rows else None
