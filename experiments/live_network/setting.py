"""What a live network is, and what its packets are judged by: two files that its processes read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Self

from corridor.controller.intent.specification import Specification
from corridor.experiments.plan.policies import possible_gateways
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.model.line import Line
from corridor.topologies.model.wiring import Wiring, wire

SPECIFICATION, WIRING = "specification.json", "wiring.json"


class Setting(NamedTuple):
    """One network, and what its packets are judged by."""

    specification: Specification
    wiring: Wiring

    def write(self, folder: Path) -> None:
        """As controllers read it."""
        (folder / SPECIFICATION).write_text(self.specification.to_json())
        (folder / WIRING).write_text(json.dumps(to_plain(self.wiring)))

    @classmethod
    def read(cls, folder: Path) -> Self:
        specification = Specification.from_json((folder / SPECIFICATION).read_text())
        return cls(specification, from_plain(Wiring, json.loads((folder / WIRING).read_text())))


def live_wiring(
    loaded: LoadedScenario, run_id: str, seed: int, lines: Mapping[str, Line] | None = None
) -> Wiring:
    """With a gateway wherever there may be one, since policies may come to need it: at hubs that
    have one on the map, and at those that the scenario's policies take as waypoints.

    Nothing is random on fibres unless ``lines`` says so, by fibre: then whatever is lost has a
    cause.
    """
    return wire(
        loaded.topology,
        run_id=run_id,
        seed=seed,
        buffer_ms=loaded.scenario.network.buffer / 1e6,
        lines=lines,
        gateways=possible_gateways(loaded.topology, [loaded.policies]),
        ipv6=loaded.scenario.has_ipv6,
    )
