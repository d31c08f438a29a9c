"""The sample district, opened as a caller of the Python API opens it."""

import shutil

import pytest

import xhcredit
from tests.walks import ROOT

SAMPLE = ROOT / "data" / "sample"


class Deliveries:
    """Exports of the sample that come into a warehouse of their own, file by file."""

    def __init__(self, folder) -> None:
        self.exports, self.warehouse = folder / "exports", folder / "warehouse"
        self.exports.mkdir()

    def deliver(self, name):
        shutil.copy(SAMPLE / "exports" / name, self.exports)
        ingest_sample(self.exports, self.warehouse)
        return xhcredit.open_warehouse(self.warehouse)


def ingest_sample(exports, warehouse):
    return xhcredit.ingest_folder(exports, SAMPLE / "mappings", warehouse, today="2026-11-22")


@pytest.fixture
def deliveries(tmp_path):
    return Deliveries(tmp_path)


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """A folder like the root of the repository, in which examples may write."""
    folder = tmp_path_factory.mktemp("root")
    (folder / "data").symlink_to(ROOT / "data")
    (folder / "out").mkdir()
    return folder


@pytest.fixture(scope="session")
def district(root):
    ingest_sample(SAMPLE / "exports", root / "out" / "warehouse")
    return xhcredit.open_warehouse(root / "out" / "warehouse")
