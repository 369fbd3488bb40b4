"""A user-supplied controller, and next to it our app that reads the installed tables."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Self

from corridor.experiments.lab.controller_process import ControllerProcess
from corridor.experiments.plan.values import OWN_APP, Plan
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.emulation.controller_start import CONTROLLER
from corridor.topologies.model.wiring import Wiring

BESIDE = "corridor.controller.reconcile.reading_app"


def app_words(text: str) -> list[str]:
    """An app and its options: ``text`` split as a shell does, if an option follows the app.

    Raises InputError for a quotation that does not end.
    """
    if Path(text).is_file():
        return [text]
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise InputError(f"--controller {text}: {problem}", "quote it as for a shell") from problem
    return words if words[1:2] and words[1].startswith("-") else [text]


class OwnController(ControllerProcess):
    """Ready once the app has every switch and changes nothing any more."""

    @classmethod
    def of_plan(cls, plan: Plan, scratch: Path, out_dir: Path) -> OwnController:
        patient = plan.job.clock != "real"
        found = cls(None, plan.framework, scratch, out_dir, patient=patient)
        return found.running(plan.controller, plan.wiring, out_dir)

    def running(self, app: str, wiring: Wiring, out_dir: Path) -> Self:
        """The same for an app and its options: its module, or ``OWN_APP`` in the result folder."""
        name, *options = shlex.split(app)
        where = str(out_dir.absolute() / OWN_APP) if name == OWN_APP else name
        self._command = (*CONTROLLER, "--app", shlex.join((where, *options)), "--beside", BESIDE)
        self._wiring = self._program.with_name("wiring.json")
        self._wiring.write_text(json.dumps(to_plain(wiring)))
        return self

    _wiring: Path

    def _options(self) -> dict[str, str]:
        return {"wiring": str(self._wiring)}
