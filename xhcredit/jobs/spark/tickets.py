"""Tickets of a draw computed by a cluster: the same SHA-256, slice by slice, the same draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xhcredit.draws.tickets import Bound
from xhcredit.jobs.spark.session import Spark, at_worker

#: codes that one task takes
_SLICE = 1_000_000


class SparkBound(Bound):
    """``Bound`` whose ``starts`` are computed by workers; single tickets are computed here.

    Args:
        spark: the cluster.
        seed: the seed of the draw.
        round_id: its round.
    """

    def __init__(self, spark: Spark, seed: str, round_id: str) -> None:
        super().__init__(seed, round_id)
        self._spark, self._draw = spark, (seed, round_id)

    def starts(self, every: Iterable[bytes]) -> npt.NDArray[np.uint64]:
        """The first 16 digits of many tickets, as numbers: they decide all but ties.

        Raises:
            BadInput: there is no cluster, or its workers gave up (with Spark's own words).
        """
        codes = pa.array(every, pa.binary())
        slices = -(-len(codes) // _SLICE)
        rows = pa.table({"at": pa.array(range(len(codes)), pa.int64()), "code": codes})
        with self._spark.patience():
            frame = self._spark.session.createDataFrame(rows).repartition(max(slices, 1))
            work = at_worker("xhcredit.jobs.spark.tickets:starts_of", *self._draw)
            done = frame.mapInArrow(work, "at BIGINT, start BIGINT").toArrow()
        found = np.empty(len(codes), np.uint64)
        found[done["at"].to_numpy()] = done["start"].to_numpy().view(np.uint64)
        return found


def starts_of(
    seed: str, round_id: str, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """On a worker: the tickets of the codes that come (Spark has no unsigned numbers)."""
    ticket = Bound(seed, round_id)
    for batch in batches:
        starts = ticket.starts(batch.column("code").to_pylist()).view(np.int64)
        yield pa.RecordBatch.from_arrays([batch.column("at"), pa.array(starts)], ["at", "start"])
