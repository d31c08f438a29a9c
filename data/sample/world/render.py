"""Canonical tables as departments write them: Chinese headers, texts, date styles, 万元."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .layout import Layout

_STYLES = {
    "iso": "{d:%Y-%m-%d}",
    "slash": "{d.year}/{d.month}/{d.day}",
    "compact": "{d:%Y%m%d}",
    "chinese": "{d.year}年{d.month}月{d.day}日",
}
_MOST_DAYS = 24_000  # 1970-01-01 to 2035


def _dates(style: str) -> pa.Array:
    start = date(1970, 1, 1)
    each = (start + timedelta(days=i) for i in range(_MOST_DAYS))
    return pa.array([_STYLES[style].format(d=d) for d in each])


class Renderer:
    """Turns canonical columns to texts; the tables of date texts are built once."""

    def __init__(self) -> None:
        self._dates = {style: _dates(style) for style in _STYLES}

    def as_texts(self, table: pa.Table, layout: Layout) -> pa.Table:
        """Every column as text, as in a CSV file."""
        return self.as_typed(table, layout, texts=table.column_names)

    def as_typed(self, table: pa.Table, layout: Layout, texts: Iterable[str] = ()) -> pa.Table:
        """Chinese headers; columns keep their types but for those named, which become text."""
        wanted = set(texts)
        parts = {}
        for name in table.column_names:
            column = table[name].combine_chunks()
            column = self._worded(column, layout)
            if name in wanted:
                column = self._text(name, column, layout)
            elif name == layout.ten_thousand:
                column = pc.divide(column.cast(pa.float64()), 10_000.0)
            parts[layout.header(name)] = column
        for extra in layout.extra:
            parts[extra] = pa.nulls(table.num_rows, pa.string())
        return pa.table(parts)

    def _worded(self, column: pa.Array, layout: Layout) -> pa.Array:
        if not pa.types.is_boolean(column.type):
            return column
        no, yes = layout.flags
        return pc.if_else(column, yes, no)

    def _text(self, name: str, column: pa.Array, layout: Layout) -> pa.Array:
        if pa.types.is_date(column.type):
            style = layout.dates_of.get(name, layout.dates)
            return self._dates[style].take(column.cast(pa.int32()))
        if name == layout.ten_thousand:
            return _in_ten_thousand(column)
        return column.cast(pa.string())


def _in_ten_thousand(yuan: pa.Array) -> pa.Array:
    """Whole yuan as 万元 with up to four digits after the point, none of them wrong."""
    whole = pc.divide(yuan, 10_000)
    rest = pc.subtract(yuan, pc.multiply(whole, 10_000))
    digits = pc.utf8_lpad(rest.cast(pa.string()), 4, "0")
    text = pc.binary_join_element_wise(whole.cast(pa.string()), digits, ".")
    return pc.utf8_rtrim(pc.utf8_rtrim(text, "0"), ".")


def row_order(count: int, added: int, rng: np.random.Generator) -> np.ndarray:
    """An order that puts the last ``added`` rows at random places among the others."""
    places = np.concatenate([np.arange(count - added), rng.random(added) * (count - added)])
    return np.argsort(places, kind="stable")
