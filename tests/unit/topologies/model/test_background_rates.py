"""Background traffic leaves demands less of a fibre, in the direction in which it flows."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from corridor.topologies.base.codec import to_plain
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.background import Background, BackgroundTraffic, FibreFlow
from corridor.topologies.model.routing import GROUP, capacities_bps, shared_links
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire

FIBRE = "shanghai-guian"


@pytest.fixture(scope="module")
def mini() -> Topology:
    return load_topology("mini")


def loaded(topology: Topology, gbps: float, fibre: str = FIBRE) -> Topology:
    """With background from the first end of a fibre to the other."""
    flow = FibreFlow("some", gbps, ((fibre, topology.fibre(fibre).a),))
    return Background((flow,)).on(topology)


def test_a_direction_has_what_the_background_leaves(mini: Topology) -> None:
    fibre = mini.fibre(FIBRE)
    half = mini.capacity_gbps(fibre) / 2
    topology, rate_bps = loaded(mini, half), mini.emulated_rate_bps(fibre)
    assert topology.free_rate_bps(fibre, fibre.a) == rate_bps / 2
    assert topology.free_rate_bps(fibre, fibre.z) == rate_bps
    assert topology.emulated_rate_bps(fibre) == rate_bps
    forward, backward = next(
        (one.forward, one.backward) for one in wire(topology).fibres if one.fibre == FIBRE
    )
    assert (forward.rate_bps, forward.background_bps, forward.fibre_bps) == (
        *(rate_bps / 2, rate_bps / 2),
        rate_bps,
    )
    assert (backward.rate_bps, backward.background_bps) == (rate_bps, 0)


def test_a_full_fibre_keeps_a_hundredth_for_demands(mini: Topology) -> None:
    fibre = mini.fibre(FIBRE)
    topology = loaded(mini, 3 * mini.capacity_gbps(fibre))
    assert topology.free_rate_bps(fibre, fibre.a) == mini.emulated_rate_bps(fibre) // 100


def test_guarantees_get_what_is_left_in_the_fuller_direction_and_at_the_landing() -> None:
    topology = load_topology("pan-asia")
    fibre = next(one for one in topology.fibres if one.shares)
    before, after = capacities_bps(topology), capacities_bps(loaded(topology, 100, fibre.id))
    less = round(100e9 * topology.scaling.capacity_scale)
    groups = {name for name, _ in shared_links(fibre, fibre.a)}
    changed = {name: before[name] - after[name] for name in before if before[name] != after[name]}
    assert changed == dict.fromkeys((fibre.id, *groups), less)
    assert all(name.startswith(GROUP) for name in groups)


def test_a_full_landing_keeps_a_hundredth_for_demands() -> None:
    topology = load_topology("pan-asia")
    fibre = next(one for one in topology.fibres if one.shares)
    group = fibre.shares[0]
    full = capacities_bps(loaded(topology, 1e6, fibre.id))
    assert full[f"{GROUP}{group.id}"] == topology.emulated_group_bps(group) // 100


def test_only_a_topology_with_background_writes_it(mini: Topology) -> None:
    topology = loaded(mini, 5.0)
    assert "background_gbps" not in mini.model_dump(mode="json")
    written = json.loads(topology.model_dump_json())
    assert written["background_gbps"] == {FIBRE: [5.0, 0.0]}
    assert Topology.model_validate(written) == topology
    assert topology.without(["kunming-bangkok"]).background_gbps == topology.background_gbps
    assert "background_bps" not in json.dumps(to_plain(wire(mini)))


@pytest.mark.parametrize(
    ("links", "groups", "hubs"),
    [([FIBRE], [], []), ([], ["corridor:southwest"], []), ([], [], ["guian"])],
)
def test_a_failure_takes_stated_rates_with_it(
    mini: Topology, links: list[str], groups: list[str], hubs: list[str]
) -> None:
    other = "kunming-bangkok"
    flows = tuple(FibreFlow(one, 2.0, ((one, mini.fibre(one).a),)) for one in (other, FIBRE))
    in_group = tuple(
        one.model_copy(update={"srlgs": ("corridor:southwest",)}) if one.id == FIBRE else one
        for one in mini.fibres
    )
    topology = mini.model_copy(update={"fibres": in_group})
    traffic = BackgroundTraffic(source="stated", topology=topology, stated=flows)
    assert traffic.after().link_gbps == {one.links[0]: 2.0 for one in flows}
    after = traffic.after(links, groups, hubs)
    assert (after.flows, after.shortfalls_gbps) == (flows[:1], {FIBRE: 2.0})
    assert replace(traffic, stated=()).after().link_gbps == {}
