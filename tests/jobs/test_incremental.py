"""Incremental nights: equal to full ones to the last bit, and made anew where they must be."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.jobs.growing import Growing
from xhcredit.engine import stores
from xhcredit.engine.columns import Store
from xhcredit.jobs.model import model_on
from xhcredit.jobs.night import open_store, present, run_night, score_store
from xhcredit.rules.rulebook import Rulebook
from xhcredit.scores.release import load_release

BOOK, RELEASE = Rulebook.load(), load_release()


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


DAYS = 60


def test_sixty_nights_carried_on_are_sixty_full_nights(tmp_path):
    """Late, withdrawn, corrected, ended, moved; new enterprises, entries done again, quiet days."""
    world = Growing(tmp_path / "w", seed=4, enterprises=60)
    carried = []
    for _ in range(DAYS):
        world.night()
        model = model_on(BOOK, RELEASE, world.day)
        report = run_night(tmp_path / "w", tmp_path / "out", model, check=0.2)
        full = _scored_anew(tmp_path / "w", model)
        table = pq.read_table(report.scores)
        assert table.equals(full), (world.day, _differing(table, full))
        carried.append(report.carried)

    assert sum(n > 0 for n in carried) > DAYS / 2


def _scored_anew(warehouse, model):
    """The table that a night without any past writes."""
    store = open_store(warehouse)
    rows = present(store, model.as_of)
    places = stores.places_of(store).take(pa.array(rows))
    return score_store(store, model, rows).table(store.codes[rows], places)


def _differing(a: pa.Table, b: pa.Table):
    return [n for n in b.column_names if not a.column(n).equals(b.column(n))]
