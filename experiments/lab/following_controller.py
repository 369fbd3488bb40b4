"""The controller that follows what happens, as a run sees it: asked, killed, and started again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from corridor.controller.api.control_client import NoAnswer, ask
from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.lab.dumps import DEPLOYMENTS
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.model.wiring import Wiring

SETTLE_S = 120.0
LOOK_S = 0.05
MOST_DUMPS = 5
EVENTS = "controller_events.jsonl"
"""In ``raw`` of a result folder: what it said."""


class FollowingController(ControllerProcess):
    """Compiles from ``raw/specification.json`` of ``out_dir``, and holds the network to it."""

    @classmethod
    def of_plan(cls, plan: Plan, scratch: Path, out_dir: Path) -> FollowingController:
        patient = plan.job.clock == "virtual"
        return cls(plan.wiring, plan.framework, scratch, out_dir, patient=patient)

    def __init__(
        self, wiring: Wiring, framework: str, scratch: Path, out_dir: Path, *, patient: bool
    ) -> None:
        super().__init__(None, framework, scratch, out_dir, patient=patient)
        self._of = wiring
        self._raw = out_dir / "raw"
        self._state = scratch / "state.json"
        self._wiring = scratch / "wiring.json"
        self.control = scratch / "control.sock"
        self.gateways = scratch / "gateways.sock"

    def _options(self) -> dict[str, str]:
        self._wiring.write_text(json.dumps(to_plain(self._of)))
        return {
            "specification": str(self._raw / "specification.json"),
            "wiring": str(self._wiring),
            "control": str(self.control),
            "gateways": str(self.gateways),
            "events": str(self._raw / EVENTS),
            "state": str(self._state),
        }

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Its answer to a request over the control socket; ``ok`` is false while it is gone."""
        try:
            return ask(self.control, do, **what)
        except NoAnswer as problem:
            return {"ok": False, "kind": "absent", "reason": str(problem)}

    def wait_settled(self) -> None:
        """Until all that is installed is proven, and nothing is seen to have failed."""
        deadline = time.monotonic() + SETTLE_S
        while not self._is_settled():
            self._check_alive()
            if time.monotonic() > deadline:
                said = self.ask("status")
                raise EnvironmentUnsupported(
                    f"the network is not settled after {SETTLE_S:g} s: {said}", self._log_hint()
                )
            time.sleep(LOOK_S)

    def _is_settled(self) -> bool:
        status, topology = self.ask("status"), self.ask("topology")
        return (
            bool(status.get("installed"))
            and not status["unproven"]
            and all(one["works"] for one in topology["fibres"].values())
            and all(one["gateway"] is not False for one in topology["hubs"].values())
        )

    def kill(self) -> None:
        """SIGKILL; switches serve on by the tables that they hold."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            self._line = None

    def start_again(self) -> None:
        """Another, which takes over what switches hold; returns before it has."""
        if self._process is None:
            self._start()

    def dump(self, target: Path) -> None:
        """The tables, and beside the results what they are proven against."""
        kept = self._raw / DEPLOYMENTS[target.stem]
        for _ in range(MOST_DUMPS):
            before = self._state.read_bytes()
            super().dump(target)
            kept.write_bytes(before)
            if self._state.read_bytes() == before:  # else it moved on meanwhile
                return
