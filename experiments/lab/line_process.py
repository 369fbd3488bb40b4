"""A process next to the run that exchanges JSON lines on its standard streams."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from corridor.topologies.base.errors import EnvironmentUnsupported, MeasurementInvalid
from corridor.topologies.base.json_lines import LineReader, encode


class Failed(TypedDict):
    """Why a process ends, and of which host or hub it is."""

    reason: str
    host: NotRequired[str | None]
    hub: NotRequired[str | None]


class LineProcess:
    """``name`` is what failures call it.

    Each kind of process says which messages it has: see its class.
    """

    def __init__(self, command: Sequence[str], name: str) -> None:
        self._name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._lines = LineReader(self._process.stdout.fileno())
        self.passed_over: list[Mapping[str, Any]] = []
        """Messages that came while another was waited for."""

    def tell(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(encode(message))
            self._process.stdin.flush()

    def wait(self, kind: str, timeout_s: float | None) -> Any:
        """What the next message of a kind says under that name; all of it, if that is not an
        object.

        Raises if the process fails, ends or stays silent instead.
        """
        while line := self._lines.next(timeout_s):
            message: Mapping[str, Any] = json.loads(line)
            if kind in message:
                value = message[kind]
                return value if isinstance(value, dict) else message
            if "failed" in message:
                raise EnvironmentUnsupported(_failure(message["failed"]))
            self.passed_over.append(message)
        if line is None:
            raise MeasurementInvalid(f"{self._name} said no {kind!r} in {timeout_s:g} s")
        code = self._process.wait()
        raise MeasurementInvalid(f"{self._name} ended with code {code} before {kind!r}")

    def wait_ready(self, kind: str, timeout_s: float) -> Any:
        """``wait``, for constructors: a process that is not ready is ended."""
        try:
            return self.wait(kind, timeout_s)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Have it end, and wait for it."""
        self._process.terminate()
        self._process.wait()


def _failure(failed: Failed) -> str:
    kind = "host" if "host" in failed else "hub"
    place = failed.get("host", failed.get("hub"))
    return f"{kind} {place}: {failed['reason']}" if place else failed["reason"]
