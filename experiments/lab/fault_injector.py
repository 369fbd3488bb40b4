"""The faults of a plan, made and repaired on a network that runs, and what was done when."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from corridor.experiments.lab.standing_network import BFD_SLOW_MS
from corridor.experiments.lab.timeline import TimedEvent
from corridor.experiments.plan.values import Fault
from corridor.topologies.emulation.faults import Faults
from corridor.topologies.faults.kind import Effect, FaultName
from corridor.topologies.faults.registry import ACTIONS

if TYPE_CHECKING:
    from corridor.experiments.lab.gateways_process import GatewaysProcess
    from corridor.topologies.emulation.network import CorridorNet
    from corridor.topologies.model.wiring import Wiring


class Made(TypedDict):
    """Of ``raw/faults.json``: what was planned, and when it was done; times after the epoch."""

    do: str
    what: str
    options: NotRequired[dict[str, Any]]
    planned_ns: int
    began_ns: int
    ended_ns: int


class FaultInjector:
    """Makes each planned fault at its time; ``done`` says when each was made.

    It is the network that kinds of faults act on (``topologies.faults.kind.Network``).
    """

    def __init__(
        self, net: CorridorNet, gateways: GatewaysProcess | None, bfd_interval_ms: int | None
    ) -> None:
        self._bfd_interval_ms = bfd_interval_ms
        self._net = net
        self._gateways = gateways
        self.faults = Faults(net.wiring, net.kernel)
        self.done: list[Made] = []

    def appointments(self, planned: tuple[Fault, ...], epoch_ns: int) -> Iterator[TimedEvent]:
        for fault in planned:
            yield TimedEvent(fault.at_ns, partial(self._make, fault, epoch_ns))

    def write(self, path: Path) -> None:
        if self.done:
            path.write_text(json.dumps(self.done, indent=1))

    @property
    def wiring(self) -> Wiring:
        return self._net.wiring

    def make(self, name: FaultName, effect: Effect) -> list[str]:
        return self.faults.make(name, effect)

    def end(self, *names: FaultName) -> list[str]:
        return self.faults.end(*names)

    def kill_gateway(self, hub: str) -> None:
        if self._gateways is not None:
            self._gateways.kill(hub)

    def start_gateway(self, hub: str) -> None:
        if self._gateways is not None:
            self._gateways.start(hub)

    def set_bfd(self, fibre: str, *, quick: bool) -> None:
        interval_ms = self._bfd_interval_ms if quick else BFD_SLOW_MS
        if interval_ms is not None:
            self._net.set_bfd_interval(interval_ms, fibre or None)

    def _make(self, fault: Fault, epoch_ns: int) -> None:
        began_ns = time.time_ns() - epoch_ns
        ACTIONS[fault.do](self, fault.what, fault.options)
        ended_ns = time.time_ns() - epoch_ns
        made: Made = {
            "do": fault.do,
            "what": fault.what,
            "options": fault.options,
            "planned_ns": fault.at_ns,
            "began_ns": began_ns,
            "ended_ns": ended_ns,
        }
        if not fault.options:
            del made["options"]
        self.done.append(made)
