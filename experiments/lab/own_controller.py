"""A controller of a user's own, and beside it the app of ours that reads what switches hold."""

from __future__ import annotations

import json
from pathlib import Path

from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.plan.values import OWN_APP, Plan
from corridor.topologies.base.codec import to_plain
from corridor.topologies.emulation.controller_start import CONTROLLER

BESIDE = "corridor.controller.apps.reading"


class OwnController(ControllerProcess):
    """Ready once the app has every switch and changes nothing any more."""

    @classmethod
    def of_plan(cls, plan: Plan, scratch: Path, out_dir: Path) -> OwnController:
        found = cls(None, plan.framework, scratch, out_dir, patient=plan.job.clock != "real")
        app = str(out_dir.absolute() / OWN_APP) if plan.controller == OWN_APP else plan.controller
        found._command = (*CONTROLLER, "--app", app, "--beside", BESIDE)
        found._wiring = scratch / "wiring.json"
        found._wiring.write_text(json.dumps(to_plain(plan.wiring)))
        return found

    _wiring: Path

    def _options(self) -> dict[str, str]:
        return {"wiring": str(self._wiring)}
