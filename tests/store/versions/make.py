"""Writes the small store of today's version that later programs must be able to upgrade.

``python -m tests.store.versions.make`` writes ``<version>.sqlite.sql`` and
``<version>.postgresql.sql`` beside this file.  Until 0.1.0 is released the one version may change,
and its files are written anew with it; those of a released version stay as they are for ever.
"""

from __future__ import annotations

import re
import sqlite3
import subprocess
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import psycopg

from tests.store.nights import code, night
from tests.store.postgres import binaries, running
from xhcredit.jobs.night.publish import publish
from xhcredit.store.core.transactions import Act
from xhcredit.store.migrate import HEAD
from xhcredit.store.night.saved_views import View
from xhcredit.store.restoration.applications import Filing, Step
from xhcredit.store.store import Store

FOLDER = Path(__file__).parent
MOMENT = datetime(2026, 6, 30, 16, tzinfo=UTC)


def fill(address: str, folder: Path) -> None:
    """Two nights with a message between them, a person with a role, a view, an application."""
    with Store.open(address, clock=lambda: MOMENT) as store:
        publish(night(folder / "first", "2026-06-29", "ABCD"), store, actor="night")
        publish(night(folder / "second", "2026-06-30", "BBCD"), store, actor="night")
        add = Act("admin", "access.change", "version test")
        store.access.add_user(add, "zhang", "张三", "no hash")
        store.access.grant(add, "zhang", "viewer", "局")
        store.views.save(Act("zhang", "view.save", "x"), View("zhang", "查看", "tier=D", "局"))
        filing = Filing(
            "restoration", code(3), "penalties", {"doc_no": "沪〔2024〕1号"}, "区局", "局"
        )
        step = Step("file", date(2026, 6, 30), "已整改", "张三", "officer")
        store.applications.submit(Act("zhang", "application.file", "x"), filing, step)


def sqlite_script(folder: Path) -> str:
    """The SQL of a filled store in SQLite."""
    file = folder / "store.db"
    fill(str(file), folder)
    with closing(sqlite3.connect(file)) as con:
        return "\n".join(con.iterdump()) + "\n"


def postgresql_script(folder: Path, address: str) -> str:
    """The SQL of a filled store in PostgreSQL, without what only ``psql`` understands."""
    fill(address, folder)
    options = ["--inserts", "--no-owner", "--no-privileges"]
    program = (binaries() or Path()) / "pg_dump"
    done = subprocess.run([program, *options, address], check=True, capture_output=True, text=True)
    lines = [x for x in done.stdout.splitlines() if x and not x.startswith(("--", "\\"))]
    return re.sub(r"SET transaction_timeout.*\n", "", "\n".join(lines) + "\n")


def load(script: Path, address: str) -> None:
    """Make the store that a script holds, at an empty address."""
    sql = script.read_text(encoding="utf-8")
    if "://" in address:
        with psycopg.connect(address, autocommit=True) as con:
            con.execute(sql.encode())
        return
    with closing(sqlite3.connect(address)) as con:
        con.executescript(sql)


def main() -> None:
    """Write both files."""
    with tempfile.TemporaryDirectory() as name, running() as server:
        folder = Path(name)
        sqlite_sql = sqlite_script(folder)
        (FOLDER / f"{HEAD}.sqlite.sql").write_text(sqlite_sql, encoding="utf-8")
        if server is None:
            raise SystemExit("no PostgreSQL; install it")
        other = postgresql_script(folder, server.database())
        (FOLDER / f"{HEAD}.postgresql.sql").write_text(other, encoding="utf-8")


if __name__ == "__main__":
    main()
