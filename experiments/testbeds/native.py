"""The native testbed: the plan in this machine's kernel, as the Vagrant VM does it.

One run at a time holds the machine's lock. Every run leaves a note of its run id
while it lives; a note without a living owner is what ``corridor clean`` looks for.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from corridor.experiments.lab.run_events import Event
from corridor.experiments.testbeds.watchdog import read_events
from corridor.topologies.base import child_process
from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.base.slowness import measure, patient
from corridor.topologies.emulation.ovsdb import SYSTEM_RUN_DIR, OpenVSwitch
from corridor.topologies.emulation.ovsdb_client import switches_socket

STATE = Path("/run/corridor")
TERM_GRACE_S = 30
ID_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def native_run_id() -> str:
    """Four characters: ``c`` and three at random; enough, as one run at a time holds the lock."""
    return "c" + "".join(secrets.choice(ID_DIGITS) for _ in range(3))


def run_native(out_dir: Path, on_event: Callable[[Event], None]) -> None:
    """Execute ``out_dir/raw/plan.json`` here; raises what the execution reports."""
    plan = (out_dir / "raw" / "plan.json").resolve()
    run_id = json.loads(plan.read_text())["wiring"]["run_id"]
    with _worker(
        run_id, "corridor.experiments.lab.execute", str(plan), str(out_dir.resolve())
    ) as worker:
        read_events(worker, on_event, out_dir / "console.log", "the run")
    assert worker.stdout is not None
    worker.stdout.close()


@contextlib.contextmanager
def keeping_natively(out_dir: Path, scratch: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the live network of ``out_dir``: see ``live_network/inside.py``.

    Its events are on its standard output; SIGTERM ends it.
    """
    run_id = json.loads((out_dir / "raw" / "wiring.json").read_text())["run_id"]
    words = ("corridor.experiments.live_network.inside", str(out_dir.resolve()), str(scratch))
    with _worker(run_id, *words) as worker:
        yield worker


@contextlib.contextmanager
def program_natively(out_dir: Path, run_id: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with the network and the program of ``out_dir``: see ``run/program_lab.py``.

    Standard input, output and errors are this process's own; SIGTERM ends it.
    """
    with _lock(), _note(run_id):
        program = child_process.start(
            [sys.executable, "-m", "corridor.experiments.run.programs_inside", str(out_dir)],
            dies_by=signal.SIGTERM,  # it cleans up
            stdin=None,
            cwd=IMPORT_ROOT,
        )
        try:
            yield program
        finally:
            _end(program, program.kill)


@contextlib.contextmanager
def _worker(run_id: str, module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A module that runs under the machine's lock, and is stopped when that is left."""
    with _lock(), _note(run_id):
        worker = child_process.start(
            [sys.executable, "-m", module, *arguments],
            dies_by=signal.SIGTERM,  # it cleans up
            more_environment={"PYTHONHASHSEED": "0"},
            stdout=subprocess.PIPE,
            own_session=True,
            cwd=IMPORT_ROOT,
        )
        try:
            yield worker
        finally:
            _end(worker, lambda: os.killpg(worker.pid, signal.SIGKILL))


def leftovers() -> list[str]:
    """Run ids whose run died without taking its network down."""
    found = []
    for note in sorted(STATE.glob("*.run")):
        with contextlib.suppress(OSError, ValueError):
            if not _is_alive(int(note.read_text())):
                found.append(note.stem)
    return found


def remove_leftovers(run_id: str) -> None:
    """Take down what a dead run left in this kernel, by its run id and nothing else."""
    from corridor.topologies.emulation.datapath import NetlinkSocket
    from corridor.topologies.emulation.netlink import interface_group, remove_group

    switch = OpenVSwitch(SYSTEM_RUN_DIR)
    if switch.answers():
        switch.delete_bridges([name for name in switch.bridges() if name.startswith(f"{run_id}s")])
    with NetlinkSocket() as route:
        remove_group(route, interface_group(run_id))
    (SYSTEM_RUN_DIR / switches_socket(run_id)).unlink(missing_ok=True)
    (STATE / f"{run_id}.run").unlink(missing_ok=True)


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    STATE.mkdir(exist_ok=True)
    descriptor = os.open(STATE / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w") as lock:  # noqa: PTH123 - or any user of the machine could hold it
        os.fchmod(descriptor, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise EnvironmentUnsupported(
                "another native run holds this machine", "wait for it, or use --testbed uml"
            ) from error
        yield


@contextlib.contextmanager
def _note(run_id: str) -> Iterator[None]:
    measure()
    for dead in leftovers():
        remove_leftovers(dead)
    note = STATE / f"{run_id}.run"
    note.write_text(str(os.getpid()))
    try:
        yield
    finally:
        note.unlink(missing_ok=True)


def _end(worker: subprocess.Popen[bytes], kill: Callable[[], None]) -> None:
    if worker.poll() is None:
        worker.terminate()
        try:
            worker.wait(patient(TERM_GRACE_S))
        except subprocess.TimeoutExpired:
            kill()
            worker.wait()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
