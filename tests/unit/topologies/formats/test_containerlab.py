"""Files of containerlab: routers become hubs, Linux nodes with one link hosts behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.containerlab import from_text
from corridor.topologies.formats.export import export_topology
from corridor.topologies.formats.foreign_graph import import_options
from corridor.topologies.formats.load import load_topology

ONE_MS = import_options(None, "1ms", None)
TRIANGLE = """\
name: triangle
topology:
  defaults: {kind: nokia_srlinux}
  groups:
    clients: {kind: linux, image: "busybox:1.37"}
  nodes:
    r1: {startup-config: r1.cfg}
    r2:
    R3: {kind: linux}
    PC1: {group: clients}
    pc2: {kind: linux}
  links:
    - endpoints: ["r1:e1", "r2:e1"]
    - endpoints: ["r2:e2", "R3:eth1"]
    - {type: veth, endpoints: [{node: R3, interface: eth2}, {node: r1, interface: e2}]}
    - endpoints: ["PC1:eth1", "r1:e3"]
    - endpoints: ["R3:eth3", "pc2:eth1"]
    - endpoints: ["r1:e9", "host:r1-e9"]
    - {type: mgmt-net, endpoint: {node: r2, interface: e9}, host-interface: r2-e9}
"""


def read(text: str):
    return from_text(text, "lab.clab.yml", ONE_MS)


def test_routers_are_hubs_and_clients_are_hosts_behind_them():
    made = read(TRIANGLE)
    assert made.name == "triangle"
    assert [hub.id for hub in made.hubs] == ["r1", "r2", "r3"]
    assert [fibre.id for fibre in made.fibres] == ["r1-r2", "r2-r3", "r3-r1"]
    assert {fibre.one_way_delay_ns for fibre in made.fibres} == {1_000_000}
    assert [(host.id, host.hub) for host in made.hosts] == [("pc1", "r1"), ("pc2", "r3")]


def test_notes_tell_what_is_not_read():
    notes = read(TRIANGLE).notes
    assert "Not read: configurations and images of nodes." in notes
    assert "Left out, of type host: 1 link." in notes
    assert "Left out, of type mgmt-net: 1 link." in notes


def test_linux_nodes_that_only_reach_each_other_are_hubs():
    made = read(
        "topology:\n  nodes: {a: {kind: linux}, b: {kind: linux}}\n"
        '  links: [{endpoints: ["a:eth1", "b:eth1"]}]\n'
    )
    assert made.name == "lab"
    assert ([hub.id for hub in made.hubs], made.hosts) == (["a", "b"], ())


@pytest.mark.parametrize("name", ["lab.clab.yml", "lab.clab.yaml", "lab.v2.CLAB.yml"])
def test_the_ending_of_a_file_tells_the_format(tmp_path: Path, name: str):
    (tmp_path / name).write_text(TRIANGLE)
    made = load_topology(tmp_path / name, default_delay="1ms")
    export_topology(made, tmp_path / "own.yaml")
    again = load_topology(tmp_path / "own.yaml")
    assert (again.hubs, again.fibres, again.hosts) == (made.hubs, made.fibres, made.hosts)


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ('"r2:e1"]', '"r9:e1"]', 13, 'a link ends at unknown node "r9"'),
        ('["r1:e1", "r2:e1"]', '["r1:e1"]', 13, "is not a link with two endpoints"),
        ('["r1:e1", "r2:e1"]', '["r1:e1", 7]', 13, "is not a link with two endpoints"),
        ("pc2: {", "pc-1: {kind: linux}\n    PC_1: {", 12, 'host "pc-1" has the name'),
        ("  nodes:", "  nodos:", 2, "has no topology.nodes"),
    ],
)
def test_what_cannot_be_read_has_its_line(old: str, new: str, line: int, said: str):
    text = TRIANGLE.replace(old, new)
    if "PC_1" in new:
        text = text.replace('"pc2:eth1"', '"PC_1:eth1"').replace(
            '"PC1:eth1", "r1:e3"', '"pc-1:eth1", "r1:e3"'
        )
    with pytest.raises(InputError) as refused:
        read(text)
    assert said in str(refused.value)
    assert refused.value.line == line


def test_without_a_default_delay_the_message_names_the_option():
    with pytest.raises(InputError, match="--default-delay 1ms"):
        from_text(TRIANGLE, "lab.clab.yml")
