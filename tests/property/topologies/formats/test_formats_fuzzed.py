"""Whatever is done to a file, its reader makes a value of it or says in one line what is wrong."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.policy.load import SHIPPED as POLICIES
from corridor.controller.policy.load import load_policies
from corridor.controller.prover import read_dump
from corridor.experiments.lab.dumps import as_compiled
from corridor.experiments.lab.proof import prove_dump
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.extending import SHIPPED as SCENARIOS
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.bounded_file import TABLES, read_json
from corridor.topologies.base.errors import CorridorError
from corridor.topologies.formats.export import WRITERS
from corridor.topologies.formats.load import DATA, load_topology
from spoilt_files import a_bit, spoilt

FOREIGN_GRAPHML = b"""<graphml><key id="d0" for="node" attr.name="Latitude"/>
<key id="d1" for="node" attr.name="Longitude"/><key id="d2" for="edge" attr.name="LinkSpeedRaw"/>
<graph><node id="a"><data key="d0">31.2</data><data key="d1">121.5</data></node>
<node id="b"><data key="d0">26.6</data><data key="d1">106.6</data></node><node id="c"/>
<edge source="a" target="b"><data key="d2">1000000</data></edge>
<edge source="b" target="c"/></graph></graphml>
"""
REPETITA = b"""NODES 3
label x y
0_a 121.5 31.2
1_b 106.6 26.6
2_c 67.0 24.9

EDGES 4
label src dest weight bw delay
e0 0 1 1 1000000 7500
e1 1 0 1 1000000 7500
e2 1 2 1 1000000 20000
e3 2 1 1 1000000 20000
"""
GML = b"""graph [
  directed 1
  label "Two"
  node [ id 0 label "Shanghai" Latitude 31.2 Longitude 121.5 ]
  node [ id 1 label "Guian" Latitude 26.6 Longitude 106.6 graphics [ x 1.5 ] ]
  edge [ source 0 target 1 delay 8.25 capacity 10000000000.0 ]
  edge [ source 1 target 0 delay 9 length "1500 km" ]
]
"""
EDGE_LISTS = (
    b"# directed\na b {'delay_ms': 3, 'capacity': '10 Gbps'}\nb a {'delay_ms': 4}\n",
    b"source,target,length_km,latency\nHong Kong,Macau,60,3\nMacau,Zhuhai,8,1us\n",
    b"0 1 12.5\n1 2 3e1\n",
)
SNDLIB = b"""?SNDlib native format; type: network; version: 1.0
META (
  unit = MBITPERSEC
)
NODES (
  a ( 121.5 31.2 )
  b ( 106.6 26.6 )
)
LINKS (
  one ( a b ) 9920.00 0.00 3.00 0.00 ( 40000.00 133.00 )
)
DEMANDS (
  d ( a b ) 1 2.00 UNLIMITED
)
"""
CONTAINERLAB = b"""name: two
topology:
  defaults: {kind: linux}
  groups: {routers: {kind: frr, image: "frr:10.7"}}
  nodes: {r1: {group: routers}, r2: {kind: bridge}, pc: , r3: {group: routers, type: x}}
  links:
    - endpoints: ["r1:e1", "r2:e1"]
    - {type: veth, endpoints: [{node: r2, interface: e2}, {node: r3, interface: e1}]}
    - endpoints: [pc, "r1:e2"]
    - {type: host, endpoint: {node: r2, interface: e9}}
"""
NODE_LINK = b"""{"directed": true, "multigraph": false, "graph": {"name": "n", "delay_unit": "us"},
 "nodes": [{"id": 0, "latitude": 31.2, "longitude": 121.5}, {"id": "b", "country": "CN"}],
 "links": [{"source": 0, "target": "b", "delay": 450, "tags": [1, null]},
           {"source": "b", "target": 0, "delay": 500}]}
"""
TOPOLOGY = b"""schema: 1
name: mine
hubs:
  - shanghai
  - {id: here, name: Here, role: transit, located_in: CN, lat: 30.5, lon: 100.25}
fibres:
  - {id: east, a: shanghai, z: here, length: 1500km, length_basis: stated, capacity: 10Gbit,
     capacity_basis: derived, crosses: [CN]}
  - {id: west, a: here, z: shanghai, one_way_delay: 20ms, via: [[30.1, 110.2]]}
"""
SCENARIO = b"""schema: 1
name: mine
topology: mini
policies: none
as_of: 2026-11-24
seed: 4
protect: {k: 1, over: [link]}
network: {buffer: 20ms, loss: 0.1%, bfd: 15ms}
probe: {interval: 20ms, count: 5, size: 128B}
demands:
  - {id: one, class: dr, src: shanghai, dst: karachi, guarantee: {cir: 1Mbit, pir: 2Mbit}}
faults:
  - {cut: shanghai-guian, at: 10ms, until: 30ms}
"""


def reads(read: Callable[[Path], object], name: str, text: bytes) -> None:
    """A value or a CorridorError; anything else fails the test and shows the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(text)
        with suppress(CorridorError):
            read(path)


@cache
def exported(suffix: str) -> bytes:
    return WRITERS[suffix](load_topology("mini")).encode()


@given(spoilt((TOPOLOGY, (DATA / "mini.yaml").read_bytes())))
@a_bit(75)
def test_topologies_in_yaml(text: bytes) -> None:
    reads(load_topology, "x.yaml", text)


@given(st.data())
@a_bit(60)
def test_topologies_in_json(data: st.DataObject) -> None:
    reads(load_topology, "x.json", data.draw(spoilt((exported(".json"),))))


@given(st.data())
@a_bit(75)
def test_topologies_in_graphml(data: st.DataObject) -> None:
    text = data.draw(spoilt((FOREIGN_GRAPHML, FOREIGN_GRAPHML, exported(".graphml"))))
    reads(load_topology, "x.graphml", text)


@given(spoilt((CONTAINERLAB,)))
@a_bit(75)
def test_topologies_of_containerlab(text: bytes) -> None:
    reads_graph("x.clab.yml", text)


@given(spoilt((REPETITA,)))
@a_bit(100)
def test_topologies_of_repetita(text: bytes) -> None:
    reads(load_topology, "x.graph", text)


def reads_graph(name: str, text: bytes) -> None:
    """As a file of others, with what a user may say about it and without."""
    reads(load_topology, name, text)
    attributes = {"weight": "km"} if b"weight" in text else {}
    reads(
        lambda path: load_topology(path, default_length="100km", attributes=attributes), name, text
    )


@given(spoilt((GML,)))
@a_bit(40)
def test_topologies_in_gml(text: bytes) -> None:
    reads_graph("x.gml", text)


@given(spoilt(EDGE_LISTS))
@a_bit(60)
def test_topologies_in_edge_lists(text: bytes) -> None:
    reads_graph("x.edgelist", text)


@given(spoilt((SNDLIB,)))
@a_bit(60)
def test_topologies_of_sndlib(text: bytes) -> None:
    reads_graph("x.txt", text)


@given(spoilt((NODE_LINK,)))
@a_bit(60)
def test_topologies_in_node_link_json_of_others(text: bytes) -> None:
    reads_graph("x.json", text)


@given(spoilt((FOREIGN_GRAPHML,)))
@a_bit(40)
def test_graphml_with_a_stated_default(text: bytes) -> None:
    reads_graph("x.graphml", text)


@given(spoilt(tuple((POLICIES / f"{name}.yaml").read_bytes() for name in ("gba", "pk", "th"))))
@a_bit(30)
def test_policies(text: bytes) -> None:
    reads(lambda path: load_policies(path, load_topology("mini")), "x.yaml", text)


@given(spoilt((SCENARIO, (SCENARIOS / "mini.yaml").read_bytes())))
@a_bit(60)
def test_scenarios(text: bytes) -> None:
    def read(path: Path) -> None:
        loaded = load_scenario(str(path))
        make_plan(loaded, clock="virtual", run_id="c0", seed=loaded.scenario.seed)

    reads(read, "x.yaml", text)


@cache
def compiled() -> tuple[Any, Any, Any]:
    """The plan of a small scenario, what it is judged by, and its tables as switches say them."""
    loaded = load_scenario("mini")
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    return plan, specify(loaded), as_compiled(plan).said


@given(st.data())
@a_bit(30)
def test_dumps_of_tables(data: st.DataObject) -> None:
    plan, judged_by, said = compiled()
    text = data.draw(spoilt((json.dumps(said).encode(),)))

    def read(path: Path) -> None:
        read_dump(read_json(path, TABLES), plan.wiring, file=str(path))
        prove_dump(path, plan, judged_by)

    reads(read, "after.json", text)
