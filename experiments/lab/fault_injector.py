"""The faults of a plan, made and mended on a network that runs, and what was done when."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.experiments.lab.standing_network import BFD_SLOW_MS
from corridor.experiments.plan.values import Fault, FaultKind
from corridor.experiments.scenario.timeline import TimedEvent
from corridor.topologies.emulation.faults import Faults

if TYPE_CHECKING:
    from corridor.experiments.lab.gateways_process import GatewaysProcess
    from corridor.topologies.emulation.network import CorridorNet


class FaultInjector:
    """Makes each planned fault at its time; ``done`` says when each was made."""

    def __init__(
        self, net: CorridorNet, gateways: GatewaysProcess | None, bfd_interval_ms: int | None
    ) -> None:
        self._bfd_interval_ms = bfd_interval_ms
        faults = Faults(net.wiring, net.kernel)
        self._do: dict[FaultKind, Callable[[str], object]] = {
            "cut": faults.cut_carrier,
            "silence": faults.cut_silently,
            "mend": faults.restore,
            "hub-down": faults.hub_down,
            "hub-up": faults.hub_up,
        }
        self._net = net
        self._do |= {"quicken": self._quicken, "slow": self._slow}
        if gateways is not None:
            self._do |= {"kill-gateway": gateways.kill, "start-gateway": gateways.start}
        self.faults = faults
        self.done: list[Mapping[str, Any]] = []

    def appointments(self, planned: tuple[Fault, ...], epoch_ns: int) -> Iterator[TimedEvent]:
        for fault in planned:
            yield TimedEvent(fault.at_ns, partial(self._make, fault, epoch_ns))

    def write(self, path: Path) -> None:
        if self.done:
            path.write_text(json.dumps(self.done, indent=1))

    def _quicken(self, fibre: str) -> None:
        if self._bfd_interval_ms is not None:
            self._net.set_bfd_interval(self._bfd_interval_ms, fibre or None)

    def _slow(self, fibre: str) -> None:
        self._net.set_bfd_interval(BFD_SLOW_MS, fibre or None)

    def _make(self, fault: Fault, epoch_ns: int) -> None:
        began_ns = time.time_ns() - epoch_ns
        if fault.do in self._do:
            self._do[fault.do](fault.what)
        ended_ns = time.time_ns() - epoch_ns
        self.done.append(
            {"do": fault.do, "what": fault.what, "planned_ns": fault.at_ns}
            | {"began_ns": began_ns, "ended_ns": ended_ns}
        )
