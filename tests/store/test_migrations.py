"""From every released version, with data in it, to the newest: nothing lost, guarded as new."""

import hashlib
import json

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, insert, inspect, select

from tests.store.nights import code
from xhcredit.store import guards, migrate
from xhcredit.store.acts import Act, Tx, Writer
from xhcredit.store.audit import faults, verify
from xhcredit.store.chain import canonical
from xhcredit.store.engines import connect
from xhcredit.store.migrate import HEAD, bring_up
from xhcredit.store.store import Store

VERSIONS = sorted(r.revision for r in ScriptDirectory(str(migrate._SCRIPTS)).walk_revisions())
PROVENANCE = {"as_of": "2026-06-30", "release": "expert", "release_digest": "r"}
LATER = {"must_change": 0, "failures": 0, "expires_at": "2027-01-01T00:00:00.000000Z"}


def answer(run, number):
    """A snapshot row as the first version wrote it."""
    body = {"tier": "ABCD"[number], "composite": 700.5 - number, "general": None, "x": {}}
    told = canonical(body).encode()
    columns = {"tier": body["tier"], "composite": body["composite"], "general": None, "x": "{}"}
    tag = hashlib.sha256(told).hexdigest()[:32]
    return {"run": run, "code": code(number), **columns, "etag": tag, "body": told}


def publish_as_then(writer, tables):
    """Two runs, and a message that waits, by plain SQL."""
    for run in (1, 2):
        rows = [answer(run, n) for n in range(4)]
        lines = "".join(f"{r['code']} {r['etag']}\n" for r in rows)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        told = {**PROVENANCE, "data_digest": str(run)}
        payload = {"run": run, "snapshot_digest": digest, "provenance": told}
        row = {
            "run": run, "as_of": "2026-06-30", "provenance_digest": str(run), "enterprises": 4,
            "provenance": canonical(told), "tiers": "{}", "snapshot_digest": digest,
            "published_at": "2026-06-30T00:00:00.000000Z",
        }  # fmt: skip

        def work(tx: Tx, row=row, rows=rows, run=run) -> None:
            tx.con.execute(insert(tables["snapshots"]), rows)
            tx.con.execute(insert(tables["runs"]), row | {"activity": tx.seq})
            if run == 2:
                tx.con.execute(insert(tables["current_run"]), answers(tx))
                tx.con.execute(insert(tables["outbox"]), message(tx, tables["outbox"]))

        writer.act(Act("night", "run.publish", "test", payload=payload, key=f"run {run}"), work)


def answers(tx):
    return {"one": 1, "run": 2, "activity": tx.seq}


def message(tx, table):
    row = {
        "kind": "tier_changed", "code": code(0), "run": 2, "previous_run": 1, "tier": "A",
        "previous_tier": "B", "attempts": 3, "activity": tx.seq,
    }  # fmt: skip
    return {name: value for name, value in row.items() if name in table.c}


def let_in_as_then(writer, tables):
    """A person with a role, and a key, where the version knows them."""
    if "users" not in tables:
        return

    def work(tx: Tx) -> None:
        because = {"activity": tx.seq}
        user = {"login": "zhang", "name": "张三", "password_hash": "h", "must_change": 0}
        tx.con.execute(insert(tables["users"]), user | because)
        grant = {"login": "zhang", "role": "viewer", "bureau": "局"}
        tx.con.execute(insert(tables["grants"]), grant | because)
        key = {"prefix": "1a2b3c4d", "digest": "d", "name": "平台", "bureau": "局", "roles": "[]"}
        row = key | because | {"expires_at": LATER["expires_at"]}
        tx.con.execute(insert(tables["api_keys"]), row)

    writer.act(Act("admin", "access.change", "test"), work)


def everything(database, only=None):
    """All rows, of the columns that are asked for."""
    with database.reading() as con:
        metadata = MetaData()
        metadata.reflect(con)
        tables = {n: t for n, t in metadata.tables.items() if n != "alembic_version"}
        wanted = only or {n: [c.name for c in t.columns] for n, t in tables.items()}
        return wanted, {
            name: sorted(map(repr, con.execute(select(*(tables[name].c[c] for c in columns)))))
            for name, columns in wanted.items()
        }


@pytest.mark.parametrize("start", VERSIONS[:-1])
def test_a_store_of_every_version_comes_up_with_all_it_holds(address, start):
    database = connect(address)
    writer = Writer(database)
    bring_up(database, writer, start)
    metadata = MetaData()
    with database.reading() as con:
        metadata.reflect(con)
    publish_as_then(writer, metadata.tables)
    let_in_as_then(writer, metadata.tables)
    wanted, before = everything(database)
    wanted["outbox"] = [c for c in wanted["outbox"] if c != "attempts"]  # since 0007 elsewhere
    _, before = everything(database, wanted)
    database.engine.dispose()

    with Store.open(address) as store:
        assert (store.migrated.before, store.migrated.after) == (start, HEAD)
        _, after = everything(store.database, wanted)
        chain = after.pop("activity")
        assert chain[: len(before["activity"])] == before.pop("activity")
        assert after == before
        assert verify(store.database).whole
        assert faults(store.database) == []
        with store.database.reading() as con:
            assert guards.missing(con) == []
        works(store)


def works(store):
    """What was written then is used now."""
    assert json.loads(store.reader.current(code(1)).body)["tier"] == "B"
    [waiting] = store.outbox.waiting()
    assert (waiting["code"], waiting["bureau"], waiting["payload"]) == (code(0), "", "{}")
    number, _ = store.subscriptions.add(Act("a", "add", "test"), "平台", "https://a.cn", (), "")
    assert store.deliveries.replay(Act("a", "replay", "test"), number, since=1) == 1
    with store.database.reading() as con:
        if inspect(con).has_table("users") and store.access.people():
            assert store.access.user("zhang")["grants"] == [("viewer", "局")]
            [key] = store.access.keys()
            assert key["prefix"] == "1a2b3c4d"
