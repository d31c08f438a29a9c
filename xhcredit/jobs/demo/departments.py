"""Deliveries of departments by day, cut out of exports of a later day.

An export holds the day on which each row reached the collecting platform, and the day on which its
ending did.  So a delivery of an earlier day is the rows of then, without endings, withdrawals and
de-registrations that came later; a row whose text changed since the last delivery comes again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from xhcredit.ingest.mapping import load_mappings
from xhcredit.ingest.mapping_types import Block, Mapping
from xhcredit.ingest.readers.text import encoding_of
from xhcredit.ingest.schema import directory

#: columns that an export fills only once the event has ended
_WITH_ENDING = ("ended_on", "ended_known_on", "recalled", "recheck_passed")
_WITHDRAWN = ("withdrawn_on", "withdrawn_why")
_DAY_PATTERN = re.compile(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})")
_REGISTER = "enterprise"


@dataclass
class Export:
    """One file of a department as text, with the days that decide what of it was there when.

    ``known``: by row the day on which it came; missing where the file says none that can be read.
    """

    stem: str
    encoding: str
    block: Block
    rows: pd.DataFrame
    known_on: pd.Series[pd.Timestamp]
    sent_by_position: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """The file's name of a canonical column; empty if it has none."""
        cell = self.block.cells.get(name)
        return cell.column if cell else ""

    def as_of(self, day: date) -> pd.DataFrame:
        """The rows as the file stood on a day."""
        rows = self.rows[self.known_on <= pd.Timestamp(day)].copy()
        self._blank(rows, "ended_known_on", _WITH_ENDING, day)
        self._blank(rows, "withdrawn_on", _WITHDRAWN, day)
        self._blank(rows, "published_on", ("published_on",), day)
        if self.block.table.name == _REGISTER:
            is_later = self._blank(rows, "deregistered_on", ("deregistered_on",), day)
            active = dict(directory()[_REGISTER].column("status").values)["active"]
            rows.loc[is_later, self.column("status")] = active
        return rows

    def _blank(
        self, rows: pd.DataFrame, day_column: str, column_names: tuple[str, ...], day: date
    ) -> pd.Series[bool]:
        """Empty columns of the rows in which the day ``day_column`` was still to come."""
        if not self.column(day_column):
            return pd.Series(False, index=rows.index)
        is_later = days_in(rows[self.column(day_column)]) > pd.Timestamp(day)
        for name in filter(None, map(self.column, column_names)):
            rows.loc[is_later, name] = ""
        return is_later

    def changed_rows(self, day: date, *, is_last: bool) -> pd.DataFrame:
        """What is new or changed since the last delivery; the ``is_last`` one holds all that is
        left.

        Rows whose day cannot be read, or lies ahead, come last.
        """
        rows = self.as_of(day)
        if is_last:
            rows = pd.concat([rows, self.rows.drop(rows.index)]).sort_index()
        text_by_position = dict(
            zip(rows.index, rows.itertuples(index=False, name=None), strict=True)
        )
        changed_positions = [
            position
            for position, text in text_by_position.items()
            if self.sent_by_position.get(position) != text
        ]
        self.sent_by_position |= {
            position: text_by_position[position] for position in changed_positions
        }
        return rows.loc[changed_positions]


@dataclass
class Departments:
    """Exports of all departments, over time."""

    exports: list[Export]

    @classmethod
    def of(cls, sample: Path) -> Departments:
        """The departments behind a folder with ``exports`` and ``mappings``."""
        mappings = load_mappings(sample / "mappings")
        files = sorted((sample / "exports").iterdir())
        matching_files = [(f, m) for f in files for m in mappings if m.matches(f.name)]
        exports = [_read(file, mapping) for file, mapping in matching_files]
        _not_before_registration(exports)
        return cls(exports)

    def deliver(self, day: date, folder: Path, *, is_last: bool = False) -> Path:
        """Write what is new by a day; the folder of the delivery."""
        folder.mkdir(parents=True, exist_ok=True)
        for export in self.exports:
            rows = export.changed_rows(day, is_last=is_last)
            if len(rows):
                file = folder / f"{export.stem}_{day:%Y%m%d}.csv"
                rows.to_csv(file, index=False, encoding=export.encoding, lineterminator="\n")
        return folder


def _read(file: Path, mapping: Mapping) -> Export:
    block, encoding = mapping.blocks[0], "utf-8-sig"
    if file.suffix == ".csv":
        encoding = encoding_of(file, mapping.format.encoding)
        written_encoding = "utf-8-sig" if encoding == "utf-8" else encoding
        rows = pd.read_csv(
            file,
            dtype=str,
            keep_default_na=False,
            encoding=written_encoding,
            sep=mapping.format.delimiter,
        )
    elif file.suffix == ".parquet":
        rows = _as_text(pq.read_table(file).to_pandas(date_as_object=True), block)
    else:
        rows = _as_text(pd.read_excel(file, dtype=object), block)
    return Export(file.stem, encoding, block, rows, days_in(rows[block.cells["known_on"].column]))


def _as_text(rows: pd.DataFrame, block: Block) -> pd.DataFrame:
    """Cells of a typed file as its department would write them into a CSV file."""
    date_style_by_column = {c.column: c.dates[0] for c in block.cells.values() if c.column}

    def text(value: object, column: str) -> str:
        if value is None or value != value:  # NaN is not equal to itself
            return ""
        if isinstance(value, date):
            return value.strftime(date_style_by_column.get(column, "%Y-%m-%d"))
        is_whole = isinstance(value, float) and value.is_integer()
        return str(int(value)) if is_whole and isinstance(value, float) else str(value)

    return pd.DataFrame({c: [text(v, str(c)) for v in rows[c].astype(object)] for c in rows})


def days_in(texts: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """The days that texts hold, in whatever style; missing where there is none."""
    parts = texts.str.extract(_DAY_PATTERN)
    joined = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    return pd.to_datetime(joined, format="%Y-%m-%d", errors="coerce")


def _not_before_registration(exports: list[Export]) -> None:
    """Move events that precede the registration of their enterprise to that day."""
    register = next(e for e in exports if e.block.table.name == _REGISTER)
    registered_on_by_code = pd.Series(
        register.known_on.to_numpy(), index=register.rows[register.column("code")]
    )
    registered_on_by_code = registered_on_by_code[~registered_on_by_code.index.duplicated()]
    for export in exports:
        registered_on = export.rows[export.column("code")].map(registered_on_by_code)
        export.known_on = export.known_on.where(~(registered_on > export.known_on), registered_on)
