"""Builds a whole district from an order: chunk by chunk, so that memory stays moderate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from .calendar import Calendar
from .codes import MOST
from .district import make_chunk
from .export import Exporter, write_json, write_parquet
from .parameters import Parameters
from .population import Chunk
from .truth import inspector_table, world_json
from .visits import Inspectors

CHUNK = 250_000


@dataclass(frozen=True)
class Order:
    """What is to be made."""

    enterprises: int
    seed: int
    out: Path
    form: str = "csv"
    first: date = date(2021, 1, 1)
    last: date = date(2026, 6, 30)
    dirt: bool = True
    truth: bool = True

    @property
    def chunks(self) -> int:
        """How many chunks it takes."""
        return -(-self.enterprises // CHUNK)

    def problem(self) -> str:
        """What is wrong with the order and what to do, or nothing."""
        if not 100 <= self.enterprises < MOST // 2:
            return f"--enterprises {self.enterprises}: give a number from 100 to {MOST // 2:,}"
        if self.seed < 0:
            return f"--seed {self.seed}: give a number from 0"
        if (self.last - self.first).days < 365:
            return f"--from {self.first} --to {self.last}: give at least a year"
        if self.first.year < 2010 or self.last.year > 2033:
            return f"--from {self.first} --to {self.last}: stay within 2010 and 2033"
        return ""


def build(order: Order, done: Callable[[], object]) -> dict[str, int]:
    """Make the district; ``done`` is called after each chunk.  Returns rows per table."""
    parameters = Parameters()
    calendar = Calendar.between(order.first, order.last)
    inspectors = Inspectors.of(order.seed, order.enterprises, parameters)
    each = (3 if order.enterprises >= 500 else 1) if order.dirt else 0
    exporter = Exporter(order.out / "exports", order.form, order.chunks, each, order.seed)
    for number in range(order.chunks):
        before = number * CHUNK
        size = min(CHUNK, order.enterprises - before)
        chunk = Chunk(order.seed, number, size, order.enterprises, before, calendar, parameters)
        tables, truth = make_chunk(chunk, inspectors)
        exporter.write(tables, number)
        if order.truth:
            _write_truth(order, truth, number)
        done()
    _write_notes(order, exporter, inspectors, calendar, parameters)
    return exporter.rows


def _write_truth(order: Order, truth: dict[str, pa.Table], number: int) -> None:
    folder = order.out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    suffix = f"-{number:03d}" if order.chunks > 1 else ""
    for name, table in truth.items():
        write_parquet(table, folder / f"{name}{suffix}.parquet")


def _write_notes(
    order: Order,
    exporter: Exporter,
    inspectors: Inspectors,
    calendar: Calendar,
    parameters: Parameters,
) -> None:
    """Inspectors, coefficients and dirty rows."""
    folder = order.out / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    write_parquet(inspector_table(inspectors), folder / "inspectors.parquet")
    world = {"enterprises": order.enterprises, "seed": order.seed, "rows": exporter.rows}
    write_json(world | world_json(parameters.as_json(), calendar), folder / "world.json")
    counts = Counter(str(row["kind"]) for row in exporter.dirty_rows)
    dirt = {"counts": dict(sorted(counts.items())), "rows": exporter.dirty_rows}
    write_json(dirt, folder / "dirt.json")
