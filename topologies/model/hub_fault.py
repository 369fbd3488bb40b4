"""A hub goes dark: every port of its switch is down, its host's and its end of each fibre."""

from __future__ import annotations

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import Effect, EventKind, Interfaces, of_hub, ports_of

DOWN, UP = "hub-down", "hub-up"


def hub_down(network: Interfaces, hub: str, _options: Values) -> list[str]:
    return network.make((DOWN, hub), Effect(off=ports_of(network.wiring, hub)))


def hub_up(network: Interfaces, hub: str, _options: Values) -> list[str]:
    """The ports back up, except where a fibre is cut."""
    ports_of(network.wiring, hub)
    return network.end((DOWN, hub))


KIND = EventKind(
    key="hub",
    of="hub",
    words="a hub that stops forwarding",
    example="{at: 1s, until: 1500ms, hub: kunming}",
    actions={DOWN: hub_down, UP: hub_up},
    begin=DOWN,
    end=UP,
    reach=of_hub,
)
