"""A small district, exports once for all tests of the generator."""

from pathlib import Path

import pytest

from data.sample.world.build import Order, build


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a district of 3,000 enterprises as departments send it."""
    folder = tmp_path_factory.mktemp("district")
    build(Order(enterprises=3000, seed=7, out=folder), lambda: None)
    return folder


@pytest.fixture(scope="session")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a clean district of 40,000 enterprises in Parquet."""
    folder = tmp_path_factory.mktemp("large")
    build(Order(enterprises=40_000, seed=8, out=folder, form="parquet", dirt=False), lambda: None)
    return folder
