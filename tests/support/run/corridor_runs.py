"""Runs of the real ``corridor`` command: whole ones whose results are kept, and ones to kill."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from corridor.experiments.machines.kernel import Kernel, cache_folder
from corridor.experiments.testbeds.uml import (
    OUT_IN_GUEST,
    PROJECT_IN_GUEST,
    PYTHON_IN_GUEST,
    run_command_in_guest,
)

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = (
    *(".package/", "topologies/", "controller/", "traffic/", "experiments/"),
    *("tests/soak", "tests/chaos", "tests/benchmarks"),
)
CODE_OF_TESTS = {"tests": ROOT / "tests"}
"""Modules that scripts in guests import in addition to the package."""
SCENARIOS = ROOT / "tests/guest/scenarios"
INSIDE = ROOT / "tests/guest/inside"
PYTHON_INSIDE = ["env", f"PYTHONPATH={PROJECT_IN_GUEST}", PYTHON_IN_GUEST]
RUN_TIMEOUT_S = 500
"""Nothing is expected to take so long: a busy machine must not fail a test."""


def corridor(*arguments: str | Path, python: str | Path = sys.executable) -> list[str]:
    return [str(python), "-m", "corridor.experiments.cli", *map(str, arguments)]


def environment(code: Path = ROOT, **more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(code / ".package"),
        "PYTHONDONTWRITEBYTECODE": "1",
        **more,
    }


@dataclass(frozen=True)
class Result:
    """A run that has ended, and what it left."""

    folder: Path
    code: int
    said: str
    complained: str

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.folder / "summary.json").read_text())

    @property
    def demands(self) -> dict[str, dict[str, Any]]:
        return {demand["id"]: demand for demand in self.summary["demands"]}

    def flow(self, demand: str, protocol: str) -> dict[str, Any]:
        (found,) = (flow for flow in self.demands[demand]["flows"] if flow["protocol"] == protocol)
        return found

    @property
    def raw_records(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (self.folder / "raw").glob("*.rec")}

    def tables(self, when: str = "before") -> dict[str, list[dict[str, Any]]]:
        """What the switches said they hold, without their counters."""
        said = json.loads((self.folder / "tables" / f"{when}.json").read_text())["switches"]
        return {
            hub: sorted(
                (
                    {k: v for k, v in entry.items() if k not in ("packets", "bytes")}
                    for entry in held
                ),
                key=repr,
            )
            for hub, held in said.items()
        }


def start(
    folder: Path,
    *arguments: str | Path,
    code: Path = ROOT,
    python: str | Path = sys.executable,
    client: Path | None = None,
    **more: str,
) -> subprocess.Popen[str]:
    """A running ``corridor run``, in a separate session; ``client`` is that of ``Served``."""
    words = ("run", *arguments, "--out", folder, "--no-figures")
    served = None if client is None else [sys.executable, "-ISE", str(client), *map(str, words)]
    return subprocess.Popen(
        served or corridor(*words, python=python),
        cwd=code,
        env=environment(code, **more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(
    process: subprocess.Popen[str], folder: Path, timeout_s: float = RUN_TIMEOUT_S
) -> Result:
    try:
        said, complained = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return Result(folder, process.returncode, said, complained)


def run(folder: Path, *arguments: str | Path, **more: Any) -> Result:
    return finish(start(folder, *arguments, **more), folder)


def run_once(place: Path, name: str, *options: str, client: Path | None = None) -> Result:
    """A scenario of the tests in the virtual clock, as the first process that asked has run it."""
    folder = place / "-".join((name, *options))
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "told.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            shutil.rmtree(folder / "result", ignore_errors=True)
            words = ("--testbed", "uml", "--clock", "virtual", *options)
            ran = run(folder / "result", SCENARIOS / f"{name}.yaml", *words, client=client)
            assert ran.code == 0, f"{folder.name}: exit {ran.code}\n{ran.said}{ran.complained}"
            told.write_text(json.dumps([ran.said, ran.complained]))
    return Result(folder / "result", 0, *json.loads(told.read_text()))


def in_guest(
    kernel: Kernel, out_dir: Path, *command: str, virtual_clock: bool = True
) -> subprocess.CompletedProcess[str]:
    """A command in a guest that must end well."""
    done = run_command_in_guest(
        kernel, command, out_dir, virtual_clock=virtual_clock, more_code=CODE_OF_TESTS
    )
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}{(out_dir / 'console.log').read_text()}"
    )
    return done


def seen_inside(kernel: Kernel, out_dir: Path, script: str, *arguments: str) -> dict[str, Any]:
    """What a script of ``tests/guest/inside`` wrote to ``seen.json``; argument 1 is its folder.

    Scripts go with the result folder, since a guest may not see where the checkout lies.
    """
    shutil.copytree(INSIDE, out_dir / "inside", ignore=shutil.ignore_patterns("__pycache__"))
    place = f"{OUT_IN_GUEST}/inside/{script}.py"
    in_guest(kernel, out_dir, *PYTHON_INSIDE, place, OUT_IN_GUEST, *arguments)
    return json.loads((out_dir / "seen.json").read_text())


def copy_of_the_code(copy: Path) -> Path:
    """Copy the project with its bytecode, which stays valid.

    Files are still one with those of the project: whoever changes one removes it first.
    """
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, symlinks=True, copy_function=_linked)
    shutil.copy(ROOT / "tests/__init__.py", copy / "tests")
    return copy


def checkout_of_its_own(place: Path) -> Path:
    """The project with a separate environment, as after set-up."""
    copy_of_the_code(place)
    shutil.copytree(sys.prefix, place / ".venv", symlinks=True, copy_function=_linked)
    (path_file,) = (place / ".venv/lib").glob("python3*/site-packages/__editable__*.pth")
    _replace(path_file, f"{place}/.package\n")
    _replace(place / ".venv/pyvenv.cfg", Path(sys.prefix, "pyvenv.cfg").read_text() + f"{place}\n")
    return place


def _replace(file: Path, text: str) -> None:
    file.unlink()  # it is still one file with the one it was copied from
    file.write_text(text)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copy2(source, target)


def broken_copy(folder: Path, file: str, old: str, new: str) -> Path:
    """The project with one place changed, to see how the rest bears it."""
    copy = copy_of_the_code(folder / "broken")
    text = (copy / file).read_text()
    assert text.count(old) == 1, f"{file} holds {old!r} {text.count(old)} times"
    _replace(copy / file, text.replace(old, new))
    return copy


def _hear_interrupts() -> None:
    """As at a terminal: what a shell starts in the background ignores Ctrl-C from birth."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class WatchedRun:
    """A run whose every process and temporary file can be found: TMPDIR and the working
    directory are its own, and empty."""

    WORDS = ("run", "--no-figures")

    def __init__(self, place: Path, *arguments: str | Path, code: Path = ROOT) -> None:
        self.temporary = Path("/dev/shm", f"corridor-test-{os.getpid()}-{place.name}")
        self.temporary.mkdir()
        self.working = place / "working"
        self.working.mkdir(parents=True)
        self._place = place
        self._sessions: set[int] = set()
        self.start(place / "result", *arguments, code=code)

    def start(self, folder: Path, *arguments: str | Path, code: Path = ROOT) -> None:
        """Also again, instead of one that has ended."""
        self.folder = folder
        places = {
            "TMPDIR": self.temporary,
            "XDG_CACHE_HOME": cache_folder().parent,
            "XDG_STATE_HOME": self._place / "state",
            **dict.fromkeys(("DISPLAY", "WAYLAND_DISPLAY"), ""),
        }
        self.process = subprocess.Popen(
            corridor(self.WORDS[0], *arguments, "--out", folder, *self.WORDS[1:]),
            cwd=self.working,
            env=environment(code, **{name: str(path) for name, path in places.items()}),
            stdin=subprocess.DEVNULL,
            stdout=(self._place / "said").open("w"),
            stderr=(self._place / "complained").open("w"),
            start_new_session=True,
            preexec_fn=_hear_interrupts,
        )

    def said(self) -> str:
        return (self._place / "said").read_text()

    def complained(self) -> str:
        return (self._place / "complained").read_text()

    def wait_until_it_says(self, text: str, timeout_s: float = 180) -> None:
        deadline = time.monotonic() + timeout_s
        while text not in self.said():
            assert self.process.poll() is None, f"ended: {self.said()}{self.complained()}"
            assert time.monotonic() < deadline, f"never said {text!r}: {self.said()}"
            time.sleep(0.01)

    def processes(self) -> dict[int, str]:
        """Everything alive that this run started, by process id: what it is called."""
        found: dict[int, str] = {}
        parents: dict[int, int] = {}
        sessions: dict[int, int] = {}
        names: dict[int, str] = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text()
                marked = str(self.temporary).encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            pid = int(entry.name)
            name, rest = stat.split("(", 1)[1].rsplit(")", 1)
            state, parent, _group, session = rest.split()[:4]
            if state in "ZX":
                continue
            parents[pid], sessions[pid], names[pid] = int(parent), int(session), name
            if marked:
                found[pid] = name
        # Processes of a guest share its environment and session.
        self._sessions |= {sessions[pid] for pid in found}
        return {pid: names[pid] for pid in parents if sessions[pid] in self._sessions}

    def guest(self) -> int:
        """The process id of the guest's kernel."""
        (pid,) = (
            pid
            for pid, name in self.processes().items()
            if name.startswith("linux")
            and Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[3] == str(pid)
        )
        return pid

    def kill(self) -> None:
        self.processes()  # so that the sessions are known by which to look for what is left
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def assert_nothing_is_left(self, within_s: float = 5) -> None:
        deadline = time.monotonic() + within_s
        while (alive := self.processes()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive == {}, f"processes outlived the run: {alive}"
        while (files := list(self.temporary.iterdir())) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert files == [], f"temporary files outlived the run: {files}"
        assert list(self.working.iterdir()) == [], "the run wrote outside its result folder"

    def close(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):  # it has just ended
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.temporary, ignore_errors=True)
