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
_DAY = re.compile(r"(\d{4})\D?(\d{1,2})\D?(\d{1,2})")
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
    known: pd.Series[pd.Timestamp]
    sent: dict[int, tuple[str, ...]] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """The file's name of a canonical column; empty if it has none."""
        cell = self.block.cells.get(name)
        return cell.column if cell else ""

    def as_of(self, day: date) -> pd.DataFrame:
        """The rows as the file stood on a day."""
        rows = self.rows[self.known <= pd.Timestamp(day)].copy()
        self._blank(rows, "ended_known_on", _WITH_ENDING, day)
        self._blank(rows, "withdrawn_on", _WITHDRAWN, day)
        self._blank(rows, "published_on", ("published_on",), day)
        if self.block.table.name == _REGISTER:
            later = self._blank(rows, "deregistered_on", ("deregistered_on",), day)
            active = dict(directory()[_REGISTER].column("status").values)["active"]
            rows.loc[later, self.column("status")] = active
        return rows

    def _blank(
        self, rows: pd.DataFrame, by: str, names: tuple[str, ...], day: date
    ) -> pd.Series[bool]:
        """Empty columns of the rows in which the day ``by`` was still to come."""
        if not self.column(by):
            return pd.Series(False, index=rows.index)
        later = days_in(rows[self.column(by)]) > pd.Timestamp(day)
        for name in filter(None, map(self.column, names)):
            rows.loc[later, name] = ""
        return later

    def news(self, day: date, *, last: bool) -> pd.DataFrame:
        """What is new or changed since the last delivery; the ``last`` one holds all that is left.

        Rows whose day cannot be read, or lies ahead, come last.
        """
        rows = self.as_of(day)
        if last:
            rows = pd.concat([rows, self.rows.drop(rows.index)]).sort_index()
        texts = dict(zip(rows.index, rows.itertuples(index=False, name=None), strict=True))
        fresh = [at for at, text in texts.items() if self.sent.get(at) != text]
        self.sent |= {at: texts[at] for at in fresh}
        return rows.loc[fresh]


@dataclass
class Departments:
    """Exports of all departments, over time."""

    exports: list[Export]

    @classmethod
    def of(cls, sample: Path) -> Departments:
        """The departments behind a folder with ``exports`` and ``mappings``."""
        mappings = load_mappings(sample / "mappings")
        files = sorted((sample / "exports").iterdir())
        each = [(f, m) for f in files for m in mappings if m.matches(f.name)]
        exports = [_read(file, mapping) for file, mapping in each]
        _register_first(exports)
        return cls(exports)

    def deliver(self, day: date, folder: Path, *, last: bool = False) -> Path:
        """Write what is new by a day; the folder of the delivery."""
        folder.mkdir(parents=True, exist_ok=True)
        for export in self.exports:
            rows = export.news(day, last=last)
            if len(rows):
                file = folder / f"{export.stem}_{day:%Y%m%d}.csv"
                rows.to_csv(file, index=False, encoding=export.encoding, lineterminator="\n")
        return folder


def _read(file: Path, mapping: Mapping) -> Export:
    block, encoding = mapping.blocks[0], "utf-8-sig"
    if file.suffix == ".csv":
        encoding = encoding_of(file, mapping.format.encoding)
        named = "utf-8-sig" if encoding == "utf-8" else encoding
        rows = pd.read_csv(
            file, dtype=str, keep_default_na=False, encoding=named, sep=mapping.format.delimiter
        )
    elif file.suffix == ".parquet":
        rows = _as_text(pq.read_table(file).to_pandas(date_as_object=True), block)
    else:
        rows = _as_text(pd.read_excel(file, dtype=object), block)
    return Export(file.stem, encoding, block, rows, days_in(rows[block.cells["known_on"].column]))


def _as_text(rows: pd.DataFrame, block: Block) -> pd.DataFrame:
    """Cells of a typed file as its department would write them into a CSV file."""
    style = {c.column: c.dates[0] for c in block.cells.values() if c.column}

    def text(value: object, column: str) -> str:
        if value is None or value != value:  # NaN is not equal to itself
            return ""
        if isinstance(value, date):
            return value.strftime(style.get(column, "%Y-%m-%d"))
        whole = isinstance(value, float) and value.is_integer()
        return str(int(value)) if whole and isinstance(value, float) else str(value)

    return pd.DataFrame({c: [text(v, str(c)) for v in rows[c].astype(object)] for c in rows})


def days_in(texts: pd.Series[str]) -> pd.Series[pd.Timestamp]:
    """The days that texts hold, in whatever style; missing where there is none."""
    parts = texts.str.extract(_DAY)
    joined = parts[0] + "-" + parts[1].str.zfill(2) + "-" + parts[2].str.zfill(2)
    return pd.to_datetime(joined, format="%Y-%m-%d", errors="coerce")


def _register_first(exports: list[Export]) -> None:
    """Move events that precede the registration of their enterprise to that day."""
    register = next(e for e in exports if e.block.table.name == _REGISTER)
    since = pd.Series(register.known.to_numpy(), index=register.rows[register.column("code")])
    since = since[~since.index.duplicated()]
    for export in exports:
        own = export.rows[export.column("code")].map(since)
        export.known = export.known.where(~(own > export.known), own)
