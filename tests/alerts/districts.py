"""Small districts for triggers: rows as departments deliver them, through the one door."""

from __future__ import annotations

from datetime import date, timedelta

from tests.engine.world import CODES, connect
from xhcredit.alerts.visible_events import World
from xhcredit.engine import cluster
from xhcredit.engine.one_enterprise import day_number

TODAY = date(2026, 6, 30)
TODAY_NUMBER = day_number(TODAY)
LONG_AGO = date(2020, 1, 1)


def ago(days):
    return TODAY - timedelta(days=days)


def enterprises(size=20, **columns):
    """Register rows; a list of a column is dealt out in turn."""
    return [
        {"code": code, "known_on": LONG_AGO, "name": code}
        | {k: v[n % len(v)] if isinstance(v, list) else v for k, v in columns.items()}
        for n, code in enumerate(CODES[:size])
    ]


def event(who, days_ago, *, known=0, ended=None, **columns):
    """An event of the enterprise number ``who``, known so many days after it happened."""
    day = ago(days_ago)
    columns_by_name = {
        "code": CODES[who],
        "occurred_on": day,
        "known_on": day + timedelta(days=known),
    }
    if ended is not None:
        columns_by_name |= {"ended_on": ago(ended), "ended_known_on": ago(ended)}
    return columns_by_name | columns


def district(folder, tables, register=None, **world):
    """What triggers look at, of these rows."""
    rows_by_table = {"enterprise": register or enterprises(), **tables}
    out = folder / "store"
    cluster.build(connect(rows_by_table), out)
    return World(cluster.load(out), **world)
