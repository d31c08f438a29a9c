"""Every declared indicator means the same to the kernel and to the oracle's SQL."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from tests.engine.world import CODES, START, connect, world
from xhcredit.engine.cluster import build, load
from xhcredit.engine.compile import compile_features
from xhcredit.engine.one_enterprise import day_number
from xhcredit.engine.sql import feature_sql
from xhcredit.features.registry import features
from xhcredit.ingest.schema import directory

ALL = list(features().values())
EVENTS = tuple(name for name, t in directory().items() if t.kind == "event")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_kernel_and_sql_agree_on_every_indicator(tmp_path, seed):
    con = connect(world(seed, EVENTS))
    as_of = START + timedelta(days=300 * seed)
    build(con, tmp_path / "store")
    store = load(tmp_path / "store")
    rows = [store.row(code) for code in CODES]

    values = compile_features(ALL, jit=False).vector(store, rows, day_number(as_of))

    expected = by_sql(con, as_of)
    for name in values:
        np.testing.assert_array_equal(values[name], expected[name], err_msg=name)


def by_sql(con, as_of):
    """Values by feature id, in the order of the codes; missing is NaN."""
    con.execute("CREATE TABLE spine (pair BIGINT, code VARCHAR, as_of DATE)")
    spine = [(i, code, as_of) for i, code in enumerate(CODES)]
    con.executemany("INSERT INTO spine VALUES (?, ?, ?)", spine)
    table = con.sql(feature_sql(ALL)).to_arrow_table()
    return {
        name: np.array([np.nan if v is None else v for v in table.column(name).to_pylist()])
        for name in table.column_names
    }
