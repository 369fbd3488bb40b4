"""GraphML, JSON, REPETITA and topohub: what goes out comes back, what comes in is explained."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats import graphml, networkx_graphs, repetita
from corridor.topologies.formats.export import export_topology
from corridor.topologies.formats.foreign_graph import import_options
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology

SLUG = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,4})?", fullmatch=True)
CODE = st.sampled_from(["CN", "HK", "PK", "XX"])
TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Zs")), min_size=1, max_size=12
)
FINITE = st.floats(min_value=0.001, max_value=1e5)


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    names = draw(st.lists(SLUG, min_size=2, max_size=6, unique=True))
    hubs = tuple(
        Hub(
            id=name,
            name=draw(TEXT),
            role=draw(st.sampled_from(["coastal", "western", "foreign"])),
            located_in=draw(CODE),
            operated_by=draw(st.none() | TEXT),
            lat=draw(st.floats(-90, 90)),
            lon=draw(st.floats(-180, 180)),
            intl_gateway=draw(st.booleans()),
            sources=tuple(draw(st.lists(TEXT, max_size=2))),
            notes=draw(TEXT),
        )
        for name in names
    )
    pair = st.lists(st.sampled_from(names), min_size=2, max_size=2, unique=True)
    fibres = tuple(draw(fibre(f"f{i}", ends)) for i, ends in enumerate(draw(st.lists(pair))))
    scaling = Scaling(
        capacity_scale=draw(st.floats(1e-9, 1)),
        assumed_terrestrial_gbps=draw(FINITE),
        assumed_submarine_gbps=draw(FINITE),
        min_rate_bps=8,
        max_rate_bps=draw(st.integers(8, 10**12)),
    )
    title = draw(TEXT)
    return Topology(name="drawn", title=title, hubs=hubs, fibres=fibres, scaling=scaling)


@st.composite
def fibre(draw: st.DrawFn, name: str, ends: list[str]) -> Fibre:
    capacity = draw(st.none() | FINITE)
    return Fibre(
        id=name,
        a=ends[0],
        z=ends[1],
        medium=draw(st.sampled_from(["terrestrial", "submarine", "aerial"])),
        length_km=draw(FINITE),
        length_basis=draw(st.sampled_from(["published", "derived"])),
        one_way_delay_ns=draw(st.integers(0, 10**10)),
        crosses=tuple(draw(st.lists(CODE, max_size=2))),
        srlgs=tuple(draw(st.lists(TEXT, max_size=2))),
        capacity_gbps=capacity,
        capacity_basis="unpublished" if capacity is None else "published",
    )


@given(topologies())
@settings(max_examples=30, deadline=None)
def test_graphml_reads_back_equal(topology: Topology) -> None:
    assert graphml.from_text(graphml.to_text(topology), "x.graphml") == topology


@given(topologies())
@settings(max_examples=30, deadline=None)
def test_json_reads_back_equal(topology: Topology) -> None:
    assert networkx_graphs.from_text(networkx_graphs.to_text(topology), "x.json") == topology


def test_the_reference_topology_survives_every_exporter(tmp_path: Path) -> None:
    topology = load_topology("pan-asia")
    for ending in (".graphml", ".json"):
        export_topology(topology, tmp_path / f"p{ending}")
        assert load_topology(tmp_path / f"p{ending}") == topology


def test_networkx_reads_both_exports(tmp_path: Path) -> None:
    topology = load_topology("mini")
    export_topology(topology, tmp_path / "m.graphml")
    graph = nx.read_graphml(tmp_path / "m.graphml", force_multigraph=True)
    assert (len(graph), graph.number_of_edges()) == (5, 7)
    data = json.loads(networkx_graphs.to_text(topology))
    assert nx.node_link_graph(data, edges="edges").number_of_edges() == 7


def test_an_export_does_not_replace_a_file_unasked(tmp_path: Path) -> None:
    target = tmp_path / "m.json"
    target.write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        export_topology(load_topology("mini"), target)
    assert target.read_text() == "precious"


@pytest.mark.parametrize(
    ("name", "message"), [("m.dot", "no exporter"), ("none/m.json", "cannot be written")]
)
def test_an_export_that_cannot_be_written_says_why(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        export_topology(load_topology("mini"), tmp_path / name)
    assert not list(tmp_path.iterdir())


ZOO = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key attr.name="Latitude" attr.type="double" for="node" id="d1"/>
<key attr.name="Longitude" attr.type="double" for="node" id="d2"/>
<key attr.name="label" attr.type="string" for="node" id="d3"/>
<key attr.name="LinkSpeedRaw" attr.type="double" for="edge" id="d4"/>
<graph edgedefault="undirected">
<node id="0"><data key="d1">31.2</data><data key="d2">121.5</data><data key="d3">Shanghai</data></node>
<node id="1"><data key="d1">39.9</data><data key="d2">116.4</data><data key="d3">Beijing</data></node>
<edge source="0" target="1"><data key="d4">10000000000.0</data></edge>
<edge source="1" target="0"/>
</graph></graphml>
"""  # noqa: E501


def test_a_strange_declared_encoding_does_not_matter_for_utf8_text() -> None:
    text = ZOO.replace('version="1.0"', 'version="1.0" encoding="klingon"')
    assert len(graphml.from_text(text, "zoo.graphml").hubs) == 2


def test_a_topology_zoo_file_keeps_its_parallel_links_and_speeds() -> None:
    topology = graphml.from_text(ZOO, "zoo.graphml")
    assert [hub.id for hub in topology.hubs] == ["shanghai", "beijing"]
    first, second = topology.fibres
    assert first.capacity_gbps == 10.0
    assert second.capacity_gbps is None
    assert first.length_basis == "derived"


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("</graph></graphml>", "</graph>"), 13, "is not XML"),
        (('<data key="d1">39.9</data>', ""), 9, 'node "1" has no coordinates'),
        (('target="0"', 'target="7"'), 11, 'unknown node "7"'),
        (('<edge source="1"', "<edge"), 11, 'has no "source"'),
        (('"1.0"?>', '"1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]>'), 2, "declarations are not allowed"),
        (("<graphml", "<svg"), 2, "not <graphml>"),
    ],
)
def test_bad_graphml_is_reported_at_its_line(
    change: tuple[str, str], line: int, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        graphml.from_text(ZOO.replace(*change, 1), "zoo.graphml")
    assert message in str(caught.value)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('<data key="node_name">A</data>', ""), "name"),
        (('source="a"', 'source="c"'), "unknown hub"),
        (('attr.name="lat"', 'attr.name="lot"'), "lat"),
    ],
)
def test_our_own_graphml_edited_badly_is_refused(change: tuple[str, str], message: str) -> None:
    hub = Hub(id="a", name="A", role="foreign", located_in="PK", lat=1, lon=2)
    other = Hub(id="b", name="B", role="foreign", located_in="PK", lat=1, lon=3)
    scaling = load_topology("mini").scaling
    fibre = Fibre(
        id="f", a="a", z="b", medium="aerial", length_km=1, length_basis="derived",
        one_way_delay_ns=1,
    )  # fmt: skip
    topology = Topology(name="t", title="T", hubs=(hub, other), fibres=(fibre,), scaling=scaling)
    text = graphml.to_text(topology).replace(*change)
    with pytest.raises(InputError, match=message):
        graphml.from_text(text, "t.graphml")


MINI_GRAPHML = graphml.to_text(load_topology("mini"))

REPETITA = """NODES 3
label x y
0_Shanghai 121.5 31.2
1_Beijing 116.4 39.9
2_Wuhan 114.3 30.6

EDGES 4
label src dest weight bw delay
edge_0 0 1 1 10000000 5000
edge_1 1 0 1 10000000 5000
edge_2 1 2 1 1000000 4200.5
edge_3 2 1 1 1000000 4200.5
"""


REPETITA_FAST = """NODES 2
label x y
0_Shanghai 121.47 31.23
1_Beijing 116.40 39.90

EDGES 2
label src dest weight bw delay
e0 0 1 1 10000000 DELAY
e1 1 0 1 10000000 DELAY
"""


def test_repetita_keeps_delays_and_bandwidths() -> None:
    topology = repetita.from_text(REPETITA, "net.graph")
    assert [hub.id for hub in topology.hubs] == ["shanghai", "beijing", "wuhan"]
    first, second = topology.fibres
    assert (first.one_way_delay_ns, first.capacity_gbps) == (5_000_000, 10.0)
    assert (second.one_way_delay_ns, second.delay_basis) == (4_200_500, "given")
    assert topology.emulated_rate_bps(second) == 1_000_000


def test_delays_below_light_in_a_vacuum_are_one_warning_with_a_way_out() -> None:
    """Shanghai to Beijing is some 1,070 km, so light takes 3.6 ms; 1.8 ms is half of that."""
    fast = REPETITA_FAST.replace("DELAY", "1800")
    (warning,) = (one for one in _notes(fast) if one.startswith("Warning"))
    assert "1 of 1 fibres are faster than light in a vacuum (3.34 us/km" in warning
    assert "the fastest with 1.69 us/km" in warning
    assert "--ignore-delays" in warning
    assert not any("Warning" in one for one in _notes(REPETITA_FAST.replace("DELAY", "5400")))


def test_delays_of_a_file_can_be_ignored() -> None:
    options = import_options(ignore_delays=True)
    topology = repetita.from_text(REPETITA_FAST.replace("DELAY", "1800"), "net.graph", options)
    (fibre,) = topology.fibres
    assert not any("Warning" in note for note in topology.notes)
    assert fibre.length_km == pytest.approx(1.64 * topology.great_circle_km(fibre), abs=0.1)
    assert fibre.delay_basis == "model"


def _notes(text: str) -> tuple[str, ...]:
    return repetita.from_text(text, "net.graph").notes


def test_repetita_in_a_plane_says_so() -> None:
    topology = repetita.from_text(REPETITA.replace("121.5 31.2", "900 700"), "net.graph")
    assert all(hub.located_in == "XX" for hub in topology.hubs)
    assert repetita.PLANAR_NOTE in topology.notes


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("NODES 3", "KNOTS 3"), 1, 'expected "NODES <count>"'),
        (("NODES 3", "NODES 4"), 7, "has"),
        (("EDGES 4", "EDGES 5"), 12, "more of the 5 EDGES rows"),
        (("edge_0 0 1", "edge_0 0 9"), 9, 'unknown node "9"'),
        (("edge_2 1 2 1 1000000", "edge_2 1 2 1 many"), 11, '"many" is not a number'),
        (("5000\nedge_1", "-5\nedge_1"), 9, "must not be negative"),
        (("114.3 30.6", "114.3"), 5, "3 columns"),
    ],
)
def test_bad_repetita_is_reported_at_its_line(
    change: tuple[str, str], line: int, message: str
) -> None:
    text = REPETITA.replace(*change, 1)
    with pytest.raises(InputError) as caught:
        repetita.from_text(text, "net.graph")
    assert caught.value.line == line
    if message != "has":
        assert message in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"schema": "corridor/topology/1"}', "[" * 100_000]
)
def test_bad_json_is_one_clear_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        networkx_graphs.from_text(text, "x.json")
    assert str(caught.value).startswith("x.json")


def test_chinanet_from_topohub_puts_hong_kong_back_in_its_place() -> None:
    pytest.importorskip("topohub")
    topology = load_topology("topohub:topozoo/Chinanet")
    assert (len(topology.hubs), len(topology.fibres)) == (38, 62)
    assert topology.hub("hong-kong").lon == pytest.approx(114.2, abs=0.2)
    assert any("Hong Kong was at" in note for note in topology.notes)


@given(
    st.sampled_from([(ZOO, "n.graphml"), (REPETITA, "n.graph"), (MINI_GRAPHML, "m.graphml")]),
    st.data(),
)
@settings(max_examples=100, deadline=None)
def test_a_damaged_file_is_refused_or_read_but_never_a_traceback(
    source: tuple[str, str], data: st.DataObject
) -> None:
    text, name = source
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, min(len(text), start + 30)))
    filling = data.draw(st.sampled_from(["", "1e999", "-1", "nan", "\n", "<", '"', "0", "é"]))
    reader = repetita.from_text if name.endswith(".graph") else graphml.from_text
    with contextlib.suppress(InputError):
        reader(text[:start] + filling + text[end:], name)


def test_half_a_character_in_json_is_refused() -> None:
    data = networkx_graphs.to_data(load_topology("mini"))
    data["nodes"][0]["id"] = "a\ud800"
    with pytest.raises(InputError, match="half a character"):
        networkx_graphs.from_text(json.dumps(data), "half.json")
