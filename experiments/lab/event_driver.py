"""The timeline of a plan, carried out on a network that runs, and what was done when.

Captures of fibres are processes of ``capturer.py``, one each, from begin to end.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from corridor.experiments.account.utilisation import USE_RAW_FILE, Reading
from corridor.experiments.lab.reusable_network import BFD_SLOW_MS
from corridor.experiments.plan.values import Change, Made, PlannedDemand, Transfer
from corridor.experiments.scenario.event_registry import action
from corridor.topologies.base import child_process
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import CorridorError
from corridor.topologies.base.installation import IMPORT_ROOT
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.slowness import patient
from corridor.topologies.emulation.faults import Faults
from corridor.topologies.emulation.netlink import shapes
from corridor.topologies.model.fault_kind import Effect, FaultName, ends_of

if TYPE_CHECKING:
    from corridor.experiments.lab.assembly import GatewaysProcess
    from corridor.experiments.lab.line_process import MonitorProcess
    from corridor.topologies.emulation.network import CorridorNet
    from corridor.topologies.model.wiring import Wiring


# What happens to the network while traffic flows: at which moment after the epoch, and what.
#
# Readings of what fibres have carried are such moments, too.

PR_SET_TIMERSLACK = 29


@dataclass(frozen=True)
class TimedEvent:
    """Something to do this many nanoseconds after the epoch."""

    at_ns: int
    do: Callable[[], object]


def wake_exactly() -> None:
    """Have this thread's sleeps end when they should; by default the kernel may add 50 us."""
    ctypes.CDLL(None).prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)


def keep(events: Iterable[TimedEvent], epoch_ns: int) -> None:
    """Do everything in order of time; what is due at once, in the order given."""
    wake_exactly()
    for one in sorted(events, key=lambda one: one.at_ns):
        delay_ns = epoch_ns + one.at_ns - time.time_ns()
        time.sleep(max(0, delay_ns) / NS_PER_S)
        one.do()


# Reads what fibres have carried, every so often while workloads are sent.


def use_readings(times_ns: Sequence[int], net: CorridorNet, raw: Path) -> Iterator[TimedEvent]:
    """Each is appended to the file as it is read."""
    target = raw / USE_RAW_FILE

    def read(at_ns: int) -> None:
        found = net.kernel.counters()
        sent = {name: one.sent_bytes for name, one in found.items() if one.sent_packets}
        dropped = {name: one.queue_drops for name, one in found.items() if one.queue_drops}
        with target.open("a") as file:
            file.write(f"{Reading(at_ns, sent, dropped).to_json()}\n")

    for at_ns in times_ns:
        yield TimedEvent(at_ns, partial(read, at_ns))


# The TCP transfers of a plan, and the outcome of each, written as it comes.


class Transfers:
    """Carries transfers out on one network: one after another, or several at once."""

    def __init__(
        self,
        net: CorridorNet,
        planned: Sequence[Transfer],
        demands: Sequence[PlannedDemand],
        target: Path,
    ) -> None:
        self._net = net
        self._by_demand = {demands[one.demand].id: one for one in planned}
        self._target = target
        self._results: list[dict[str, Any]] = []
        self._writing = threading.Lock()

    def carry_out(self, demand: str) -> None:
        """The one of a demand, until it has ended; nothing if none is planned for it."""
        planned = self._by_demand.get(demand)
        if planned is None:
            return
        result = self._run(planned)
        with self._writing:
            self._results.append({"demand": planned.demand, "result": to_plain(result)})
            self._target.write_text(json.dumps(self._results))

    def _run(self, planned: Transfer) -> Any:
        from corridor.traffic.agents import tcp

        return tcp.run(
            tcp.Transfer(
                flow=planned.demand,
                server_netns=self._net.nameToNode[planned.dst_host].namespace.path,
                server_ip=planned.dst_ip,
                client_netns=self._net.nameToNode[planned.src_host].namespace.path,
                client_ip=planned.src_ip,
                port=planned.port,
                client_port=planned.client_port,
                control_port=planned.control_port,
                duration_s=planned.duration_s,
                dscp=planned.dscp,
            )
        )


ANSWERED_S = 130.0
RULING = ("policy", "day")
"""Requests that change what packets are judged by."""
NOWHERE = "unix:nowhere"

type Around = Callable[[Change], contextlib.AbstractContextManager[None]]
"""What is done before and after a change is made."""


def nothing_around(_change: Change) -> contextlib.AbstractContextManager[None]:
    return contextlib.nullcontext()


class Steering(Protocol):
    """A controller that can be asked, killed and started again."""

    def ask(self, do: str, **what: Any) -> dict[str, Any]: ...

    def kill(self, name: str = "") -> None: ...

    def start_again(self, name: str = "") -> None: ...

    def order(self, domain: str, do: str) -> None: ...


class EventDriver:
    """Makes each planned change at its time; ``done`` says when each was made.

    It is the network that kinds of events act on (``experiments.scenario.moments.Lab``).
    """

    def __init__(
        self,
        net: CorridorNet,
        gateways: GatewaysProcess | None,
        bfd_interval_ms: int | None,
        controller: Steering | None = None,
        transfers: Transfers | None = None,
        captures: Captures | None = None,
        monitor: MonitorProcess | None = None,
        around: Around = nothing_around,
    ) -> None:
        self._bfd_interval_ms = bfd_interval_ms
        self._net = net
        self._gateways = gateways
        self._controller = controller
        self._transfers = transfers
        self._captures = captures
        self._monitor = monitor
        self._around = around
        self._splitting = threading.Lock()
        self._problems: list[CorridorError] = []
        self._waiting: list[threading.Thread] = []
        self._epoch_ns = 0
        self._now = _Now()
        self.faults = Faults(net.wiring, net.kernel)
        self.done: list[Made] = []
        self.counted_before: list[Mapping[str, Mapping[str, int]]] = []
        """Counters of fibres at each restart of switches, after which they begin again."""

    def timed_events(self, planned: Sequence[Change], epoch_ns: int) -> Iterator[TimedEvent]:
        self._epoch_ns = epoch_ns
        for change in planned:
            yield TimedEvent(change.at_ns, partial(self._make, change))

    def carry_out(self, do: str, what: str, options: dict[str, Any]) -> Made:
        """Make a change now, and wait for the answer where it asks for something; how it went.
        Several threads may do so at once."""
        record = self._make(Change(time.time_ns() - self._epoch_ns, do, what, options))
        if self._now.asking is not None:
            self._now.asking.join()
        return record

    def write(self, path: Path) -> None:
        """What was done, once everything that was asked for has been answered. Raises what went
        wrong next to it."""
        if self._captures is not None:
            self._captures.close()
        for one in self._waiting:
            one.join(patient(ANSWERED_S))
        if self.done:
            path.write_text(json.dumps(to_plain(self.done), indent=1))
        if self._problems:
            raise self._problems[0]

    @property
    def wiring(self) -> Wiring:
        return self._net.wiring

    def make(self, name: FaultName, effect: Effect) -> list[str]:
        return self.faults.make(name, effect)

    def end(self, *names: FaultName) -> list[str]:
        return self.faults.end(*names)

    def kill_gateway(self, hub: str) -> None:
        if self._gateways is not None:
            self._gateways.kill(hub)

    def start_gateway(self, hub: str) -> None:
        if self._gateways is not None:
            self._gateways.start(hub)

    def set_bfd(self, fibre: str, *, quick: bool) -> None:
        interval_ms = self._bfd_interval_ms if quick else BFD_SLOW_MS
        if interval_ms is not None:
            self._net.set_bfd_interval(interval_ms, fibre or None)

    def connect_switch(self, hub: str, *, connected: bool) -> None:
        openvswitch = self._net.openvswitch
        assert openvswitch is not None
        address = self._net.controller_address if connected else NOWHERE
        openvswitch.set_controller(self.wiring.hub(hub).bridge, address)

    def restart_switches(self) -> None:
        """Fibres stay as they are, but for the moment in which the new one has taken their shaping
        off."""
        openvswitch = self._net.openvswitch
        assert openvswitch is not None
        self.counted_before.append(to_plain(self._net.kernel.counters()))
        openvswitch.restart()
        openvswitch.wait_for_ports()
        self._net.kernel.restore({**shapes(self.wiring), **self.faults.changed_shapes()})

    def request(self, do: str, **what: Any) -> None:
        record = self._now.record
        if self._controller is not None and record is not None:
            asking = partial(self._ask, self._controller, record, do, what)
            self._now.asking = self._beside(asking)

    def kill_controller(self, name: str) -> None:
        if self._controller is not None:
            self._controller.kill(name)

    def start_controller(self, name: str) -> None:
        if self._controller is not None:
            self._controller.start_again(name)

    def order_domain(self, domain: str, do: str) -> None:
        if self._controller is not None:
            self._controller.order(domain, do)

    def transfer(self, demand: str) -> None:
        if self._transfers is not None:
            self._beside(partial(self._transfers.carry_out, demand))

    def begin_capture(self, fibre: str) -> None:
        if self._captures is not None:
            self._captures.begin(fibre)

    def end_capture(self, fibre: str) -> None:
        if self._captures is not None:
            self._captures.end(fibre)

    def _beside(self, what: partial[None]) -> threading.Thread:
        def carry_out() -> None:
            try:
                what()
            except CorridorError as problem:
                self._problems.append(problem)

        thread = threading.Thread(target=carry_out, daemon=True)
        self._waiting.append(thread)
        thread.start()
        return thread

    def _ask(
        self,
        controller: Steering,
        record: Made,
        do: str,
        what: Mapping[str, Any],
    ) -> None:
        if do in RULING:
            self._split()
        record.answer = controller.ask(do, **what)
        record.answered_ns = time.time_ns() - self._epoch_ns
        if do in RULING:
            self._split()

    def _split(self) -> None:
        """What is seen on fibres from now on is counted separately."""
        if self._monitor is not None:
            with self._splitting:
                self._monitor.split()

    def _make(self, change: Change) -> Made:
        self._now.asking = None
        record = Made(
            do=change.do,
            what=change.what,
            planned_ns=change.at_ns,
            began_ns=time.time_ns() - self._epoch_ns,
            options={key: value for key, value in change.options.items() if key != "set"},
            event=change.event,
        )
        self._now.record = record
        self.done.append(record)
        with self._around(change):
            action(change.do)(self, change.what, change.options)
        record.ended_ns = time.time_ns() - self._epoch_ns
        return record


class _Now(threading.local):
    """What a thread is making."""

    def __init__(self) -> None:
        self.record: Made | None = None
        """As it will be written."""
        self.asking: threading.Thread | None = None


MODULE = "corridor.experiments.lab.capturer"
GRACE_S = 2.0


def capture_words(interfaces: Mapping[str, str], netns: str, control: Path) -> list[str]:
    """Words for Python: of which interfaces, each with its description, in which namespace
    (empty: here). Labels are explained by the controller that listens at ``control``."""
    plan = {"netns": netns, "interfaces": dict(interfaces), "control": str(control)}
    return ["-m", MODULE, json.dumps(plan)]


def of_fibre(wiring: Wiring, fibre: str) -> dict[str, str]:
    """Both its interfaces."""
    return {end.interface: f"{fibre} at {end.hub}" for end, _ in ends_of(wiring, fibre)}


class Captures:
    """Those of one run; a fibre captured a second time goes on in the same file."""

    def __init__(self, wiring: Wiring, folder: Path, control: Path) -> None:
        self._wiring = wiring
        self._folder = folder
        self._control = control
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def begin(self, fibre: str) -> None:
        self._folder.mkdir(exist_ok=True)
        words = capture_words(of_fibre(self._wiring, fibre), "", self._control)
        with (self._folder / f"{fibre}.pcapng").open("ab") as target:
            self._running[fibre] = child_process.start(
                [sys.executable, *words], stdout=target, cwd=IMPORT_ROOT
            )

    def end(self, fibre: str) -> None:
        running = self._running.pop(fibre, None)
        if running is not None:
            child_process.end(running, GRACE_S)

    def close(self) -> None:
        for fibre in list(self._running):
            self.end(fibre)
