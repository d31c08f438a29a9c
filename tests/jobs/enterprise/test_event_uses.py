"""Each event names the indicators that read it, or why none does: held against the kernel."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tests.jobs.warehouses import random_warehouse
from xhcredit.engine.columns import EventColumns, read_only
from xhcredit.engine.indicators_of_event import readers_of
from xhcredit.engine.neighbours import neighbour_values
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.splice import spans
from xhcredit.features.registry import features
from xhcredit.features.why_not import reasons
from xhcredit.ingest.schema import directory
from xhcredit.jobs.enterprise.event_uses import event_uses
from xhcredit.jobs.enterprise.explanation import explain
from xhcredit.jobs.scoring.model import model_on
from xhcredit.jobs.scoring.reasons import applicable_scores, result_of
from xhcredit.jobs.warehouse.clustered_store import open_event_columns
from xhcredit.jobs.warehouse.ingest import run_ingest
from xhcredit.jobs.warehouse.rows_by_enterprise import open_rows
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

SAMPLE = Path(__file__).parents[3] / "data" / "sample"
DAY = date(2026, 6, 30)
EVENTS = [name for name, t in directory().items() if t.kind == "event"]


@pytest.fixture(scope="module")
def model():
    return model_on(Rulebook.load(), load_release(), DAY)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The rows of the whole sample district."""
    folder = tmp_path_factory.mktemp("sample")
    run_ingest(str(SAMPLE / "exports"), SAMPLE / "mappings", folder, today=date(2026, 7, 1))
    return open_rows(folder, open_event_columns(folder))


def uses_of(model, rows, row):
    day = np.array([day_number(model.as_of)])
    result = result_of(model, model.compiled.run(rows.event_columns, np.array([row]), day))
    return event_uses(model, rows, row, applicable_scores(result))


def without_each(store: EventColumns, table: str) -> tuple[EventColumns, np.ndarray]:
    """A store with one enterprise per event of a table, which has all its events but that one."""
    offsets = store.tables[table]["offsets"]
    owner = np.repeat(np.arange(len(store)), np.diff(offsets))
    tables = {}
    for name, arrays in store.tables.items():
        if name == "enterprise":
            tables[name] = {k: read_only(a[owner]) for k, a in arrays.items()}
            continue
        event_places, whose = spans(arrays["offsets"], owner)
        if name == table:
            is_other = event_places != whose
            event_places, whose = event_places[is_other], whose[is_other]
        ends = np.searchsorted(whose, np.arange(owner.shape[0] + 1))
        remaining_arrays = {
            k: read_only(a[event_places]) for k, a in arrays.items() if k != "offsets"
        }
        tables[name] = {**remaining_arrays, "offsets": read_only(ends)}
    return replace(store, tables=tables), owner


def raw(model):
    """The indicators over events that results are made of, and where they stand."""
    return [
        (k, f.id)
        for k, f in enumerate(model.compiled.features)
        if f.aggregate not in ("derived", "neighbours")
    ]


@pytest.mark.parametrize("table", EVENTS)
def test_taking_an_event_away_moves_only_what_reads_it(model, rows, table):
    """Over every event of the sample, with every indicator over events; counts count exactly."""
    store, (other, owner) = rows.event_columns, without_each(rows.event_columns, table)
    day = np.full(owner.shape, day_number(DAY), np.int32)
    shared = {
        k: np.zeros(owner.shape)
        for k, f in enumerate(model.compiled.features)
        if f.aggregate == "neighbours"
    }
    shape = (len(model.compiled.ids), owner.shape[0])
    before, after = np.empty(shape), np.empty(shape)
    model.compiled.fill(store, read_only(owner), read_only(day), before, shared)
    model.compiled.fill(other, read_only(np.arange(owner.shape[0])), read_only(day), after, shared)
    moved = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    raw_points, reader = raw(model), readers_of(model.compiled.features).tables[table]
    counts = [(k, f.id) for k, f in enumerate(model.compiled.features) if _counts(f, table)]
    event_place = 0
    for row in np.unique(owner):
        readings = list(reader.readings(store, int(row), day_number(DAY)))
        for k, name in counts:
            assert before[k, event_place] == sum(name in r.read_by for r in readings), (name, row)
        for reading in readings:
            changed = {name for k, name in raw_points if moved[k, event_place]}
            assert changed <= set(reading.read_by), (table, row, changed)
            event_place += 1
    assert event_place == owner.shape[0]


def _counts(f, table):
    return f.table == table and f.aggregate == "count"


def test_every_event_counts_and_says_by_what_or_does_not_and_says_why(model, rows):
    """Derived indicators too; nothing is named that stands over another table."""
    named, why = Counter(), Counter()
    for row in range(0, len(rows.event_columns), 7):
        for table, uses in uses_of(model, rows, row).items():
            for use in uses:
                read = {i["indicator"] for i in use.indicators}
                assert use.counts == any(i["enters"] for i in use.indicators)
                assert use.counts != bool(use.why_none)
                assert all(r["zh"] and r["en"] for r in use.why_none)
                assert read <= set(model.all_indicators())
                named.update((table, name) for name in read)
                why.update((table, r["reason"]) for r in use.why_none)

    declared = features()
    assert all(declared[n].table in ("", t) for t, n in named)
    assert {r for t, r in why if t == "spared_violation"} == {"never_scored"}
    assert {r for t, r in why if t == "penalty"} == {
        "window",
        "procedure",
        "severity",
        "penalty_kinds",
        "withdrawn",
    }
    assert ("abnormal_listing", "open") in why
    assert ("inspection", "window") in why


def test_a_derived_indicator_is_named_through_what_it_is_made_of(model, rows):
    share = "inspection_failed_share_60m"
    uses = [u for row in range(40) for u in uses_of(model, rows, row)["inspection"]]

    assert share in model.release.features()
    assert any(share in {i["indicator"] for i in u.indicators} for u in uses)


def test_an_x_that_does_not_apply_is_named_but_makes_nothing_count(model, rows):
    table = model.release.tables["x_food"]
    only = {i.feature for i in table.indicators}
    uses_found = [
        i
        for row in range(0, len(rows.event_columns), 25)
        for uses in uses_of(model, rows, row).values()
        for u in uses
        for i in u.indicators
        if i["indicator"] in only
    ]

    assert any("x_food" in i["enters"] for i in uses_found)
    assert any(i["enters"] == [] for i in uses_found)


def test_a_relation_of_neighbours_is_read_while_it_holds(tmp_path):
    """Held against the sums over neighbours, over every indicator of them."""
    warehouse = random_warehouse(tmp_path / "w", seed=3, events=300)
    store = open_event_columns(warehouse.path)
    near = tuple(f for f in features().values() if f.aggregate == "neighbours")
    day = day_number(date(2025, 3, 31))
    readers = readers_of(near)
    for row in range(len(store)):
        readings = readers.readings_at(store, row, day)["relation"]
        for f in near:
            value = neighbour_values(store, _Ones(), f, np.array([row]), np.array([day]))[0]
            assert not value or any(f.id in r.read_by for r in readings), f.id


class _Ones:
    """Says 1 of everybody, whatever is asked."""

    class _Any(list):
        def index(self, name):
            return 0

    ids = _Any()

    def run(self, store, rows, days):
        return np.ones((1, rows.shape[0]))


def test_what_becomes_known_later_is_not_told_as_a_reason(tmp_path):
    """An ending known after the day leaves its outcome unsaid on the day."""
    warehouse = random_warehouse(tmp_path / "w", seed=3, events=300)
    world = open_rows(warehouse.path, open_event_columns(warehouse.path))
    early = model_on(Rulebook.load(), load_release(), date(2025, 3, 31))
    outcomes = {n: {c.name for c in t.columns if c.with_end} for n, t in directory().items()}
    hidden_reasons = 0
    for row in range(len(world.event_columns)):
        for table, uses in uses_of(early, world, row).items():
            later = [
                e["event_id"] for e in world.rows_of(table, row) if _ends_after(e, early.as_of)
            ]
            for use in (u for u in uses if u.event["event_id"] in later):
                reason_texts = [r["zh"] for r in use.why_none if r["reason"] in outcomes[table]]
                hidden_reasons += len(reason_texts)
                assert all(use.event[name] is None for name in ("ended_on", *outcomes[table]))
                assert all(words.endswith("未填") for words in reason_texts)
    assert hidden_reasons


def _ends_after(event, day):
    return event.get("ended_known_on") is not None and event["ended_known_on"] > day


def test_explain_names_no_person(model, rows):
    store = rows.event_columns
    warehouse = store.path.parent.parent
    codes = [store.codes[row].decode() for row in range(60) if store.known[row] <= day_number(DAY)]
    events = [e for c in codes for e in explain(warehouse, store, model, c)["events"]]
    persons = {c.name for t in directory().values() for c in t.columns if c.type == "person"}

    assert {e["table"] for e in events} >= {"relation", "inspection"}
    assert not any(persons & {f["column"] for f in e["facts"]} for e in events)


def test_a_hidden_event_says_why(model, rows):
    reading = next(
        (t, r)
        for row in range(len(rows.event_columns))
        for t, several in readers_of(model.compiled.features)
        .readings_at(rows.event_columns, row, 0)
        .items()
        for r in several
    )
    table, event_uses = reading

    assert event_uses.hidden in ("not_happened", "not_known")
    assert reasons(directory()[table], event_uses, {}, {}, DAY)[0].reason == event_uses.hidden
