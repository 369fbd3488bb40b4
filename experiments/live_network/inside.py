"""Keep a network up in this kernel: ``python -m ...live_network.inside OUT_DIR SCRATCH [CONSOLE]``.

Reads ``raw/specification.json``, ``raw/wiring.json`` and ``raw/live.json`` of OUT_DIR. The control
socket is in SCRATCH; with a CONSOLE requests come over it too, and its end is the end. Without one,
SIGTERM is. Events go out as JSON lines on standard output, those of the controller as ``said`` of
``controller_event``. What switches hold in the end, and the last proof, stay in OUT_DIR, and
``hosts.txt``: for each hub the address of its host, and a path to its namespace, for ``nsenter
--net=``.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from corridor.experiments.account.proof_document import PROOF_FILE
from corridor.experiments.lab.proof import controllers_proof
from corridor.experiments.lab.run_events import Emit, Event
from corridor.experiments.live_network.network import LiveNetwork, OwnApp
from corridor.experiments.live_network.setting import Setting
from corridor.experiments.operations.door import OPERATIONS, SOCKET, opened
from corridor.experiments.operations.guest_lines import Garbled, open_console, pump
from corridor.experiments.operations.server import Operations
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported
from corridor.topologies.base.slowness import measure, patient

if TYPE_CHECKING:
    from corridor.controller.api.control_answers import LastProof
import socket
from collections.abc import Callable

from corridor.experiments.lab.line_process import Said, StatusLine, listen_at

# What a controller reports, as its runner: every message as it comes, and dumps on request.


class StatusReader:
    """Listens at ``path`` for one controller after another; ``hear`` gets what they say."""

    def __init__(self, path: Path, hear: Callable[[Said], object]) -> None:
        self.path = path
        self._hear = hear
        self._dumped = threading.Event()
        self._line: StatusLine | None = None
        self._listener = listen_at(path)
        threading.Thread(target=self._listen, daemon=True).start()

    def dump(self, target: Path, timeout_s: float) -> bool:
        """Have what switches say they hold written; whether it was, in time."""
        target.parent.mkdir(exist_ok=True)
        self._dumped.clear()
        try:
            if self._line is None:
                return False
            self._line.order("dump", to=str(target))
        except OSError:
            return False
        return self._dumped.wait(timeout_s)

    def _listen(self) -> None:
        while True:
            caller, _ = self._listener.accept()
            self._line = StatusLine(caller)
            threading.Thread(target=self._read, args=(caller, self._line), daemon=True).start()

    def _read(self, caller: socket.socket, line: StatusLine) -> None:
        with caller, contextlib.suppress(EOFError):
            while (said := line.next(None)) is not None:
                if said["event"] == "dumped":
                    self._dumped.set()
                else:
                    self._hear(said)


LOOK_S = 0.5
WAIT_S = 300.0
DUMP_S = 30.0
MOST_RESTARTS, WITHIN_S = 3, 300.0
"""A controller that ends more often has a reason that a new one does not change."""


def keep(
    out_dir: Path, scratch: Path, operations: Operations, emit: Emit, signals: Sequence[int]
) -> None:
    """Build the network, keep it until KeyboardInterrupt or a signal, and leave what it held."""
    settings_json = json.loads((out_dir / "raw" / "live.json").read_text())
    emit({"event": "phase", "name": "build"})
    own = _own(settings_json, emit)
    reports = None if own is not None else _reports(scratch, emit)
    with LiveNetwork(
        *Setting.read(out_dir / "raw"),
        scratch=scratch,
        out_dir=out_dir,
        framework=settings_json["framework"],
        bfd_interval_ms=settings_json["bfd_interval_ms"],
        segmentation_offload=settings_json["segmentation_offload"],
        status=None if reports is None else reports.path,
        wait_s=patient(WAIT_S),
        own=own,
    ) as kept:
        (out_dir / "hosts.txt").write_text(_hosts(kept))
        operations.open(kept)
        emit({"event": "phase", "name": "ready", "demands": kept.ask("status")["demands"]})
        try:
            with operations:
                _watch_over(kept, emit, signals)
        except KeyboardInterrupt:
            emit({"event": "phase", "name": "read-back"})
            _leave(kept, reports, out_dir)
        emit({"event": "phase", "name": "teardown"})


def _own(settings_json: Mapping[str, Any], emit: Emit) -> OwnApp | None:
    app, name = settings_json.get("controller", ("", ""))
    tell = partial(_tell, emit)
    return OwnApp(app, name, tell) if app else None


def _tell(emit: Emit, said: Any) -> None:
    emit({"event": "controller_event", "said": said})


def _reports(scratch: Path, emit: Emit) -> StatusReader:
    return StatusReader(scratch / "status.sock", partial(_tell, emit))


def _hosts(kept: LiveNetwork) -> str:
    return "".join(
        "  ".join((host.name, ip, kept.namespace_of(host.name))) + "\n"
        for host in kept.wiring.hosts
        for ip in kept.wiring.addresses(host)
    )


def _watch_over(kept: LiveNetwork, emit: Emit, signals: Sequence[int]) -> None:
    """Start the controller again whenever it ends; the new one takes over what switches hold.

    Raise KeyboardInterrupt once a signal was received, if that did not raise it already."""
    ended_s: deque[float] = deque(maxlen=MOST_RESTARTS)
    while True:
        if signals:
            raise KeyboardInterrupt
        time.sleep(LOOK_S)
        assert kept.controller.process is not None
        code = kept.controller.process.poll()
        if code is None:
            continue
        if not kept.was_killed_by_hand():
            _refuse_many(ended_s, code)
        emit({"event": "restart", "code": code})
        kept.controller.start_again()


def _refuse_many(ended_s: deque[float], code: int) -> None:
    """One more end of a controller, with this code; raises where it is too often."""
    now_s = time.monotonic()
    if len(ended_s) == MOST_RESTARTS and now_s - ended_s[0] < WITHIN_S:
        raise EnvironmentUnsupported(
            f"the controller ended {MOST_RESTARTS + 1} times, at last with code {code}",
            "see controller.log in the result folder",
        )
    ended_s.append(now_s)


def _leave(kept: LiveNetwork, reports: StatusReader | None, out_dir: Path) -> None:
    target = out_dir / "tables" / "after.json"
    if _dumped(kept, reports, target):
        said = json.loads(target.read_text())
        document = {**said, "settings": kept.net.settings()}
        target.write_text(json.dumps(document, indent=1, sort_keys=True))
    proof: LastProof | None = kept.ask("proof").get("proof")
    if proof:
        document = controllers_proof(proof).to_json()
        (out_dir / PROOF_FILE).write_text(json.dumps(document, indent=1) + "\n")


def _dumped(kept: LiveNetwork, reports: StatusReader | None, target: Path) -> bool:
    if reports is not None:
        return reports.dump(target, patient(DUMP_S))
    with contextlib.suppress(CorridorError):
        kept.controller.dump(target)
    return target.exists()


def _serve(console: str, control: Path, operations: Operations, emit: Emit) -> None:
    """In a thread: requests from the console until its end, which ends all."""
    try:
        pump(open_console(console), control, {OPERATIONS: operations.answer})
    except (Garbled, OSError) as problem:
        emit({"event": "failed", "message": f"the line to the guest: {problem}", "code": 4})
    os.kill(os.getpid(), signal.SIGTERM)


def _stop(signals: list[int], number: int, _frame: FrameType | None) -> None:
    """Once: what follows is tidying up. Python drops what is raised in a callback after a fork, so
    the signal is noted too."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    signals.append(number)
    raise KeyboardInterrupt


def main(arguments: list[str]) -> int:
    out_dir, scratch, *console = arguments
    measure()
    signals: list[int] = []
    signal.signal(signal.SIGTERM, partial(_stop, signals))
    speaking = threading.Lock()

    def emit(event: Event) -> None:
        said = json.dumps({"event": event["event"], "at_ns": time.time_ns(), **event})
        with speaking:
            try:
                print(said, flush=True)
            except BrokenPipeError:  # no one hears it any more
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    code = 0
    try:
        folder = Path(scratch)
        folder.mkdir(exist_ok=True)
        top = json.loads((Path(out_dir) / "raw" / "live.json").read_text())["root"]
        operations = Operations(folder, Path(out_dir), own_root=top if console else ())
        with contextlib.ExitStack() as stack:
            if console:
                words = (console[0], folder / "control.sock", operations, emit)
                threading.Thread(target=_serve, args=words, daemon=True).start()
            else:
                stack.enter_context(opened(folder / SOCKET, operations.answer))
            keep(Path(out_dir), folder, operations, emit, signals)
    except KeyboardInterrupt:
        pass
    except CorridorError as error:
        emit({"event": "failed", "message": str(error), "code": error.exit_code})
        code = error.exit_code
    except OSError as error:
        emit({"event": "failed", "message": str(error), "code": 3})
        code = 3
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if not code:
        emit({"event": "phase", "name": "end"})
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
