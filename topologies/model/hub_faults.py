"""Faults of a hub and of what runs there: the hub goes dark, its gateway is killed, its switch
loses its controller; and Open vSwitch, which is killed and starts again.
"""

from __future__ import annotations

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import (
    Effect,
    EventKind,
    Interfaces,
    Network,
    of_gateway,
    of_hub,
    ports_of,
)

HUB_DOWN, HUB_UP = "hub-down", "hub-up"


def hub_down(network: Interfaces, hub: str, _options: Values) -> list[str]:
    return network.make((HUB_DOWN, hub), Effect(off=ports_of(network.wiring, hub)))


def hub_up(network: Interfaces, hub: str, _options: Values) -> list[str]:
    """The ports back up, except where a fibre is cut."""
    ports_of(network.wiring, hub)
    return network.end((HUB_DOWN, hub))


HUB = EventKind(
    key="hub",
    of="hub",
    words="a hub that stops forwarding",
    example="{at: 1s, until: 1500ms, hub: kunming}",
    actions={HUB_DOWN: hub_down, HUB_UP: hub_up},
    begin=HUB_DOWN,
    end=HUB_UP,
    reach=of_hub,
)
"""Every port of its switch is down, its host's and its end of each fibre."""


KILL_GATEWAY, START_GATEWAY = "kill-gateway", "start-gateway"


def kill_gateway(network: Network, hub: str, _options: Values) -> None:
    network.kill_gateway(hub)


def start_gateway(network: Network, hub: str, _options: Values) -> None:
    network.start_gateway(hub)


GATEWAY = EventKind(
    key="gateway",
    of="hub",
    words="a hub whose gateway process is killed",
    example="{at: 1s, until: 1500ms, gateway: kunming}",
    actions={KILL_GATEWAY: kill_gateway, START_GATEWAY: start_gateway},
    begin=KILL_GATEWAY,
    end=START_GATEWAY,
    reach=of_gateway,
)
"""Its switch sees both its ports down."""


SWITCH_AWAY, SWITCH_BACK = "switch-away", "switch-back"


def disconnect_switch(network: Network, hub: str, _options: Values) -> None:
    network.connect_switch(hub, connected=False)


def connect_switch(network: Network, hub: str, _options: Values) -> None:
    network.connect_switch(hub, connected=True)


SWITCH = EventKind(
    key="switch",
    of="hub",
    words="a hub whose switch loses its controller",
    example="{at: 500ms, until: 900ms, switch: kunming}",
    actions={SWITCH_AWAY: disconnect_switch, SWITCH_BACK: connect_switch},
    begin=SWITCH_AWAY,
    end=SWITCH_BACK,
    disconnects="switch",
)
"""It forwards by its installed tables, and receives no changes."""


RESTART = "restart-switches"


def restart_switches(network: Network, _what: str, _options: Values) -> None:
    network.restart_switches()


RESTARTED = EventKind(
    key="restart",
    of="process",
    words="ovs-vswitchd, killed and started with empty tables",
    example="{at: 500ms, restart: switches}",
    actions={RESTART: restart_switches},
    begin=RESTART,
    names=("switches",),
    disconnects="switches",
)
