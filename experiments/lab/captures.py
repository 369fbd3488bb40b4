"""Captures of fibres, as ``capturer.py`` writes them: a process each, from begin to end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.topologies.base import child_process
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.model.fault_kind import ends_of

if TYPE_CHECKING:
    from corridor.topologies.model.wiring import Wiring

MODULE = "corridor.experiments.lab.capturer"
GRACE_S = 2.0


def capture_words(interfaces: Mapping[str, str], netns: str, control: Path) -> list[str]:
    """Words for Python: of which interfaces, each with its description, in which namespace
    (empty: here). Labels are explained by the controller that listens at ``control``."""
    plan = {"netns": netns, "interfaces": dict(interfaces), "control": str(control)}
    return ["-m", MODULE, json.dumps(plan)]


def of_fibre(wiring: Wiring, fibre: str) -> dict[str, str]:
    """Both its interfaces."""
    return {end.interface: f"{fibre} at {end.hub}" for end, _ in ends_of(wiring, fibre)}


class Captures:
    """Those of one run; a fibre captured a second time goes on in the same file."""

    def __init__(self, wiring: Wiring, folder: Path, control: Path) -> None:
        self._wiring = wiring
        self._folder = folder
        self._control = control
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, fibre: str) -> None:
        self._folder.mkdir(exist_ok=True)
        words = capture_words(of_fibre(self._wiring, fibre), "", self._control)
        with (self._folder / f"{fibre}.pcapng").open("ab") as target:
            self._running[fibre] = child_process.start(
                [sys.executable, *words], stdout=target, cwd=IMPORT_ROOT
            )

    def end(self, fibre: str) -> None:
        running = self._running.pop(fibre, None)
        if running is not None:
            child_process.end(running, GRACE_S)

    def close(self) -> None:
        for fibre in list(self._running):
            self.end(fibre)
