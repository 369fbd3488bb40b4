"""Start the policy gateways of a network from one process, and watch over them.

    python3 -I -S traffic/agents/gateway_supervisor.py CONFIG.json        (standard library only)

It forks one process a gateway, as launcher.py does for agents, and must be started in the namespace
of the switches' interfaces. Messages are JSON lines:

    out  {"ready": {"bangkok": 123, ...}}                    all inspect; process ids
    in   {"epoch_ns": 1790000000000000000}                   from now on audits count from here
    in   {"do": "kill", "hub": "bangkok"}                    SIGKILL; nothing if it is dead
    out  {"killed": {"hub": "bangkok", "pid": 123}}          its interfaces are down; or pid null
    in   {"do": "start", "hub": "bangkok"}                   nothing if it lives
    out  {"started": {"hub": "bangkok", "pid": 124}}         it inspects
    out  {"died": {"hub": "bangkok", "signal": 11, "exit": null}}    at once, unless stopped
    in   {"do": "assess", "hub": "bangkok", "labels": {...}}  instead of those it lets pass now
    out  {"assessing": {"hub": "bangkok", "labels": 12}}     from the next frame on, dead or alive
    in   {"do": "stop"}                                      SIGTERM to all
    out  {"done": {"bangkok": {"totals": [...], "missed": 0}, ...}}    of those alive at the end
    out  {"failed": {"hub": "bangkok" | null, "reason": "..."}}

With a ``socket`` in the configuration, a controller may say ``assess`` there too, and is answered
there; what else it says, or says wrongly, is answered by ``refused`` with the reason.

Exit code 0 after ``stop``, 3 when a gateway could not be started, 2 when the configuration or a
message is bad, 1 when standard input closes or SIGTERM or SIGINT comes; the gateways are then told
to end. The kernel kills them should this process be killed.

Configuration (values with * may be left out)::

    {"out_dir": str, "epoch_ns"*: 0, "socket"*: path,
     "gateways": {HUB: {"in": interface, "out": interface, "netns": path,
                        "labels": {LABEL: {"demand": str, "src": ip, "dst": ip}}}}}

When a gateway dies, its interfaces lose their carrier. Others may notice that late; so this process
also takes the interfaces down, which others notice at once. Audits (see gateway.py) are in
``out_dir``.
"""

# pathlib is one more import, and imports are dear in a guest.
# ruff: noqa: PTH100, PTH103, PTH108, PTH120, PTH123

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import sys
from typing import NoReturn

if not __package__:
    sys.path.insert(0, os.path.abspath(f"{os.path.dirname(os.path.abspath(__file__))}/../../.."))

from corridor.topologies.base.json_lines import Lines, say, tell
from corridor.topologies.emulation import taps
from corridor.traffic.agents.gateway import (
    SIDES,
    Answer,
    Config,
    Death,
    Gateway,
    GatewayCounts,
    GatewayPlan,
    Order,
    Said,
    Started,
)
from corridor.traffic.agents.inspection import Labels, check_labels
from corridor.traffic.packets.kernel import (
    StoppedError,
    become_child,
    ending,
    how,
    stop_at_signals,
)

EXIT_OK = 0
EXIT_STOPPED = 1
EXIT_BAD_CONFIG = 2
EXIT_CANNOT_START = 3


class CannotStartError(Exception):
    """A gateway could not be started: its hub and why."""


class UnknownHubError(Exception):
    """A message names a hub that has no gateway."""


def command(config_path: str, python: str = sys.executable) -> list[str]:
    """The argument vector that starts the gateways."""
    return [python, "-I", "-S", os.path.abspath(__file__), config_path]


class Child:
    """A gateway's process as its parent sees it."""

    def __init__(self, hub: str, pid: int, channel: socket.socket) -> None:
        self.hub = hub
        self.pid = pid
        self.channel = channel
        self._lines = Lines(channel.fileno())

    def hear(self) -> Said | None:
        """Its next message; None when it has ended. A child says one thing at a time."""
        lines = self._lines.read()
        while lines == []:
            lines = self._lines.read()
        said: Said | None = json.loads(lines[0]) if lines else None
        return said

    def reap(self) -> Death:
        """Wait for the process to end; how it ended."""
        self.channel.close()
        return {"hub": self.hub, **ending(os.waitpid(self.pid, 0)[1])}


class Gateways:
    """All gateways of one configuration."""

    def __init__(self, config: Config) -> None:
        self._plans = config["gateways"]
        self.out_dir = config["out_dir"]
        self._epoch_ns = config.get("epoch_ns", 0)
        self._alive: dict[str, Child] = {}
        self._poll = select.poll()
        self._runner = Lines(0)
        self._listener = _listener(config.get("socket"))
        self._callers: dict[int, tuple[socket.socket, Lines]] = {}

    def start_all(self) -> None:
        """CannotStartError with the first hub whose gateway is not able to."""
        gc.collect()
        gc.freeze()
        for hub in self._plans:
            self._fork(hub)
        for hub in self._plans:
            self._wait_until_ready(hub)
        say({"ready": {hub: child.pid for hub, child in self._alive.items()}})

    def serve(self) -> None:
        """Carry out what the runner asks until it asks for the end."""
        self._poll.register(0, select.POLLIN)
        if self._listener is not None:
            self._poll.register(self._listener.fileno(), select.POLLIN)
        ended = False
        while not ended:
            # One at a time: what is done about it may close the descriptor of the next.
            descriptor = self._poll.poll()[0][0]
            if descriptor:
                self._hear(descriptor)
                continue
            lines = self._runner.read()
            if lines is None:
                raise StoppedError("standard input was closed")
            for line in lines:
                ended = self._obey(json.loads(line)) or ended

    def stop_all(self) -> dict[str, GatewayCounts]:
        """End every gateway and wait for it; their totals."""
        for child in self._alive.values():
            os.kill(child.pid, signal.SIGTERM)
        results = {}
        for hub, child in list(self._alive.items()):
            said = child.hear()
            if said is not None and "counts" in said:
                results[hub] = said["counts"]
            self._remove(child)
        return results

    def _obey(self, message: Order) -> bool:
        """Whether this was the end."""
        if "epoch_ns" in message:
            self._epoch_ns = int(message["epoch_ns"])
            for child in self._alive.values():
                tell(child.channel, {"epoch_ns": self._epoch_ns})
            return False
        if message["do"] == "stop":
            return True
        hub = message["hub"]
        if hub not in self._plans:
            raise UnknownHubError(hub)
        if message["do"] == "kill":
            self._kill(hub)
        elif message["do"] == "start":
            self._start(hub)
        elif message["do"] == "assess":
            say(self._assess(hub, message["labels"]))
        else:
            raise ValueError(f"unknown request: {message['do']}")
        return False

    def _kill(self, hub: str) -> None:
        child = self._alive.get(hub)
        if child is not None:
            os.kill(child.pid, signal.SIGKILL)
            self._remove(child)
        say({"killed": {"hub": hub, "pid": child.pid if child else None}})

    def _start(self, hub: str) -> None:
        if hub not in self._alive:
            self._fork(hub)
            self._wait_until_ready(hub)
        started: Started = {"hub": hub, "pid": self._alive[hub].pid}
        say({"started": started})

    def _assess(self, hub: str, labels: Labels) -> Answer:
        """Another list for a gateway, now and when it is started again."""
        check_labels(labels)
        self._plans[hub]["labels"] = labels
        child = self._alive.get(hub)
        if child is not None:
            with contextlib.suppress(OSError):  # it has died, which is heard of next
                tell(child.channel, {"labels": labels})
            if child.hear() is None:
                say({"died": self._remove(child)})
        return {"assessing": {"hub": hub, "labels": len(labels)}}

    def _hear(self, descriptor: int) -> None:
        """Something from elsewhere than the runner."""
        if self._listener is not None and descriptor == self._listener.fileno():
            caller, _ = self._listener.accept()
            self._callers[caller.fileno()] = (caller, Lines(caller.fileno()))
            self._poll.register(caller.fileno(), select.POLLIN)
        elif descriptor in self._callers:
            self._answer(descriptor)
        else:
            self._bury(descriptor)

    def _answer(self, descriptor: int) -> None:
        caller, lines = self._callers[descriptor]
        said = lines.read()
        try:
            for line in said or ():
                tell(caller, self._answer_to(line))
        except OSError:
            said = None
        if said is None:
            self._poll.unregister(descriptor)
            del self._callers[descriptor]
            caller.close()

    def _answer_to(self, line: bytes) -> Answer:
        try:
            message: Order = json.loads(line)
            if message["do"] != "assess":
                raise ValueError(f"only the runner may {message['do']}")
            if message["hub"] not in self._plans:
                raise ValueError(f"no gateway at {message['hub']}")
            return self._assess(message["hub"], message["labels"])
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as problem:
            return {"refused": {"reason": f"{type(problem).__name__}: {problem}"}}

    def _fork(self, hub: str) -> None:
        parent = os.getpid()
        ours, theirs = socket.socketpair()
        pid = os.fork()
        if not pid:
            _be_gateway(hub, self._plans[hub], self.out_dir, self._epoch_ns, theirs, parent)
        theirs.close()
        self._alive[hub] = Child(hub, pid, ours)
        self._poll.register(ours.fileno(), select.POLLIN)

    def _wait_until_ready(self, hub: str) -> None:
        child = self._alive[hub]
        message = child.hear()
        if message is None:
            raise CannotStartError(hub, how(self._remove(child)))
        if "error" in message:
            self._remove(child)
            raise CannotStartError(hub, message["error"])

    def _bury(self, descriptor: int) -> None:
        """One died without being stopped."""
        (child,) = (child for child in self._alive.values() if child.channel.fileno() == descriptor)
        say({"died": self._remove(child)})

    def _remove(self, child: Child) -> Death:
        """Reap a child that ends, and let the switch see it."""
        del self._alive[child.hub]
        self._poll.unregister(child.channel.fileno())
        end = child.reap()
        for side in SIDES:
            with contextlib.suppress(OSError):  # the network may have been taken down before
                taps.set_up(self._plans[child.hub][side], up=False)
        return end


def _listener(path: str | None) -> socket.socket | None:
    """A socket for a controller; what an earlier process left at its path is replaced."""
    if path is None:
        return None
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(path)
    listener.listen(4)
    return listener


def _be_gateway(
    hub: str,
    plan: GatewayPlan,
    out_dir: str,
    epoch_ns: int,
    channel: socket.socket,
    parent: int,
) -> NoReturn:
    """What the forked process does; it never returns into its parent's code."""
    code = 1
    try:
        become_child(channel, parent)
        try:
            gateway = Gateway(hub, plan, out_dir, epoch_ns)
        except (OSError, KeyError, ValueError) as problem:
            tell(channel, {"error": f"{type(problem).__name__}: {problem}"})
            os._exit(1)
        tell(channel, {"ready": True})
        tell(channel, {"counts": gateway.run(channel)})
        code = 0
    except Exception as problem:  # noqa: BLE001 -- said on stderr, and death is reported
        os.write(2, f"gateway of {hub}: {type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(code)


def main(arguments: list[str]) -> int:
    try:
        with open(arguments[0], "rb") as file:
            gateways = Gateways(json.load(file))
        os.makedirs(gateways.out_dir, exist_ok=True)
    except (OSError, ValueError, KeyError, IndexError) as problem:
        reason = f"configuration {arguments[:1]}: {type(problem).__name__}: {problem}"
        say({"failed": {"hub": None, "reason": reason}})
        return EXIT_BAD_CONFIG
    stop_at_signals()
    try:
        gateways.start_all()
        gateways.serve()
        say({"done": gateways.stop_all()})
        return EXIT_OK
    except CannotStartError as problem:
        hub, reason = problem.args
        say({"failed": {"hub": hub, "reason": reason}})
        return EXIT_CANNOT_START
    except UnknownHubError as problem:
        say({"failed": {"hub": problem.args[0], "reason": "no gateway there"}})
        return EXIT_BAD_CONFIG
    except (ValueError, KeyError) as problem:
        reason = f"message from the runner: {type(problem).__name__}: {problem}"
        say({"failed": {"hub": None, "reason": reason}})
        return EXIT_BAD_CONFIG
    except (StoppedError, BrokenPipeError):
        return EXIT_STOPPED
    finally:
        gateways.stop_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
