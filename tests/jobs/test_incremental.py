"""Incremental nights: equal to full ones to the last bit, and made anew where they must be."""

from pathlib import Path

import numpy as np
import pytest

from tests.jobs.growing import Growing
from xhcredit.engine import stores
from xhcredit.engine.columns import Store
from xhcredit.jobs.night import open_store


def _told(store: Store) -> dict[str, np.ndarray]:
    """Every array of a store, by its file."""
    assert store.path is not None
    files = {f.relative_to(store.path).as_posix(): f for f in store.path.rglob("*.npy")}
    return {name: np.load(f) for name, f in files.items() if name != "touched.npy"}


def _same(a: Store, b: Store) -> None:
    one, other = _told(a), _told(b)
    assert set(one) == set(other)
    for name, array in one.items():
        assert array.dtype == other[name].dtype, name
        assert np.array_equal(array, other[name]), name
    assert stores.places_of(a).equals(stores.places_of(b))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_spliced_store_is_the_built_one_to_the_last_bit(tmp_path, seed):
    world = Growing(tmp_path / "w", seed)
    other = tmp_path / "other"
    other.mkdir()
    for part in ("parts", "manifest", "versions"):
        (tmp_path / "w" / part).mkdir(exist_ok=True)
        (other / part).symlink_to(tmp_path / "w" / part)
    spliced = 0
    open_store(tmp_path / "w")
    for _ in range(8):
        for _ in range(2):
            world.night()
        store = open_store(tmp_path / "w")
        spliced += "base" in stores.about(Path(str(store.path)))
        _same(store, open_store(other, anew=True))
    assert spliced >= 4
