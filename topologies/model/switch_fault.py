"""A switch loses its controller: it forwards by its installed tables, and receives no changes."""

from __future__ import annotations

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind, Network

AWAY, BACK = "switch-away", "switch-back"


def away(network: Network, hub: str, _options: Values) -> None:
    network.connect_switch(hub, connected=False)


def back(network: Network, hub: str, _options: Values) -> None:
    network.connect_switch(hub, connected=True)


KIND = EventKind(
    key="switch",
    of="hub",
    words="a hub whose switch loses its controller",
    example="{at: 500ms, until: 900ms, switch: kunming}",
    actions={AWAY: away, BACK: back},
    begin=AWAY,
    end=BACK,
    disconnects="switch",
)
