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
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import SHIPPED as SCENARIOS
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
@a_bit(150)
def test_topologies_in_yaml(text: bytes) -> None:
    reads(load_topology, "x.yaml", text)


@given(st.data())
@a_bit(120)
def test_topologies_in_json(data: st.DataObject) -> None:
    reads(load_topology, "x.json", data.draw(spoilt((exported(".json"),))))


@given(st.data())
@a_bit(150)
def test_topologies_in_graphml(data: st.DataObject) -> None:
    text = data.draw(spoilt((FOREIGN_GRAPHML, FOREIGN_GRAPHML, exported(".graphml"))))
    reads(load_topology, "x.graphml", text)


@given(spoilt((REPETITA,)))
@a_bit(200)
def test_topologies_of_repetita(text: bytes) -> None:
    reads(load_topology, "x.graph", text)


@given(spoilt(tuple((POLICIES / f"{name}.yaml").read_bytes() for name in ("gba", "pk", "th"))))
@a_bit(60)
def test_policies(text: bytes) -> None:
    reads(lambda path: load_policies(path, load_topology("mini")), "x.yaml", text)


@given(spoilt((SCENARIO, (SCENARIOS / "mini.yaml").read_bytes())))
@a_bit(120)
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
@a_bit(60)
def test_dumps_of_tables(data: st.DataObject) -> None:
    plan, judged_by, said = compiled()
    text = data.draw(spoilt((json.dumps(said).encode(),)))

    def read(path: Path) -> None:
        read_dump(read_json(path, TABLES), plan.wiring, file=str(path))
        prove_dump(path, plan, judged_by)

    reads(read, "after.json", text)
