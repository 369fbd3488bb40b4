"""The kernel's netlink sockets, and Open vSwitch's datapath over generic netlink.

A socket sends many requests in one call and reads whole dumps (linux/openvswitch.h).
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import struct
import sys
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


SYSTEM = "ovs-system"
"""The one datapath that holds every kernel bridge of an ovs-vswitchd."""
FAMILY, METERS = "ovs_datapath", "ovs_meter"
OVS_DP_CMD_DEL, OVS_DATAPATH_VERSION, OVS_DP_ATTR_NAME = 2, 2, 1
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
OVS_METER_CMD_GET, OVS_METER_VERSION = 4, 1
OVS_METER_ATTR_ID, OVS_METER_ATTR_STATS, OVS_METER_ATTR_BANDS = 1, 3, 4
OVS_BAND_ATTR_STATS = 4
METERS_APART = 64
"""Numbers in a row without a meter: updates leave gaps, for meters are numbered on."""
_GENERIC = struct.Struct("=BBxx")
_OVS_HEADER = struct.Struct("=i")
_METER_COUNTS = struct.Struct("=QQ")


def is_available() -> bool:
    """Whether this kernel has the datapath; OSError if it cannot be asked."""
    with NetlinkSocket(NETLINK_GENERIC) as kernel:
        return _family(kernel) is not None


def delete(name: str = SYSTEM) -> None:
    """Remove a datapath with its flows and ports; bridges' own interfaces go with it.

    No one may be running it: an ovs-vswitchd would go on as if it were there. No such datapath is
    no error.
    """
    with NetlinkSocket(NETLINK_GENERIC) as kernel:
        family = _family(kernel)
        if family is None:
            return
        body = _GENERIC.pack(OVS_DP_CMD_DEL, OVS_DATAPATH_VERSION) + _OVS_HEADER.pack(0)
        body += rtnetlink.text(OVS_DP_ATTR_NAME, name)
        try:
            kernel.carry_out([Request(family, 0, body, f"datapath {name}")])
        except KernelRefuses as error:
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                raise


def dropped_by_meters(meters: int, name: str = SYSTEM) -> dict[int, int]:
    """Packets that each meter of the datapath has dropped, by its number there. It does not tell
    which there are: they are looked for until ``meters`` are found, and a stretch has none."""
    found: dict[int, int] = {}
    with NetlinkSocket(NETLINK_GENERIC) as kernel:
        family = _family(kernel, METERS)
        if family is None:
            return found
        index, number, missed = socket.if_nametoindex(name), 0, 0
        while missed < METERS_APART + (meters if len(found) < meters else 0):
            dropped = _dropped_by_meter(kernel, family, index, number)
            if dropped is None:
                missed += 1
            else:
                found[number], missed = dropped, 0
            number += 1
    return found


def _dropped_by_meter(kernel: NetlinkSocket, family: int, index: int, number: int) -> int | None:
    """By its bands; None if the meter does not exist."""
    body = _GENERIC.pack(OVS_METER_CMD_GET, OVS_METER_VERSION) + _OVS_HEADER.pack(index)
    body += rtnetlink.u32(OVS_METER_ATTR_ID, number)
    try:
        ((_kind, said),) = kernel.ask(Request(family, 0, body, f"meter {number}"))
    except KernelRefuses as error:
        if error.errno != errno.ENOENT:
            raise
        return None
    told = rtnetlink.attributes(said[_GENERIC.size + _OVS_HEADER.size :])
    bands = rtnetlink.attributes(told[OVS_METER_ATTR_BANDS]).values()
    counts = [rtnetlink.attributes(band)[OVS_BAND_ATTR_STATS] for band in bands]
    return sum(int(_METER_COUNTS.unpack_from(one)[0]) for one in counts)


def _family(kernel: NetlinkSocket, name: str = FAMILY) -> int | None:
    """The number of a family of generic netlink, or None in a kernel without it."""
    body = _GENERIC.pack(CTRL_CMD_GETFAMILY, 1) + rtnetlink.text(CTRL_ATTR_FAMILY_NAME, name)
    try:
        ((_kind, said),) = kernel.ask(Request(GENL_ID_CTRL, 0, body, name))
    except KernelRefuses as error:
        if error.errno != errno.ENOENT:
            raise
        return None
    number = rtnetlink.attributes(said[_GENERIC.size :])[CTRL_ATTR_FAMILY_ID]
    return int.from_bytes(number, sys.byteorder)
