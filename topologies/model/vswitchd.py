"""Open vSwitch is killed and starts again: every table of every switch is empty."""

from __future__ import annotations

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind, Network

RESTART = "restart-switches"


def restart(network: Network, _what: str, _options: Values) -> None:
    network.restart_switches()


KIND = EventKind(
    key="restart",
    of="process",
    words="ovs-vswitchd, killed and started with empty tables",
    example="{at: 500ms, restart: switches}",
    actions={RESTART: restart},
    begin=RESTART,
    names=("switches",),
    disconnects="switches",
)
