"""What a network is to be kept to, from a scenario."""

from __future__ import annotations

from experiments.scenario import LoadedScenario
from topologies.wiring import Wiring, wire


def kept_wiring(loaded: LoadedScenario, run_id: str, seed: int) -> Wiring:
    """With a gateway at every hub that may have one, since policies may come to need it.

    Fibres lose nothing by chance, so that whatever is lost has a cause.
    """
    return wire(
        loaded.topology,
        run_id=run_id,
        seed=seed,
        buffer_ms=loaded.scenario.network.buffer / 1e6,
        gateways=frozenset(hub.id for hub in loaded.topology.hubs if hub.intl_gateway),
    )
