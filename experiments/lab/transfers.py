"""The TCP transfers of a plan, and the outcome of each, written as it comes."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.plan.values import PlannedDemand, Transfer
from corridor.topologies.base.codec import to_plain

if TYPE_CHECKING:
    from corridor.topologies.emulation.network import CorridorNet


class Transfers:
    """Carries transfers out on one network: one after another, or several at once."""

    def __init__(
        self,
        net: CorridorNet,
        planned: Sequence[Transfer],
        demands: Sequence[PlannedDemand],
        target: Path,
    ) -> None:
        self._net = net
        self._by_demand = {demands[one.demand].id: one for one in planned}
        self._target = target
        self._results: list[dict[str, Any]] = []
        self._writing = threading.Lock()

    def carry_out(self, demand: str) -> None:
        """The one of a demand, until it has ended; nothing if none is planned for it."""
        planned = self._by_demand.get(demand)
        if planned is None:
            return
        result = self._run(planned)
        with self._writing:
            self._results.append({"demand": planned.demand, "result": to_plain(result)})
            self._target.write_text(json.dumps(self._results))

    def _run(self, planned: Transfer) -> Any:
        from corridor.traffic.agents import tcp

        return tcp.run(
            tcp.Transfer(
                flow=planned.demand,
                server_netns=self._net.nameToNode[planned.dst_host].namespace.path,
                server_ip=planned.dst_ip,
                client_netns=self._net.nameToNode[planned.src_host].namespace.path,
                client_ip=planned.src_ip,
                port=planned.port,
                client_port=planned.client_port,
                control_port=planned.control_port,
                duration_s=planned.duration_s,
                dscp=planned.dscp,
            )
        )
