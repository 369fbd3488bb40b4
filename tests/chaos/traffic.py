"""Traffic of every demand through a live network, and an independent account of it.

Each demand sends numbered datagrams at a steady pace from its hub's host. What did not arrive is
lost; what the watch saw on a fibre that no policy in force allows is forbidden.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from corridor.controller.intent.intent import Selector
from corridor.controller.intent.specification import Specification
from corridor.experiments.lab.monitor_process import MonitorProcess
from corridor.experiments.results.transit_check import Crossing, Judge, Verdict
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.monitor.transits import Seen
from tests.chaos.datagrams import End, udp_frame

if TYPE_CHECKING:
    from corridor.experiments.live_network.network import LiveNetwork

UDP_PORT, PORTS = 4000, 10_000
"""Where traffic that may choose has its ports: each by itself, since one may run in another."""
SPACING_S = 0.004
SETTLE_S = 0.5
COLLECT_EACH = 100
"""Turns."""
SELDOM = 10
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER_BYTES = 64 << 20
_NUMBER = struct.Struct("!QI")


@dataclass(frozen=True)
class Account:
    """What came of traffic."""

    sent: dict[str, int]
    """By demand."""
    lost: dict[str, list[float]]
    """By demand, when what did not arrive was sent, in seconds since the start."""
    repeated: dict[str, int]
    """By demand, how often something arrived again."""
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        return {
            "sent": self.sent,
            "lost": self.lost,
            "repeated": self.repeated,
            "frames": self.verdict.frames,
            "unseen": self.verdict.lost,
            "forbidden": [str(one) for one in self.verdict.forbidden],
            "strange": [str(one) for one in self.verdict.strange],
        }


class Watching(Protocol):
    def stop(self) -> Seen:
        """What was seen."""


class Traffic:
    """Of every demand from entering to leaving, after which ``account`` says what came of it.

    What is on a fibre must be allowed there by one of ``judged_by``: those that are in force while
    it runs.
    """

    _numbers = 0

    def __init__(
        self,
        kept: LiveNetwork,
        judged_by: Sequence[Specification] = (),
        *,
        spacing_s: float = SPACING_S,
        settle_s: float = SETTLE_S,
        seldom: Collection[str] = (),
    ) -> None:
        """Demands that are to be sent ``seldom`` send every tenth time."""
        self._kept = kept
        self._judged_by = judged_by or (kept.specification,)
        self.spacing_s = spacing_s
        """May be changed at any time."""
        self._settle_s = settle_s
        self._seldom = frozenset(seldom)
        self._stop = threading.Event()
        self.sent_ns: dict[str, list[int]] = defaultdict(list)
        """By demand, when each datagram was sent, CLOCK_REALTIME."""
        self.lost_ns: dict[str, list[int]] = {}
        """Those of them that did not arrive."""
        Traffic._numbers += 1
        self._serial = Traffic._numbers
        self.account: Account
        self.seen: Seen
        """What the watch wrote."""

    def __enter__(self) -> Traffic:
        self._watch = self.begin_watch()
        self._senders = Senders(self._kept, self._serial)
        self._thread = threading.Thread(target=self._send)
        self.start_ns = time.time_ns()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(self._settle_s)
        self._stop.set()
        self._thread.join()
        time.sleep(self._settle_s)
        arrived = self._senders.arrived()
        self._senders.close()
        self.lost_ns = {
            demand: [at_ns for number, at_ns in enumerate(sent) if number not in arrived[demand]]
            for demand, sent in self.sent_ns.items()
        }
        lost = {
            demand: [round((at_ns - self.start_ns) / NS_PER_S, 3) for at_ns in times]
            for demand, times in self.lost_ns.items()
        }
        counts = {demand: len(sent) for demand, sent in self.sent_ns.items()}
        again = {demand: one.total() - len(one) for demand, one in arrived.items()}
        self.seen = self._watch.stop()
        self.account = Account(counts, lost, again, self._judge(self.seen))

    def begin_watch(self) -> Watching:
        """Who sees the fibres from now on."""
        kept, serial = self._kept, self._serial
        out = kept.scratch / f"crossings{serial}.json"
        return MonitorProcess(kept.wiring, kept.scratch / f"watch{serial}.json", out)

    def _send(self) -> None:
        turn, due = 0, time.monotonic()
        while not self._stop.is_set():
            for demand, send in self._senders.by_demand.items():
                if not turn % SELDOM or demand not in self._seldom:
                    self.sent_ns[demand].append(time.time_ns())
                    send(len(self.sent_ns[demand]) - 1)
            turn += 1
            if not turn % COLLECT_EACH:
                self._senders.collect()
            due += self.spacing_s
            time.sleep(max(0.0, due - time.monotonic()))

    def _judge(self, seen: Seen) -> Verdict:
        """Forbidden, or of no demand, is what is so by all that are in force."""
        verdicts = [Judge(one, self._kept.wiring).verdict(seen) for one in self._judged_by]
        return Verdict(
            frames=seen["frames"],
            lost=seen["lost"],
            forbidden=_common([one.forbidden for one in verdicts]),
            strange=_common([one.strange for one in verdicts]),
        )


class Senders:
    """A socket for each end of each demand."""

    def __init__(self, kept: LiveNetwork, serial: int) -> None:
        self.by_demand: dict[str, Callable[[int], object]] = {}
        self._net = kept.net
        self._serial = serial
        self._wires: dict[str, socket.socket] = {}
        self._receivers: dict[End, socket.socket] = {}
        self._arrived: dict[str, Counter[int]] = defaultdict(Counter)
        self._demands: dict[tuple[End, str, int], str] = {}
        for one in kept.specification.directions:
            src, dst = (kept.wiring.hub(hub) for hub in (one.demand.src, one.demand.dst))
            src_port, dst_port = _ports(one.selectors, UDP_PORT + serial % PORTS)
            start = End(src.host_mac, src.host_ip, src_port)
            end = End(dst.host_mac, dst.host_ip, dst_port)
            self._demands[end, start.ip, start.port] = one.demand.id
            if end not in self._receivers:
                self._receivers[end] = self._receiver(dst.hub, end)
            if src.hub not in self._wires:
                self._wires[src.hub] = self._wire(src.hub, src.host_interface)
            self.by_demand[one.demand.id] = self._sender(self._wires[src.hub], start, end)

    def arrived(self) -> dict[str, Counter[int]]:
        """By demand, the numbers of all that have come, and how often."""
        self.collect()
        return self._arrived

    def collect(self) -> None:
        """Take what has come out of the kernel, which has room for so much of all sockets."""
        for end, receiver in self._receivers.items():
            for payload, (address, port) in _waiting(receiver):
                number, serial = _NUMBER.unpack(payload[: _NUMBER.size])
                demand = self._demands.get((end, address, port))
                if demand is not None and serial == self._serial:
                    self._arrived[demand][number] += 1

    def close(self) -> None:
        for one in (*self._wires.values(), *self._receivers.values()):
            one.close()

    def _sender(self, wire: socket.socket, start: End, end: End) -> Callable[[int], object]:
        frame = udp_frame(start, end, bytes(_NUMBER.size))[: -_NUMBER.size]
        return lambda number: wire.send(frame + _NUMBER.pack(number, self._serial))

    def _wire(self, hub: str, interface: str) -> socket.socket:
        with self._net[hub].namespace.entered():
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        wire.bind((interface, 0))
        return wire

    def _receiver(self, hub: str, end: End) -> socket.socket:
        with self._net[hub].namespace.entered():
            receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        receiver.bind((end.ip, end.port))
        receiver.setblocking(False)
        return receiver


def _ports(selectors: Sequence[Selector], by_default: int) -> tuple[int, int]:
    """Those of a UDP packet that is a demand's own."""
    one = next(one for one in selectors if one.protocol in (None, "udp"))
    return one.src_port or by_default, one.dst_port or by_default


def _waiting(receiver: socket.socket) -> Sequence[tuple[bytes, tuple[str, int]]]:
    found = []
    try:
        while True:
            found.append(receiver.recvfrom(64))
    except BlockingIOError:
        return found


def _common(of_each: Sequence[Sequence[Crossing]]) -> tuple[Crossing, ...]:
    first, *others = of_each
    return tuple(one for one in first if all(one in other for other in others))
