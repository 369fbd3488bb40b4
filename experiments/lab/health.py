"""What the machinery under a network has lost so far: read before traffic, and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.account.machine_counters import Counted, UdpErrors
from corridor.topologies.base.codec import to_plain

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet

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
    """By hub, since its host was made."""
    found = {}
    for hub in net.wiring.hubs:
        with net[hub.hub].namespace.entered():
            found[hub.hub] = udp_errors_in(UDP_COUNTERS.read_text())
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
