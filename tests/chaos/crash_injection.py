"""A controller that dies, or stops, at a chosen point: for what only happens by chance.

``python -m tests.chaos.crash_injection --port N``, else ``controller/reconcile/app_main.py``. What
it is told is in a file, see ``crash_points.py``.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from corridor.controller.reconcile import app_main
from tests.chaos.crash_points import FILE, MOMENTS

POLL_S = 0.01


class CrashPoint:
    """What is being done, and whether it is now."""

    def __init__(self, path: Path, sleep: Callable[[float], object]) -> None:
        self._path = path
        self._sleep = sleep
        self._jobs: list[tuple[str, Counter[str]]] = []
        self._messages_left: int | None = None

    def orders(self) -> dict[str, Any]:
        try:
            said: dict[str, Any] = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return said

    @contextlib.contextmanager
    def doing(self, job: str) -> Iterator[None]:
        self._jobs.append((job, Counter()))
        if job == "update" and (messages := self.orders().get("messages")) is not None:
            self._messages_left = messages
            self.done()
        try:
            yield
        finally:
            self._jobs.pop()

    def calls(self, call: str) -> Callable[[str], bool]:
        """One more call; whether a place in it is where something is to happen."""
        if not self._jobs:
            return lambda _where: False
        job, counts = self._jobs[-1]
        counts[call] += 1
        now = (job, call, counts[call])
        return lambda where: MOMENTS.get(self.orders().get("at", "")) == (*now, where)

    def sends(self) -> None:
        """One more message to a switch."""
        if self._messages_left is not None:
            self._messages_left -= 1
            if self._messages_left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def done(self) -> None:
        self._path.unlink()

    def reached(self) -> None:
        said = self.orders()
        if said["do"] == "die":
            self.done()
            os.kill(os.getpid(), signal.SIGKILL)
        aside = self._path.with_suffix(".waits")
        aside.write_text(json.dumps({**said, "at": "", "waits": said["at"]}))
        aside.replace(self._path)
        while self._path.exists():
            self._sleep(POLL_S)


def half(orders: Mapping[int, Any], *, of_each: bool) -> dict[int, Any]:
    """To half of the switches; and, unless each gets all or nothing, half to one more."""
    dpids = sorted(dpid for dpid in orders if orders[dpid])
    middle = max(len(dpids) // 2, 1)
    told = {dpid: orders[dpid] for dpid in dpids[:middle]}
    if of_each and dpids[middle:]:
        some = orders[dpids[middle]]
        told[dpids[middle]] = some[: len(some) // 2]
    return told


def app_that_dies() -> str:
    """The framework has patched what it must by now, and other modules may be imported."""
    from corridor.controller.openflow.framework import hub

    point = CrashPoint(Path(os.environ[FILE]), hub.sleep)
    if point.orders().get("do") == "unproven":
        point.done()
        _prove_nothing()
    _name_jobs(point)
    _watch_calls(point)
    return _app()


def _name_jobs(point: CrashPoint) -> None:
    from corridor.controller.reconcile.deployer import Deployer
    from corridor.controller.reconcile.state_file import StateFile
    from corridor.controller.reconcile.two_phase_rollout import Updater

    def in_job(cls: type, name: str, job: Callable[..., str]) -> None:
        original = getattr(cls, name)

        def method(self: Any, *arguments: Any, **more: Any) -> Any:
            with point.doing(job(*arguments, **more)):
                return original(self, *arguments, **more)

        setattr(cls, name, method)

    in_job(Deployer, "boot", lambda *_: "boot")
    in_job(Deployer, "withdraw", lambda *_: "withdraw")
    in_job(Updater, "carry_out", lambda *_: "update")
    in_job(StateFile, "keep", lambda *kept: "keep" if kept[-1] is None else "keep next")
    Updater.interfaces = _sleeping(point)  # type: ignore[assignment]


def _watch_calls(point: CrashPoint) -> None:
    from corridor.controller.openflow.channel import OpenFlowChannel

    def at_calls(name: str, in_part: Callable[..., object] | None) -> None:
        original = getattr(OpenFlowChannel, name)

        def method(self: Any, told: Any) -> Any:
            is_at = point.calls(name)
            if is_at("before"):
                point.reached()
            if in_part is not None and is_at("half"):
                original(self, in_part(told))
                point.reached()
            answer = original(self, told)
            if is_at("after"):
                point.reached()
            return answer

        setattr(OpenFlowChannel, name, method)

    at_calls("tell", lambda told: half(told, of_each=True))
    at_calls("bundle", lambda told: half(told, of_each=False))
    at_calls("dump", None)
    os.fsync = _fsync(point)  # type: ignore[assignment]
    by_message = _counting(point, OpenFlowChannel._send_octets)
    OpenFlowChannel._send_octets = by_message  # type: ignore[method-assign]


def _counting(point: CrashPoint, send: Callable[..., None]) -> Callable[..., None]:
    """Sends each message separately, where all to a switch would leave in one write."""

    def count_and_send(channel: Any, datapath: Any, parts: Iterable[bytes]) -> None:
        for part in parts:
            point.sends()
            send(channel, datapath, (part,))

    return count_and_send


def _fsync(point: CrashPoint) -> Callable[[int], None]:
    fsync = os.fsync

    def write(file: int) -> None:
        is_at = point.calls("fsync")
        if is_at("half"):
            os.ftruncate(file, os.fstat(file).st_size // 2)
            point.reached()
        fsync(file)
        if is_at("after"):
            point.reached()

    return write


def _sleeping(point: CrashPoint) -> property:
    """An attribute that holds the network with a clock whose moments can be chosen."""

    def with_moments(updater: Any, interfaces: Any) -> None:
        def sleep(seconds: float) -> None:
            is_at = point.calls("sleep")
            interfaces.sleep(seconds / 2)
            if is_at("half"):
                point.reached()
            interfaces.sleep(seconds / 2)
            if is_at("after"):
                point.reached()

        updater.__dict__["interfaces"] = replace(interfaces, sleep=sleep)

    return property(lambda updater: updater.__dict__["interfaces"], with_moments)


def _prove_nothing() -> None:
    from corridor.controller.openflow import deployments

    proof_of = deployments.proof_of

    def unproven(*arguments: Any) -> Any:
        proof = proof_of(*arguments)
        broken = replace(proof.verdicts[0], status="violated", why="as the test ordered")
        return replace(proof, verdicts=(broken, *proof.verdicts[1:]))

    deployments.proof_of = unproven  # type: ignore[assignment]


_app = app_main._app


if __name__ == "__main__":
    app_main._app = app_that_dies
    sys.exit(app_main.main())
