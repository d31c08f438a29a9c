"""Draws whose tickets a real Spark computes: those of one process, byte for byte."""

import numpy as np
import pytest

from tests.draws.worlds import code
from tests.jobs.draws import test_draw as base
from tests.jobs.draws.test_draw import act, files_of, seeded
from xhcredit.draws.tickets import BoundTicket
from xhcredit.draws.verify import verify_record
from xhcredit.errors import BadInput
from xhcredit.jobs.draws import steps
from xhcredit.jobs.spark import tickets
from xhcredit.jobs.spark.session import Spark
from xhcredit.jobs.spark.tickets import SparkBound

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # py4j leaves its sockets to the end
]
store, frozen = base.store, base.frozen


@pytest.fixture(scope="module")
def spark():
    with Spark("local[2]") as opened:
        yield opened


@pytest.mark.parametrize("size", [0, 1, 700])
def test_tickets_of_a_cluster_stand_in_the_order_of_the_codes(spark, monkeypatch, size):
    monkeypatch.setattr(tickets, "_SLICE", 100)
    codes = [code(number).encode() for number in range(size)]

    ticket_starts = SparkBound(spark, "种子 7", "r").starts(iter(codes))

    assert ticket_starts.dtype == np.uint64
    np.testing.assert_array_equal(ticket_starts, BoundTicket("种子 7", "r").starts(codes))


def test_a_draw_on_spark_is_that_of_its_verifier(spark, frozen):
    seeded(frozen)
    steps.run_draw(frozen, act("run"), "d1", engine="local[2]")
    record = steps.record_of(frozen, "d1")

    assert len(record["selected"]) > 0
    assert all(check.holds for check in verify_record(record, files_of(frozen)))


def test_an_engine_that_is_none_draws_nothing(frozen):
    seeded(frozen)

    with pytest.raises(BadInput, match="is no engine"):
        steps.run_draw(frozen, act("run"), "d1", engine="dask://here")
    assert frozen.draws.get("d1")["state"] == "seeded"
