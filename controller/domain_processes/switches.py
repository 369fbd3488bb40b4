"""The other half of a domain's controller, as its process sees it: who speaks OpenFlow.

``controller/reconcile/domain_app.py`` connects to a socket, says which ports are live, and is told
which program its switches are to hold. What they held when is kept for who proves it afterwards.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from pathlib import Path

from corridor.controller.domains.held_tables import Held
from corridor.controller.forwarding.program import Flow, Program, SwitchProgram
from corridor.topologies.base.codec import to_plain

SOCKET, HELD = "switches.sock", "held.jsonl"
PROGRAMS = ("program-0.json", "program-1.json")
MOST_LINE = 2**20

type Tables = tuple[SwitchProgram, ...]


class Switches:
    """All switches of one domain."""

    def __init__(
        self, domain: str, folder: Path, on_port: Callable[[int, int, bool], None]
    ) -> None:
        """``on_port``: takes datapath id, port, and whether it is live."""
        self._domain, self._folder, self._on_port = domain, folder, on_port
        self._line: asyncio.StreamWriter | None = None
        self._connection = asyncio.Condition()
        self._lock = asyncio.Lock()
        self._said: asyncio.Queue[str] = asyncio.Queue()
        self._tables: Tables | None = None
        """That they hold; None until the first."""
        self._turns = 0

    async def serve(self) -> None:
        """Listen from now on."""
        path = self._folder / SOCKET
        path.unlink(missing_ok=True)
        await asyncio.start_unix_server(self._connected, path, limit=MOST_LINE)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._connection:
            self._line = writer
            self._connection.notify_all()
        while line := await reader.readline():
            message = json.loads(line)
            if "port" in message:
                self._on_port(*message["port"])
            else:
                self._said.put_nowait(message["held"])
        self._line = None

    async def hold(self, tables: Callable[[], Tables], policies: Callable[[], str]) -> None:
        """Return once switches hold the tables of this moment, under policies of this digest."""
        async with self._lock:
            while (now := tables()) != self._tables:
                await self._install(now)
                self._keep(now, policies())
                self._tables = now

    async def _install(self, now: Tables) -> None:
        self._turns += 1
        path = self._folder / PROGRAMS[self._turns % 2]
        path.write_text(json.dumps(to_plain(Program(now, ()))))
        async with self._connection:
            await self._connection.wait_for(lambda: self._line is not None)
        assert self._line is not None
        self._line.write(json.dumps({"do": "program", "from": str(path)}).encode() + b"\n")
        while await self._said.get() != str(path):
            pass

    def _keep(self, now: Tables, policies: str) -> None:
        """Append what has changed."""
        before = {one.hub: {*one.flows} for one in self._tables or ()}
        more = {one.hub: _in_order({*one.flows} - before.get(one.hub, set())) for one in now}
        gone = {one.hub: _in_order(before.get(one.hub, set()) - {*one.flows}) for one in now}
        is_first = self._tables is None
        line = Held(time.time_ns(), self._domain, policies, is_first, more, gone)
        with (self._folder / HELD).open("a", encoding="utf-8") as file:
            file.write(json.dumps(to_plain(line)) + "\n")


def _in_order(flows: set[Flow]) -> tuple[Flow, ...]:
    return tuple(sorted(flows, key=repr))
