"""ovsdb-server through its socket (RFC 7047): transactions, and waiting for ovs-vswitchd.

Does for a whole network what ``ovs-vsctl`` does for a command, without a process to start and
without a copy of the database.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from corridor.topologies.base.closing import Closing
from corridor.topologies.base.errors import EnvironmentUnsupported

SCHEMA = "Open_vSwitch"
ROOT_TABLE = "Open_vSwitch"
Operation = dict[str, Any]
Row = dict[str, Any]


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
        rows: list[Row] = found["rows"]
        return rows

    def transact(self, operations: Iterable[Operation]) -> list[dict[str, Any]]:
        """Carry out all operations or none; what each one gave."""
        results: list[dict[str, Any]] = self._call("transact", [SCHEMA, *operations])
        for result in results:
            if result and "error" in result:
                raise self._failure(result.get("details") or result["error"])
        return results

    def apply(self, operations: Iterable[Operation]) -> None:
        """As ``transact``; returns when ovs-vswitchd has done what the operations ask for."""
        if not self._monitors:
            columns = {ROOT_TABLE: [{"columns": ["cur_cfg"]}]}
            self._note(self._call("monitor", [SCHEMA, None, columns]))
            self._monitors = True
        count = mutate_root("next_cfg", "+=", 1)
        read = {"op": "select", "table": ROOT_TABLE, "where": [], "columns": ["next_cfg"]}
        (root,) = self.transact([*operations, count, read])[-1]["rows"] or [{"next_cfg": None}]
        wanted = root["next_cfg"]
        if wanted is None:
            raise self._failure("it is empty: sudo ovs-vsctl init")
        while self._applied < wanted:
            self._dispatch(self._receive())

    def _call(self, method: str, parameters: list[Any]) -> Any:
        self._last_id += 1
        self._send({"method": method, "params": parameters, "id": self._last_id})
        while True:
            message = self._receive()
            if "result" in message and message["id"] == self._last_id:
                if message["error"]:
                    raise self._failure(str(message["error"]))
                return message["result"]
            self._dispatch(message)

    def _dispatch(self, message: dict[str, Any]) -> None:
        """Take note of what the server says unasked, and show it that we live."""
        if message.get("method") == "update":
            self._note(message["params"][1])
        elif message.get("method") == "echo":
            self._send({"result": message["params"], "error": None, "id": message["id"]})

    def _note(self, changes: dict[str, Any]) -> None:
        for row in changes.get(ROOT_TABLE, {}).values():
            self._applied = row.get("new", {}).get("cur_cfg", self._applied)

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._socket.sendall(json.dumps(message).encode())
        except OSError as error:
            raise self._failure(error.strerror or str(error)) from error

    def _receive(self) -> dict[str, Any]:
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
            "corridor doctor tells what Open vSwitch lacks here",
        )


def a_set(members: Iterable[Any]) -> list[Any]:
    return ["set", list(members)]


def a_map(pairs: Mapping[str, str]) -> list[Any]:
    return ["map", [list(pair) for pair in pairs.items()]]


def update(table: str, uuid: Any, row: Row) -> Operation:
    """Change columns of one row that is there, by its ``_uuid`` as it was read."""
    return {"op": "update", "table": table, "where": [["_uuid", "==", uuid]], "row": row}


def update_root(row: Row) -> Operation:
    """Change columns of the database's one root row."""
    return {"op": "update", "table": ROOT_TABLE, "where": [], "row": row}


def mutate_root(column: str, mutator: str, value: Any) -> Operation:
    """Change one column of the database's one root row."""
    return {
        "op": "mutate",
        "table": ROOT_TABLE,
        "where": [],
        "mutations": [[column, mutator, value]],
    }


def members(value: Any) -> list[Any]:
    """The members of a set, however the server wrote it: a set of one stands by itself."""
    return list(value[1]) if isinstance(value, list) and value[:1] == ["set"] else [value]
