"""Delay-shortest paths: as short as another library's, and the same one every time."""

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.model.routing import Path, crossed_jurisdictions
from corridor.topologies.model.topology import Topology
from random_topologies import fibre, ordered_pairs, shortest_paths, topologies, topology


def delay_ns(graph, path):
    return sum(graph.fibre(name).one_way_delay_ns for name in path.fibres)


def assert_is_a_walk(graph, path):
    assert len(path.fibres) == len(path.hubs) - 1
    assert len(set(path.hubs)) == len(path.hubs), f"it meets a hub twice: {path.hubs}"
    for here, far, name in zip(path.hubs, path.hubs[1:], path.fibres, strict=False):
        assert set(graph.fibre(name).ends) == {here, far}, f"{name} does not join {here} and {far}"


@given(st.data())
def test_a_path_is_a_walk_as_short_as_networkx_finds_it(data):
    graph = data.draw(topologies(max_hubs=9, max_extra=12))
    pairs = data.draw(ordered_pairs(graph))
    other = graph.to_graph()
    for (src, dst), path in shortest_paths(graph, pairs).items():
        assert (path.src, path.dst) == (src, dst)
        assert_is_a_walk(graph, path)
        least = nx.dijkstra_path_length(other, src, dst, weight="delay_ns")
        assert delay_ns(graph, path) == least, f"{src} to {dst} by {path.fibres}"


@given(st.data())
def test_ties_fall_to_fewer_hops_and_then_to_the_fibres_named_first(data):
    graph = data.draw(topologies(max_hubs=5, max_extra=5))
    order = {one.id: number for number, one in enumerate(graph.fibres)}
    for (src, dst), path in shortest_paths(graph, data.draw(ordered_pairs(graph))).items():
        every = nx.all_simple_edge_paths(graph.to_graph(), src, dst)
        fibres = [[name for _, _, name in one] for one in every]
        best = min(
            fibres,
            key=lambda names: (
                sum(graph.fibre(name).one_way_delay_ns for name in names),
                len(names),
                [order[name] for name in names],
            ),
        )
        assert list(path.fibres) == best


def test_where_no_fibres_lead_there_is_no_path():
    islands = topology(3, [fibre("f", 0, 1, 5)])
    found = shortest_paths(islands, [("hub0", "hub1"), ("hub0", "hub2")])
    assert found["hub0", "hub1"].fibres == ("f",)
    assert found["hub0", "hub2"] is None


def test_a_path_reversed_goes_back_over_the_same_fibres():
    path = Path(("a", "b", "c"), ("one", "two"))
    assert path.reversed() == Path(("c", "b", "a"), ("two", "one"))
    assert path.reversed().reversed() == path


def crossing(*crosses: tuple[str, ...]) -> Topology:
    """hub0 (CN), hub1 (HK), hub2 (PK) in a row, each fibre crossing what is given."""
    return topology(3, [fibre(f"f{n}", n, n + 1, 1, crosses=c) for n, c in enumerate(crosses)])


def test_jurisdictions_come_in_the_order_they_are_met_hubs_and_media_each_once():
    graph = crossing(("VN", "MY"), ("MY", "CN", "IN"))
    path = Path(("hub0", "hub1", "hub2"), ("f0", "f1"))
    assert crossed_jurisdictions(graph, path) == ("CN", "VN", "MY", "HK", "IN", "PK")
    assert crossed_jurisdictions(graph, path.reversed()) == ("PK", "MY", "CN", "IN", "HK", "VN")


def test_a_path_within_one_jurisdiction_crosses_only_that():
    graph = crossing((), ())
    assert crossed_jurisdictions(graph, Path(("hub0",), ())) == ("CN",)
