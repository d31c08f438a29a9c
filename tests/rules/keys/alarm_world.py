"""A small district in which every trigger has something to find, drawn once and for all."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tests.engine import world
from xhcredit.alerts.visible_events import World
from xhcredit.engine import cluster
from xhcredit.engine.one_enterprise import event_id
from xhcredit.ingest.schema import directory

TODAY = date(2026, 6, 30)
SIZE, BACK = 120, 1100
CODES = [f"91{n:016d}" for n in range(SIZE)]
TABLES = tuple(n for n, t in directory().items() if t.kind == "event" and n != "relation")
#: the higher, the fewer events of a table (12 if it is not here)
RARITY = {"complaint": 4}
#: every value of the columns that have a list of them, by their names
VALUES = {
    column.name: tuple(column.value_ids)
    for table in directory().values()
    for column in table.columns
    if column.value_ids
}
NODES = [("address", "地址一"), ("agent", "代理一")]


@cache
def small_world() -> World:
    """Enterprises with few events and with many, in streets and industries, and with relations."""
    rng = np.random.default_rng(7)
    rows_by_table: dict[str, list[dict[str, Any]]] = {
        "enterprise": [_enterprise(n) for n in range(SIZE)],
        "relation": list(_relations(rng)),
    }
    for name in TABLES:
        rows = [
            _event(name, n, rng)
            for n in range(SIZE)
            for _ in range(rng.poisson(n / RARITY.get(name, 12)))
        ]
        rows += [_event(name, n, rng, within=80) for n in range(0, SIZE, 9) for _ in range(20)]
        rows += [_surge(name, n, rng) for n in (10, 40) for _ in range(30) if name == "complaint"]
        rows_by_table[name] = list({r["event_id"]: r for r in rows}.values())
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    cluster.build(world.connect(rows_by_table), Path(folder.name) / "store")
    streets = np.array([f"街道{n % 4}" for n in range(SIZE)])
    return World(cluster.load(Path(folder.name) / "store"), streets=streets)


def _enterprise(n: int) -> dict[str, Any]:
    known = TODAY - timedelta(days=150) if n % 15 == 0 else date(2019, 1, 1)
    return {"code": CODES[n], "known_on": known, "industry": "FH"[n % 2]}


def _event(name: str, n: int, rng: np.random.Generator, within: int = BACK) -> dict[str, Any]:
    """A random event of one enterprise; half of them have ended."""
    table = directory()[name]
    row = world.row(table, rng)
    day = TODAY - timedelta(days=int(rng.integers(within)))
    known = day + timedelta(days=int(rng.integers(10)))
    moved = {"code": CODES[n], "occurred_on": day, "known_on": known, "withdrawn_on": None}
    if "ended_on" in row:
        ended = known + timedelta(days=int(rng.integers(80))) if rng.random() < 1 / 2 else None
        moved |= {"ended_on": ended, "ended_known_on": ended}
    for column in ("expires_on", "due_on"):
        if column in row:
            moved[column] = day + timedelta(days=int(rng.integers(400)))
    if "prepaid_balance_yuan" in row:
        staff, yuan = int(rng.integers(8)), int(rng.integers(3_000_000))
        moved |= {"prepaid_balance_yuan": yuan, "beds": 40, "staff": staff}
        moved["residents"] = int(rng.integers(40))
    if "year" in row:
        moved["year"] = day.year - 1
    row = {key: value for key, value in (row | moved).items() if key != "event_id"}
    return row | {"event_id": event_id(table, row)}


def _surge(name: str, n: int, rng: np.random.Generator) -> dict[str, Any]:
    """One of many complaints that were verified at once."""
    row = _event(name, n, rng, within=60)
    ended = {"ended_on": row["known_on"], "ended_known_on": row["known_on"]}
    row |= {"outcome": "verified", "serial_claimant": None, "topic": "prepaid"} | ended
    return row | {"event_id": event_id(directory()[name], row)}


def _relations(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    """Nodes of every kind with from 2 to 70 members, some of whom came lately."""
    kinds = directory()["relation"].column("kind").value_ids
    for kind in kinds:
        for node, size in enumerate((2, 4, 8, 15, 30, 55, 70)):
            for n in rng.choice(SIZE, size, replace=False):
                day = TODAY - timedelta(days=int(rng.integers(300)))
                row = {"code": CODES[n], "kind": kind, "node": f"{kind}{node}"}
                row |= {"occurred_on": day, "known_on": day}
                yield row | {"event_id": event_id(directory()["relation"], row)}
