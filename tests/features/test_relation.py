"""Neighbours, told with three enterprises: who shares what, and what may follow from it."""

from __future__ import annotations

from datetime import date

import pytest

from tests.engine.world import CODES, connect
from xhcredit.engine.cluster import build, load
from xhcredit.engine.compile import compile_features, with_inputs
from xhcredit.engine.one_enterprise import day_number
from xhcredit.features.registry import features

JANUARY = date(2026, 1, 1)
NAMES = [
    "controller_serious_listings_open",
    "representative_enterprises",
    "representative_penalties_24m",
    "address_enterprises",
]


def row(code: int, **columns: object) -> dict[str, object]:
    known = {"code": CODES[code], "occurred_on": JANUARY, "known_on": JANUARY}
    return known | columns


def related(code: int, kind: str, node: str, **columns: object) -> dict[str, object]:
    return row(code, kind=kind, node=node, **columns)


WORLD = {
    "enterprise": [
        {"code": code, "name": code, "known_on": JANUARY, "status": "active"} for code in CODES[:3]
    ],
    "relation": [
        related(0, "controller", "c"),
        related(1, "controller", "c"),
        related(0, "legal_representative", "r"),
        related(
            2,
            "legal_representative",
            "r",
            ended_on=date(2026, 3, 1),
            ended_known_on=date(2026, 3, 10),
        ),
        related(0, "address", "a"),
        related(1, "address", "a"),
        related(2, "address", "a"),
    ],
    "serious_listing": [
        row(1, list_kind="tax", known_on=date(2026, 2, 1)),
        row(2, list_kind="tax"),
    ],
    "penalty": [
        row(2, doc_no="1", procedure="ordinary", penalty_kinds="fine"),
        row(2, doc_no="2", procedure="summary", penalty_kinds="fine"),
    ],
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("relation") / "store"
    build(connect(WORLD), folder)
    return load(folder)


def of_first(store, day: date) -> list[float]:
    compiled = compile_features(with_inputs(NAMES, features()), jit=False)
    values = compiled.vector(store, [store.row(CODES[0])], day_number(day))
    return [values[name][0] for name in NAMES]


def test_the_controllers_other_enterprise_on_a_serious_list_counts_once_known(store):
    """上海市社会信用条例 art 33: the only relation that a score may read."""
    assert of_first(store, date(2026, 1, 31))[0] == 0
    assert of_first(store, date(2026, 2, 1))[0] == 1


def test_slight_penalties_of_a_neighbour_do_not_even_warn(store):
    assert of_first(store, date(2026, 2, 1))[1:3] == [1, 1]


def test_a_relation_counts_until_its_end_is_known(store):
    assert of_first(store, date(2026, 3, 9))[1:3] == [1, 1]
    assert of_first(store, date(2026, 3, 10))[1:3] == [0, 0]


def test_a_shared_address_is_counted_for_warnings_only(store):
    assert of_first(store, date(2026, 4, 1))[3] == 2
    assert features()["address_enterprises"].use == "warning"
