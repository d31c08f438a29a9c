"""The pandas side: vectorised, no apply, only the needed columns, categories kept as categories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.contest import AS_OF, model
from benchmarks.data import warehouse
from benchmarks.numpy_score import comparable, score, write
from benchmarks.pandas_tables import TABLES, Sums
from benchmarks.runner import OUT
from benchmarks.values import digests
from xhcredit.engine.one_enterprise import day_number
from xhcredit.ingest.warehouse import Warehouse

DAY = day_number(AS_OF)
_NEVER = 2**31 - 1
_COMMON = ["code", "occurred_on", "known_on", "withdrawn_on"]
_EARLIEST = ("established_on", "status_on")  # a missing one is before every day
_ENDS = ["ended_on", "ended_known_on"]


def _read(warehouse: Warehouse, table: str, columns: list[str]) -> pa.Table:
    """Columns of a table from all its parts; words as dictionaries, dates as day numbers."""
    parts = [str(part) for part in warehouse.parts(table)]
    schema = pq.read_schema(parts[0])
    words = [
        c for c in columns if schema.field(c).type == pa.string() and c not in ("code", "node")
    ]
    read = pa.concat_tables(
        pq.read_table(part, columns=columns, read_dictionary=words) for part in parts
    ).unify_dictionaries()
    for column_place, name in enumerate(columns):
        if pa.types.is_date32(read.schema.field(name).type):
            days = read.column(name).cast(pa.int32())
            fill = -_NEVER if name in _EARLIEST else _NEVER
            read = read.set_column(column_place, name, pc.fill_null(days, fill))
        elif pa.types.is_decimal(read.schema.field(name).type):
            cents = pc.multiply(read.column(name), pa.scalar(100)).cast(pa.float64())
            read = read.set_column(column_place, name, cents)
    return read


def _frame(
    warehouse: Warehouse, table: str, own_columns: list[str], codes: pa.Array, ends: bool
) -> pd.DataFrame:
    """Visible events of a table with ``ent`` (position of the enterprise), age and ``met``."""
    columns = [*_COMMON, *(_ENDS if ends else []), *own_columns]
    read = _read(warehouse, table, list(dict.fromkeys(columns)))
    is_known = (pc.field("known_on") <= DAY) & (pc.field("occurred_on") <= DAY)
    read = read.filter(is_known & (pc.field("withdrawn_on") > DAY))
    ent = pc.index_in(read.column("code"), codes)
    frame = read.drop_columns(["code"]).to_pandas()
    frame["ent"] = np.asarray(pc.fill_null(ent, -1))
    frame = frame[frame["ent"] >= 0]
    frame["age"] = DAY - frame["occurred_on"]
    if ends:
        frame["met"] = (frame["ended_on"] <= DAY) & (frame["ended_known_on"] <= DAY)
    return frame


def _register(warehouse: Warehouse) -> tuple[pa.Array, pa.Array, dict[str, Any]]:
    """Codes of everybody known, codes of those present in order, and the register's features."""
    columns = ["code", "known_on", "deregistered_on", "established_on", "status", "kind", "size",
               "status_on", "new_form"]  # fmt: skip
    read = _read(warehouse, "enterprise", columns)
    read = read.filter(pc.field("known_on") <= DAY)
    known = read.column("code")
    read = read.filter(pc.field("deregistered_on") > DAY)
    read = read.take(pc.sort_indices(read.column("code")))
    frame = read.drop_columns(["code"]).to_pandas()
    age = (DAY - frame["established_on"]).astype(float)
    indicators = {
        "age_days": age.where(frame["established_on"] > -_NEVER),
        "is_revoked": (frame["status"] == "revoked") & ~(frame["status_on"] > DAY),
        "is_individual": frame["kind"] == "individual",
        "is_small_or_micro": frame["size"].isin(["small", "micro"]),
        "is_new_form": frame["new_form"] == True,  # noqa: E712 - missing is not true
    }
    return known, read.column("code"), {k: v.to_numpy(float) for k, v in indicators.items()}


def _controlled(warehouse: Warehouse, known: pa.Array, codes: pa.Array) -> Any:
    """Serious listings of others under the same controller (50 members at most)."""
    read = _read(warehouse, "relation", [*_COMMON, *_ENDS, "kind", "node"])
    met = (pc.field("ended_on") <= DAY) & (pc.field("ended_known_on") <= DAY)
    is_known = (pc.field("known_on") <= DAY) & (pc.field("occurred_on") <= DAY) & ~met
    read = read.filter(
        is_known & (pc.field("withdrawn_on") > DAY) & (pc.field("kind") == "controller")
    )
    edges = read.select(["code", "node"]).to_pandas().drop_duplicates()
    edges["ent"] = np.asarray(pc.fill_null(pc.index_in(pa.array(edges["code"]), known), -1))
    edges = edges[edges["ent"] >= 0]
    listed = _frame(warehouse, "serious_listing", [], known, ends=True)
    count = np.bincount(listed["ent"][~listed["met"]], minlength=len(known))
    edges["own"] = count[edges["ent"]]
    by_node = edges.groupby("node")["own"].agg(["size", "sum"])
    by_node = by_node[(by_node["size"] <= 50) & (by_node["sum"] > 0)]
    edges = edges.join(by_node, on="node", how="inner")
    code_places = np.asarray(pc.fill_null(pc.index_in(pa.array(edges["code"]), codes), -1))
    others = (edges["sum"] - edges["own"]).to_numpy(float)
    return np.bincount(
        code_places[code_places >= 0], weights=others[code_places >= 0], minlength=len(codes)
    )


def _share(x: dict[str, Any], part: str, whole: str, prior: float, size: float) -> Any:
    return (x[part] + prior * size) / (x[whole] + size)


def _features(size: int) -> tuple[pa.Array, dict[str, Any]]:
    """Codes and features of everybody present, ordered by code."""
    warehouse_read = Warehouse(warehouse(size))
    known, codes, x = _register(warehouse_read)
    values = codes.combine_chunks()
    for table, (own_columns, ends, function) in TABLES.items():
        frame = _frame(warehouse_read, table, own_columns, values, ends)
        function(frame, Sums(len(values), x))
    x["controller_serious_listings_open"] = _controlled(
        warehouse_read, known.combine_chunks(), values
    )
    for window in ("36m", "60m"):
        failed, whole = f"inspections_failed_{window}", f"inspections_{window}"
        x[f"inspection_failed_share_{window}"] = _share(x, failed, whole, 0.05, 20)
    x["random_inspection_failed_share_36m"] = _share(
        x, "random_inspections_failed_36m", "random_inspections_36m", 0.05, 20
    )
    x["inspection_failed_share_decayed_365d"] = _share(
        x, "inspections_failed_decayed_365d", "inspections_decayed_365d", 0.05, 10
    )
    return codes, x


def features(size: int, check: bool = False) -> Callable[[], Any]:
    """All features of the contest, in memory."""

    def work() -> Any:
        _, x = _features(size)
        return (lambda: digests(x)) if check else None

    return work


def night(size: int, check: bool = False) -> Callable[[], Any]:
    """pandas features, then numpy scoring, then Parquet."""
    m = model()
    target = str(Path(OUT) / "scratch" / f"pandas{size}.parquet")

    def work() -> Any:
        codes, x = _features(size)
        scored = score(m, x)
        write(m, codes, scored, target)
        return (lambda: digests(comparable(m, scored))) if check else None

    return work
