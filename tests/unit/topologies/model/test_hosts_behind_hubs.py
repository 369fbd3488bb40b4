"""Hosts behind hubs: addresses and ports by hand, and mistakes in one line with their place."""

import pytest

from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.corridor_yaml import from_text
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import Wiring, wire

TEXT = """\
name: two
extends: [mini]
hosts:
- {id: web1, hub: shanghai}
- {id: web2, hub: shanghai, address: 10.9.0.1}
- {id: db1, hub: karachi}
"""


def read(more=""):
    return from_text(TEXT + more, "two.yaml", load_topology)


def test_hosts_have_ports_and_addresses_of_their_hub():
    hosts = {one.name: one for one in wire(read()).hosts}
    assert [(one.hub, one.port, one.host, one.host_ip) for one in hosts.values()] == [
        ("shanghai", 1, "h1", "10.0.0.1"),
        ("shanghai", 2001, "h1x1", "10.16.1.1"),
        ("shanghai", 2002, "h1x2", "10.9.0.1"),
        ("guian", 1, "h2", "10.0.0.2"),
        ("kunming", 1, "h3", "10.0.0.3"),
        ("bangkok", 1, "h4", "10.0.0.4"),
        ("karachi", 1, "h5", "10.0.0.5"),
        ("karachi", 2001, "h5x1", "10.16.5.1"),
    ]


def test_a_wiring_with_hosts_survives_json_and_one_without_does_not_name_them():
    laid = wire(read())
    assert from_plain(Wiring, to_plain(laid)) == laid
    assert all("hosts" not in hub for hub in to_plain(wire(load_topology("mini")))["hubs"])


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{id: shanghai, hub: shanghai}", 'host "shanghai" has the name of a hub'),
        ("{id: web1, hub: guian}", 'host "web1" has the name of another host'),
        ("{id: x, hub: shanghi}", 'host "x" is at unknown hub "shanghi"'),
        ("{id: x, hub: guian, address: 10.0.0.1}", 'which is that of "shanghai"'),
        ("{id: x, hub: guian, address: 10.16.1.1}", 'which is that of "web1"'),
        ("{id: x, hub: guian, address: 192.168.0.1}", "not the address of a host in 10.0.0.0/8"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_place(entry, said):
    with pytest.raises(InputError) as caught:
        read(f"- {entry}\n")
    assert said in str(caught.value)
    assert str(caught.value).startswith("two.yaml:7: ")
