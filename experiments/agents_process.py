"""The traffic agents as a run sees them: their launcher's process and its lines."""

from __future__ import annotations

import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any

from experiments.lines import LineReader
from topologies.errors import EnvironmentLacking, MeasurementInvalid
from traffic.launcher import command as launcher_command


class AgentsProcess:
    """The launcher of the traffic agents and its lines."""

    def __init__(self, job_path: Path) -> None:
        self._process = subprocess.Popen(
            launcher_command(str(job_path)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._lines = LineReader(self._process.stdout.fileno())

    def tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write((json.dumps(message) + "\n").encode())
            self._process.stdin.flush()

    def wait(self, kind: str, timeout_s: float | None) -> dict[str, Any]:
        """The next message of a kind; raises if the agents fail, end or stay silent instead."""
        while line := self._lines.next(timeout_s):
            message: dict[str, Any] = json.loads(line)
            if kind in message:
                value = message[kind]
                return value if isinstance(value, dict) else message
            if "failed" in message:
                failed = message["failed"]
                raise EnvironmentLacking(f"host {failed['host']}: {failed['reason']}")
        if line is None:
            raise MeasurementInvalid(f"the traffic agents said no {kind!r} in {timeout_s:g} s")
        code = self._process.wait()
        raise MeasurementInvalid(f"the traffic agents ended with code {code} before {kind!r}")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
