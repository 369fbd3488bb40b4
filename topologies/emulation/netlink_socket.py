"""The kernel's netlink sockets: many requests in one call, and whole dumps."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
from collections.abc import Iterable, Sequence
from itertools import batched
from typing import Any

from corridor.topologies.base.child_process import Closing
from corridor.topologies.emulation.queues import rtnetlink
from corridor.topologies.emulation.queues.rtnetlink import Request

NETLINK_ROUTE, NETLINK_GENERIC = 0, 16
BATCH = 128
"""Requests a call: 30 kB of them, and their errors fit a socket's buffer."""
RECEIVE_BYTES = 1 << 18
DUMP_TRIES = 10
SIOCGIFINDEX = 0x8933
_NAMED = struct.Struct("16si20x")


class KernelRefuses(OSError):
    """A request failed; ``about`` says what it was for."""

    def __init__(self, number: int, about: str) -> None:
        super().__init__(number, f"{about}: {os.strerror(number)}")
        self.about = about
        self.reason = os.strerror(number)


class NetlinkSocket(Closing):
    """Of the network namespace that the thread is in when it is made."""

    def __init__(self, protocol: int = NETLINK_ROUTE) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        self._sequence = 0
        self._interrupted = False

    def close(self) -> None:
        self._socket.close()

    def carry_out(self, requests: Iterable[Request]) -> None:
        """Do one after another; raises KernelRefuses for the first of them that fails.

        Those that are in one batch with it have been tried all the same.
        """
        for batch in batched(requests, BATCH):
            self._carry_out(batch)

    def dump(self, request: Request) -> list[tuple[int, bytes]]:
        """Kind and body of everything the kernel answers to a request for a dump.

        Again if something has changed in the meantime, which others may do on a shared machine.
        """
        for _ in range(DUMP_TRIES):
            self._interrupted = False
            found = self._answers(request, acknowledged=False)
            if not self._interrupted:
                break
        return found

    def ask(self, request: Request) -> list[tuple[int, bytes]]:
        """The same for a request of one thing."""
        return self._answers(request, acknowledged=True)

    def links(self) -> list[rtnetlink.Link]:
        """Every interface of the namespace."""
        return [rtnetlink.link_of(body) for _kind, body in self.dump(rtnetlink.all_links())]

    def index_of(self, name: str) -> int:
        """The index of an interface of the namespace; OSError if it is not there."""
        asked = _NAMED.pack(name.encode(), 0)
        answer: Any = fcntl.ioctl(self._socket, SIOCGIFINDEX, asked)
        return int(_NAMED.unpack(answer)[1])

    def _answers(self, request: Request, *, acknowledged: bool) -> list[tuple[int, bytes]]:
        self._sequence += 1
        self._socket.send(request.packed(self._sequence, acknowledged=acknowledged))
        found: list[tuple[int, bytes]] = []
        while True:
            for kind, sequence, body in self._receive():
                if sequence != self._sequence:
                    continue
                if kind in (rtnetlink.NLMSG_DONE, rtnetlink.NLMSG_ERROR):
                    self._raise_error(body, request)
                    return found
                found.append((kind, body))

    def _carry_out(self, batch: Sequence[Request]) -> None:
        first, self._sequence = self._sequence + 1, self._sequence + len(batch)
        packed = [
            request.packed(first + number, acknowledged=number == len(batch) - 1)
            for number, request in enumerate(batch)
        ]
        self._socket.send(b"".join(_padded(one) for one in packed))
        refusal: KernelRefuses | None = None
        answered = False
        while not answered:
            for kind, sequence, body in self._receive():
                if kind != rtnetlink.NLMSG_ERROR or not first <= sequence <= self._sequence:
                    continue
                answered = answered or sequence == self._sequence
                number = rtnetlink.error_of(body)
                if number and refusal is None:
                    refusal = KernelRefuses(number, batch[sequence - first].about)
        if refusal is not None:
            raise refusal

    def _receive(self) -> list[tuple[int, int, bytes]]:
        data = self._socket.recv(RECEIVE_BYTES)
        self._interrupted = self._interrupted or rtnetlink.interrupted(data)
        return list(rtnetlink.messages(data))

    def _raise_error(self, body: bytes, request: Request) -> None:
        number = rtnetlink.error_of(body)
        if number:
            raise KernelRefuses(number, request.about)


def _padded(packed: bytes) -> bytes:
    return packed + bytes(-len(packed) % 4)
