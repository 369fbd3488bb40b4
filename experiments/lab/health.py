"""What the machinery under a network has lost so far: read before traffic, and after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.results.machine_counters import Counted
from corridor.topologies.base.codec import to_plain

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet

SOFTNET = Path("/proc/net/softnet_stat")
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
