"""Kills what carries a study out, at random moments: ``python -m tests.chaos.studies --out DIR``.

Workers, the command, the scheduler and single cells are killed with SIGKILL at moments and in an
order that a seed gives; what was killed is started again. In the end the study has to come to the
bytes of one that nobody disturbed, and no process may be left. ``--by-hand`` has a scheduler of
Dask and two workers that were started by hand, each in a separate folder; otherwise the command has
workers of its own, and its scheduler in it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import IO, NamedTuple

from corridor.experiments.study import worker

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "tests/benchmarks/cells.yaml"
CLI = "corridor.experiments.cli"
PARTIAL = ".partial"
CELL_PROGRAM, SPAWNED = worker.PROGRAM.encode(), b"multiprocessing.spawn"
TOKEN = "CORRIDOR_CHAOS"
COMMAND, SCHEDULER, WORKER, CELL = "command", "scheduler", "worker", "cell"
DONE = (0, 1)
LEAST_CELL_S = 5.0
LOOK_S, AGAIN_S, LEFT_S, PORT_S = 0.2, 3.0, 20.0, 30.0
MOST_STARTS = 200
WHOLE = ("values.parquet", "answers.json", "study.json", "study.yaml")
OF_CELLS = ("probes.parquet", "flows.parquet")


class Kill(NamedTuple):
    at_s: float
    what: str
    cells: int
    """That were in the folder."""


class Where(NamedTuple):
    """A study to carry out, and by which program."""

    study: Path
    out: Path
    workers: int = 2
    code: Path = ROOT

    def command(self, *more: str) -> list[str]:
        words = [sys.executable, "-P", "-m", CLI, "study", "run", str(self.study)]
        return [*words, "--out", str(self.out), "--no-figures", "--retry", *more]


class Crew:
    """The processes that carry a study out, each started again under its name when it is gone."""

    def __init__(self, where: Where, folder: Path) -> None:
        self.where, self.folder = where, folder
        self.started: Counter[str] = Counter()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._logs: dict[str, IO[bytes]] = {}

    def commands(self) -> Mapping[str, Sequence[str]]:
        """In the order in which they are started."""
        return {COMMAND: self.where.command("--workers", str(self.where.workers))}

    def victims(self) -> Mapping[str, list[int]]:
        """What can be killed just now, by name."""
        below_command = list(below(self._processes[COMMAND].pid))
        return {
            COMMAND: [self._processes[COMMAND].pid],
            WORKER: [one for one in below_command if SPAWNED in _read(one, "cmdline")],
            CELL: _cells(below_command),
        }

    def cells(self) -> int:
        """That are done."""
        folder = self.where.out / "cells"
        return len([one for one in folder.glob("*") if not one.name.endswith(PARTIAL)])

    def start(self) -> None:
        """Whatever does not run."""
        for name, words in self.commands().items():
            known = self._processes.get(name)
            if known is None or known.poll() is not None:
                self._start(name, words)

    def _start(self, name: str, words: Sequence[str]) -> None:
        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        log = self._logs.setdefault(name, (place / "log").open("ab"))
        environment = {"PYTHONPATH": str(self.where.code / ".package"), TOKEN: str(self.folder)}
        self.started[name] += 1
        if self.started[name] > MOST_STARTS:
            raise SystemExit(f"{name} ended {MOST_STARTS} times: see {place / 'log'}")
        self._processes[name] = subprocess.Popen(
            words,
            cwd=place,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )

    def ended(self, within_s: float) -> int | None:
        """The exit code of the command, if it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._processes[COMMAND].wait(within_s)
        return None

    def kill(self, what: str, process: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        for one in self._processes.values():
            if one.pid == process:
                one.wait()
        if what == COMMAND:
            self._processes[COMMAND].wait()

    def close(self) -> None:
        for one in reversed(self._processes.values()):
            one.terminate()
        for one in self._processes.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(LEFT_S)
            one.kill()
            one.wait()
        for log in self._logs.values():
            log.close()

    def left(self) -> list[str]:
        """Processes of it that go on though all was ended."""
        mark = f"{TOKEN}={self.folder}".encode()
        until_s = time.monotonic() + LEFT_S
        while found := [one for one in _all_processes() if mark in _read(one, "environ")]:
            if time.monotonic() > until_s:
                break
            time.sleep(0.2)
        return [_read(one, "cmdline").replace(b"\0", b" ").decode() for one in found]


class CrewByHand(Crew):
    """With a scheduler and workers that a user started."""

    def __init__(self, where: Where, folder: Path) -> None:
        super().__init__(where, folder)
        self.port = _free_port()
        self.address = f"tcp://127.0.0.1:{self.port}"

    def commands(self) -> Mapping[str, Sequence[str]]:
        dask = [sys.executable, "-P", "-m", "dask"]
        scheduler = ["scheduler", "--host", "127.0.0.1", "--port", str(self.port)]
        worker = ["worker", self.address, "--nthreads", "1", "--nworkers", "1"]
        workers = {
            f"{WORKER}-{number}": [*dask, *worker, "--no-dashboard"]
            for number in range(1, self.where.workers + 1)
        }
        command = {COMMAND: self.where.command("--scheduler", self.address)}
        return {SCHEDULER: [*dask, *scheduler, "--no-dashboard"]} | workers | command

    def victims(self) -> Mapping[str, list[int]]:
        by_hand = [one for name, one in self._processes.items() if name.startswith(WORKER)]
        below_them = [each for one in by_hand for each in below(one.pid)]
        inside = [one for one in below_them if SPAWNED in _read(one, "cmdline")]
        return {
            COMMAND: [self._processes[COMMAND].pid],
            SCHEDULER: [self._processes[SCHEDULER].pid],
            WORKER: [*inside, *(one.pid for one in by_hand)],
            CELL: _cells(below_them),
        }

    def _start(self, name: str, words: Sequence[str]) -> None:
        super()._start(name, words)
        if name == SCHEDULER:
            _await_port(self.port)


def moments(random: Random, kills: int, cells: int) -> list[float]:
    """At random over the whole study: after how many cells, and what part of the time that one
    takes after that. So they are spread alike, however slow the machine is."""
    return sorted(random.uniform(0, cells) for _ in range(kills))


def disturbed(crew: Crew, at: Sequence[float], random: Random) -> list[Kill]:
    """Until the study is done: what was killed, and when. ``at`` are moments."""
    began_s, told, waiting = time.monotonic(), list[Kill](), list(at)
    seen, seen_s = 0, began_s
    while True:
        crew.start()
        code = crew.ended(LOOK_S)
        if code in DONE:
            return told
        now_s, cells = time.monotonic(), crew.cells()
        if cells > seen:
            seen, seen_s = cells, now_s
        a_cell_s = max(LEAST_CELL_S, (now_s - began_s) / (cells + 1))
        if code is not None or not waiting or cells + (now_s - seen_s) / a_cell_s < waiting[0]:
            continue
        waiting.pop(0)
        victims = {name: found for name, found in crew.victims().items() if found}
        untouched = victims.keys() - {one.what for one in told}  # each kind once before any twice
        what = random.choice(sorted(untouched or victims))
        crew.kill(what, random.choice(victims[what]))
        told.append(Kill(now_s - began_s, what, cells))
        print(f"{told[-1].at_s:6.1f} s, {cells:3} cells: killed {what}", flush=True)
        time.sleep(random.uniform(0, AGAIN_S))


def differing(one: Path, other: Path) -> list[str]:
    """Files of two studies that are not the same bytes, or that only one has."""
    names = {*WHOLE}
    for folder in (one, other):
        names |= {f"tables/{path.name}" for path in (folder / "tables").iterdir()}
        for cell in (folder / "cells").iterdir():
            names |= {f"cells/{cell.name}/{name}" for name in OF_CELLS if (cell / name).exists()}
    return sorted(name for name in names if _octets(one / name) != _octets(other / name))


def below(process: int) -> Iterator[int]:
    """All processes that one has started, and theirs."""
    for task in Path(f"/proc/{process}/task").glob("*"):
        for child in map(int, _read(process, f"task/{task.name}/children").split()):
            yield child
            yield from below(child)


def _cells(processes: Sequence[int]) -> list[int]:
    return [one for one in processes if CELL_PROGRAM in _read(one, "cmdline")]


def _cells_of(study: Path) -> int:
    return len(list((study / "cells").iterdir()))


def _all_processes() -> Iterator[int]:
    return (int(one.name) for one in Path("/proc").iterdir() if one.name.isdecimal())


def _read(process: int, name: str) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/{name}").read_bytes()
    return b""


def _octets(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _await_port(port: int) -> None:
    until_s = time.monotonic() + PORT_S
    while time.monotonic() < until_s:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit(f"no scheduler listens at port {port}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="new")
    parser.add_argument("--study", type=Path, default=STUDY, metavar="FILE")
    parser.add_argument("--reference", type=Path, metavar="DIR", help="the study, left alone")
    parser.add_argument("--by-hand", action="store_true", help="a scheduler and two workers")
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--code", type=Path, default=ROOT, metavar="DIR", help="another checkout")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    out = args.out.resolve()
    out.mkdir(parents=True)
    if (reference := args.reference) is None:
        reference = out / "alone"
        alone = Where(args.study.resolve(), reference, code=args.code.resolve())
        disturbed(Crew(alone, out / "of-alone"), [], Random(0))
    where = Where(args.study.resolve(), out / "study", code=args.code.resolve())
    crew = (CrewByHand if args.by_hand else Crew)(where, out / "processes")
    began_s = time.monotonic()
    try:
        random = Random(args.seed)
        kills = disturbed(crew, moments(random, args.kills, _cells_of(reference)), random)
    finally:
        crew.close()
    took_s, counts = time.monotonic() - began_s, Counter(one.what for one in kills)
    other, left = differing(where.out, reference), crew.left()
    killed = ", ".join(f"{count} times {what}" for what, count in sorted(counts.items()))
    print(f"killed {killed or 'nothing'}; started {dict(crew.started)}; {took_s:.0f} s")
    print(f"not the same bytes: {', '.join(other) or 'none'}; processes left: {left or 'none'}")
    return 1 if other or left else 0


if __name__ == "__main__":
    sys.exit(main())
