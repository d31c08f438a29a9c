"""The picture of a cluster: who is in it, how near, and where it ends."""

import pytest

from tests.alerts.districts import TODAY_NUMBER, ago, district, event
from tests.engine.world import CODES
from xhcredit.alerts.clusters import cluster_picture
from xhcredit.alerts.visible_events import World
from xhcredit.rules.schemas.alerts import Picture

RULE = Picture(through=("address", "agent"), nodes_at_most=50, hub_above=3)


def relation(who, kind, node, days_ago=100, **columns):
    return event(who, days_ago, kind=kind, node=node, **columns)


@pytest.fixture
def world(tmp_path):
    """0 and 1 share an address, 1 and 2 an agent, 3 and 4 an address apart; all share a hub."""
    rows = [relation(n, "address", "a") for n in (0, 1)]
    rows += [relation(1, "agent", "b", 90), relation(2, "agent", "b", 80)]
    rows += [relation(n, "address", "c") for n in (3, 4)]
    rows += [relation(n, "address", "hub") for n in (0, 2, 3, 4)]
    rows += [relation(n, "controller", "boss") for n in (0, 3)]
    return district(tmp_path, {"relation": rows})


def nodes_and_edges(picture):
    """Enterprises by number, and edges as (enterprise, days ago)."""
    enterprises = [CODES.index(n["id"]) for n in picture["nodes"] if n["kind"] == "enterprise"]
    return enterprises, sorted((CODES.index(e["enterprise"]), e["since"]) for e in picture["edges"])


def day(days_ago):
    return ago(days_ago).isoformat()


def test_whoever_is_reached_through_small_nodes_is_in_the_picture_nearest_first(world):
    picture = cluster_picture(world, 0, RULE, TODAY_NUMBER)

    assert (picture["size"], picture["shown"]) == (3, True)
    enterprises, edges = nodes_and_edges(picture)
    assert enterprises == [0, 1, 2]
    assert edges == [(0, day(100)), (1, day(100)), (1, day(90)), (2, day(80))]
    assert [n["kind"] for n in picture["nodes"]] == [
        "enterprise",
        "address",
        "enterprise",
        "agent",
        "enterprise",
    ]


def test_every_edge_joins_two_nodes_of_the_picture_by_their_ids(world):
    picture = cluster_picture(world, 0, RULE, TODAY_NUMBER)
    ids = {n["id"]: n for n in picture["nodes"]}
    kinds = {(CODES.index(e["enterprise"]), ids[e["node"]]["kind"]) for e in picture["edges"]}

    assert kinds == {(0, "address"), (1, "address"), (1, "agent"), (2, "agent")}
    assert all(n["id"] == f"n{n['row']}" for n in picture["nodes"] if n["kind"] != "enterprise")
    assert all(
        world.event_columns.codes[n["row"]].decode() == n["id"]
        for n in picture["nodes"]
        if n["kind"] == "enterprise"
    )


def test_a_node_with_as_many_members_as_the_bound_joins_and_with_more_does_not(world):
    wide = RULE.model_copy(update={"hub_above": 4})

    assert cluster_picture(world, 0, RULE, TODAY_NUMBER)["size"] == 3
    assert cluster_picture(world, 0, wide, TODAY_NUMBER)["size"] == 5


def test_a_white_listed_node_joins_nobody(world):
    [address] = [
        n["row"]
        for n in cluster_picture(world, 0, RULE, TODAY_NUMBER)["nodes"]
        if n["kind"] == "address"
    ]
    picture = cluster_picture(
        World(world.event_columns, white_nodes=frozenset({address})), 0, RULE, TODAY_NUMBER
    )

    assert nodes_and_edges(picture) == ([0], [])
    assert (picture["size"], picture["shown"]) == (1, True)


def test_only_the_relations_named_count(world):
    through = RULE.model_copy(update={"through": ("controller",)})
    picture = cluster_picture(world, 0, through, TODAY_NUMBER)

    assert nodes_and_edges(picture)[0] == [0, 3]
    assert picture["size"] == 2
    assert {n["kind"] for n in picture["nodes"]} == {"enterprise", "controller"}


def test_only_so_many_nodes_are_shown_and_the_rest_is_counted(world):
    few = RULE.model_copy(update={"nodes_at_most": 3})
    picture = cluster_picture(world, 0, few, TODAY_NUMBER)

    assert (picture["size"], picture["shown"]) == (3, False)
    assert nodes_and_edges(picture) == ([0, 1], [(0, day(100)), (1, day(100))])
    assert cluster_picture(world, 0, RULE.model_copy(update={"nodes_at_most": 5}), TODAY_NUMBER)[
        "shown"
    ]


def test_a_relation_holds_from_its_day_until_its_end_is_known(world):
    # 1 and 2 share their agent since 80 days ago
    assert cluster_picture(world, 0, RULE, TODAY_NUMBER - 81)["size"] == 2
    assert cluster_picture(world, 0, RULE, TODAY_NUMBER - 80)["size"] == 3
    assert cluster_picture(world, 0, RULE, TODAY_NUMBER - 101)["size"] == 1
