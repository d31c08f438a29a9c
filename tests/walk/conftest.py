"""The demo and a sparse district, made once for all walks; each file walks a copy of the store."""

from __future__ import annotations

import fcntl
import shutil
from dataclasses import replace

import pytest

from tests.walk.district import District, build, served, sparse_exports
from tests.walk.records import Record
from tests.walk.walker import Cell, Walker


def shared(factory, name, make):
    """What several processes of one run need is made by the first, while the others wait."""
    base = factory.getbasetemp()
    root = base.parent if base.name.startswith("popen-") else base
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            folder.mkdir()
            make(folder)
            (folder / "ready").touch()
    return District.within(folder)


@pytest.fixture(scope="session")
def living(demo):
    """The demo: half a year of the sample district, and records in every state."""
    return District(demo.warehouse, demo.store, None)


@pytest.fixture(scope="session")
def sparse(tmp_path_factory):
    """A small district of another seed after its first night; whatever may be empty often is."""
    return shared(tmp_path_factory, "sparse", lambda to: build(to, sparse_exports(to), nights=1))


@pytest.fixture(scope="module")
def walker(living, tmp_path_factory):
    """Walks the living district."""
    yield from _walking(living, tmp_path_factory)


@pytest.fixture(scope="module")
def sparse_walker(sparse, tmp_path_factory):
    """Walks the sparse district."""
    yield from _walking(sparse, tmp_path_factory)


def _walking(district, factory):
    store_copy = shutil.copy(district.store, factory.mktemp("walk") / "store.db")
    with served(replace(district, store=store_copy)) as client:
        walker = Walker(client)
        # as the service does in the background: else every file reads its own records alone
        warm_answer = walker.get(
            Cell("restoration_officer", "zh", Record("/v1/restoration/restorable-records"))
        )
        assert warm_answer.status_code == 200
        yield walker
