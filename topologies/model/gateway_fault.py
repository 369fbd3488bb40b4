"""The gateway of a hub is killed; its switch sees both its ports down."""

from __future__ import annotations

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind, Network, of_gateway

KILL, START = "kill-gateway", "start-gateway"


def kill(network: Network, hub: str, _options: Values) -> None:
    network.kill_gateway(hub)


def start(network: Network, hub: str, _options: Values) -> None:
    network.start_gateway(hub)


KIND = EventKind(
    key="gateway",
    of="hub",
    words="a hub whose gateway process is killed",
    example="{at: 1s, until: 1500ms, gateway: kunming}",
    actions={KILL: kill, START: start},
    begin=KILL,
    end=START,
    reach=of_gateway,
)
