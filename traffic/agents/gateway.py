"""A policy gateway: a bump in the wire that lets labelled frames of its demands pass.

Standard library only. It reads frames from one TAP device and writes those that pass, unchanged,
to another. What it judges is in ``inspection.py``; this is the process around it. It leaves an
audit of JSON lines, in which ``at_ns`` counts from the epoch of the last ``start`` line and
``bytes`` are whole frames without their FCS::

    {"record": "start", "schema": 1, "hub", "epoch_ns"}       at the start, and at a new epoch
    {"record": "seen", "at_ns", FLOW}                         at the first frame of a flow
    {"record": "flow", FLOW, "packets", "bytes"}              at the end, for each flow
    {"record": "total", "demand", "verdict", "reason", "packets", "bytes"}
    {"record": "end", "at_ns", "missed"}

FLOW is ``demand, label, src, dst, protocol, src_port, dst_port, verdict, reason``, null as far as a
frame could not be read. ``missed`` counts frames lost before the gateway could read them. A gateway
that is killed leaves what it has seen, without counts; one started later adds to the same file.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH118

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import time
from typing import Literal, NotRequired, TypedDict

from corridor.topologies.base.json_lines import Lines, encode, is_readable, tell
from corridor.topologies.emulation import taps
from corridor.traffic.agents.inspection import CAME_BY_OUT_SIDE, Flow, Inspector, Labels, Total
from corridor.traffic.packets import kernel
from corridor.traffic.packets.kernel import Ending

SCHEMA = 1
FRAME_BYTES = 1 << 16
"""More than any device's MTU, so that no frame is read in part."""


SIDES: tuple[Literal["in"], Literal["out"]] = ("in", "out")

GatewayPlan = TypedDict("GatewayPlan", {"in": str, "out": str, "netns": str, "labels": Labels})
"""Its interfaces, the namespace it enters, and what it lets pass."""


class GatewayCounts(TypedDict):
    """What a gateway has counted when it ends."""

    totals: list[Total]
    missed: int


class PlainFlow(TypedDict):
    """FLOW of an audit."""

    demand: str | None
    label: int | None
    src: str | None
    dst: str | None
    protocol: int | None
    src_port: int | None
    dst_port: int | None
    verdict: str
    reason: str


def audit_name(hub: str) -> str:
    return f"gateway-{hub}.jsonl"


class Audit:
    """The file a gateway answers for itself with."""

    def __init__(self, out_dir: str, hub: str, epoch_ns: int) -> None:
        path = os.path.join(out_dir, audit_name(hub))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o644)
        self._hub = hub
        self.begin(epoch_ns)

    def begin(self, epoch_ns: int) -> None:
        self._epoch_ns = epoch_ns
        self._write("start", schema=SCHEMA, hub=self._hub, epoch_ns=epoch_ns)

    def seen(self, flow: Flow) -> None:
        self._write("seen", at_ns=self._now_ns(), **_plain(flow))

    def end(self, inspector: Inspector, missed: int) -> None:
        for flow in inspector.flows():
            self._write("flow", **_plain(flow), packets=flow.packets, bytes=flow.octets)
        for total in inspector.totals():
            self._write("total", **total)
        self._write("end", at_ns=self._now_ns(), missed=missed)
        os.fsync(self._file)
        os.close(self._file)

    def _now_ns(self) -> int:
        return time.time_ns() - self._epoch_ns

    def _write(self, record: str, **values: object) -> None:
        os.write(self._file, encode({"record": record, **values}))


class Gateway:
    """One bump in the wire; the process must have begun in the namespace of its devices."""

    def __init__(self, hub: str, plan: GatewayPlan, out_dir: str, epoch_ns: int) -> None:
        self._inspector = Inspector(plan["labels"])
        self._in, self._out = (taps.attach(plan[side]) for side in SIDES)
        self._missed = lambda: taps.dropped(plan["in"])
        for side in SIDES:
            taps.set_up(plan[side], up=True)
        self._missed_before = self._missed()
        self._told_to_end = kernel.readable_at_sigterm()
        self._audit = Audit(out_dir, hub, epoch_ns)
        kernel.enter_network_namespace(plan["netns"])

    def run(self, channel: socket.socket) -> GatewayCounts:
        """Inspect frames until SIGTERM, or until the channel closes; its totals.

        The channel may bring another epoch, ``{"epoch_ns": ...}``, or other labels,
        ``{"labels": ...}``, which are answered by how many there are once they count.
        """
        orders = Lines(channel.fileno())
        poll = select.poll()
        for descriptor in (self._in, self._out, self._told_to_end, channel.fileno()):
            poll.register(descriptor, select.POLLIN)
        ended = False
        while not ended:
            for descriptor, _ in poll.poll():
                if descriptor == self._in:
                    self._inspect()
                elif descriptor == self._out:
                    self._refuse()
                elif descriptor == self._told_to_end:
                    ended = True
                else:
                    ended = not self._obey(channel, orders.read()) or ended
        return self._finish()

    def _inspect(self) -> None:
        with contextlib.suppress(BlockingIOError):
            frame = os.read(self._in, FRAME_BYTES)
            flow = self._inspector.inspect(frame)
            if flow.passes:
                try:
                    os.write(self._out, frame)
                except OSError:  # the out side is down
                    flow = self._inspector.unpass(frame, flow)
            if flow.packets == 1:
                self._audit.seen(flow)

    def _refuse(self) -> None:
        with contextlib.suppress(BlockingIOError):
            frame = os.read(self._out, FRAME_BYTES)
            flow = self._inspector.refuse(frame, CAME_BY_OUT_SIDE)
            if flow.packets == 1:
                self._audit.seen(flow)

    def _obey(self, channel: socket.socket, lines: list[bytes] | None) -> bool:
        """Whether to go on."""
        for line in lines or ():
            message = json.loads(line)
            if "labels" in message:
                self._inspector.assess(message["labels"])
                tell(channel, {"assessing": len(message["labels"])})
            else:
                self._audit.begin(int(message["epoch_ns"]))
        return lines is not None

    def _finish(self) -> GatewayCounts:
        """Take what still waits, then write what was counted."""
        for descriptor, take in ((self._in, self._inspect), (self._out, self._refuse)):
            while is_readable(descriptor, 0):
                take()
        missed = self._missed() - self._missed_before
        self._audit.end(self._inspector, missed)
        return {"totals": self._inspector.totals(), "missed": missed}


def _plain(flow: Flow) -> PlainFlow:
    header = flow.header
    packet = header.packet
    return {
        "demand": header.demand,
        "label": header.label,
        "src": packet.src,
        "dst": packet.dst,
        "protocol": packet.protocol,
        "src_port": packet.src_port,
        "dst_port": packet.dst_port,
        "verdict": header.verdict,
        "reason": header.reason,
    }


# Messages to and from the supervisor of gateways; see its docstring. Standard library only.


class Config(TypedDict):
    """The configuration."""

    out_dir: str
    gateways: dict[str, GatewayPlan]
    epoch_ns: NotRequired[int]
    socket: NotRequired[str]


class Order(TypedDict):
    """A message of the runner's or a controller's; which keys it has depends on what is to do."""

    do: NotRequired[str]
    hub: NotRequired[str]
    labels: NotRequired[Labels]
    epoch_ns: NotRequired[int]


class Said(TypedDict):
    """A message of a gateway's process: that it is ready or why not, how many labels it assesses,
    or, at its end, its counts."""

    ready: NotRequired[bool]
    error: NotRequired[str]
    assessing: NotRequired[int]
    counts: NotRequired[GatewayCounts]


class Death(Ending):
    """A gateway that ended, and whose it was."""

    hub: str


class Started(TypedDict):
    """A gateway that inspects again."""

    hub: str
    pid: int


class Assessing(TypedDict):
    """How many labels a gateway lets pass now."""

    hub: str
    labels: int


class Refused(TypedDict):
    reason: str


class Answer(TypedDict):
    """To who said ``assess``."""

    assessing: NotRequired[Assessing]
    refused: NotRequired[Refused]
