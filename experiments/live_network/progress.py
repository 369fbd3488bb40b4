"""Prints what happens to a live network, for the person who waits at the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from corridor.experiments.lab.run_events import Event, SessionOpen
from corridor.experiments.live_network.event_text import counted, told
from corridor.experiments.live_network.session import Session
from corridor.experiments.run.event_log import Say
from corridor.experiments.terminal.live import LiveLines
from corridor.topologies.base.codec import to_plain

Note = Callable[[Event], object]
PHASES = {
    "build": "building the network, installing and proving tables",
    "read-back": "reading tables back",
    "teardown": "taking down",
}
NOT_OF_OWN = ("policy", "drain", "trace")
"""Commands that ask the product's controller."""
LOUD = ("refused", "failed", "error", "forgotten")
"""Of the controller's events, those printed also while the network is built or taken down."""


class ProgressPrinter:
    """Takes events as they come: ``say`` gets lines, ``note`` all events."""

    def __init__(self, name: str, out_dir: Path, say: Say, note: Note, started_s: float) -> None:
        self._name = name
        self._out_dir = out_dir
        self._say = say
        self._note = note
        self._started_s = started_s
        self._ready = False
        self._at_ready: Callable[[], object] = lambda: None
        self.is_own = False
        """Whether a controller of a user's steers."""

    def at_ready(self, do: Callable[[], object]) -> None:
        """Once it is up, and that was stated."""
        self._at_ready = do

    def offered(self, session: Session) -> None:
        """The network can be reached from now on."""
        plain = to_plain(session)
        said = {"event": "session", "wall_s": time.monotonic(), **plain, "out": str(self._out_dir)}
        self(cast(SessionOpen, said))

    def __call__(self, event: Event) -> None:
        since_s = event["wall_s"] - self._started_s
        event["wall_s"] = round(since_s, 3)
        self._note(event)
        for line in self._lines(event):
            self._tell(event, f"[{since_s:6.1f} s] {line}")
        if event["event"] == "step" and isinstance(self._say, LiveLines):
            self._say.step(f"{event['done']} of {event['of']} {event['name']}")
        if event["event"] == "phase":
            self._ready = event["name"] == "ready"
            if self._ready:
                self._say(self._usage())
                if isinstance(self._say, LiveLines):
                    self._say.rest()
                self._at_ready()

    def _tell(self, event: Event, line: str) -> None:
        if isinstance(self._say, LiveLines) and event["event"] == "phase":
            self._say.begin(line)
        else:
            self._say(line)

    def _lines(self, event: Event) -> list[str]:
        if event["event"] == "session":
            return [f"API at {event['url']}, its token in {event['token_file']}"]
        if event["event"] == "phase" and event["name"] == "ready":
            return [f"ready: {counted(event['demands'])}"]
        if event["event"] == "phase":
            return [PHASES[event["name"]]] if event["name"] in PHASES else []
        if event["event"] == "restart":
            return [f"the controller ended with code {event['code']}, another is started"]
        if event["event"] == "controller_event" and (self._ready or event["said"]["event"] in LOUD):
            line = told(event["said"])
            return [line] if line else []
        return []

    def _usage(self) -> str:
        words = (
            ("status", "how each demand is served"),
            ("policy set SET", "other policies: a shipped set, or a file"),
            ("drain FIBRE", "remove all traffic from a fibre; restore FIBRE undoes it"),
            ("events", "what happens, also from elsewhere"),
            ("page", "its map in a browser, with buttons to cut, drain and set policies"),
            ("exec HUB CMD", "a program at a hub; shell HUB, ping FROM TO, probe DEMAND"),
            ("mininet", "Mininet's command line"),
            ("cut FIBRE", "cut it; mend FIBRE undoes it; kill, start, fault for the rest"),
            ("trace DEMAND", "the path of its packets now; capture FIBRE -w FILE"),
        )
        lines = [
            f"  corridor {word:16}{meaning}"
            for word, meaning in words
            if not (self.is_own and word.startswith(NOT_OF_OWN))
        ]
        last = f"With several add --network {self._name}. Ctrl-C, or corridor down, ends this one."
        return "\n".join([*lines, last])
