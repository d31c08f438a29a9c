"""The nights that draws are made from; made once for all files of draws."""

import pytest

from tests.serving.district import write_nights


@pytest.fixture(scope="session")
def nights(tmp_path_factory):
    """The warehouse and its nights of two days; who writes into the warehouse copies it."""
    return write_nights(tmp_path_factory.mktemp("draw"))
