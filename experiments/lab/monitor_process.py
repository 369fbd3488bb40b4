"""The monitor of fibres as a run sees it: its process and its lines."""

from __future__ import annotations

import json
from pathlib import Path

from corridor.experiments.lab.line_process import LineProcess
from corridor.topologies.base.named_tuples import from_plain
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.netlink import shapes
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.monitor import command
from corridor.traffic.agents.transits import Seen

TIMEOUT_S = 30.0


class MonitorProcess(LineProcess):
    """Sees every frame sent onto a fibre from when it is made until ``stop``."""

    def __init__(self, wiring: Wiring, config_path: Path, out_path: Path) -> None:
        config = {"interfaces": list(shapes(wiring)), "out": str(out_path)}
        config_path.write_text(json.dumps(config))
        self._out_path = out_path
        super().__init__(command(str(config_path)), "the monitor")
        self.wait_ready("ready", patient(TIMEOUT_S))

    def split(self) -> None:
        """Count what is sent from now on separately: other policies may be in force for it."""
        self.tell({"do": "split"})
        self.wait("split", patient(TIMEOUT_S))

    def take(self) -> Seen:
        """What was seen since it was made, or since the last time; it goes on."""
        return self._told("take", "taken")

    def stop(self) -> Seen:
        """End it; what it wrote to ``out_path``."""
        return self._told("stop", "done")

    def _told(self, do: str, answer: str) -> Seen:
        self.tell({"do": do})
        self.wait(answer, patient(TIMEOUT_S))
        return from_plain(Seen, json.loads(self._out_path.read_text()))
