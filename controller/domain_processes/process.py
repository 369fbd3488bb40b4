"""The process of one domain: ``python -m corridor.controller.domain_processes.process FOLDER``.

The folder has ``sight.json``, the certificates, and ``state.json`` once there is a state. Orders of
the operator come as JSON lines on standard input, and answers leave on standard output; the process
ends with its input. Neighbours connect to a port of the loopback interface: each frame is four
octets with its length, then JSON, and is answered by a frame with ``refused``, empty or a line.
What is refused is counted, and is a line on standard error.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from corridor.controller.domain_processes.certificates import context, domain_of
from corridor.controller.domain_processes.switches import SOCKET, Switches
from corridor.controller.domains.domain_controller import DomainController, Timer
from corridor.controller.domains.messages import (
    MOST_BYTES,
    Frame,
    Refused,
    decoded,
    encoded,
)
from corridor.controller.domains.sight import Sight
from corridor.topologies.base.whole_file import write_whole

HOST = "127.0.0.1"
ANSWER_S, IDLE_S, AGAIN_S = 3.0, 60.0, 0.2
"""Time for an answer; for a connection without frames; until a domain is tried again."""
MOST_CONNECTIONS = 256
SIGHT, STATE = "sight.json", "state.json"
LENGTH_OCTETS = 4


async def read_frame(reader: asyncio.StreamReader, most: int = MOST_BYTES) -> bytes:
    """Read one frame. Raises Refused if it is too large, and OSError or EOFError at the end."""
    length = int.from_bytes(await reader.readexactly(LENGTH_OCTETS))
    if length > most:
        raise Refused("too large", f"{length} octets, at most {most}")
    return await reader.readexactly(length)


def framed(data: bytes) -> bytes:
    """Return data with its length before it."""
    return len(data).to_bytes(LENGTH_OCTETS) + data


class DomainProcess:
    """One controller with its neighbours, its file and its timers."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        sight = Sight.from_json((folder / SIGHT).read_text(encoding="utf-8"))
        state = folder / STATE
        kept = state.read_text(encoding="utf-8") if state.exists() else ""
        self.controller = DomainController(sight, kept)
        self._written = -1
        self._peers: dict[str, int] = {}
        self._wake: dict[str, asyncio.Event] = {}
        self._senders: dict[str, asyncio.Task[None]] = {}
        self._last: dict[str, tuple[int, int]] = {}
        """By neighbour, start and number of its last frame."""
        self._number = self._open = 0
        self._is_silent = False
        self._switches: Switches | None = None
        """Once there are any; then no message leaves before they hold the tables it is about."""
        self._held = -1
        self._dead_ports: set[tuple[str, int]] = set()
        self._fibres = {
            (end.hub, end.port): wire.fibre
            for wire in self.controller.sight.wiring.fibres
            for end in (wire.a, wire.z)
            if end.hub in self.controller.sight.mine
        }
        self._counted: Counter[str] = Counter()
        self._server_tls = context(folder, is_server=True)
        self._client_tls = context(folder, is_server=False)

    async def run(self) -> None:
        """Serve until standard input ends."""
        port_file = self._folder / "port"
        wanted = int(port_file.read_text()) if port_file.exists() else 0
        server = await asyncio.start_server(self._connected, HOST, wanted)
        port = server.sockets[0].getsockname()[1]
        port_file.write_text(str(port))
        if (self._folder / SOCKET).exists():
            await self._serve_switches()
        _say({"port": port})
        loop = asyncio.get_running_loop()
        orders = asyncio.StreamReader(limit=2**26)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while line := await orders.readline():
            order = json.loads(line)
            if order["do"] == "switches":
                await self._serve_switches()
            _say(self._ordered(order))
        server.close()

    # The operator's orders.

    def _ordered(self, order: dict[str, Any]) -> dict[str, Any]:
        what, one = order["do"], self.controller
        if what == "peers":
            self._peers = order["ports"]
            one.start()
        elif what in ("cut", "repaired"):
            getattr(one, what)(order["fibre"])
        elif what in ("leave", "rejoin"):
            getattr(one, what)()
        elif what == "policies":
            text = order["sight"]
            write_whole(self._folder / SIGHT, text.encode())
            one.change(Sight.from_json(text))
        elif what in ("silence", "speak"):
            self._is_silent = what == "silence"
        self._changed()
        return {
            "settled": one.is_settled,
            "boot": one.state.boot,
            **{name: self._counted[name] for name in ("frames", "octets")},
            "sent": one.sent,
            "refused": one.refused,
        }

    # Switches.

    async def _serve_switches(self) -> None:
        self._switches = Switches(self.controller.name, self._folder, self._port)
        await self._switches.serve()
        self._changed()

    async def _tables_in(self) -> None:
        """Return once switches, if there are any, hold what the state file has."""
        one = self.controller
        while self._switches is not None and self._held != one.state.tables:
            tables = one.state.tables
            await self._switches.hold(one.program, lambda: one.digest)
            self._held = tables

    def _port(self, dpid: int, number: int, live: bool) -> None:
        """A fibre works while its ports here are live."""
        sight = self.controller.sight
        hub = next(one.hub for one in sight.wiring.hubs if one.dpid == dpid)
        fibre = self._fibres.get((hub, number))
        if fibre is None:
            return
        (self._dead_ports.discard if live else self._dead_ports.add)((hub, number))
        is_dead = fibre in {self._fibres[port] for port in self._dead_ports}
        if is_dead != (fibre in self.controller.state.dead):
            (self.controller.cut if is_dead else self.controller.repaired)(fibre)
            self._changed()

    # State and timers: nothing leaves before the file has it.

    def _changed(self) -> None:
        one = self.controller
        if one.state.changes != self._written:
            write_whole(self._folder / STATE, one.state.to_json().encode())
            self._written = one.state.changes
        loop = asyncio.get_running_loop()
        for timer in one.timers:
            loop.call_later(timer.after_s, self._due, timer)
        one.timers.clear()
        if self._switches is not None and self._held != one.state.tables:
            self._installing = loop.create_task(self._tables_in())
        for to in one.unsent_to():
            if to not in self._senders:
                self._wake[to] = asyncio.Event()
                self._senders[to] = asyncio.create_task(self._sender(to))
            self._wake[to].set()

    def _due(self, timer: Timer) -> None:
        self.controller.due(timer)
        self._changed()

    # Frames to neighbours.

    async def _sender(self, to: str) -> None:
        link: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        while True:
            await self._wake[to].wait()
            self._wake[to].clear()
            while self._peers.get(to) and to in self.controller.unsent_to():
                await self._tables_in()
                while self._is_silent:
                    await asyncio.sleep(AGAIN_S)
                update, exchange = self.controller.take(to)
                try:
                    if link is None:
                        link = await asyncio.wait_for(self._connect(to), ANSWER_S)
                    await asyncio.wait_for(self._exchange(to, link, (*update, *exchange)), ANSWER_S)
                except (OSError, EOFError, TimeoutError, Refused):
                    if link is not None:
                        link[1].close()
                    link = None
                    self.controller.agreements.unsent(to, exchange)
                    self._changed()
                    await asyncio.sleep(AGAIN_S)
                else:
                    self.controller.delivered(to, len(update))
                    self._changed()

    async def _connect(self, to: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(
            HOST, self._peers[to], ssl=self._client_tls, server_hostname=""
        )
        named = domain_of(writer.get_extra_info("ssl_object"))
        if named != to:
            writer.close()
            self._refuse(to, Refused("certificate", f"it is of {named[:60]}"))
            raise Refused("certificate", named)
        return reader, writer

    async def _exchange(
        self,
        to: str,
        link: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        items: tuple[Any, ...],
    ) -> None:
        reader, writer = link
        one = self.controller
        self._number += 1
        data = encoded(
            Frame(
                sender=one.name, to=to, boot=one.state.boot, number=self._number,
                policies=one.digest, items=items,
            )
        )  # fmt: skip
        self._counted["frames"] += 1
        self._counted["octets"] += len(data)
        writer.write(framed(data))
        await writer.drain()
        answer = json.loads(await read_frame(reader))
        if answer["refused"]:
            raise Refused("malformed", answer["refused"])

    # Frames from neighbours.

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= MOST_CONNECTIONS:
                await self._serve(reader, writer)
        except Refused as problem:
            self._refuse("a neighbour", problem)
        except (OSError, EOFError, TimeoutError):
            pass  # it ended, or was silent
        finally:
            self._open -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.wait_for(writer.start_tls(self._server_tls), ANSWER_S)
        except ssl.SSLError as problem:
            raise Refused("certificate", problem.reason or "none") from None
        named = domain_of(writer.get_extra_info("ssl_object"))
        while True:
            try:
                data = await asyncio.wait_for(read_frame(reader), IDLE_S)
            except Refused as problem:
                await self._answer(writer, str(problem))
                raise
            if self._is_silent:
                continue
            try:
                self._take(named, decoded(data))
            except Refused as problem:
                self._refuse(named, problem)
                await self._answer(writer, str(problem))
            else:
                self._changed()
                await self._answer(writer, "")

    async def _answer(self, writer: asyncio.StreamWriter, refused: str) -> None:
        writer.write(framed(json.dumps({"refused": refused}).encode()))
        await asyncio.wait_for(writer.drain(), ANSWER_S)

    def _take(self, named: str, frame: Frame) -> None:
        """Take all items of a frame that is for this controller, from whom it says."""
        if frame.sender != named:
            raise Refused("certificate", f"the frame is of {frame.sender}")
        if frame.to != self.controller.name:
            raise Refused("receiver", f"it is for {frame.to}")
        if (frame.boot, frame.number) <= self._last.get(named, (0, 0)):
            raise Refused("replayed", f"frame {frame.number} of start {frame.boot}")
        self._last[named] = frame.boot, frame.number
        self.controller.agreements.met(named, frame.boot)
        for item in frame.items:
            try:
                self.controller.received(named, item, frame.policies)
            except Refused as problem:
                self._refuse(named, problem)

    def _refuse(self, sender: str, problem: Refused) -> None:
        self.controller.refused[problem.kind] += 1
        line = f"{self.controller.name} refused a message of {sender}: {problem}"
        print(line[:500].replace("\n", " "), file=sys.stderr, flush=True)


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(DomainProcess(Path(sys.argv[1])).run())
