"""Whatever of a draw is changed behind the guards is told by the check of the store."""

import shutil
import sqlite3
import zlib
from contextlib import closing

import pytest

from tests.serving.district import write_nights
from tests.store.draw_victims import CLOCK_TIME, DAY, STEPS, clock_of, do
from xhcredit.jobs.night.publish import publish
from xhcredit.store.audit import find_faults, verify
from xhcredit.store.store import Store


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A store with a draw that went through every step."""
    folder = write_nights(tmp_path_factory.mktemp("faults"))
    address = str(folder / "store.db")
    with Store.open(address, clock=lambda: CLOCK_TIME) as store:
        publish(folder / f"{DAY}", store, actor="night")
    for step in STEPS:
        with Store.open(address, clock=clock_of(step)) as store:
            do(store, step, "d1", folder / "warehouse", folder / "out")
    return address


@pytest.fixture
def address(drawn, tmp_path):
    return shutil.copy(drawn, tmp_path / "store.db")


def told_after(address, *statements):
    """What the check says after the owner of the disk ran some SQL without the guards."""
    with closing(sqlite3.connect(address)) as con, con:
        guards = con.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in guards:
            con.execute(f'DROP TRIGGER "{name}"')
        for sql, values in statements:
            assert con.execute(sql, values).rowcount > 0
        for _, sql in guards:
            con.execute(sql)
    with Store.open(str(address)) as store:
        assert verify(store.database).whole
        return find_faults(store.database)


def test_a_draw_as_it_was_written_has_no_fault(address):
    with Store.open(str(address)) as store:
        assert find_faults(store.database) == []


CHANGES = {
    "plan": ("UPDATE plans SET body = replace(body, '0.03', '0.02')", 'plan "p-d1" is not'),
    "seed": ("UPDATE draw_steps SET details = replace(details, '1 2 3', '1 2 4') "
             "WHERE state = 'seeded'", 'draw "d1" has another seed'),
    "result": ("UPDATE draw_results SET body = replace(body, 'corrected', 'no_problem') "
               "WHERE body LIKE '%corrected%'", 'draw "d1": its results are not those'),
    "result gone": ("DELETE FROM draw_results WHERE code = (SELECT min(code) FROM draw_results)",
                    'draw "d1": its results are not those'),
    "publication": ("UPDATE draw_steps SET details = replace(details, '\"number\":1', "
                    "'\"number\":2') WHERE state = 'published'",
                    'draw "d1" has another publication'),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_was_changed_is_named(address, what):
    sql, words = CHANGES[what]
    [fault] = told_after(address, (sql, []))

    assert words in fault


@pytest.mark.parametrize(
    "name", ["commitment.json", "record.json", "frame.csv", "inspectors.csv", "recusals.csv"]
)
@pytest.mark.parametrize("how", ["another byte", "a row less", "not packed"])
def test_a_changed_file_is_named(address, name, how):
    with closing(sqlite3.connect(address)) as con:
        [packed] = con.execute("SELECT packed FROM draw_files WHERE name = ?", [name]).fetchone()
    content = zlib.decompress(packed)
    other = {
        "another byte": zlib.compress(content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]),
        "a row less": zlib.compress(content[: content[:-1].rfind(b"\n") + 1] or content[:-1]),
        "not packed": content,
    }[how]
    [fault] = told_after(
        address, ("UPDATE draw_files SET packed = ? WHERE name = ?", [other, name])
    )

    assert fault == f'draw "d1": {name} is not the one that was kept'
