"""What is measured while a page is looked at: how full fibres are, round trips of what is shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from corridor.controller.api.link import Problem
from corridor.experiments.live_network.page_actions import OperationsLink
from corridor.experiments.operations import terminal
from corridor.experiments.operations.door import Client
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.errors import CorridorError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.wiring import Wiring

# How full fibres are: what left in a time, as a share of the emulated rate.

LEAST = 0.001
"""Smaller shares are traffic of failure detection, and not shown."""
BITS = 8


class Counted(NamedTuple):
    """Octets that had left by both ends of each fibre at a moment of the monotonic clock."""

    at_ns: int
    octets: Mapping[str, Sequence[int]]


def shares(wiring: Wiring, before: Counted, now: Counted) -> dict[str, float]:
    """Of the fuller direction of each fibre, with its background, 0 to 1; unused ones left out."""
    seconds = (now.at_ns - before.at_ns) / NS_PER_S
    found = {}
    for fibre in wiring.fibres:
        was, sent = before.octets.get(fibre.fibre), now.octets.get(fibre.fibre)
        if was is None or sent is None or seconds <= 0:
            continue
        shapes = (fibre.forward, fibre.backward)
        most = max(
            ((after - first) * BITS / seconds + shape.background_bps) / shape.fibre_bps
            for after, first, shape in zip(sent, was, shapes, strict=True)
        )
        if most >= LEAST:
            found[fibre.fibre] = round(min(most, 1.0), 3)
    return found


type Publish = Callable[[str, JsonObject], Coroutine[None, None, None]]
LOADS_S = 1.0
PROBE_NS = 250_000_000
MOST_PROBED = 4
"""Demands at once, of all pages; the one that was asked for longest ago makes room."""
FORGOTTEN_S = 40.0
"""Since a page has said that it shows a demand, after which it is probed no more."""


class Loads:
    """Asks the kernel's counters once a second, while someone looks."""

    def __init__(self, operations: OperationsLink, wiring: Wiring, publish: Publish) -> None:
        self._operations = operations
        self._wiring = wiring
        self._publish = publish

    async def run(self, is_looked_at: Callable[[], bool]) -> None:
        before: Counted | None = None
        while True:
            await asyncio.sleep(LOADS_S)
            if not is_looked_at():
                before = None
                continue
            with contextlib.suppress(Problem):
                said = await self._operations.ask("loads")
                now = Counted(said["at_ns"], said["bytes"])
                if before is not None:
                    await self._publish("load", {"shares": shares(self._wiring, before, now)})
                before = now


class Probes:
    """Round trips of the demands that pages show, as they come."""

    def __init__(self, operations: OperationsLink, publish: Publish) -> None:
        self._operations = operations
        self._publish = publish
        self._wanted_s: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(MOST_PROBED)

    def want(self, demand: str, now_s: float) -> None:
        """A page shows it."""
        self._wanted_s.pop(demand, None)
        self._wanted_s[demand] = now_s
        for other in list(self._wanted_s)[:-MOST_PROBED]:
            self._stop(other)
        if demand not in self._running:
            self._running[demand] = asyncio.create_task(self._probe(demand))

    def look(self, now_s: float) -> None:
        """Stop what no one has wanted for a while."""
        for demand, wanted_s in list(self._wanted_s.items()):
            if wanted_s + FORGOTTEN_S < now_s:
                self._stop(demand)

    def _stop(self, demand: str) -> None:
        self._wanted_s.pop(demand, None)
        if demand in self._running:
            self._running.pop(demand).cancel()

    async def _probe(self, demand: str) -> None:
        loop = asyncio.get_running_loop()

        def tell(said: Mapping[str, Any]) -> None:
            what = {"demand": demand, **said}
            asyncio.run_coroutine_threadsafe(self._publish("probe", what), loop)

        try:
            client = Client(self._operations.path)  # waits for no one
            with client:
                await loop.run_in_executor(self._threads, _read, client, demand, tell)
        except CorridorError as problem:
            tell({"failed": str(problem)})
        finally:
            if self._running.get(demand) is asyncio.current_task():
                del self._running[demand]


def _read(client: Client, demand: str, tell: Callable[[Mapping[str, Any]], None]) -> None:
    """In a thread: probes as they come, until the client is closed."""
    rest = b""
    try:
        program = client.ask("probe", demand=demand, interval_ns=PROBE_NS)["program"]
        for out, _, _ in terminal.pieces(client, program):
            *lines, rest = (rest + out).split(b"\n")
            for line in lines:
                tell({**json.loads(line), "at_ns": time.time_ns()})
    except (CorridorError, OSError) as problem:
        tell({"failed": str(problem)})
