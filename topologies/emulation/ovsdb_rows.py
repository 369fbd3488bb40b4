"""What Open vSwitch's database is to hold for a hub's switch, as operations of RFC 7047. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from corridor.topologies.emulation.ovsdb_client import Operation, Row, a_map, a_set
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HOST_PORT,
    HubWire,
    Wiring,
)

RECONNECT_MS = 1000


def bridge_inserted(
    hub: HubWire, interfaces: Mapping[str, Row], controllers: Sequence[str]
) -> list[Operation]:
    """A hub's bridge, named by its named-uuid ``hub.bridge``; nothing holds it yet.

    ``interfaces`` are rows by name. Open vSwitch wants a port of the bridge's own name besides.
    """
    named: dict[str, Row] = {**interfaces, hub.bridge: {"type": "internal"}}
    ports = [f"{name}_port".replace("-", "_") for name in named]
    targets = [f"{hub.bridge}_controller{number}" for number in range(len(controllers))]
    operations: list[Operation] = []
    for port, (name, row) in zip(ports, named.items(), strict=True):
        operations += _port_inserted(port, name, row)
    for target, address in zip(targets, controllers, strict=True):
        reached: Row = {"target": address, "max_backoff": RECONNECT_MS}
        operations.append(insert("Controller", reached, target))
    bridge: Row = {
        "name": hub.bridge,
        "fail_mode": "secure",
        "protocols": "OpenFlow13",
        "other_config": a_map(
            {
                "datapath-id": f"{hub.dpid:016x}",
                "disable-in-band": "true",
                "dp-desc": hub.hub,
            }
        ),
        "ports": _named(ports),
        "controller": _named(targets),
    }
    return [*operations, insert("Bridge", bridge, hub.bridge)]


def switches_socket(run_id: str) -> str:
    """The name, in the folder of Open vSwitch, of the socket on which a run's switches find their
    controller. Open vSwitch connects to no other's (ovs-vswitchd.conf.db, target of Controller)."""
    return f"corridor-{run_id}.sock"


def ports_of(wiring: Wiring) -> dict[str, list[tuple[str, int]]]:
    """By hub, every interface of its switch and its number."""
    ports = {
        hub.hub: [(hub.switch_interface, HOST_PORT), *gateway_ports(hub)] for hub in wiring.hubs
    }
    for fibre in wiring.fibres:
        for end in (fibre.a, fibre.z):
            if end.hub in ports:
                ports[end.hub].append((end.interface, end.port))
    return ports


def gateway_ports(hub: HubWire) -> list[tuple[str, int]]:
    if hub.gateway is None:
        return []
    return [
        (hub.gateway.in_interface, GATEWAY_IN_PORT),
        (hub.gateway.out_interface, GATEWAY_OUT_PORT),
    ]


def insert(table: str, row: Row, named: str | None = None) -> Operation:
    """A new row, to which other operations of the transaction may refer by a name.

    A named row has an identifier that follows from its name (ovsdb-server(7), "Insert", since Open
    vSwitch 2.13): ovs-vswitchd keeps rows in the order of their identifiers, and carries out
    changes in that order. Those of ovsdb-server itself depend on when it started.
    """
    operation: Operation = {"op": "insert", "table": table, "row": row}
    if named is None:
        return operation
    return {**operation, "uuid-name": named, "uuid": _identifier(f"{table} {named}")}


def _identifier(name: str) -> str:
    digits = hashlib.sha256(name.encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _port_inserted(port: str, name: str, row: Row) -> list[Operation]:
    interface = f"{port}_interface"
    return [
        insert("Interface", {"name": name, **row}, interface),
        insert("Port", {"name": name, "interfaces": _named([interface])}, port),
    ]


def _named(names: Sequence[str]) -> list[object]:
    return a_set(["named-uuid", name] for name in names)
