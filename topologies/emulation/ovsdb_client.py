"""ovsdb-server through its socket (RFC 7047): transactions, and waiting for ovs-vswitchd.

Does for a whole network what ``ovs-vsctl`` does for a command, without a process to start and
without a copy of the database.
"""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.model.wiring import (
    GATEWAY_IN_PORT,
    GATEWAY_OUT_PORT,
    HubWire,
    Wiring,
)

SCHEMA = "Open_vSwitch"
ROOT_TABLE = "Open_vSwitch"
type Operation = JsonObject
type Row = JsonObject
"""Columns by name. What the server says in one is looked at before it is used."""


class Database(Closing):
    """A connection to the database of one Open vSwitch.

    Every call raises EnvironmentLacking when the server refuses, hangs up, or lets ``timeout_s``
    pass without a word.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(timeout_s)
        self._decoder = json.JSONDecoder()
        self._unread = ""
        self._last_id = 0
        self._applied = 0
        self._monitors = False
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise self._failure(error.strerror or str(error)) from error

    def close(self) -> None:
        self._socket.close()

    def select(self, table: str, columns: Sequence[str]) -> list[Row]:
        """These columns of every row of a table."""
        (found,) = self.transact(
            [{"op": "select", "table": table, "where": [], "columns": columns}]
        )
        return self._rows(found)

    def transact(self, operations: Iterable[Operation]) -> list[JsonObject]:
        """Carry out all operations or none; what each one gave."""
        said = self._call("transact", [SCHEMA, *operations])
        if not isinstance(said, list):
            raise self._failure(f"it answers a transaction by {said!r}")
        results = [result or {} for result in said]
        for result in results:
            if "error" in result:
                raise self._failure(str(result.get("details") or result["error"]))
        return results

    def apply(self, operations: Iterable[Operation]) -> None:
        """As ``transact``; returns when ovs-vswitchd has done what the operations ask for."""
        if not self._monitors:
            columns = {ROOT_TABLE: [{"columns": ["cur_cfg"]}]}
            self._note(self._call("monitor", [SCHEMA, None, columns]))
            self._monitors = True
        count = mutate_root("next_cfg", "+=", 1)
        read: Operation = {
            "op": "select",
            "table": ROOT_TABLE,
            "where": [],
            "columns": ["next_cfg"],
        }
        roots = self._rows(self.transact([*operations, count, read])[-1])
        wanted = roots[0]["next_cfg"] if roots else None
        if not isinstance(wanted, int):
            raise self._failure("it is empty: sudo ovs-vsctl init")
        while self._applied < wanted:
            self._dispatch(self._receive())

    def _rows(self, selected: JsonObject) -> list[Row]:
        rows = selected.get("rows")
        if not isinstance(rows, list):
            raise self._failure(f"it answers a question by {selected}")
        return rows

    def _call(self, method: str, parameters: list[object]) -> object:
        self._last_id += 1
        self._send({"method": method, "params": parameters, "id": self._last_id})
        while True:
            message = self._receive()
            if "result" in message and message["id"] == self._last_id:
                if message["error"]:
                    raise self._failure(str(message["error"]))
                return message["result"]
            self._dispatch(message)

    def _dispatch(self, message: JsonObject) -> None:
        """Take note of what the server says unasked, and show it that we live."""
        match message:
            case {"method": "update", "params": [_, changes]}:
                self._note(changes)
            case {"method": "echo", "params": said, "id": number}:
                self._send({"result": said, "error": None, "id": number})

    def _note(self, changes: object) -> None:
        """Changed rows by table and ``_uuid`` (RFC 7047, 4.1.6)."""
        changed = changes.get(ROOT_TABLE) if isinstance(changes, dict) else None
        for row in changed.values() if isinstance(changed, dict) else ():
            match row:
                case {"new": {"cur_cfg": int(applied)}}:
                    self._applied = applied

    def _send(self, message: JsonObject) -> None:
        try:
            self._socket.sendall(json.dumps(message).encode())
        except OSError as error:
            raise self._failure(error.strerror or str(error)) from error

    def _receive(self) -> JsonObject:
        """The next message; they follow each other without a mark between them."""
        while True:
            text = self._unread.lstrip()
            if text:
                try:
                    message, end = self._decoder.raw_decode(text)
                except json.JSONDecodeError:
                    pass
                else:
                    self._unread = text[end:]
                    return dict(message)
            self._unread += self._read()

    def _read(self) -> str:
        try:
            chunk = self._socket.recv(1 << 20)
        except TimeoutError:
            raise self._failure("it does not answer; does ovs-vswitchd run?") from None
        except OSError as error:
            raise self._failure(error.strerror or str(error)) from error
        if not chunk:
            raise self._failure("it hung up")
        return chunk.decode()

    def _failure(self, reason: str) -> EnvironmentUnsupported:
        return EnvironmentUnsupported(
            f"Open vSwitch's database at {self._path}: {reason}",
            "corridor doctor lists what is missing for Open vSwitch",
        )


def a_set(members: Iterable[object]) -> list[object]:
    return ["set", list(members)]


def a_map(pairs: Mapping[str, str]) -> list[object]:
    return ["map", [list(pair) for pair in pairs.items()]]


def update(table: str, uuid: object, row: Row) -> Operation:
    """Change columns of one row that is there, by its ``_uuid`` as it was read."""
    return {"op": "update", "table": table, "where": [["_uuid", "==", uuid]], "row": row}


def update_root(row: Row) -> Operation:
    """Change columns of the database's one root row."""
    return {"op": "update", "table": ROOT_TABLE, "where": [], "row": row}


def mutate_root(column: str, mutator: str, value: object) -> Operation:
    """Change one column of the database's one root row."""
    return {
        "op": "mutate",
        "table": ROOT_TABLE,
        "where": [],
        "mutations": [[column, mutator, value]],
    }


def members(value: object) -> list[object]:
    """The members of a set, however the server wrote it: a set of one is the bare value."""
    return list(value[1]) if isinstance(value, list) and value[:1] == ["set"] else [value]


def pairs(value: object) -> dict[str, str]:
    """What a map of texts holds; nothing where the value is none."""
    if not isinstance(value, list) or value[:1] != ["map"]:
        return {}
    return {str(key): str(item) for key, item in value[1]}


# What Open vSwitch's database is to hold for a hub's switch, as operations of RFC 7047. Pure.

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
        hub.hub: [
            *((host.switch_interface, host.port) for host in hub.attached),
            *gateway_ports(hub),
        ]
        for hub in wiring.hubs
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
