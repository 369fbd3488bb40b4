"""The watch in a thread of the soak, which needs two for each event and no process for either."""

from __future__ import annotations

import os
import select
import socket
import threading
from typing import cast

from corridor.topologies.emulation.netlink import shapes
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.monitor import packet_filter, packet_ring
from corridor.traffic.monitor.monitor import SCHEMA
from corridor.traffic.monitor.transits import EventCounts, Seen
from tests.chaos.traffic import Traffic

LEFT_S = 3 * packet_ring.RETIRE_MS / 1e3


class Capture:
    """See every frame sent onto a fibre from when they are made until ``stop``."""

    def __init__(self, wiring: Wiring) -> None:
        names = {socket.if_nametoindex(name): name for name in shapes(wiring)}
        self._ring = packet_ring.PacketRing(packet_filter.sent_by(min(names), max(names)))
        self._tally = EventCounts(names)
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def stop(self) -> Seen:
        """As ``corridor.traffic.monitor.monitor`` writes it."""
        os.close(self._end)
        self._thread.join()
        self._ring.close_to_more()
        while select.select([self._ring.sock], [], [], LEFT_S)[0]:
            self._count()
        seen = {
            "schema": SCHEMA,
            "frames": self._tally.frames,
            "lost": self._ring.lost(),
            "flows": self._tally.flows(),
        }
        self._ring.close()
        os.close(self._ended)
        return cast(Seen, seen)

    def _look(self) -> None:
        sock = self._ring.sock.fileno()
        ready: list[int] = []
        while self._ended not in ready:
            ready = select.select([sock, self._ended], [], [])[0]
            if sock in ready:
                self._count()

    def _count(self) -> None:
        for sent in self._ring.frames():
            self._tally.add(sent)


class SeenTraffic(Traffic):
    """Of every demand, watched by ``Capture``."""

    def begin_watch(self) -> Capture:
        return Capture(self._kept.wiring)
