"""Tickets of a draw computed by a cluster: the same SHA-256, slice by slice, the same draw."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from xhcredit.draws.tickets import BoundTicket
from xhcredit.jobs.spark.session import Spark, at_worker

#: codes that one task takes
_SLICE = 1_000_000


class SparkBound(BoundTicket):
    """``Bound`` whose ``starts`` are computed by workers; single tickets are computed here.

    Args:
        spark: the cluster.
        seed: the seed of the draw.
        round_id: its round.
    """

    def __init__(self, spark: Spark, seed: str, round_id: str) -> None:
        super().__init__(seed, round_id)
        self._spark, self._draw = spark, (seed, round_id)

    def starts(self, ticket_codes: Iterable[bytes]) -> npt.NDArray[np.uint64]:
        """The first 16 digits of many tickets, as numbers: they decide all but ties.

        Raises:
            BadInput: there is no cluster, or its workers gave up (with Spark's own words).
        """
        codes = pa.array(ticket_codes, pa.binary())
        slices = -(-len(codes) // _SLICE)
        rows = pa.table({"position": pa.array(range(len(codes)), pa.int64()), "code": codes})
        with self._spark.translate_errors():
            frame = self._spark.session.createDataFrame(rows).repartition(max(slices, 1))
            starts_function = at_worker("xhcredit.jobs.spark.tickets:starts_of", *self._draw)
            starts_table = frame.mapInArrow(
                starts_function, "position BIGINT, start BIGINT"
            ).toArrow()
        start_numbers = np.empty(len(codes), np.uint64)
        start_numbers[starts_table["position"].to_numpy()] = (
            starts_table["start"].to_numpy().view(np.uint64)
        )
        return start_numbers


def starts_of(
    seed: str, round_id: str, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """On a worker: the tickets of the codes that come (Spark has no unsigned numbers)."""
    ticket = BoundTicket(seed, round_id)
    for batch in batches:
        starts = ticket.starts(batch.column("code").to_pylist()).view(np.int64)
        yield pa.RecordBatch.from_arrays(
            [batch.column("position"), pa.array(starts)], ["position", "start"]
        )
