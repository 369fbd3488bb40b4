"""The controller that follows what happens: asked, waited for, killed, and started again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from corridor.controller.api.control_client import NoAnswer, ask
from corridor.experiments.account.run_files import CONTROLLER_EVENTS
from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.lab.dumps import DEPLOYMENTS
from corridor.experiments.plan.values import Plan
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.controller_start import CONTROLLER
from corridor.topologies.model.wiring import Wiring

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import StatusAnswer, TopologyAnswer

SETTLE_S = 120.0
LOOK_S = 0.05
MOST_DUMPS = 5


class FollowingController(ControllerProcess):
    """Compiles from a specification, and holds the network to it."""

    @classmethod
    def of_plan(cls, plan: Plan, scratch: Path, out_dir: Path) -> FollowingController:
        raw = out_dir / "raw"
        return cls(
            plan.wiring,
            raw / "specification.json",
            plan.framework,
            scratch,
            out_dir,
            patient=plan.job.clock != "real",
            events=raw / CONTROLLER_EVENTS,
        )

    def __init__(
        self,
        wiring: Wiring,
        specification: Path,
        framework: str,
        scratch: Path,
        out_dir: Path,
        *,
        patient: bool,
        events: Path,
        reports_to: str | None = None,
        timing: Mapping[str, int] | None = None,
        command: Sequence[str] = CONTROLLER,
    ) -> None:
        """It writes what happens to ``events``. ``reports_to`` is a socket of someone who has its
        line in place of this process, or empty for no one; ``timing`` in ns; ``command`` are the
        words for Python that start it."""
        super().__init__(None, framework, scratch, out_dir, patient=patient)
        self._command = command
        self._of = wiring
        self._in_one_piece = in_one_piece(wiring)
        self._specification = specification
        self._raw = out_dir / "raw"
        self._events = events
        self._reports_to = reports_to
        self._timing = dict(timing or {})
        self._state = scratch / "state.json"
        self._wiring = scratch / "wiring.json"
        self.control = scratch / "control.sock"
        self.gateways: Path = scratch / "gateways.sock"

    def _options(self) -> dict[str, str]:
        self._wiring.write_text(json.dumps(to_plain(self._of)))
        elsewhere = {} if self._reports_to is None else {"status": self._reports_to}
        return {
            "specification": str(self._specification),
            "wiring": str(self._wiring),
            "control": str(self.control),
            "gateways": str(self.gateways),
            "events": str(self._events),
            "state": str(self._state),
            "patience": json.dumps(self._timing),
            **elsewhere,
        }

    def _listen(self) -> None:
        if self._reports_to is None:
            super()._listen()

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """Its answer to a request over the control socket; ``ok`` is false while it is gone."""
        try:
            return ask(self.control, do, **what)
        except NoAnswer as problem:
            unheard = isinstance(problem.__cause__, (ConnectionRefusedError, FileNotFoundError))
            kind = "nobody" if unheard else "absent"
            return {"ok": False, "kind": kind, "reason": str(problem)}

    def until(self, what: Callable[[], object], seconds: float) -> float:
        """Wait until something is so; how long it took. Raises if the controller ends in the
        meantime, or time runs out."""
        start = time.monotonic()
        while not what():
            if self.process is not None:
                self._check_alive(grace_s=0)
            if time.monotonic() - start > seconds:
                raise EnvironmentUnsupported(
                    f"not in {seconds:g} s: {self.ask('status')}", self._log_hint()
                )
            time.sleep(LOOK_S)
        return time.monotonic() - start

    def wait_settled(self) -> None:
        self.until(self.is_settled, patient(SETTLE_S))

    def is_settled(self) -> bool:
        """All that is installed is proven, nothing is seen to have failed, and no demand is down.
        One may be down for good where the network is in several pieces."""
        status, topology = self.ask("status"), self.ask("topology")
        return bool(status["ok"] and topology["ok"]) and self._stands(
            cast("StatusAnswer", status), cast("TopologyAnswer", topology)
        )

    def _stands(self, status: StatusAnswer, topology: TopologyAnswer) -> bool:
        return (
            status["installed"]
            and not status["unproven"]
            and all(one["works"] for one in topology["fibres"].values())
            and all(one["gateway"] is not False for one in topology["hubs"].values())
            and "UNKNOWN" not in status["demands"]
            and not ("DOWN" in status["demands"] and self._in_one_piece)
        )

    def kill(self, _name: str = "") -> None:
        """SIGKILL; switches serve on by the tables that they hold."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def order(self, domain: str, do: str) -> None:
        """Nothing: it serves all domains."""

    def start_again(self, _name: str = "") -> None:
        """Another, if none runs, which takes over what switches hold; returns before it has."""
        if self.process is None or self.process.poll() is not None:
            assert self._switches is not None
            self.start(self._switches)

    def dump(self, target: Path) -> None:
        """The tables, and next to the results what they are proven against."""
        kept = self._raw / DEPLOYMENTS[target.stem]
        for _ in range(MOST_DUMPS):
            before = self._state.read_bytes()
            super().dump(target)
            kept.write_bytes(before)
            if self._state.read_bytes() == before:  # else it moved on in the meantime
                return


def in_one_piece(wiring: Wiring) -> bool:
    """Whether fibres lead from every hub to every other."""
    pieces = {hub.hub: frozenset([hub.hub]) for hub in wiring.hubs}
    for fibre in wiring.fibres:
        joined = pieces[fibre.a.hub] | pieces[fibre.z.hub]
        pieces.update(dict.fromkeys(joined, joined))
    return len(set(pieces.values())) == 1
