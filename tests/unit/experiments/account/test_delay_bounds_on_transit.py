"""Delay alone tells where packets cannot have been."""

from itertools import pairwise

import pytest

from corridor.experiments.account.transit_check import Alibis
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routing import shortest_path_between
from corridor.topologies.model.topology import PossibleCrossing


@pytest.fixture(scope="module")
def mini():
    return load_topology("mini")


def fastest_ns(topology, *hubs):
    routes = [shortest_path_between(topology, a, b) for a, b in pairwise(hubs)]
    return sum(route.one_way_delay_ns for route in routes)


def test_what_is_faster_than_the_fastest_path_through_a_place_was_not_there(mini):
    via_bangkok = fastest_ns(mini, "shanghai", "bangkok", "guian")
    alibis = Alibis(mini)
    assert "TH" in alibis.of("shanghai", "guian", via_bangkok - 1)
    assert "TH" not in alibis.of("shanghai", "guian", via_bangkok)


def test_where_a_packet_starts_and_ends_it_was(mini):
    assert "CN" not in Alibis(mini).of("shanghai", "guian", fastest_ns(mini, "shanghai", "guian"))


def test_what_a_cable_touches_on_its_way_counts_as_met(mini):
    fibre = mini.fibre("shanghai-bangkok")
    assert fibre.crosses
    over = fastest_ns(mini, "shanghai", "bangkok")
    found = Alibis(mini).of("shanghai", "bangkok", fibre.one_way_delay_ns)
    assert not set(fibre.crosses) & set(found)
    assert over <= fibre.one_way_delay_ns


def test_what_a_cable_may_touch_is_no_alibi(mini):
    doubt = (PossibleCrossing(code="IR", why="a strait"),)
    fibres = tuple(
        one.model_copy(update={"may_cross": doubt}) if one.id == "shanghai-bangkok" else one
        for one in mini.fibres
    )
    map_with_doubt = mini.model_copy(update={"fibres": fibres})
    took = mini.fibre("shanghai-bangkok").one_way_delay_ns
    assert "IR" not in Alibis(map_with_doubt).of("shanghai", "bangkok", took)
    assert "IR" in Alibis(map_with_doubt).of("shanghai", "bangkok", took - 1)


def test_a_path_as_slow_as_any_has_no_alibi(mini):
    assert Alibis(mini).of("shanghai", "guian", 10**12) == ()
