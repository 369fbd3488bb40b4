"""A controller of a user's on a live network: watched, and proven again when tables change."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corridor.experiments.lab.controller_process import OwnController
from corridor.experiments.lab.dumps import Dump
from corridor.experiments.live_network.own_answers import OwnAnswers
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)
from corridor.topologies.base.slowness import patient

LOOK_S = 2.0
POLL_S = 0.05
DUMP_S = 30.0
TABLES = "tables.json"


class OwnLiveController(OwnController):
    """In place of the controller that follows: ``answers`` has what its tables come to, and no one
    has a say in them."""

    gateways = None
    answers: OwnAnswers
    control: Path

    def of(self, answers: OwnAnswers, app: str, out_dir: Path) -> OwnLiveController:
        """``app`` is a module, or ``OWN_APP`` in the result folder."""
        self.running(app, answers.setting.wiring, out_dir)
        self.answers = answers
        self.control = self._program.with_name("control.sock")
        self._line_free = threading.RLock()
        """Held by who speaks with the app that reads, which tells one from another by turns."""
        self._problem: CorridorError | None = None
        return self

    def start(self, switches: Path) -> None:
        super().start(switches)
        self.answers.forget()
        threading.Thread(target=self._watch, args=(self.process,), daemon=True).start()

    def start_again(self) -> None:
        """Another, if none runs; switches hold on to their tables in the meantime."""
        if self.process is None or self.process.poll() is not None:
            assert self._switches is not None
            self.start(self._switches)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, do: str, **what: Any) -> dict[str, Any]:
        """What the control socket answers."""
        return self.answers.to({"do": do, **what})

    def until(self, what: Callable[[], object], seconds: float) -> float:
        """Wait until a condition is true; raises the error that prevents it."""
        start = time.monotonic()
        while not what():
            if self._problem is not None:
                raise self._problem
            if time.monotonic() - start > seconds:
                raise EnvironmentUnsupported(f"not in {seconds:g} s", self._log_hint())
            time.sleep(POLL_S)
        return time.monotonic() - start

    def is_settled(self) -> bool:
        """Its tables have been looked at."""
        return self.answers.proof is not None

    def dump(self, target: Path) -> None:
        if not self._line_free.acquire(timeout=patient(DUMP_S)):
            raise MeasurementInvalid("the controller is not ready", self._log_hint())
        try:
            super().dump(target)
        finally:
            self._line_free.release()

    def look(self) -> None:
        """Read the tables, and prove them if they are not those of the last look."""
        target = self._program.with_name(TABLES)
        self.dump(target)
        self.answers.judge(Dump(str(target), json.loads(target.read_text())))

    def _watch(self, process: object) -> None:
        """Until this process ends: look at the tables whenever they may have changed."""
        try:
            with self._line_free:
                self.wait_ready()
                self.look()
        except CorridorError as problem:
            self._problem = problem
            self.answers.tell_unproven(str(problem))
            return
        while self._looks_again(process):
            time.sleep(LOOK_S)

    def _looks_again(self, process: object) -> bool:
        """Unless another has taken its place, which has a separate line."""
        with self._line_free:
            if self.process is not process:
                return False
            try:
                self.look()
            except Exception as problem:  # noqa: BLE001 - what was not read again is not proven
                self.answers.tell_unproven(str(problem) or type(problem).__name__)
        return self.process is process and self.process is not None and self.process.poll() is None
