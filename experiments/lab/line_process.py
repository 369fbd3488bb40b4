"""A process beside the run that is told and tells by JSON lines on its standard streams."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Sequence
from typing import Any

from corridor.topologies.base.errors import EnvironmentUnsupported, MeasurementInvalid
from corridor.topologies.base.json_lines import LineReader, encode


class LineProcess:
    """``name`` is what failures call it."""

    def __init__(self, command: Sequence[str], name: str) -> None:
        self._name = name
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._lines = LineReader(self._process.stdout.fileno())
        self.passed_over: list[dict[str, Any]] = []
        """Messages that came while another was waited for."""

    def tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(encode(message))
            self._process.stdin.flush()

    def wait(self, kind: str, timeout_s: float | None) -> dict[str, Any]:
        """The next message of a kind; raises if the process fails, ends or stays silent instead."""
        while line := self._lines.next(timeout_s):
            message: dict[str, Any] = json.loads(line)
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

    def wait_ready(self, kind: str, timeout_s: float) -> dict[str, Any]:
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


def _failure(failed: dict[str, Any]) -> str:
    kind, place = next(((key, failed[key]) for key in ("host", "hub") if key in failed), ("", None))
    return f"{kind} {place}: {failed['reason']}" if place else str(failed["reason"])
