"""Networks brought up by the real ``corridor up``, and how to ask over their session."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from corridor_runs import WatchedRun


class Api:
    """That of a session, over HTTP."""

    def __init__(self, session: dict[str, Any]) -> None:
        self._url = session["url"]
        self._token = Path(session["token_file"]).read_text().strip()

    def ask(self, path: str, method: str = "GET", body: Any = None) -> tuple[int, Any]:
        """The status of an answer, and what it says."""
        asked = urllib.request.Request(
            self._url + path,
            method=method,
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
            },
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(asked, timeout=130) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            return problem.code, json.loads(problem.read())

    def demands(self) -> dict[str, dict[str, Any]]:
        code, said = self.ask("/v1/demands")
        return {one["demand"]: one for one in said["demands"]} if code == 200 else {}

    def statuses(self) -> set[str]:
        return {one["status"] for one in self.demands().values()}


class LiveRun(WatchedRun):
    """A network that is kept, and every process and temporary file of it."""

    WORDS = ("up",)
    first: tuple[int, Any] | None = None
    """What its API answered first, where a test keeps it."""

    @property
    def sessions(self) -> Path:
        return self._place / "state/corridor/live"

    def session(self, timeout_s: float = 180) -> dict[str, Any]:
        """The note of the only one, once it is there."""
        (path,) = self.until(lambda: list(self.sessions.glob("*/session.json")), timeout_s)
        return json.loads(path.read_text())

    def until[T](self, what: Callable[[], T], timeout_s: float = 180) -> T:
        """What it is once it is something; fails if the network ends before."""
        deadline = time.monotonic() + timeout_s
        while not (found := what()):
            assert self.process.poll() is None, f"ended: {self.said()}{self.complained()}"
            assert time.monotonic() < deadline, f"not in {timeout_s:g} s: {self.said()}"
            time.sleep(0.05)
        return found
