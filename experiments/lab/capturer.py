"""Writes what some interfaces send and receive as pcapng: ``python -m ...capturer PLAN``.

Inside, to standard output, until it is killed. A comment states about each labelled packet whose it
is, as far as the controller's tables know the label: demand, permit, phase, epoch.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

from corridor.controller.api.control_client import NoAnswer, ask
from corridor.topologies.base.seconds import NS_PER_S
from corridor.traffic.packets import pcapng
from corridor.traffic.packets.headers import ETH_MPLS
from corridor.traffic.packets.kernel import SO_RCVBUFFORCE, SO_TIMESTAMPNS, enter_network_namespace

SOL_PACKET, PACKET_AUXDATA, TP_STATUS_VLAN_VALID = 263, 8, 1 << 4
ETH_P_ALL = 3
BUFFER_BYTES, FRAME_BYTES, CONTROL_BYTES = 8 << 20, 65536, 256
AGAIN_S = 0.3
"""How often at most the controller is asked."""
ASK_S = 2.0
LINGER_S = 1.0
"""Longer than packets are in flight."""
_AUXILIARY = struct.Struct("=IIIHHHH")
_TIME = struct.Struct("@qq")
_TAG = struct.Struct("!HH")
_ENTRY = struct.Struct("!I")


class Labels:
    """What labels stand for, by the controller that knows it now.

    Every other update gives the same labels again, so what they meant is soon forgotten.
    """

    def __init__(self, control: Path) -> None:
        self._control = control
        self._now: dict[int, str] = {}
        self._before: dict[int, str] = {}
        self._changed_s = self._asked_s = -LINGER_S
        self._asking = threading.Lock()

    def comment(self, frame: bytes) -> str:
        """Empty for a frame without a label."""
        label = label_in(frame)
        if label is None:
            return ""
        known = self._known(label)
        if known is None and time.monotonic() - self._asked_s > AGAIN_S:
            self.ask()
            known = self._known(label)
        return known or f"label {label}: epoch {label >> 19}, not known"

    def follow(self) -> None:
        """For a thread: ask again whenever the controller has changed something."""
        last = None
        while True:
            status = self._said("status")
            state = (status.get("epoch"), status.get("happened"))
            if state != last:
                self.ask()
                last = state
            time.sleep(AGAIN_S)

    def ask(self) -> None:
        """Removed labels are kept for a moment: packets in flight still carry them."""
        with self._asking:
            said = self._said("labels")
            self._asked_s = time.monotonic()
            found = {one["label"]: told(one) for one in said.get("labels", ())}
            if found and found != self._now:
                self._before, self._now = self._now, found
                self._changed_s = self._asked_s

    def _known(self, label: int) -> str | None:
        is_recent = time.monotonic() - self._changed_s < LINGER_S
        return self._now.get(label) or (self._before.get(label) if is_recent else None)

    def _said(self, do: str) -> dict[str, Any]:
        try:
            return ask(self._control, do, timeout_s=ASK_S)
        except NoAnswer:
            return {}


def told(use: dict[str, Any]) -> str:
    """A label in words."""
    return (
        f"label {use['label']}: demand {use['demand']}, permit {use['permit']}, "
        f"phase {use['state']}, epoch {use['epoch']}"
    )


def label_in(frame: bytes) -> int | None:
    """The outermost MPLS label of an Ethernet frame."""
    if len(frame) < 18 or frame[12:14] != ETH_MPLS:
        return None
    return int(_ENTRY.unpack_from(frame, 14)[0]) >> 12


def capture(plan: dict[str, Any], write: Any) -> None:
    """Until the reader has gone."""
    if plan["netns"]:
        enter_network_namespace(plan["netns"])
    write(pcapng.section("corridor capture"))
    labels, poll = Labels(Path(plan["control"])), select.poll()
    threading.Thread(target=labels.follow, daemon=True).start()
    opened: dict[int, tuple[int, socket.socket]] = {}
    for number, (name, description) in enumerate(plan["interfaces"].items()):
        write(pcapng.interface(name, description))
        sock = _opened(name)
        opened[sock.fileno()] = (number, sock)
        poll.register(sock, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            number, sock = opened[descriptor]
            frame, control, _, address = sock.recvmsg(FRAME_BYTES, CONTROL_BYTES)
            at_ns, frame = _completed(frame, control)
            is_out = address[2] == socket.PACKET_OUTGOING
            comment = labels.comment(frame)
            write(pcapng.packet(number, at_ns, frame, out=is_out, comment=comment))


def _opened(interface: str) -> socket.socket:
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # nothing before it is bound
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    sock.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    sock.bind((interface, ETH_P_ALL))
    return sock


def _completed(frame: bytes, control: list[tuple[int, int, bytes]]) -> tuple[int, bytes]:
    """When it was seen, and the frame with the VLAN tag that the kernel keeps separately."""
    at_ns = 0
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, ns = _TIME.unpack_from(data)
            at_ns = seconds * NS_PER_S + ns
        elif (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, *_, tag, protocol = _AUXILIARY.unpack_from(data)
            if status & TP_STATUS_VLAN_VALID:
                frame = frame[:12] + _TAG.pack(protocol or 0x8100, tag) + frame[12:]
    return at_ns or time.time_ns(), frame


def _written(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(1, rest) :]


if __name__ == "__main__":
    try:
        capture(json.loads(sys.argv[1]), _written)
    except (BrokenPipeError, KeyboardInterrupt):
        sys.exit(0)
