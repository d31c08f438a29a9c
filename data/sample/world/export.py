"""Writes the departments' files and the truth, chunk by chunk."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import xlsxwriter

from .dirt import soil, spoiled_columns
from .layout import LAYOUTS, Layout
from .render import Renderer

_SMALL = 50_000  # rows that may still go to a spreadsheet


class Exporter:
    """Writes the exports of one district to a folder.

    Args:
        folder: where the exports go.
        form: ``csv`` for each department's own file kind, ``parquet`` for Parquet everywhere.
        chunks: how many chunks there will be; one file per table and chunk.
        dirt: how many dirty rows of each kind; 0 for none.
        seed: seed of the dirt.
    """

    def __init__(self, folder: Path, form: str, chunks: int, dirt: int, seed: int) -> None:
        self.folder = folder
        self.form = form
        self.chunks = chunks
        self.dirt = dirt
        self.seed = seed
        self.dirty_rows: list[dict[str, object]] = []
        self.rows: dict[str, int] = {}
        self._renderer = Renderer()
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, tables: dict[str, pa.Table], chunk: int) -> None:
        """Write all tables of one chunk."""
        for name, layout in LAYOUTS.items():
            self._write(name, layout, tables[name], chunk)

    def _write(self, name: str, layout: Layout, table: pa.Table, chunk: int) -> None:
        kind = "parquet" if self.form == "parquet" else layout.kind
        if kind != "csv" and self.form == "csv" and table.num_rows * self.chunks > _SMALL:
            kind = "csv"
        if kind == "parquet":
            spoiled = spoiled_columns(name) if self.dirt else set()
            written = self._renderer.as_typed(table, layout, texts=spoiled)
        else:
            written = self._renderer.as_texts(table, layout)
        if self.dirt and chunk == 0:
            written = self._soiled(name, written)
        path = self.folder / f"{layout.file}{self._suffix(chunk)}.{kind}"
        {"csv": _write_csv, "xlsx": _write_xlsx, "parquet": write_parquet}[kind](
            written, path, layout.encoding
        )
        self.rows[name] = self.rows.get(name, 0) + written.num_rows

    def _soiled(self, name: str, table: pa.Table) -> pa.Table:
        number = list(LAYOUTS).index(name)
        rng = np.random.default_rng([self.seed, 99, number])
        table, rows = soil(name, table, self.dirt, rng)
        file = LAYOUTS[name].file
        self.dirty_rows += [{**row, "file": file} for row in rows]
        return table

    def _suffix(self, chunk: int) -> str:
        return f"-{chunk:03d}" if self.chunks > 1 else ""


def _write_csv(table: pa.Table, path: Path, encoding: str) -> None:
    """UTF-8 with a byte-order mark, or GB18030."""
    buffer = io.BytesIO()
    header = ",".join(table.column_names) + "\n"
    options = pacsv.WriteOptions(quoting_style="none", include_header=False)
    pacsv.write_csv(table, buffer, options)
    with path.open("wb") as file:
        if encoding == "utf-8-sig":
            file.write(b"\xef\xbb\xbf" + header.encode())
            file.write(buffer.getbuffer())
        else:
            file.write(header.encode(encoding))
            file.write(buffer.getvalue().decode().encode(encoding))


def _write_xlsx(table: pa.Table, path: Path, encoding: str) -> None:
    """One sheet; digits as numbers, as somebody would type them."""
    del encoding
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    book.set_properties({"created": datetime(2026, 7, 1)})  # noqa: DTZ001 - a fixed day
    sheet = book.add_worksheet("数据")
    sheet.write_row(0, 0, table.column_names)
    columns = [table[name].to_pylist() for name in table.column_names]
    for number, row in enumerate(zip(*columns, strict=True), start=1):
        for position, cell in enumerate(row):
            if cell is not None and cell.isdecimal() and len(cell) < 12:
                sheet.write_number(number, position, int(cell))
            elif cell is not None:
                sheet.write_string(number, position, cell)
    book.close()


def write_parquet(table: pa.Table, path: Path, encoding: str = "") -> None:
    """Zstandard, one encoding."""
    del encoding
    pq.write_table(table, path, compression="zstd", row_group_size=250_000)


def write_json(value: object, path: Path) -> None:
    """Readable JSON."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
