"""Hubs, fibres and topologies are values that refuse to be wrong."""

from __future__ import annotations

import pickle

import pytest
from pydantic import ValidationError

from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.delay import derived_length_km
from corridor.topologies.model.topology import Fibre, Hub, Topology

MINI = load_topology("mini")


def test_values_are_frozen() -> None:
    with pytest.raises(ValidationError):
        MINI.hubs[0].lat = 0.0  # type: ignore[misc]


def test_equal_topologies_compare_equal_whatever_was_looked_up() -> None:
    other = Topology(**dict(MINI))
    other.hub("shanghai")
    assert other == MINI
    assert pickle.loads(pickle.dumps(MINI)) == MINI


def test_look_ups_answer_by_id_and_suggest_a_near_match() -> None:
    assert MINI.hub("karachi").located_in == "PK"
    assert MINI.fibre("kunming-bangkok").crosses == ("LA",)
    with pytest.raises(KeyError, match='did you mean "karachi"'):
        MINI.hub("karachy")
    with pytest.raises(KeyError, match="no fibre"):
        MINI.fibre("nothing")


def test_the_far_end_of_a_fibre_depends_on_where_one_stands() -> None:
    fibre = MINI.fibre("kunming-bangkok")
    assert fibre.other_end("kunming") == "bangkok"
    assert fibre.other_end("bangkok") == "kunming"
    with pytest.raises(ValueError, match="does not end at"):
        fibre.other_end("karachi")


def test_the_graph_carries_every_fibre_parallel_ones_too() -> None:
    topology = load_topology("pan-asia")
    graph = topology.to_graph()
    assert graph.number_of_edges() == len(topology.fibres)
    assert graph.number_of_edges("shanghai", "hongkong") > 1
    edge = graph.edges["kunming", "mengla", "kunming-mengla"]
    assert edge["delay_ns"] == topology.fibre("kunming-mengla").one_way_delay_ns


def test_cutting_fibres_gives_a_new_topology_and_leaves_the_old() -> None:
    cut = MINI.without(["kunming-bangkok"])
    assert len(cut.fibres) == len(MINI.fibres) - 1
    assert [f.id for f in cut.fibres_of("bangkok")] == ["shanghai-bangkok", "bangkok-karachi"]
    with pytest.raises(KeyError):
        cut.fibre("kunming-bangkok")


def test_a_cable_cut_takes_all_its_segments() -> None:
    topology = load_topology("pan-asia")
    segments = {fibre.id for fibre in topology.fibres_in_srlg("cable:aae-1")}
    assert {"aae-1-hongkong-songkhla", "songkhla-satun", "aae-1-djibouti-jeddah"} <= segments
    red_sea = {fibre.system for fibre in topology.fibres_in_srlg("corridor:red-sea")}
    assert red_sea == {"peace", "aae-1", "eig", "imewe", "smw4"}


@pytest.mark.parametrize(
    ("capacity_gbps", "rate_bps", "basis"),
    [
        (126_000.0, 378_000_000, "published"),
        (None, 96_000_000, "assumed"),
        (10.0, 10_000_000, "floor"),
        (1e6, 1_000_000_000, "ceiling"),
    ],
)
def test_an_emulated_rate_says_what_decided_it(
    capacity_gbps: float | None, rate_bps: int, basis: str
) -> None:
    fibre = MINI.fibres[0].model_copy(
        update={
            "capacity_gbps": capacity_gbps,
            "capacity_basis": "unpublished" if capacity_gbps is None else "published",
        }
    )
    rate = MINI.emulated_rate(fibre)
    assert (rate.rate_bps, rate.basis) == (rate_bps, basis)
    assert MINI.emulated_rate_bps(fibre) == rate_bps


def changed(value: Hub | Fibre, **update: object) -> Hub | Fibre:
    return type(value).model_validate(value.model_dump() | update)


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ({"z": "shanghai"}, "starts and ends"),
        ({"length_km": 0}, "greater than 0"),
        ({"length_km": float("nan")}, "finite"),
        ({"capacity_gbps": 5.0}, "disagree"),
        ({"one_way_delay_ns": -1}, "greater than or equal to 0"),
        ({"notes": "bell \x07"}, "control character"),
    ],
)
def test_a_wrong_fibre_is_refused(update: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        changed(MINI.fibre("shanghai-guian"), **update)


def test_a_fibre_to_nowhere_and_a_repeated_id_are_refused() -> None:
    lost = changed(MINI.fibres[0], z="karachy")
    with pytest.raises(ValidationError, match='unknown hub "karachy" did you mean "karachi"'):
        Topology(**(dict(MINI) | {"fibres": (lost,)}))
    with pytest.raises(ValidationError, match="used 2 times"):
        Topology(**(dict(MINI) | {"hubs": (*MINI.hubs, MINI.hubs[0])}))


def test_a_name_on_several_lines_becomes_one_line() -> None:
    assert changed(MINI.hubs[0], name="two\n  lines").name == "two lines"


def test_a_length_that_is_derived_is_that_of_a_route_and_never_zero():
    assert derived_length_km(100.0, "submarine") == 132.0
    assert derived_length_km(0.0, "terrestrial") == 0.1


def test_fibres_of_a_hub_are_those_that_end_there_in_file_order() -> None:
    for topology in (load_topology("pan-asia"), load_topology("mini")):
        for hub in topology.hubs:
            ending = tuple(fibre for fibre in topology.fibres if hub.id in fibre.ends)
            assert topology.fibres_of(hub.id) == ending
