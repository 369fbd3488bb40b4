"""All connections that end at a host: who is let in, what is due when, and what has arrived.

Standard library only. Deadlines have a separate timer, for they come and go with what arrives.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH118, PTH123

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from heapq import heappop, heappush
from typing import TypedDict

from corridor.traffic.agents.messages import LISTENS, ConnectionEnd
from corridor.traffic.agents.messages_connection import Connection, listening_socket, prepare, reset
from corridor.traffic.agents.messages_log import MessageLog, file_name
from corridor.traffic.agents.program import Place
from corridor.traffic.packets import kernel

MOST_OPEN = 1 << 20
NEVER_NS = 1 << 62
CONGESTION_CONTROLS = "/proc/sys/net/ipv4/tcp_available_congestion_control"
ALLOWED_TO_ALL = "/proc/sys/net/ipv4/tcp_allowed_congestion_control"


class ConnectionsCounts(TypedDict):
    """Of a host; more is in the file that it leaves."""

    ends: int
    failed: int
    foreign: int
    """Clients that no one expected."""


class Connections:
    """The connections of a host, at least one; nothing is due before ``start``."""

    def __init__(self, parts: Sequence[ConnectionEnd], place: Place) -> None:
        _allow_open_files()
        self.netns = place.netns
        self.descriptors = place.descriptors
        self.epoch_ns = self.foreign = 0
        self.is_stopped = False
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbered = self._now_ns = 0
        self._armed_ns = NEVER_NS
        self._timer = kernel.AbsoluteTimer()
        self.descriptors.add(self._timer.fd, self._fire)
        path = os.path.join(place.out_dir, file_name(place.host))
        self.log = MessageLog(path, place.flush_records, self.call_at)
        self._awaited = {one for part in parts for message in part.sends for one in message.after}
        self._arrived: dict[int, int] = {}
        self._waiting: dict[int, list[Callable[[], None]]] = {}
        self._connections = [Connection(part, self) for part in parts]
        self._listeners = self._listen(parts)

    def _listen(self, parts: Iterable[ConnectionEnd]) -> list[socket.socket]:
        """One socket for all connections to the same port."""
        expected: dict[tuple[str, int], dict[tuple[str, int], Connection]] = {}
        for connection in self._connections:
            plan = connection.plan
            if plan.role == LISTENS:
                own = expected.setdefault((plan.local_ip, plan.local_port), {})
                own[plan.peer_ip, plan.peer_port] = connection
        for name in sorted({part.congestion for part in parts}):
            _refuse_unknown(name)
        listeners = []
        for address, clients in expected.items():
            listener = listening_socket(address, next(iter(clients.values())).plan)
            self.descriptors.add(listener.fileno(), _Door(listener, clients, self).readable)
            listeners.append(listener)
        return listeners

    def start(self, epoch_ns: int) -> None:
        self.epoch_ns = epoch_ns
        for connection in self._connections:
            connection.schedule()

    def stop(self) -> None:
        """Nothing more begins; what is being written is written to its end."""
        self.is_stopped = True
        self._due.clear()

    def finish(self) -> ConnectionsCounts:
        self.woken()
        for connection in self._connections:
            connection.give_up()
        for listener in self._listeners:
            listener.close()
        self.log.close()
        failed = sum(1 for one in self._connections if one.has_failed)
        return {"ends": len(self._connections), "failed": failed, "foreign": self.foreign}

    @property
    def have_ended(self) -> bool:
        return all(one.has_ended for one in self._connections)

    def woken(self) -> None:
        self._now_ns = 0

    def now_ns(self) -> int:
        if not self._now_ns:
            self._now_ns = time.time_ns()
        return self._now_ns

    def call_at(self, at_ns: int, call: Callable[[], None]) -> None:
        self._numbered += 1
        heappush(self._due, (at_ns, self._numbered, call))
        if at_ns < self._armed_ns:
            self._arm(at_ns)

    def _arm(self, at_ns: int) -> None:
        self._armed_ns = at_ns
        self._timer.set(at_ns)

    def _fire(self) -> None:
        """All that is due; what it makes due at once is done, too."""
        self.woken()
        now_ns = self.now_ns()
        self._armed_ns = 0
        due = self._due
        while due and due[0][0] <= now_ns:
            heappop(due)[2]()
        self._arm(due[0][0] if due else NEVER_NS)

    def arrived_ns(self, message: int) -> int | None:
        return self._arrived.get(message)

    def await_arrival(self, message: int, call: Callable[[], None]) -> None:
        self._waiting.setdefault(message, []).append(call)

    def arrived(self, message: int, at_ns: int) -> None:
        if message in self._awaited:
            self._arrived[message] = at_ns
            for call in self._waiting.pop(message, ()):
                call()


class _Door:
    """Lets in the clients that are expected at one address."""

    def __init__(
        self,
        listener: socket.socket,
        clients: dict[tuple[str, int], Connection],
        host: Connections,
    ) -> None:
        self._listener = listener
        self._clients = clients
        self._host = host
        self._first = next(iter(clients.values())).plan

    def readable(self) -> None:
        self._host.woken()
        try:
            accepted, peer = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        connection = self._clients.pop(peer[:2], None)
        if connection is None or connection.has_ended:
            self._host.foreign += 1
            reset(accepted)
            return
        accepted.setblocking(False)
        prepare(accepted, connection.plan, self._first)
        connection.accepted(accepted)


def _refuse_unknown(congestion: str) -> None:
    with socket.socket() as one:
        try:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
        except PermissionError as problem:
            raise PermissionError(
                problem.errno,
                f"TCP congestion control {congestion!r} is for root alone, others may choose "
                f"{_listed(ALLOWED_TO_ALL)}: name it in net.ipv4.tcp_allowed_congestion_control",
            ) from None
        except OSError as problem:
            raise OSError(
                problem.errno,
                f"this kernel has no TCP congestion control {congestion!r}, only "
                f"{_listed(CONGESTION_CONTROLS)}",
            ) from None


def _listed(setting: str) -> str:
    with open(setting) as file:
        return ", ".join(sorted(file.read().split()))


def _allow_open_files() -> None:
    import resource

    with suppress(ValueError, OSError):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (MOST_OPEN, MOST_OPEN))
