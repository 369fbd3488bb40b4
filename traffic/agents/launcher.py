"""Start the agents of a job from one warm process, and watch over them.

    python3 -I -S traffic/agents/launcher.py JOB.json | -       (standard library only)

The launcher imports once and forks the agents (no exec, no import after the fork); each enters
the network namespaces of its hosts and binds their sockets. ``processes`` says how many agents
share the hosts between them. Left out, it is one a host, but one for all where there is one CPU,
as in a User Mode Linux guest: a fork and its page faults cost up to 45 ms there, and one loop makes
the order of events its own. Messages are JSON lines:

    out  {"ready": 45, "processes": 1, "start_ms": 80.2}     all hosts have bound their sockets
    in   {"epoch_ns": 1790000000000000000}       CLOCK_REALTIME, in the future, a round second
    out  {"started": {"epoch_ns": ..., "end_ns": ...}}   end_ns is absolute
    in   {"stop": true}      nothing more is sent; the end is linger_ns from now, if that is sooner
    out  {"died": {"hosts": ["shanghai"], "signal": 9, "exit": null}}     at once, if one does
    out  {"done": {"agents": {"shanghai": {...counters...}}, "died": [...], "clock_step_ns": 0}}
    out  {"failed": {"host": "shanghai", "reason": "..."}}   nothing was started or measured

With ``-`` it carries out one job after another, each from its own file, and goes on whatever comes
of one, until standard input closes:

    in   {"job": "JOB.json"}

Exit code 0 when every agent came to its end, 4 when one died (the others went on, or were stopped
if the job says so), 3 when a host could not be prepared, 2 when the job or the epoch is bad, 1 when
the launcher was told to stop. When standard input closes, on SIGTERM or SIGINT, all agents
are killed; they are also killed by the kernel should the launcher itself be.

Job file (``Job`` of jobs.py; all settings, and what a part has by default, may be left out)::

    {"clock": one of jobs.CLOCKS, "out_dir": str, "end_ns": int, "phases": [str],
     "settings": {"flush_records": 64, "flush_ns": 0, "linger_ns": 1000000000, "drain_ns": 10000000,
                  "spin_ns": 0, "on_death": "continue" | "stop", "processes": 0},
     "hosts": [{"name", "netns", "interface",
                "parts": {KEY: [{...}, ...]}}]}

KEY is a kind of traffic/agents/jobs.py, and a part what the file of that kind says.
"end_ns" and the parts' times count from the epoch. Left behind in ``out_dir``:
``probes-HOST.rec`` (see records.py) and, for hosts with streams, ``flows-HOST.json``.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH100, PTH103, PTH120, PTH123

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import NoReturn

if not __package__:
    sys.path.insert(0, os.path.abspath(f"{os.path.dirname(os.path.abspath(__file__))}/../../.."))

from corridor.topologies.base.json_lines import Lines, encode, say, tell
from corridor.topologies.base.registry import PACKAGES
from corridor.traffic.agents.agent import Agent, CannotOpenError
from corridor.traffic.agents.jobs import Death, Done, Host, HostCounts, Job, Ready
from corridor.traffic.packets.kernel import (
    StoppedError,
    become_child,
    ending,
    how,
    stop_at_signals,
)

SEVERAL = "-"
EXIT_OK = 0
EXIT_STOPPED = 1
EXIT_BAD_JOB = 2
EXIT_CANNOT_START = 3
EXIT_AGENT_DIED = 4


class CannotStartError(Exception):
    """A host could not be prepared."""


def command(job_path: str, python: str = sys.executable) -> list[str]:
    """The argument vector that starts a launcher."""
    return [python, "-I", "-S", os.path.abspath(__file__), job_path]


class Child:
    """An agent as the launcher sees it."""

    def __init__(self, hosts: list[str], pid: int, channel: socket.socket) -> None:
        self.hosts = hosts
        self.pid = pid
        self.channel = channel
        self.lines = Lines(channel.fileno())
        self.result: dict[str, HostCounts] | None = None
        self.status: int | None = None

    def reap(self) -> Death:
        """Wait for the process to end; how it ended."""
        if self.status is None:
            self.status = os.waitpid(self.pid, 0)[1]
        return {"hosts": self.hosts, **ending(self.status)}


class Launcher:
    """Forks the agents of one job and carries them to their end."""

    def __init__(self, job: Job, runner: Lines) -> None:
        self.job = job
        self.children: dict[int, Child] = {}
        self.died: list[Death] = []
        self._poll = select.poll()
        self._runner = runner
        self._orders: list[bytes] = []
        """That came with the epoch."""

    def fork_all(self) -> None:
        parent = os.getpid()
        gc.collect()
        gc.freeze()
        gc.disable()
        for hosts in _shared(self.job):
            ours, theirs = socket.socketpair()
            pid = os.fork()
            if not pid:
                _be_agent(self.job, hosts, theirs, parent)
            theirs.close()
            names = [host.name for host in hosts]
            self.children[ours.fileno()] = Child(names, pid, ours)
            self._poll.register(ours.fileno(), select.POLLIN)

    def wait_until_ready(self) -> None:
        """CannotStartError with the first host that is not able to."""
        waiting = set(self.children)
        self._poll.register(0, select.POLLIN)
        while waiting:
            for descriptor, _ in self._poll.poll():
                if descriptor == 0:
                    self._hear_runner()
                    continue
                for line in self._hear(descriptor):
                    message = json.loads(line)
                    if "error" in message:
                        raise CannotStartError(message["host"], message["error"])
                    waiting.discard(descriptor)
                if self.died:
                    raise CannotStartError(", ".join(self.died[0]["hosts"]), how(self.died[0]))

    def wait_for_epoch(self) -> int:
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor:
                    self._hear(descriptor)
                    if self.died:
                        raise CannotStartError(", ".join(self.died[0]["hosts"]), how(self.died[0]))
                    continue
                for line in (lines := self._hear_runner()):
                    self._orders = lines[1:]
                    return int(json.loads(line)["epoch_ns"])

    def run(self, epoch_ns: int) -> None:
        """Release the agents and wait for the last of them, or have all of them stop."""
        order = encode({"epoch_ns": epoch_ns, "end_ns": self.job.end_ns})
        for child in self.children.values():
            child.channel.sendall(order)
        say({"started": {"epoch_ns": epoch_ns, "end_ns": epoch_ns + self.job.end_ns}})
        running = set(self.children)
        self._obey(self._orders, running)
        while running:
            for descriptor, _ in self._poll.poll():
                if descriptor == 0:
                    self._obey(self._hear_runner(), running)
                    continue
                child = self.children[descriptor]
                for line in self._hear(descriptor):
                    message = json.loads(line)
                    if "result" in message:
                        child.result = message["result"]
                if child.status is not None:
                    running.discard(descriptor)
                    if child.result is None and self.job.settings.on_death == "stop":
                        return

    def _obey(self, orders: Iterable[bytes], running: Iterable[int]) -> None:
        if not any(json.loads(line).get("stop") for line in orders):
            return
        for descriptor in running:
            with suppress(BrokenPipeError):  # it has ended already
                self.children[descriptor].channel.sendall(encode({"stop": True}))

    def kill_all(self) -> None:
        for child in self.children.values():
            if child.status is None:
                os.kill(child.pid, signal.SIGKILL)
        for child in self.children.values():
            child.reap()
            child.channel.close()

    def _hear(self, descriptor: int) -> list[bytes]:
        """Lines of one agent; one that ends without a result has died, which is stated at once."""
        child = self.children[descriptor]
        lines = child.lines.read()
        if lines is not None:
            return lines
        self._poll.unregister(descriptor)
        end = child.reap()
        if child.result is None:
            self.died.append(end)
            say({"died": end})
        return []

    def _hear_runner(self) -> list[bytes]:
        lines = self._runner.read()
        if lines is None:
            raise StoppedError("standard input was closed")
        return lines


def _shared(job: Job) -> list[tuple[Host, ...]]:
    """The hosts of each process, neighbours in the job together."""
    hosts = job.hosts
    one_cpu = job.clock == "virtual" or os.cpu_count() == 1
    processes = job.settings.processes or (1 if one_cpu else len(hosts))
    processes = min(processes, len(hosts))
    edges = [len(hosts) * index // processes for index in range(processes + 1)] if hosts else [0]
    return [hosts[first:stop] for first, stop in pairwise(edges)]


def _be_agent(job: Job, hosts: Sequence[Host], channel: socket.socket, parent: int) -> NoReturn:
    """What the forked process does; it never returns into the launcher's code."""
    code = 1
    try:
        become_child(channel, parent)
        agent = Agent(job, hosts)
        try:
            agent.open()
        except CannotOpenError as problem:
            name, reason = problem.args
            tell(channel, {"host": name, "error": reason})
            os._exit(1)
        tell(channel, {"ready": True})
        with channel.makefile("rb", buffering=0) as first:  # what follows is for the agent's loop
            order = json.loads(first.readline())
        tell(channel, {"result": agent.run(order["epoch_ns"], order["end_ns"], channel.fileno())})
        code = 0
    except Exception as problem:  # noqa: BLE001 -- said on stderr, and death is reported
        names = ", ".join(host.name for host in hosts)
        os.write(2, f"agent of {names}: {type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(code)


def _clock_offset_ns() -> int:
    return time.time_ns() - time.monotonic_ns()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        say({"failed": {"host": None, "reason": "usage: launcher.py JOB.json | -"}})
        return EXIT_BAD_JOB
    stop_at_signals()
    sys.path += [folder for folder in os.environ.get(PACKAGES, "").split(os.pathsep) if folder]
    runner = Lines(0)
    if arguments[0] != SEVERAL:
        return carry_out(arguments[0], runner)
    try:
        while lines := runner.read():
            for line in lines:
                if carry_out(str(json.loads(line)["job"]), runner) == EXIT_STOPPED:
                    return EXIT_STOPPED
    except (StoppedError, BrokenPipeError):
        return EXIT_STOPPED
    return EXIT_OK


def carry_out(job_path: str, runner: Lines) -> int:
    """One job; the exit code that says the outcome of it."""
    try:
        with open(job_path, "rb") as file:
            job = Job.from_plain(json.load(file))
        os.makedirs(job.out_dir, exist_ok=True)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        reason = f"job {job_path}: {type(problem).__name__}: {problem}"
        say({"failed": {"host": None, "reason": reason}})
        return EXIT_BAD_JOB
    launcher = Launcher(job, runner)
    try:
        began_ns = time.monotonic_ns()
        launcher.fork_all()
        launcher.wait_until_ready()
        start_ms = round((time.monotonic_ns() - began_ns) / 1e6, 3)
        processes = len(launcher.children)
        ready: Ready = {"ready": len(job.hosts), "processes": processes, "start_ms": start_ms}
        say(ready)
        epoch_ns = launcher.wait_for_epoch()
        if epoch_ns <= time.time_ns():
            say({"failed": {"host": None, "reason": f"epoch {epoch_ns} has passed already"}})
            return EXIT_BAD_JOB
        offset_ns = _clock_offset_ns()
        launcher.run(epoch_ns)
        step_ns = _clock_offset_ns() - offset_ns
        agents: dict[str, HostCounts] = {}
        for child in launcher.children.values():
            agents |= child.result or {}
        done: Done = {"agents": agents, "died": launcher.died, "clock_step_ns": step_ns}
        say({"done": done})
        return EXIT_AGENT_DIED if launcher.died else EXIT_OK
    except CannotStartError as problem:
        host, reason = problem.args
        say({"failed": {"host": host, "reason": reason}})
        return EXIT_CANNOT_START
    except (ValueError, KeyError) as problem:
        reason = f"message from the runner: {type(problem).__name__}: {problem}"
        say({"failed": {"host": None, "reason": reason}})
        return EXIT_BAD_JOB
    except (StoppedError, BrokenPipeError):
        return EXIT_STOPPED
    finally:
        launcher.kill_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
