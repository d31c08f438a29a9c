"""The SQL side: hand-written, generated from our declarations, and on DuckDB's own format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

import duckdb
import numpy as np
import pandas as pd  # noqa: F401 - so that to_pandas() does not import it on the clock

from benchmarks.contest import AS_OF, full_model, model
from benchmarks.data import connect, home
from benchmarks.numpy_score import comparable, score, write
from benchmarks.runner import OUT, THREADS
from benchmarks.values import digests
from xhcredit.engine.spec import Feature
from xhcredit.engine.sql import feature_sql

#: aggregates that are 0 where nothing is known; those made with lists are spelled in the SQL
_ZERO = ("count", "sum", "distinct", "decayed", "neighbours")


def hand_sql() -> str:
    """The hand-written statement for the contest's day."""
    counts = [f.id for f in model().compiled.features if f.aggregate in _ZERO]
    text = (Path(__file__).parent / "hand.sql").read_text()
    listed = ",\n  ".join(f"coalesce({name}, 0) AS {name}" for name in counts)
    return Template(text).substitute(day=f"DATE '{AS_OF}'", counts=listed)


def _opened(size: int, source: str, memory: str) -> Any:
    """A connection that shows the tables: Parquet parts, or DuckDB's own prepared file."""
    if source == "native":
        file = str(home(size) / "native.duckdb")
        con = duckdb.connect(file, read_only=True, config={"threads": THREADS})
    else:
        con = connect(size)
    if memory:
        con.execute(f"SET memory_limit = '{memory}'")
    return con


def _columns(table: Any) -> dict[str, Any]:
    """Arrow columns as float64 with NaN for missing, one at a time."""
    import pyarrow as pa

    columns = {}
    for name in table.column_names:
        if name not in ("code", "pair"):
            column = table.column(name).cast(pa.float64())
            columns[name] = column.to_numpy() if not column.null_count else column.to_pandas()
            columns[name] = np.asarray(columns[name])
    return columns


def features(
    size: int, source: str = "parquet", memory: str = "", check: bool = False
) -> Callable[[], Any]:
    """All features of the contest by hand-written SQL, into memory."""
    sql, con = hand_sql(), _opened(size, source, memory)

    def work() -> Any:
        table = con.sql(sql).to_arrow_table()
        return (lambda: digests(_columns(table))) if check else None

    return work


def night(
    size: int, source: str = "parquet", memory: str = "", check: bool = False
) -> Callable[[], Any]:
    """Hand-written SQL, then numpy scoring, then Parquet."""
    m, sql, con = model(), hand_sql(), _opened(size, source, memory)
    target = str(OUT / "scratch" / f"peer{size}.parquet")

    def work() -> Any:
        table = con.sql(sql).to_arrow_table()
        scored = score(m, _columns(table))
        write(m, table.column("code"), scored, target)
        return (lambda: digests(comparable(m, scored))) if check else None

    return work


def _spine(con: Any, months: int) -> int:
    """Who is asked for on which day."""
    days = " UNION ALL ".join(f"SELECT DATE '{AS_OF}' - {30 * k} AS as_of" for k in range(months))
    con.execute(
        "CREATE TEMP TABLE spine AS SELECT row_number() OVER (ORDER BY as_of DESC, code) AS pair, "
        f"code, as_of FROM enterprise, ({days}) WHERE known_on <= as_of "
        "AND (deregistered_on IS NULL OR deregistered_on > as_of)"
    )
    return int(con.sql("SELECT count(*) FROM spine").fetchall()[0][0])


def generated(
    size: int,
    which: str = "contest",
    months: int = 1,
    neighbours: bool = True,
    check: bool = False,
) -> Callable[[], Any]:
    """Features by the SQL generated from the declarations (the oracle), into memory."""
    con = _opened(size, "parquet", "")
    chosen: list[Feature] = [
        f
        for f in (model() if which == "contest" else full_model()).compiled.features
        if neighbours or f.aggregate != "neighbours"
    ]
    sql = feature_sql(chosen)

    def work() -> Any:
        pairs = _spine(con, months)
        table = con.sql(sql).to_arrow_table()
        if check:
            return lambda: digests(_columns(table))
        return {"pairs": pairs}

    return work
