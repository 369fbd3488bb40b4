"""In a guest: numbered packets of demands, to tell whether any is lost while others attack."""

from __future__ import annotations

import socket
import struct
from typing import Any

from corridor.topologies.emulation.network import CorridorNet

RECEIVE_BUFFER_FORCED = 33
RECEIVE_BUFFER = 64 << 20


class Honest:
    """The traffic of one demand. ``plan`` holds its ends, its port, and its frames' beginning."""

    def __init__(
        self, net: CorridorNet, plan: dict[str, Any], src_port: int, sender: socket.socket
    ) -> None:
        src, dst = (net.wiring.hub(plan[end]) for end in ("src", "dst"))
        self.demand: str = plan["demand"]
        self.head = bytes.fromhex(plan["head"])
        self._sender = sender
        self._receiver = receiver(net, dst.hub, plan["port"])
        self._receiver.connect((src.host_ip, src_port))
        self._sent = 0

    def send(self) -> None:
        self._sender.send(self.head + struct.pack("!Q", self._sent))
        self._sent += 1

    def account(self) -> dict[str, int]:
        """How many were sent since the last time, and how many have arrived of them."""
        arrived = set()
        try:
            while True:
                arrived.add(int.from_bytes(self._receiver.recv(2048)[:8]))
        except BlockingIOError:
            pass
        sent, self._sent = self._sent, 0
        return {"sent": sent, "arrived": len(arrived & set(range(sent)))}


def receiver(net: CorridorNet, hub: str, port: int) -> socket.socket:
    """Several may have one port: the kernel gives each what it is connected to."""
    with net[hub].namespace.entered():
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, RECEIVE_BUFFER_FORCED, RECEIVE_BUFFER)
    sock.bind((net.wiring.hub(hub).host_ip, port))
    sock.setblocking(False)
    return sock
