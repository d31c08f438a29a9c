"""A warehouse that grows by nights: late, corrected, ended, withdrawn, replaced, moved rows."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.engine.world import connect, row
from xhcredit.engine import stores
from xhcredit.engine.columns import EventColumns
from xhcredit.engine.one_enterprise import event_id
from xhcredit.ingest.schema import Table, directory
from xhcredit.ingest.warehouse import Entry, Warehouse

EVENTS = tuple(name for name, t in directory().items() if t.kind == "event")
Rows = dict[str, list[dict[str, Any]]]


def code(number: int) -> str:
    """Code of an enterprise; its place among the others has nothing to do with its number."""
    return f"91{hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()[:16].upper()}"


class Growing:
    """Random nights, one entry each, written through the same door as ingestion writes."""

    def __init__(self, path: Path, seed: int = 1, enterprises: int = 30, events: int = 200) -> None:
        self.warehouse = Warehouse(path)
        self.rng = np.random.default_rng(seed)
        self.day = date(2025, 3, 1)
        self.known = 0
        self.event_rows: list[tuple[str, dict[str, Any]]] = []
        self.entries: list[tuple[Entry, Rows]] = []
        first = self._register(enterprises)
        self.write({"enterprise": first, **self._events(EVENTS, events)})

    @classmethod
    def again(cls, path: Path, day: date) -> Growing:
        """One that writes into a warehouse that is there already."""
        growing = cls.__new__(cls)
        growing.warehouse, growing.day, growing.rng = Warehouse(path), day, np.random.default_rng(0)
        growing.event_rows, growing.entries = [], []
        return growing

    def write(self, rows: Rows, replaces: Entry | None = None) -> Entry:
        """Enter rows as one entry, or in place of an earlier one."""
        con = connect(rows)
        extra = "'test.csv' AS source_file, 2 AS source_row"
        key = "(md5_number_lower(concat_ws('|', 'enterprise', code)) >> 1)::BIGINT AS event_id, "
        selects = {
            name: f"SELECT *, {key if t.kind == 'register' else ''}{extra} FROM {name}"
            for name, t in directory().items()
            if rows.get(name)
        }
        source = f"{len(self.entries)}-{self.rng.integers(10**9)}"
        old = [replaces.name] if replaces else []
        day = replaces.ingested_on if replaces else self.day.isoformat()
        entry = Entry("", "t.csv", source, "t", "t", {}, replaces=old, ingested_on=day)
        with self.warehouse.lock():
            if self.rng.random() < 0.5:
                self.warehouse.sweep()
            done = self.warehouse.commit(con, selects, entry)
        con.close()
        for name, several in rows.items():
            self.event_rows += [(name, r) for r in several if name != "enterprise"]
        self.entries = [(e, r) for e, r in self.entries if e.name not in old] + [(done, rows)]
        return done

    def night(self) -> None:
        """One day passes and something comes in, or nothing."""
        self.day += timedelta(days=1)
        if self.rng.random() < 0.15:
            return
        rows = self._events(self.rng.choice(EVENTS, self.rng.integers(1, 6), replace=False), 6)
        for name, cells in self._again():
            rows.setdefault(name, []).append(cells)
        if self.rng.random() < 0.3:
            rows["enterprise"] = self._register(int(self.rng.integers(1, 3)))
        if self.rng.random() < 0.3:
            cells = row(directory()["enterprise"], self.rng)
            number = int(self.rng.integers(self.known))
            rows.setdefault("enterprise", []).append(cells | {"code": code(number)})
        rows = {name: _unique(directory()[name], several) for name, several in rows.items()}
        self.write(rows)
        if self.rng.random() < 0.2:
            self.redo()

    def redo(self) -> None:
        """Enter an entry again with rows left out or changed, as when waiting rows come in."""
        entry, rows = self.entries[int(self.rng.integers(1, len(self.entries)))]
        again = {
            name: [r for r in several if name == "enterprise" or self.rng.random() < 0.8]
            for name, several in rows.items()
        }
        self.write(again, entry)

    def _register(self, size: int) -> list[dict[str, Any]]:
        new_rows = []
        for _ in range(size):
            cells = row(directory()["enterprise"], self.rng) | {"code": code(self.known)}
            new_rows.append(
                cells | {"known_on": self.day - timedelta(int(self.rng.integers(-9, 200)))}
            )
            self.known += 1
        return new_rows

    def _events(self, names: Any, most: int) -> Rows:
        rows_by_table: Rows = {}
        for name in names:
            t = directory()[str(name)]
            rows = [self._event(t) for _ in range(self.rng.integers(most + 1))]
            rows_by_table[t.name] = _unique(t, rows)
        return rows_by_table

    def _event(self, t: Table) -> dict[str, Any]:
        """An event around the day: also known late, or told before it is known."""
        cells = row(t, self.rng) | {"code": code(int(self.rng.integers(self.known)))}
        for name in ("occurred_on", "known_on", "withdrawn_on", "ended_on", "ended_known_on"):
            if cells.get(name) is not None:
                ago = int(self.rng.choice([-20, -3, -1, 0, 1, 2, 30, 90, 365, 700, 1095]))
                cells[name] = self.day - timedelta(ago + int(self.rng.integers(3)))
        return cells

    def _again(self) -> list[tuple[str, dict[str, Any]]]:
        """Earlier events told again: ended, withdrawn, corrected, or moved to another code."""
        repeated = []
        for _ in range(int(self.rng.integers(4))):
            name, cells = self.event_rows[int(self.rng.integers(len(self.event_rows)))]
            t, kind = directory()[name], self.rng.integers(4)
            changed = {"known_on": self.day}
            if kind == 0 and t.ends:
                changed |= {"ended_on": self.day, "ended_known_on": self.day}
            if kind == 1:
                changed |= {"withdrawn_on": self.day, "withdrawn_why": "revoked"}
            if kind == 2:
                keys = {*t.key, "code"}
                other = row(t, self.rng)
                changed |= {c.name: other[c.name] for c in t.columns[6:] if c.name not in keys}
            if kind == 3 and "code" not in t.key:
                changed["code"] = code(int(self.rng.integers(self.known)))
            repeated.append((name, cells | changed))
        return repeated


def _unique(t: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each key once, as ingestion makes sure."""
    return list({(r["code"] if t.kind == "register" else event_id(t, r)): r for r in rows}.values())


def arrays_of(store: EventColumns) -> dict[str, np.ndarray]:
    """Every array of a store, by its file."""
    assert store.path is not None
    files = {f.relative_to(store.path).as_posix(): f for f in store.path.rglob("*.npy")}
    return {name: np.load(f) for name, f in files.items() if name != "touched.npy"}


def same(a: EventColumns, b: EventColumns) -> None:
    """Both stores hold the same, to the last bit."""
    first_answers, other = arrays_of(a), arrays_of(b)
    assert set(first_answers) == set(other)
    for name, array in first_answers.items():
        assert array.dtype == other[name].dtype, name
        assert np.array_equal(array, other[name]), name
    assert stores.places_table(a).equals(stores.places_table(b))


def twin(warehouse: Path, other: Path) -> Path:
    """A warehouse of the same parts with a clustered store of its own."""
    other.mkdir()
    for part in ("parts", "manifest", "versions"):
        (warehouse / part).mkdir(exist_ok=True)
        (other / part).symlink_to(warehouse / part)
    return other
