"""What the machinery under a network has lost so far: read before traffic, and after it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.topologies.base.codec import to_plain

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet

SOFTNET = Path("/proc/net/softnet_stat")
DROPPED = 1
"""The column of softnet_stat with what a processor's backlog had no room for."""


@dataclass(frozen=True)
class Health:
    """Counted since the network was built, or the kernel was started."""

    softnet_dropped: int
    """Packets that the kernel's backlog had no room for."""
    datapath_lost: int
    """Packets that Open vSwitch's datapath could not hand up to be decided."""
    bfd_changes: Mapping[str, int]
    """By interface, how often BFD has come up or gone down."""
    fibres: Mapping[str, Mapping[str, int]]
    """Counters of each fibre's directions, by the sending interface."""


def read_health(net: CorridorNet, *, bfd: bool) -> Health:
    openvswitch = net.openvswitch
    assert openvswitch is not None
    changes = {name: one.flap_count for name, one in net.bfd_status().items()} if bfd else {}
    return Health(
        softnet_dropped=softnet_dropped(SOFTNET.read_text()),
        datapath_lost=openvswitch.lost_upcalls(),
        bfd_changes=changes,
        fibres=to_plain(net.kernel.counters()),
    )


def counting_all(
    health: Health, counted_before: Sequence[Mapping[str, Mapping[str, int]]]
) -> Health:
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


def write_health(path: Path, before: Health, after: Health) -> None:
    path.write_text(json.dumps({"before": to_plain(before), "after": to_plain(after)}))
