"""A small district with right codes: its warehouse, its nights, and a store that serves them."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from urllib.parse import quote

from starlette.testclient import TestClient
from xhcredit_serving.app import create_app
from xhcredit_serving.service import Settings

from tests.engine import world
from tests.jobs.warehouses import EVENT_TABLES
from xhcredit.domain.codes import check_digit, organisation_check_digit
from xhcredit.ingest.schema import directory
from xhcredit.ingest.warehouse import Entry, Warehouse
from xhcredit.jobs.night.run import run_night
from xhcredit.jobs.scoring.model import model_on
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release
from xhcredit.store.core.transactions import Act
from xhcredit.store.store import Store

DAYS = (date(2025, 3, 31), date(2025, 4, 1))
CLOCK_TIME = datetime(2026, 6, 30, 8, tzinfo=UTC)
ACT = Act("admin", "key.new", "test")
TODAY = CLOCK_TIME.date()
PURPOSE = "日常监管"


def right_code(number):
    """A code whose check digits are right."""
    first = f"91310115{number:08d}"
    first += organisation_check_digit(first + "0")
    return first + check_digit(first + "0")


CODES = sorted(right_code(n) for n in range(len(world.CODES)))
#: a check that a complaint triggers, as it is opened
TRIGGERED_CHECK = {
    "id": "ts-1",
    "bureau": "示例区税务局",
    "code": CODES[0],
    "source": "complaint",
    "reason": "举报已核实",
    "items": ["disclosure"],
}
#: whose the enterprises are, in turn (the last has none), and where they are
BUREAUS = ("示例区市场监督管理局", "示例区住房和城乡建设管理委员会", "示例区民政局", None)
#: they supervise everybody who has a bureau besides, in the field of the plans of tests
DRAWING = ("示例区税务局", "示例区生态环境局")
STREETS = ("香樟街道", "白杨镇", "银杏街道")
UNKNOWN = right_code(99)
WRONG = CODES[0][:17] + ("0" if CODES[0][17] != "0" else "1")


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = CLOCK_TIME

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by):
        self.now += timedelta(**by)


def write_warehouse(path, seed=1):
    """A warehouse of random events whose enterprises have right codes."""
    deliver(path, world_of(seed), f"seed {seed}")
    return path


def world_of(seed):
    """Random events of enterprises with right codes, by table."""
    right = dict(zip(world.CODES, CODES, strict=True))
    rows_by_table = {
        table: [row | {"code": right[row["code"]]} for row in rows]
        for table, rows in world.world(seed, EVENT_TABLES, 120).items()
        if table != "supervision"
    }
    there = {"known_on": world.START, "deregistered_on": None}
    rows_by_table["enterprise"] = [
        r | there | {"bureau": BUREAUS[n % len(BUREAUS)], "street": STREETS[n % len(STREETS)]}
        for n, r in enumerate(rows_by_table["enterprise"])
    ]
    rows_by_table["supervision"] = [
        {"code": code, "bureau": bureau, "field": field, "occurred_on": day, "known_on": day}
        for code, bureau, field in _supervision(rows_by_table["enterprise"])
        for day in (world.START,)
    ]
    return rows_by_table


def _supervision(enterprises):
    """Code, bureau and field: the leading bureau in all, the drawing ones in one."""
    for row in enterprises:
        if row["bureau"]:
            yield row["code"], row["bureau"], "every"
            yield from ((row["code"], bureau, "general") for bureau in DRAWING)


def deliver(path, rows_by_table, source, replaces=(), ingested_on=""):
    """Enter rows by table, as one entry of the warehouse."""
    key = "(md5_number_lower(concat_ws('|', 'enterprise', code)) >> 1)::BIGINT AS event_id, "
    extra = "'test.csv' AS source_file, 2 AS source_row"
    selects = {
        name: f"SELECT *, {key if t.kind == 'register' else ''}{extra} FROM {name}"
        for name, t in directory().items()
        if rows_by_table.get(name)
    }
    entry_fields = {"replaces": list(replaces), "ingested_on": ingested_on}
    entry = Entry("", "test.csv", source, "test", "test", {}, **entry_fields)
    return Warehouse(path).commit(world.connect(rows_by_table), selects, entry)


def write_nights(folder):
    """The warehouse and its nights of two days."""
    warehouse = write_warehouse(folder / "warehouse")
    for day in DAYS:
        run_night(warehouse, folder / f"{day}", model_on(Rulebook.load(), load_release(), day))
    return folder


def new_key(store, roles=("viewer",), bureau="", days=30):
    return store.access.new_key(ACT, "平台", bureau, list(roles), CLOCK_TIME + timedelta(days=days))


def headers(key, purpose=PURPOSE):
    return {"Authorization": f"Bearer {key}"} | ({"X-Purpose": quote(purpose)} if purpose else {})


@contextmanager
def served(address, **settings):
    """A client (and its store, clock and log) of the service over the store at an address."""
    clock, log = Clock(), io.StringIO()
    with Store.open(address, clock=clock) as store:
        app = create_app(store, Settings(log=log, **settings))
        with TestClient(app, raise_server_exceptions=False) as client:
            client.store, client.clock, client.log = store, clock, log
            if settings.get("warehouse"):  # loaded before pytest parses anything else (gh-106905)
                app.state.service.explainer.champions.look()
            client.headers.update(headers(new_key(store)))
            yield client


def logged(client):
    """The lines of the log that tell of requests and incidents."""
    lines = [json.loads(line) for line in client.log.getvalue().splitlines()]
    return [line for line in lines if "request_id" in line]


def problem(response, status, code):
    """The body of a refusal, after checking that it is one of ours."""
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert (response.status_code, body["status"], body["code"]) == (status, status, code), body
    assert body["type"] == f"urn:xhcredit:problem:{code}"
    assert body["instance"] == f"urn:xhcredit:request:{response.headers['x-request-id']}"
    assert body["title"]
    assert body["detail"]
    return body
