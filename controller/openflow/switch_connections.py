"""Who may be a switch: connections over a Unix socket, and messages that were looked at.

Open vSwitch finds the socket in its own folder. No one else of this machine comes through to it,
the process behind each connection is known, and a datapath id that one process has is not given
to another. A message that does not hold together ends its connection, never the controller.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple

from corridor.controller.openflow.message_check import (
    FEATURES_REPLY,
    HEADER,
    Malformed,
    check,
    datapath_id,
    header,
)

CHUNK_BYTES = 1 << 16
MOST_WAITING = 4096
"""Connections not yet taken: all switches of a network come at once."""
LOG = logging.getLogger("corridor.switches")


class Peer(NamedTuple):
    """The process at the other end, by its kernel; -1 where that does not say."""

    pid: int = -1
    uid: int = -1

    def __str__(self) -> str:
        return "a network connection" if self.pid < 0 else f"process {self.pid} of user {self.uid}"

    @property
    def lives(self) -> bool:
        return Path(f"/proc/{self.pid}").exists()


class DatapathIds:
    """Which connection has which datapath id."""

    def __init__(self) -> None:
        self._held: dict[int, SwitchSocket] = {}

    def take(self, dpid: int, by: SwitchSocket) -> None:
        """Raises Malformed where another process has it."""
        now = self._held.get(dpid)
        if now is not None and now.peer.pid != by.peer.pid and now.peer.lives:
            raise Malformed(f"it says it is switch {dpid:016x}, which {now.peer} is")
        self._held[dpid] = by

    def let_go(self, by: SwitchSocket) -> None:
        for dpid, one in list(self._held.items()):
            if one is by:
                del self._held[dpid]


class SwitchSocket:
    """A connection as frameworks use it, which gives them whole messages that hold together.

    After one that does not, it is at its end.
    """

    def __init__(self, connection: Any, peer: Peer, ids: DatapathIds) -> None:
        self.peer = peer
        self._connection = connection
        self._ids = ids
        self._arrived = b""
        self._looked_at = b""
        self._dpid: int | None = None
        self._is_over = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def setsockopt(self, level: int, *what: Any) -> None:
        """Frameworks ask for TCP_NODELAY, which sockets of other kinds do not know."""
        if level != socket.IPPROTO_TCP or self._connection.family != socket.AF_UNIX:
            self._connection.setsockopt(level, *what)

    def recv(self, most: int) -> bytes:
        """Empty at the end. Raises OSError, as the framework's own socket does."""
        while not self._looked_at and not self._is_over:
            piece = self._connection.recv(CHUNK_BYTES)
            self._is_over = not piece
            self._arrived += piece
            self._look()
        given, self._looked_at = self._looked_at[:most], self._looked_at[most:]
        return given

    def close(self) -> None:
        self._ids.let_go(self)
        self._connection.close()

    def _look(self) -> None:
        """At all messages that are whole."""
        at = 0
        try:
            while at + HEADER <= len(self._arrived):
                end = at + header(self._arrived, at).length
                if end > len(self._arrived):
                    break
                self._look_at(self._arrived[at:end])
                at = end
        except Malformed as problem:
            LOG.warning("hung up on %s: %s", self.peer, problem)
            self._is_over = True
        self._looked_at += self._arrived[:at]
        self._arrived = self._arrived[at:]

    def _look_at(self, message: bytes) -> None:
        if check(message).kind != FEATURES_REPLY:
            return
        dpid = datapath_id(message)
        if self._dpid not in (None, dpid):
            raise Malformed(f"it says it is switch {dpid:016x}, after {self._dpid:016x}")
        self._dpid = dpid
        if self.peer.pid >= 0:
            self._ids.take(dpid, self)


def peer_of(connection: Any) -> Peer:
    """Who connected, where that is known."""
    if connection.family != socket.AF_UNIX:
        return Peer()
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _ = struct.unpack("3i", told)
    return Peer(pid, uid)


def listen_beside_open_vswitch(path: Path) -> socket.socket:
    """A socket that only its folder's owner, and root, come through to. Raises OSError."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    owner = path.parent.stat().st_uid
    if owner != os.geteuid():
        os.chown(path, owner, -1)
    listener.listen(MOST_WAITING)
    return listener


def guard(framework: Any, path: Path | None) -> None:
    """Have a framework's ``controller`` module take connections on the socket at ``path``, by
    default where it always does, and hear of them only what was looked at."""
    of_framework = framework.controller
    ids = DatapathIds()

    def serve(connection: Any, address: Any) -> None:
        peer = address if isinstance(address, Peer) else peer_of(connection)
        switch = SwitchSocket(connection, peer, ids)
        with contextlib.closing(of_framework.Datapath(switch, address)) as datapath:
            try:
                datapath.serve()
            except Exception as problem:  # noqa: BLE001 - one connection's, and told
                LOG.warning("hung up on %s: %s: %s", peer, type(problem).__name__, problem)
            finally:
                ids.let_go(switch)

    of_framework.datapath_connection_factory = serve
    logging.getLogger(of_framework.ofproto_parser.LOG.name).addFilter(_in_a_line)
    if path is not None:
        allowed = {0, os.geteuid(), path.parent.stat().st_uid}
        of_framework.StreamServer = _server_at(path, allowed, framework.hub.spawn)


def _server_at(path: Path, allowed: Collection[int], spawn: Callable[..., Any]) -> type:
    """In the place of a framework's StreamServer, whose address is not used."""

    class SwitchServer:
        def __init__(self, _address: Any, handle: Callable[..., Any], **_tls: Any) -> None:
            self._handle = handle
            self._listener = listen_beside_open_vswitch(path)

        def serve_forever(self) -> None:
            while True:
                connection, _ = self._listener.accept()
                peer = peer_of(connection)
                if peer.uid in allowed:
                    spawn(self._handle, connection, peer)
                else:
                    LOG.warning("hung up on %s: not a user who runs switches", peer)
                    connection.close()

    return SwitchServer


def _in_a_line(record: logging.LogRecord) -> bool:
    """A message that a framework cannot read, without its octets and a traceback."""
    if record.exc_info:
        problem = record.exc_info[1]
        record.msg, record.args = f"a message was not read: {problem!r}", ()
        record.exc_info = None
    return True
