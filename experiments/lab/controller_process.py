"""The controller as a run sees it: a process, the line it reports on, and what to ask of it."""

from __future__ import annotations

import contextlib
import json
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, Self, cast

from corridor.controller.forwarding.program import Program
from corridor.controller.openflow.installation import Report
from corridor.experiments.lab.line_process import Message, StatusLine, listen_at
from corridor.experiments.plan.values import OWN_APP, Plan
from corridor.topologies.base import child_process
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError, MeasurementInvalid
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.controller_start import CONTROLLER, start_controller
from corridor.topologies.emulation.ovsdb import Progress
from corridor.topologies.model.wiring import Wiring

TIMEOUT_S = 120.0
GRACE_S = 5.0
NOTHING = "no switch has connected"


class ControllerProcess:
    """The controller process and the line it reports on."""

    _apps: Literal["ours", "others"] = "ours"
    target: str | None = None
    gateways: Path | None = None
    """The socket on which it speaks to gateways, if it does."""

    def __init__(
        self,
        program: Program | None,
        framework: str,
        scratch: Path,
        out_dir: Path,
        *,
        patient: bool,
    ) -> None:
        """``patient`` is for the virtual clock. One that compiles its own has no ``program``."""
        self._first = program
        self._framework = framework
        self._patient = patient
        self._program = scratch / "program.json"
        self._address = scratch / "status.sock"
        self._command: Sequence[str] = CONTROLLER
        self._log_path = out_dir / "controller.log"
        self.process: subprocess.Popen[bytes] | None = None
        """The one that was started last, unless it was killed here."""
        self._listener: socket.socket | None = None
        self._line: StatusLine | None = None
        self._ready = False
        self._switches: Path | None = None

    @classmethod
    def of_plan(cls, plan: Plan, scratch: Path, out_dir: Path) -> ControllerProcess:
        patient = plan.job.clock != "real"
        return cls(plan.program, plan.framework, scratch, out_dir, patient=patient)

    def start(self, switches: Path) -> None:
        """Returns before it listens, on a socket that ``switches`` connect to."""
        self._switches = switches
        self._listen()
        options = {
            "framework": self._framework,
            "status": str(self._address),
            "apps": self._apps,
            **self._options(),
        }
        with self._log_path.open("ab") as log:
            self.process = start_controller(
                switches, options, program=self._command, patient=self._patient, log=log
            )

    def _listen(self) -> None:
        """Again for each: one that is gone may still wait to be heard."""
        self._close_line()
        self._listener = listen_at(self._address)

    def _close_line(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._address.unlink(missing_ok=True)
        self._listener = self._line = None

    def _options(self) -> dict[str, str]:
        """Of its app, next to the framework and the line."""
        self._program.write_text(json.dumps(to_plain(self._first)))
        return {"program": str(self._program)}

    def wait_ready(self, progress: Progress = lambda _what, _done, _of: None) -> Report:
        """Tables in and wiring as declared; raises with the reason otherwise."""
        self._connect()
        message = self._expect("ready", patient(TIMEOUT_S), progress)
        if message is None:
            report = cast(Report | None, self._ask("report", "report"))
            raise EnvironmentUnsupported(
                f"the controller is not ready after {patient(TIMEOUT_S):.0f} s: {_missing(report)}",
                f"see {self._log_path.name} in the result folder",
            )
        self._ready = True
        return cast(Report, {key: said for key, said in message.items() if key != "event"})

    def wait_settled(self) -> None:
        """Nothing moves any more: one that follows waits until that is so."""

    def exchange(self, program: Program) -> None:
        """Have the switches that are connected hold another program; ``wait_ready`` for it."""
        assert self._line is not None
        self._program.write_text(json.dumps(to_plain(program)))
        self._line.order("program", **{"from": str(self._program)})

    def dump(self, target: Path) -> None:
        """Write what the switches say they hold."""
        target.parent.mkdir(parents=True, exist_ok=True)
        if self._ask("dump", "dumped", to=str(target)) is None:
            raise MeasurementInvalid(f"the switches did not answer for {target.name}")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep it from running while entered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        if self.process is not None:
            child_process.end(self.process, GRACE_S)
        self._close_line()

    def _connect(self) -> None:
        if self._line is not None:
            return
        assert self._listener is not None
        self._listener.settimeout(0.2)
        deadline = time.monotonic() + patient(TIMEOUT_S)
        while self._line is None:
            with contextlib.suppress(TimeoutError):
                self._line = StatusLine(self._listener.accept()[0])
            if self._line is None:
                self._check_alive()
                if time.monotonic() > deadline:
                    raise EnvironmentUnsupported("the controller does not report", self._log_hint())

    def _ask(self, do: str, answer: str, **what: str) -> Message | None:
        self._connect()
        assert self._line is not None
        try:
            self._line.order(do, **what)
        except OSError:
            self._check_alive()
        return self._expect(answer, patient(TIMEOUT_S))

    def _expect(
        self,
        event: str,
        timeout_s: float,
        progress: Progress = lambda _what, _done, _of: None,
    ) -> Message | None:
        """The next message of a kind, or None if nothing comes for so long."""
        deadline = time.monotonic() + timeout_s
        while (message := self._next(deadline - time.monotonic())) is not None:
            if message["event"] == event:
                return message
            if message["event"] == "step":
                progress(message["name"], message["done"], message["of"])
                deadline = time.monotonic() + timeout_s
            if message["event"] == "error":
                raise EnvironmentUnsupported(message["message"], self._log_hint())
        return None

    def _next(self, timeout_s: float) -> Message | None:
        assert self._line is not None
        try:
            return cast(Message | None, self._line.next(timeout_s))
        except EOFError:
            self._check_alive()
            raise MeasurementInvalid("the controller closed its line", self._log_hint()) from None

    def _check_alive(self, grace_s: float = 0.2) -> None:
        """Raises with its last words if it has ended, or ends so soon."""
        assert self.process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self.process.wait(grace_s)
            reason = _last_words(self._log_path.read_text(errors="replace"))
            kind = MeasurementInvalid if self._ready else EnvironmentUnsupported
            how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
            raise kind(f"the controller {how}{reason}", self._log_hint())

    def _log_hint(self) -> str:
        return f"see {self._log_path.name} in the result folder"


def _last_words(log: str) -> str:
    """The last line, unless it only states how a framework starts its apps."""
    said = log.strip().splitlines()
    return f": {said[-1]}" if said and ".base.app_manager: " not in said[-1] else ""


def _missing(report: Report | None) -> str:
    if report is None:
        return NOTHING
    lacking: tuple[tuple[Sequence[object] | None, str], ...] = (
        (report.get("missing_switches"), "switches without tables"),
        (report.get("missing_links"), "fibres not seen by LLDP"),
        (report.get("wrong_links"), "fibres wired other than declared"),
    )
    parts = [
        f"{len(some)} {text} ({', '.join(map(str, some[:3]))} ...)"
        for some, text in lacking
        if some
    ]
    return "; ".join(parts) or NOTHING


# A user-supplied controller, and next to it our app that reads the installed tables.

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

    _apps = "others"

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
