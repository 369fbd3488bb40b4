"""Graphs of other people's programs: their values are kept, missing values are reported."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import corridor
from corridor.topologies.analysis.check import check_topology
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.export import export_topology
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology

GML = """graph [
  label "Two & a half"
  node [ id 7 label "Shanghai" Latitude 31.2 Longitude 121.5 Country "China" graphics [ x 1 ] ]
  node [ id 8 label "Gui&#225;n" Latitude 26.6 Longitude 106.6 ]  # where servers are
  edge [ source 7 target 8 delay_ms 8.25 length_km 1500 LinkSpeedRaw 10000000000.0 ]
  edge [ source 8 target 7 LinkType "microwave" ]
  edge [ source 8 target 8 ]
]
"""
SNDLIB = """?SNDlib native format; type: network; version: 1.0
# network three
META (
  unit  = MBITPERSEC
)
NODES (
  Shanghai ( 121.5 31.2 )
  Guian ( 106.6 26.6 )
  Karachi ( 67.0 24.9 )
)
LINKS (
  one ( Shanghai Guian ) 9920.00 0.00 3.00 0.00 ( 40000.00 133.00 )
  two ( Guian Karachi ) 0.00 0.00 0.00 0.00 ( 40000.00 1081.00 )
)
ADMISSIBLE_PATHS (
  D1 (
    P_0 ( one two )
  )
)
"""
ADVICE = "--default-length 100km"


def load(tmp_path: Path, name: str, text: str, **options: Any) -> Topology:
    path = tmp_path / name
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return load_topology(path, **options)


def told(topology: Topology, *words: str) -> bool:
    return all(any(word in note for note in topology.notes) for word in words)


def test_gml_keeps_labels_places_delays_lengths_and_capacities(tmp_path: Path) -> None:
    topology = load(tmp_path, "two.gml", GML)
    assert topology.title == "Two & a half"
    assert [(hub.name, hub.located_in) for hub in topology.hubs] == [
        ("Shanghai", "CN"),
        ("Guián", "CN"),
    ]
    first, second = topology.fibres
    assert (first.one_way_delay_ns, first.delay_basis) == (8_250_000, "given")
    assert (first.length_km, first.length_basis, first.capacity_gbps) == (1500, "stated", 10)
    assert (second.delay_basis, second.length_basis) == ("model", "derived")
    assert told(topology, "begin and end at one node: 1 link (guian)", "LinkType", "graphics")
    assert told(topology, '"delay_ms" as delay in ms')


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("graph [", "digraph ["), None, 'no "graph ["'),
        (("id 7 ", ""), 3, 'node has no "id"'),
        (("target 8 delay", "delay"), 5, 'edge has no "target"'),
        (("target 7", "target 9"), 6, 'unknown node "9"'),
        (('"microwave"', '"microwave'), 6, "begins and never ends"),
        (("target 8 ]\n]", "target 8 ]"), 1, "never closed"),
        (('LinkType "microwave"', "LinkType"), 6, "has no value"),
        (("Latitude 26.6", "Latitude 126.6"), 4, "not degrees"),
        (("delay_ms 8.25", "delay_ms -8.25"), 5, "no delay of a link"),
        (("graphics", "1.5"), 3, "expected a key"),
    ],
)
def test_bad_gml_is_reported_at_its_line(
    tmp_path: Path, change: tuple[str, str], line: int | None, message: str
) -> None:
    assert change[0] in GML
    with pytest.raises(InputError) as caught:
        load(tmp_path, "two.gml", GML.replace(*change, 1))
    assert message in str(caught.value)
    assert caught.value.line == line
    assert caught.value.hint


def test_gml_nested_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nested deeper"):
        load(tmp_path, "deep.gml", "graph [ " + "a [ " * 100_000)


def test_sndlib_keeps_installed_capacities_in_its_own_unit(tmp_path: Path) -> None:
    topology = load(tmp_path, "three.txt", SNDLIB)
    assert [hub.located_in for hub in topology.hubs] == ["CN", "CN", "PK"]
    assert [fibre.capacity_gbps for fibre in topology.fibres] == [9.92, None]
    assert told(topology, "costs of links, modules to be bought, demands")


def test_sndlibs_drawings_need_a_length_and_are_no_map(tmp_path: Path) -> None:
    drawn = SNDLIB.replace("121.5 31.2", "534.0 86.0")
    with pytest.raises(InputError, match=r"not degrees.*--default-length 100km"):
        load(tmp_path, "drawn.txt", drawn)
    topology = load(tmp_path, "drawn.txt", drawn, default_length="80km")
    assert {hub.place for hub in topology.hubs} == {(0.0, 0.0)}
    assert {hub.located_in for hub in topology.hubs} == {"XX"}
    assert {fibre.length_km for fibre in topology.fibres} == {80}
    assert told(topology, "coordinates are not used", "2 of 2 have the stated default of 80km")
    numbered = SNDLIB.replace("Shanghai", "1").replace("Guian", "2").replace("Karachi", "3")
    assert {hub.located_in for hub in load(tmp_path, "n.txt", numbered).hubs} == {"XX"}


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("?SNDlib", "SNDlib"), 1, "an edge list ends in .edgelist"),
        (("type: network", "type: model"), 1, "is an SNDlib model"),
        (("NODES (", "KNOTS ("), None, "has no nodes"),
        (("121.5 31.2 )", "121.5 )"), 7, "is not a node"),
        (("Guian Karachi )", "Guian )"), 13, "is not a link"),
        (("Guian Karachi )", "Guian Lahore )"), 13, 'unknown node "Lahore"'),
        (("META (\n", "unit = km\nMETA (\n"), 3, "outside of any section"),
    ],
)
def test_bad_sndlib_is_reported_at_its_line(
    tmp_path: Path, change: tuple[str, str], line: int | None, message: str
) -> None:
    assert change[0] in SNDLIB
    with pytest.raises(InputError) as caught:
        load(tmp_path, "three.txt", SNDLIB.replace(*change, 1))
    assert message in str(caught.value)
    assert caught.value.line == line


def edges(**data: Any) -> nx.Graph:
    graph = nx.Graph()
    graph.add_edge(0, 1, **data)
    graph.add_edge(1, 2, **data)
    return graph


@pytest.mark.parametrize(
    ("write", "data", "expected"),
    [
        (nx.write_edgelist, {"delay_ms": 3}, (3_000_000, None)),
        (nx.write_edgelist, {"latency": "450us", "capacity": "10 Gbps"}, (450_000, 10.0)),
        (lambda graph, path: nx.write_edgelist(graph, path, data=False), {}, (590_000, None)),
        (nx.write_weighted_edgelist, {"weight": 7.5}, (590_000, None)),
    ],
    ids=["dict", "units next to numbers", "plain", "weighted"],
)
def test_edge_lists_of_networkx_load(
    tmp_path: Path, write: Any, data: dict[str, Any], expected: tuple[int, float | None]
) -> None:
    write(edges(**data), tmp_path / "net.edgelist")
    topology = load_topology(tmp_path / "net.edgelist", default_length="100km")
    assert {(f.one_way_delay_ns, f.capacity_gbps) for f in topology.fibres} == {expected}
    assert [hub.name for hub in topology.hubs] == ["0", "1", "2"]


def test_an_edge_list_with_commas_and_a_head_names_its_columns(tmp_path: Path) -> None:
    text = """\
        # directed
        source,target,distance_km,capacity_gbps
        Hong Kong,Shen Zhen,60,100
        Shen Zhen,Hong Kong,60,40
        Shen Zhen,Macau,,10  # by ferry
        """
    with pytest.raises(InputError, match='"Shen Zhen" has no coordinates'):
        load(tmp_path, "net.edges", text)
    topology = load(tmp_path, "net.edges", text, default_length="90km")
    assert topology.fibre("shen-zhen-macau").length_km == 90
    assert [hub.id for hub in topology.hubs] == ["hong-kong", "shen-zhen", "macau"]
    first, second = topology.fibres
    assert (first.length_km, first.capacity_gbps, second.capacity_gbps) == (60, 40, 10)
    assert "40Gbit" in first.notes
    assert told(topology, "Directions differ in 1 of 2", "1 of 2 fibres have one direction only")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no links"),
        ("# only this\n", "has no links"),
        ("a b\nc\n", "fewer than two nodes"),
        ("a b {'delay'\n", "are not a dict"),
        ("a b {1: [" + "[" * 3000 + "\n", "are not a dict"),
        ("source,target\n", "has no links"),
        ("a b 3\n", ADVICE),
    ],
)
def test_bad_edge_lists_are_refused_with_a_way_out(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, "net.edgelist", text)
    assert message in str(caught.value)
    assert caught.value.hint


def test_an_attribute_is_what_the_user_says_it_is(tmp_path: Path) -> None:
    text = "a b {'weight': 12, 'cap': 40}\n"
    topology = load(tmp_path, "n.edgelist", text, attributes={"weight": "km", "cap": "Gbit"})
    (fibre,) = topology.fibres
    assert (fibre.length_km, fibre.capacity_gbps) == (12, 40)
    for wrong, message in (
        ({"wieght": "km"}, 'did you mean "weight"'),
        ({"cap": "ell"}, "not a unit"),
    ):
        with pytest.raises(InputError, match=message):
            load(tmp_path, "n.edgelist", text, attributes=wrong)


def test_a_number_without_a_unit_is_taken_as_usual_and_the_notes_say_so(tmp_path: Path) -> None:
    text = "a b {'delay': 3.0, 'dist': 500, 'capacity': 1e10}\n"
    topology = load(tmp_path, "n.edgelist", text)
    (fibre,) = topology.fibres
    assert (fibre.one_way_delay_ns, fibre.length_km, fibre.capacity_gbps) == (3_000_000, 500, 10)
    assert told(topology, '"delay" was taken as ms', '"dist" was taken as km')
    assert told(topology, '"capacity" was taken as bit', "--attribute capacity=UNIT")


def test_a_capacity_that_cannot_be_in_bits_a_second_is_left_out_aloud(tmp_path: Path) -> None:
    topology = load(tmp_path, "n.edgelist", "a b {'delay': 3, 'capacity': 40}\n")
    assert topology.fibres[0].capacity_gbps is None
    assert told(topology, '"capacity" was not read', "--attribute capacity=UNIT")


def test_the_graph_may_state_units_as_fnss_does(tmp_path: Path) -> None:
    graph = nx.Graph(delay_unit="us", capacity_unit="Mbps", distance_unit="Km")
    graph.add_edge("a", "b", delay=450, capacity=2500, distance=90)
    nx.write_graphml(graph, tmp_path / "f.graphml")
    (fibre,) = load_topology(tmp_path / "f.graphml").fibres
    assert (fibre.one_way_delay_ns, fibre.length_km, fibre.capacity_gbps) == (450_000, 90, 2.5)


def test_words_that_are_no_numbers_are_counted(tmp_path: Path) -> None:
    text = "a b {'delay_ms': 3}\nb c {'delay_ms': 'long'}\n"
    topology = load(tmp_path, "n.edgelist", text, default_length="90km")
    assert told(topology, '"delay_ms" of 1 link was not read', "1 have the stated default of 90km")


@pytest.mark.parametrize("kind", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_every_kind_of_graph_loads_from_memory(kind: Any) -> None:
    graph = kind(name="ring")
    graph.add_edges_from([(0, 1), (1, 2), (2, 0)], delay_ms=4)
    topology = corridor.topology_from_graph(graph)
    assert (topology.name, len(topology.hubs), len(topology.fibres)) == ("ring", 3, 3)
    assert {fibre.one_way_delay_ns for fibre in topology.fibres} == {4_000_000}


def test_parallel_edges_stay_and_loops_go() -> None:
    graph = nx.MultiGraph([("a", "b"), ("a", "b"), ("b", "b")])
    topology = corridor.topology_from_graph(graph, default_delay="2ms")
    assert [fibre.id for fibre in topology.fibres] == ["a-b", "a-b.2"]
    assert {fibre.one_way_delay_ns for fibre in topology.fibres} == {2_000_000}
    assert told(topology, "1 link (b)", "the stated default of 2ms one way")


def test_a_bare_graph_is_refused_with_the_way_out_and_then_passes_the_check() -> None:
    graph = nx.barabasi_albert_graph(20, 2, seed=1)
    with pytest.raises(InputError, match=r'node "0" has no coordinates.*default_length="100km"'):
        corridor.topology_from_graph(graph, "ba")
    topology = corridor.topology_from_graph(graph, "ba", default_length="100km")
    assert check_topology(topology).ok
    assert topology.fibres[0].one_way_delay_ns == 590_000


def test_an_imported_graph_survives_its_export(tmp_path: Path) -> None:
    graph = nx.DiGraph()
    graph.add_edge("a", "b", delay_ms=2, capacity_gbps=10)
    graph.add_edge("b", "a", delay_ms=3, capacity_gbps=10)
    topology = corridor.topology_from_graph(graph, "pair")
    for ending in (".yaml", ".graphml", ".json"):
        export_topology(topology, tmp_path / f"p{ending}")
        assert load_topology(tmp_path / f"p{ending}") == topology


@pytest.mark.parametrize("edges_name", ["edges", "links"])
def test_node_link_json_of_networkx_loads(tmp_path: Path, edges_name: str) -> None:
    graph = nx.Graph(name="j")
    graph.add_node("a", latitude=31.2, longitude=121.5)
    graph.add_node("b", latitude=26.6, longitude=106.6)
    graph.add_edge("a", "b", capacity_gbps=100)
    text = json.dumps(nx.node_link_data(graph, edges=edges_name))
    (fibre,) = load(tmp_path, "j.json", text).fibres
    assert (fibre.capacity_gbps, fibre.length_basis) == (100, "derived")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"nodes": []}', "has no nodes"),
        ('{"nodes": 5}', 'has no list "nodes"'),
        ('{"nodes": [{}]}', r"nodes\[0\] has no id"),
        ('{"nodes": [{"id": "a"}]}', 'has no list "edges"'),
        ('{"nodes": [{"id": "a"}], "links": [{"source": "a"}]}', r"edges\[0\] has no"),
    ],
)
def test_bad_node_link_json_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(tmp_path, "j.json", text)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"default_length": "100"}, "length 100 has no unit"),
        ({"default_length": "1m"}, "not a fibre length"),
        ({"default_delay": "2min"}, "too long"),
        ({"default_length": "1km", "default_delay": "1ms"}, "one of the two"),
    ],
)
def test_bad_options_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_topology("mini", **options)


def test_a_default_stands_in_only_where_nothing_is_known(tmp_path: Path) -> None:
    text = """graph [
      node [ id 1 label "Shanghai" Latitude 31.2 Longitude 121.5 ]
      node [ id 2 label "Guian" Latitude 26.6 Longitude 106.6 ]
      node [ id 3 label "Somewhere" ] node [ id 4 label "Apart" ]
      edge [ source 1 target 2 ] edge [ source 2 target 3 ]
    ]"""
    with pytest.raises(InputError, match=rf'node "4" has no coordinates.*{ADVICE}'):
        load(tmp_path, "n.gml", text)
    topology = load(tmp_path, "n.gml", text, default_length="300km")
    assert topology.fibre("shanghai-guian").length_basis == "derived"
    assert topology.fibre("guian-somewhere").length_km == 300
    assert told(topology, "Without coordinates: somewhere", "Without any place: apart")


def test_graphml_has_yeds_labels_defaults_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    text = """\
        <graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="urn:yed">
        <key id="d" for="node" yfiles.type="nodegraphics"/>
        <key id="e" for="edge" attr.name="delay_ms"><default>6</default></key>
        <graph edgedefault="directed">
        <node id="n0"><data key="d"><y:NodeLabel>Seattle <y:Model/></y:NodeLabel></data></node>
        <node id="n1"><graph><node id="n2"/></graph></node>
        <edge source="n0" target="n1"/>
        <edge source="n1" target="n2" directed="false"><data key="e">2</data></edge>
        <hyperedge><endpoint node="n0"/></hyperedge>
        </graph></graphml>
        """
    topology = load(tmp_path, "yed.graphml", text)
    assert topology.hubs[0].name == "Seattle"
    assert [fibre.one_way_delay_ns for fibre in topology.fibres] == [6_000_000, 2_000_000]
    assert told(topology, "1 hyperedges", "contain graphs are hubs, too: 1")
    assert told(topology, "1 of 2 fibres have one direction only")
