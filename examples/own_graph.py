"""A graph of networkx as a map: with measured delays, and without any, by a stated length.

.venv/bin/python examples/own_graph.py [FILE]: keeps the second map in FILE, for a scenario.
"""

import sys

import networkx as nx

import corridor
from corridor.topologies.formats.export import export_topology
from corridor.topologies.model.routing import shortest_path_between


def measured() -> nx.DiGraph:
    """Three sites as a monitoring system may know them: each direction separately."""
    graph = nx.DiGraph(name="three sites")
    for name, country in (("Almaty", "KZ"), ("Urumqi", "CN"), ("Tashkent", "UZ")):
        graph.add_node(name, country=country)
    for a, z, there_ms, back_ms in (
        ("Almaty", "Urumqi", 7.5, 7.5),
        ("Almaty", "Tashkent", 6.0, 6.4),
        ("Tashkent", "Urumqi", 21.0, 21.0),
    ):
        graph.add_edge(a, z, delay_ms=there_ms, capacity_gbps=100)
        graph.add_edge(z, a, delay_ms=back_ms, capacity_gbps=100)
    return graph


def main() -> None:
    sites = corridor.topology_from_graph(measured())
    route = shortest_path_between(sites, "urumqi", "tashkent")
    print(f"{sites}; {' > '.join(route.hubs)}")
    for fibre in sites.fibres:
        print(f"  {fibre.id}: {fibre.one_way_delay_ns / 1e6:g} ms one way. {fibre.notes}".rstrip())

    random = nx.connected_watts_strogatz_graph(12, 4, 0.3, seed=7)
    ring = corridor.topology_from_graph(random, "small world", default_length="250km")
    print(ring)
    for note in ring.notes:
        print(f"  {note}")
    if len(sys.argv) > 1:
        export_topology(ring, sys.argv[1])


if __name__ == "__main__":
    main()
