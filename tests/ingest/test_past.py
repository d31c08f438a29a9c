"""What comes later changes no earlier day: presence, status, every event feature."""

from datetime import date, timedelta
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from tests.engine.world import CODES, START, world
from xhcredit.engine.cluster import build, load
from xhcredit.engine.compile import compile_features
from xhcredit.engine.one_enterprise import day_number, event_id
from xhcredit.features.registry import features
from xhcredit.ingest.resolved import create_views
from xhcredit.ingest.schema import SQL_TYPES, directory
from xhcredit.ingest.versions import content_columns
from xhcredit.ingest.warehouse import Entry, Warehouse

#: days of ingestion; all events happened before the first
DELIVERED = [date(2025, 7, 1), date(2025, 9, 1), date(2025, 11, 1), date(2026, 1, 1)]
EVENTS = {name: t for name, t in directory().items() if t.kind == "event"}
ALL = list(features().values())
#: these ask for "active now", which one register row cannot say of an earlier day
LOOKS_BACK = {f.id for f in ALL if "is_active" in (f.id, f.of)}
KERNEL = compile_features(ALL, jit=False)


def deliver(warehouse, rows_by_table, day):
    """Write one delivery as ingestion writes it."""
    con, selects = duckdb.connect(), {}
    for name, rows in rows_by_table.items():
        t = directory()[name]
        types = {c.name: SQL_TYPES[c.type] for c in t.columns}
        con.execute(f"CREATE TABLE {name} ({', '.join(f'{n} {k}' for n, k in types.items())})")
        con.execute(f"ALTER TABLE {name} ADD COLUMN event_id BIGINT")
        rows_with_ids = [{n: r.get(n) for n in types} | {"event_id": event_id(t, r)} for r in rows]
        if rows_with_ids:
            con.register("told", pa.Table.from_pylist(rows_with_ids))
            con.execute(f"INSERT INTO {name} BY NAME SELECT * FROM told")
        selects[name] = f"SELECT *, 'f.csv' AS source_file, 2 AS source_row FROM {name}"
    entry = Entry("", "f.csv", f"{day}", "m", "d", {}, ingested_on=day.isoformat())
    warehouse.commit(con, selects, entry)


def told_again(t, old, rng, today):
    """A later version of an event: as it was, corrected, ended, withdrawn, or silent of an end."""

    def day():
        return START + timedelta(days=int(rng.integers((today - START).days)))

    new = dict(old)
    match rng.integers(5):
        case 0:
            others = [c for c in content_columns(t) if c not in t.key and not c.endswith("_on")]
            fresh = world(int(rng.integers(2**31)), (t.name,), 40)[t.name]
            new |= {c: r[c] for r in fresh[:1] for c in others if c != "code"}
        case 1 if t.ends:
            ended = day()
            outcomes = {c.name: None for c in t.columns if c.with_end}
            new |= {"ended_on": ended, "ended_known_on": ended} | outcomes
        case 2:
            new |= {"withdrawn_on": day(), "withdrawn_why": "restored"}
        case 3:
            new |= {"withdrawn_on": None, "withdrawn_why": None}
            new |= {"ended_on": None, "ended_known_on": None} if t.ends else {}
    if rng.integers(2):
        new["known_on"] = today
    return new


def register_again(rows_by_table, rng, today, turn):
    """A later register: some enterprises turn, some are de-registered, some come anew."""
    turned = rows_by_table["enterprise"][turn::4]
    for row in turned:
        row |= {"status": str(rng.choice(["revoked", "suspended"])), "status_on": None}
        row["deregistered_on"] = START if rng.integers(2) else None
        if rng.integers(2):
            row |= {"known_on": today, "status_on": START + timedelta(days=9)}
    return [dict(row) for row in turned]


def vectors(folder, warehouse, days):
    """Who is present, and every feature, by day."""
    vectors_by_day = {}
    with duckdb.connect() as con:
        create_views(con, warehouse)
        build(con, folder)
    store = load(folder)
    everyone = np.arange(len(CODES))
    for day in days:
        number = day_number(day)
        values = KERNEL.vector(store, everyone, number)
        vectors_by_day[day] = values | {"present": store.present(number)}
    return vectors_by_day


@pytest.mark.parametrize("seed", [1, 3])
def test_no_later_delivery_changes_an_earlier_day(tmp_path, seed):
    rng = np.random.default_rng(seed)
    rows_by_table = world(seed, tuple(EVENTS), 40)
    for row in rows_by_table["enterprise"]:
        row |= {"status": "active" if rng.integers(2) else None, "deregistered_on": None}
    warehouse = Warehouse(tmp_path / "w")
    deliveries = [{name: [dict(r) for r in rows] for name, rows in rows_by_table.items()}]
    deliver(warehouse, deliveries[0], DELIVERED[0])

    for turn, (last, today) in enumerate(pairwise(DELIVERED)):
        days = [START + timedelta(days=300), date(2025, 6, 1), last, today - timedelta(days=1)]
        before = vectors(tmp_path / f"before{turn}", warehouse, days)
        fresh = {"enterprise": register_again(rows_by_table, rng, today, turn)}
        for name, t in EVENTS.items():
            export = deliveries[rng.integers(len(deliveries))].get(name, [])
            fresh[name] = [told_again(t, r, rng, today) for r in export if rng.integers(3)]
        deliver(warehouse, fresh, today)
        deliveries.append(fresh)
        after = vectors(tmp_path / f"after{turn}", warehouse, days)

        for day in days:
            for name in before[day].keys() - LOOKS_BACK:
                expected = before[day][name]
                np.testing.assert_array_equal(after[day][name], expected, f"{name} on {day}")
