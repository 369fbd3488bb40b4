"""Reads what was counted of packets: before traffic, around each event, and at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.account.counters import Counted, UdpErrors
from corridor.experiments.account.packet_classes import CONTROL, OTHER, selected
from corridor.experiments.account.readings import (
    READINGS_SCHEMA,
    Reading,
    Readings,
    write_readings,
)
from corridor.experiments.account.utilisation import RAW_FILE, Carried
from corridor.experiments.lab.event_driver import TimedEvent
from corridor.topologies.base.child_process import Closing
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.emulation import datapath
from corridor.topologies.emulation.netlink import shapes
from corridor.topologies.emulation.packet_counters import CountedFlow, PacketCounters, Passed, Point
from corridor.topologies.model.wiring import FULL_FRAME_BYTES, Shape

if TYPE_CHECKING:
    from corridor.experiments.plan.values import Change, Plan
    from corridor.topologies.emulation.faults import Faults
    from corridor.topologies.emulation.network import CorridorNet

# What the machinery under a network has lost so far: read before traffic, and after it.

SOFTNET = Path("/proc/net/softnet_stat")
UDP_COUNTERS = Path("/proc/thread-self/net/snmp")
DROPPED = 1
"""The column of softnet_stat with what a processor's backlog had no room for."""


def counted(net: CorridorNet, *, bfd: bool) -> Counted:
    openvswitch = net.openvswitch
    assert openvswitch is not None
    changes = {name: one.flap_count for name, one in net.bfd_status().items()} if bfd else {}
    return Counted(
        softnet_dropped=softnet_dropped(SOFTNET.read_text()),
        datapath_lost=openvswitch.lost_upcalls(),
        bfd_changes=changes,
        fibres=to_plain(net.kernel.counters()),
    )


def udp_errors(net: CorridorNet) -> dict[str, UdpErrors]:
    """By host, since it was made."""
    found = {}
    for host in net.wiring.hosts:
        with net[host.name].namespace.entered():
            found[host.name] = udp_errors_in(UDP_COUNTERS.read_text())
    return found


def udp_errors_in(text: str) -> UdpErrors:
    """Of a kernel's table of counters, whose lines come in pairs of names and numbers."""
    names, numbers = (line.split() for line in text.splitlines() if line.startswith("Udp:"))
    told = dict(zip(names[1:], map(int, numbers[1:]), strict=True))
    full = told["RcvbufErrors"]
    return UdpErrors(full, told["InErrors"] - full, told["NoPorts"])


def since(before: Mapping[str, UdpErrors], after: Mapping[str, UdpErrors]) -> dict[str, UdpErrors]:
    """What came between, of those hosts that have any."""
    more = {
        hub: UdpErrors(*(now - was for was, now in zip(before[hub].each, said.each, strict=True)))
        for hub, said in after.items()
    }
    return {hub: errors for hub, errors in more.items() if any(errors.each)}


def counting_all(
    health: Counted, counted_before: Sequence[Mapping[str, Mapping[str, int]]]
) -> Counted:
    """With what fibres had counted each time that their counters began again."""
    fibres = {
        interface: {
            name: value + sum(before[interface][name] for before in counted_before)
            for name, value in counters.items()
        }
        for interface, counters in health.fibres.items()
    }
    return replace(health, fibres=fibres)


def softnet_dropped(text: str) -> int:
    """Of all processors, from a line of hexadecimal columns each."""
    return sum(int(line.split()[DROPPED], 16) for line in text.splitlines() if line.strip())


POLLS = 20
"""How many times at most it is looked whether anything still moves at the end."""
TRIES = 5
"""How many times at most counts are read again, since packets moved between."""
SLACK_S = 0.01
FULL_FRAME_BITS = 8 * FULL_FRAME_BYTES


class AccountReadings(Closing):
    """Of one run; times are planned ones, for no clock is read."""

    def __init__(self, plan: Plan, net: CorridorNet) -> None:
        self._net = net
        self._counters: PacketCounters | None = None
        problem = ""
        try:
            flows = (CountedFlow(*one) for one in selected(plan))
            self._counters = PacketCounters(plan.wiring, flows)
        except OSError as refusal:
            problem = f"this kernel cannot count them (that takes tcx, of Linux 6.6): {refusal}"
        names = [] if self._counters is None else self._counters.interfaces
        self._places = {name: place for place, name in enumerate(names)}
        self._problem = problem
        self._read: list[Reading] = []
        self._meters = sum(len(switch.meters) for switch in plan.program.switches)
        self._follows = plan.follows or bool(plan.controller)
        self._passed: Mapping[Point, Passed] = {}
        self._fibres: Mapping[str, Mapping[str, int]] = {}
        self.faults: Faults | None = None

    def read(self, name: str, at_ns: int, change: Change | None = None) -> None:
        """``change`` is what was done since the reading before."""
        passed, fibres, moving = self._consistent()
        faults = self.faults
        shapes = {} if faults is None else faults.changed_shapes()
        reading = Reading(
            at_ns=at_ns,
            name=name,
            passed=sorted(  # the kernel's hash tables have their own order in each run
                [self._places[point.interface], int(point.sent), point.number, *counted]
                for point, counted in passed.items()
                if self._passed.get(point) != counted
            ),
            fibres={one: dict(now) for one, now in fibres.items() if self._fibres.get(one) != now},
            losing={one: shape.loss_ppm for one, shape in shapes.items()},
            off=[] if faults is None else faults.off(),
            meters=self._dropped_by_meters(),
            machine=softnet_dropped(SOFTNET.read_text()),
            moving=moving,
            do="" if change is None else change.do,
            event="" if change is None else change.event,
        )
        self._passed, self._fibres = passed, fibres
        self._read.append(reading)

    def passed(self) -> Mapping[Point, Passed]:
        """All that was counted so far; nothing where the kernel cannot do it."""
        return {} if self._counters is None else self._counters.read()

    def _dropped_by_meters(self) -> dict[str, int]:
        # other policies may bring some, and so may a controller of the user's own
        may_be = self._meters or self._follows
        dropped = datapath.dropped_by_meters(self._meters) if may_be else {}
        return {str(number): packets for number, packets in dropped.items()}

    def _consistent(
        self,
    ) -> tuple[Mapping[Point, Passed], Mapping[str, Mapping[str, int]], list[list[int]]]:
        """Counts of packets and of queues between which no packet has moved, if that can be had;
        and where some have."""
        passed = self.passed()
        for _ in range(TRIES):
            before, fibres = passed, to_plain(self._net.kernel.counters())
            passed = self.passed()
            if passed == before:
                break
        moved = {point for point, counted in passed.items() if before.get(point) != counted}
        lanes = {(self._places[at.interface], at.sent, at.number == CONTROL) for at in moved}
        return passed, fibres, sorted([place, int(sent), int(own)] for place, sent, own in lanes)

    @contextlib.contextmanager
    def around(self, change: Change) -> Iterator[None]:
        """Read before a change is made, and after it."""
        self.read("", change.at_ns)
        yield
        self.read("", change.at_ns, change)

    def finish(self, at_ns: int, sleep: Callable[[float], None] = time.sleep) -> None:
        """The last reading, once nothing moves any more: what is in flight passes a point within
        the longest time that a fibre holds a packet."""
        longest_s = max(map(_held_s, shapes(self._net.wiring).values()), default=0.0) + SLACK_S
        before = self._moved()
        for _ in range(POLLS):
            if self._is_empty():
                break
            sleep(longest_s)
            now = self._moved()
            if now == before:
                break
            before = now
        self.read("end", at_ns)

    def _is_empty(self) -> bool:
        return not any(one.backlog_packets for one in self._net.kernel.counters().values())

    def _moved(self) -> Mapping[Point, Passed]:
        """Of packets of demands: switches' own go on for ever."""
        return {
            point: passed
            for point, passed in self.passed().items()
            if point.number not in (OTHER, CONTROL)
        }

    def write(self, raw: Path) -> None:
        names = [*self._places]
        write_readings(raw, Readings(READINGS_SCHEMA, self._problem, names, tuple(self._read)))

    def close(self) -> None:
        if self._counters is not None:
            self._counters.close()


def _held_s(shape: Shape) -> float:
    """How long one direction of a fibre may hold a packet."""
    queued_s = shape.queue_packets * FULL_FRAME_BITS / max(1, shape.rate_bps)
    return shape.one_way_delay_ns / NS_PER_S + queued_s


# Reads periodically, while workloads are sent, the traffic of each demand on each fibre.


def utilisation_readings(
    times_ns: Sequence[int], counts: AccountReadings, raw: Path
) -> Iterator[TimedEvent]:
    """Each is appended to the file as it is read: what has changed since the one before."""
    target = raw / RAW_FILE
    known: dict[tuple[str, int], int] = {}

    def read(at_ns: int) -> None:
        now = {
            (point.interface, point.number): passed.octets
            for point, passed in counts.passed().items()
            if point.number and not point.sent
        }
        changed = sorted(  # the kernel's hash tables have their own order in each run
            (*key, octets) for key, octets in now.items() if known.get(key) != octets
        )
        known.update(now)
        with target.open("a") as file:
            file.write(f"{Carried(at_ns, changed).to_json()}\n")

    for at_ns in times_ns:
        yield TimedEvent(at_ns, partial(read, at_ns))
