"""Plain routing in this kernel: ``python -m corridor.experiments.lab.routers_inside FOLDER``.

Reads ``routing_plan.json`` of the folder, starts a daemon in the namespace of each hub, sends
probes, cuts fibres, and writes ``routing_record.json``. The clock is virtual: nothing that is
computed here takes time.
"""

from __future__ import annotations

import heapq
import itertools
import json
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from corridor.experiments.lab.planned_instants import await_instant, run_in_turn
from corridor.experiments.routing.router_tables import RouterTables
from corridor.experiments.routing.routing_plan import (
    PLAN_FILE,
    RECORD_FILE,
    Change,
    Daemon,
    MadeCut,
    PlannedCut,
    Probe,
    Record,
    RoutingPlan,
)
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import MeasurementInvalid
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.emulation.routers import Routers, TableWatch

SCRATCH = Path("/tmp/routing")
ECHO_PORT = 7
ASKS, ANSWERS = b"?", b"!"
NUMBER_BYTES = 8
STOP_S = 10
MOST_LOG_LINES = 20


class _Measurement:
    """One plan while it is carried out. Times are from the start of the first daemon."""

    def __init__(self, plan: RoutingPlan, routers: Routers, stack: ExitStack) -> None:
        self._plan, self._routers = plan, routers
        self._tables = RouterTables(plan.network)
        self._links = {one.fibre: one for one in plan.network.links}
        self._address = {one.hub: one.address for one in plan.network.routers}
        self._poll = select.epoll()
        stack.callback(self._poll.close)
        self._on_read: dict[int, Callable[[], None]] = {}
        self._sockets = {hub: self._socket(hub, stack) for hub in self._address}
        for hub in self._address:
            watch = stack.enter_context(routers.watch(hub))
            self._listen(watch.fileno(), partial(self._note, hub, watch))
        self._start_ns = 0
        self._last_ns = 0
        """When a table, or the state of a fibre, last changed."""
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._turns = itertools.count()
        """Orders what is due at one moment."""
        self._changes: list[Change] = []
        self._sent: list[tuple[int, int]] = []
        self._rtt_ns: dict[int, int] = {}
        self._seen: list[dict[str, dict[str, str]]] = []
        self._made: list[list[int]] = []
        self._children: list[tuple[Daemon, subprocess.Popen[bytes]]] = []

    def run(self, stack: ExitStack) -> None:
        """Carry out the plan from now on."""
        self._start_ns = time.monotonic_ns()
        for daemon in self._plan.daemons:
            self._at(daemon.at_ns, partial(self._start, daemon, stack))
        for turn in range(self._plan.steady_probes):
            at_ns = self._plan.settled_ns + turn * self._plan.probe_interval_ns
            self._at(at_ns, lambda: self._probe(range(len(self._plan.pairs))))
        for cut in self._plan.cuts:
            self._at(cut.from_ns, partial(self._prepare, cut))
        self._look_at(self._plan.settled_ns)
        ends: list[bool] = []
        self._at(self._plan.end_ns, lambda: ends.append(True))
        while not ends:
            self._step()
        self._check()

    def record(self) -> Record:
        probes = (
            Probe(pair, sent_ns, self._rtt_ns.get(number))
            for number, (pair, sent_ns) in enumerate(self._sent)
        )
        return Record(
            changes=tuple(self._changes),
            probes=tuple(probes),
            cuts=tuple(MadeCut(*one) for one in self._made),
            tables=tuple(self._seen),
        )

    @property
    def _now_ns(self) -> int:
        return time.monotonic_ns() - self._start_ns

    def _at(self, at_ns: int, do: Callable[[], None]) -> None:
        heapq.heappush(self._due, (at_ns, next(self._turns), do))

    def _step(self) -> None:
        """Do what is due, or wait until something is due or readable."""
        wait_ms = max(0, -(-(self._due[0][0] - self._now_ns) // NS_PER_MS))
        for descriptor, _ in self._poll.poll(wait_ms / 1000):
            self._on_read[descriptor]()
        while self._due and self._due[0][0] <= self._now_ns:
            heapq.heappop(self._due)[2]()

    def _listen(self, descriptor: int, do: Callable[[], None]) -> None:
        self._poll.register(descriptor, select.EPOLLIN)
        self._on_read[descriptor] = do

    def _socket(self, hub: str, stack: ExitStack) -> socket.socket:
        with self._routers.at(hub):
            made = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made.bind((self._address[hub], ECHO_PORT))
        made.setblocking(False)
        self._listen(made.fileno(), lambda: self._receive(made))
        return made

    def _receive(self, at: socket.socket) -> None:
        data, sender = at.recvfrom(64)
        number = data[1 : 1 + NUMBER_BYTES]
        if data.startswith(ASKS):
            self._send(at, ANSWERS + number, sender)
        else:
            index = int.from_bytes(number)
            self._rtt_ns[index] = self._now_ns - self._sent[index][1]

    def _send(self, at: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        """A router without a route for a packet loses it."""
        try:
            at.sendto(data, to)
        except OSError:
            return

    def _probe(self, pairs: Iterable[int]) -> None:
        for pair in pairs:
            one, number = self._plan.pairs[pair], len(self._sent)
            self._sent.append((pair, self._now_ns))
            data = ASKS + number.to_bytes(NUMBER_BYTES)
            self._send(self._sockets[one.src], data, (self._address[one.dst], ECHO_PORT))

    def _note(self, hub: str, watch: TableWatch) -> None:
        for one in watch.changes():
            change = Change(self._now_ns, hub, one.is_new, one.prefix, one.interface)
            self._changes.append(change)
            self._last_ns = change.at_ns
            self._tables.apply(change)

    def _prepare(self, cut: PlannedCut) -> None:
        """Probe all pairs whose packets cross a fibre, there or back, while it fails."""
        hit = [
            number
            for number, one in enumerate(self._plan.pairs)
            if self._crosses(one.src, one.dst, cut) or self._crosses(one.dst, one.src, cut)
        ]
        self._last_ns = self._now_ns  # the cut is near
        self._probe_on(hit, cut.end_ns)
        self._at(cut.cut_ns, lambda: self._cut(cut))
        self._look_at(cut.repair_ns - 1)
        self._at(cut.repair_ns, lambda: self._repair(cut))
        self._look_at(cut.end_ns - 1)

    def _probe_on(self, pairs: Sequence[int], until_ns: int) -> None:
        """Probe pairs until then: often while tables change, and for ``quiet_ns`` after that."""
        self._probe(pairs)
        plan, now_ns = self._plan, self._now_ns
        is_quiet = now_ns > self._last_ns + plan.quiet_ns
        next_ns = now_ns + (plan.quiet_interval_ns if is_quiet else plan.probe_interval_ns)
        if next_ns < until_ns:
            self._at(next_ns, lambda: self._probe_on(pairs, until_ns))

    def _crosses(self, src: str, dst: str, cut: PlannedCut) -> bool:
        path = self._tables.path(src, dst)
        return path is not None and not set(path.fibres).isdisjoint(cut.fibres)

    def _cut(self, cut: PlannedCut) -> None:
        self._last_ns = self._now_ns
        self._made.append([self._last_ns])
        self._routers.switch((self._links[one] for one in cut.fibres), up=False)
        self._tables.lose(cut.fibres)

    def _repair(self, cut: PlannedCut) -> None:
        self._last_ns = self._now_ns
        self._made[-1].append(self._last_ns)
        self._routers.switch((self._links[one] for one in cut.fibres), up=True)

    def _look_at(self, at_ns: int) -> None:
        self._at(at_ns, self._look)

    def _look(self) -> None:
        """Read all tables, and compare them with what kernels have reported."""
        wanted = {f"{one}/32" for one in self._address.values()}
        found = {hub: self._routers.table(hub) for hub in self._address}
        kept = {
            hub: {prefix: name for prefix, name in sorted(table.items()) if prefix in wanted}
            for hub, table in found.items()
        }
        self._seen.append(kept)
        for hub, table in kept.items():
            if table != self._tables.routes[hub]:
                raise MeasurementInvalid(f"the kernel of {hub} reported another table than it has")

    def _start(self, daemon: Daemon, stack: ExitStack) -> None:
        folder = SCRATCH / f"{daemon.hub}-{len(self._children)}"
        folder.mkdir(parents=True)
        for name, text in daemon.files.items():
            (folder / name).write_text(text.replace("{folder}", str(folder)))
        words = [one.replace("{folder}", str(folder)) for one in daemon.words]
        log = stack.enter_context((folder / "output.log").open("wb"))
        with self._routers.at(daemon.hub):
            child = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, cwd=folder
            )
        self._children.append((daemon, child))
        stack.callback(_end, child)

    def _check(self) -> None:
        """Raise MeasurementInvalid with the last words of a daemon that has ended."""
        for number, (daemon, child) in enumerate(self._children):
            if child.poll() is not None:
                text = (SCRATCH / f"{daemon.hub}-{number}" / "output.log").read_text()
                last = " | ".join(text.splitlines()[-MOST_LOG_LINES:])
                raise MeasurementInvalid(f"{daemon.words[0]} of {daemon.hub} has ended: {last}")


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait(STOP_S)


def carry_out(folder: Path) -> None:
    """Carry out the plan of a folder and write its record. Raises CorridorError."""
    plan = from_plain(RoutingPlan, json.loads((folder / PLAN_FILE).read_text()))
    run_in_turn("virtual")
    with ExitStack() as stack:
        routers = stack.enter_context(Routers(plan.network))
        routers.build()
        measurement = _Measurement(plan, routers, stack)
        await_instant("virtual")
        measurement.run(stack)
        record = measurement.record()
    (folder / RECORD_FILE).write_text(json.dumps(to_plain(record)))


if __name__ == "__main__":
    carry_out(Path(sys.argv[1]))
