"""Switches of a test: they store tables, end on request, and can report wrong tables."""

from __future__ import annotations

import queue
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    ByCookie,
    FastFailover,
    Flow,
    Meter,
)
from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.errors import GatewaysError, Lost, SwitchTimeout
from corridor.controller.openflow.modifications import Modifications
from corridor.controller.openflow.table_dump import HeldEntry, PortCounts, unread
from corridor.controller.reconcile import jobs
from corridor.controller.reconcile.beside import Beside, InPlace
from corridor.controller.reconcile.deployer import Deployer
from corridor.controller.reconcile.event_log import EventLog
from corridor.controller.reconcile.failure_detector import FailureDetector
from corridor.controller.reconcile.interfaces import Interfaces
from corridor.controller.reconcile.jobs import Timing
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.reconciler import Reconciler
from corridor.controller.reconcile.state_file import StateFile
from corridor.controller.reconcile.two_phase_rollout import Updater
from corridor.controller.traffic_engineering.reoptimisation import Lane, Question
from corridor.topologies.model.wiring import Wiring

JOBS: dict[str, Any] = {
    name: kind
    for kind in vars(jobs).values()
    if isinstance(kind, type) and isinstance(name := getattr(kind, "name", None), str)
}


class Held:
    """The tables of one switch."""

    def __init__(self) -> None:
        self.flows: dict[Any, Flow] = {}
        self.groups: dict[int, FastFailover] = {}
        self.meters: dict[int, Meter] = {}
        self.unread: list[int] = []
        """Cookies of unreadable entries."""

    def obey(self, order: Any) -> None:
        what = order.what
        kind = self.groups if isinstance(what, FastFailover) else self.meters
        if isinstance(what, ByCookie):
            self.flows = {key: one for key, one in self.flows.items() if not what.has(one.cookie)}
            self.unread = [cookie for cookie in self.unread if not what.has(cookie)]
        elif isinstance(what, Flow):
            if order.do == "add":
                self.flows[what.key] = what
            elif self.flows.get(what.key) == what:
                del self.flows[what.key]
        elif order.do == "remove":
            assert not self._uses(what), f"{what} is still in use"
            kind.pop(what.id, None)
        else:
            assert (what.id in kind) == (order.do == "change")
            kind[what.id] = what

    def _uses(self, what: FastFailover | Meter) -> bool:
        if isinstance(what, Meter):
            return any(flow.meter == what.id for flow in self.flows.values())
        used = [a for flow in self.flows.values() for a in flow.actions if a.kind == "group"]
        return any(action.arguments == (what.id,) for action in used)


class FakeSwitches:
    """All of one wiring."""

    def __init__(self, wiring: Wiring) -> None:
        self.held = {hub.dpid: Held() for hub in wiring.hubs}
        self.away: set[int] = set()
        self.silent: set[int] = set()
        self.connections: Counter[int] = Counter()
        self.hung_up: list[int] = []
        self.done: list[tuple[str, frozenset[int]]] = []
        """Calls in order, with the called switch."""
        self.before: Callable[[str, Mapping[int, Any]], object] = lambda _call, _orders: None
        """Called before each call; may change what is held, or raise."""

    @property
    def connected(self) -> frozenset[int]:
        return frozenset(self.held) - self.away

    def tell(self, orders: Modifications) -> None:
        self._carry_out("tell", orders)

    def bundle(self, orders: Modifications) -> None:
        if orders:
            self._carry_out("bundle", orders)

    def dump(self, dpids: Collection[int]) -> dict[int, dict[str, list[Any]]]:
        self._call("dump", dict.fromkeys(dpids))
        return {
            dpid: {
                "switches": [
                    *(_said(flow) for flow in self.held[dpid].flows.values()),
                    *([unread(len(self.held[dpid].unread))] if self.held[dpid].unread else []),
                ],
                "groups": [*self.held[dpid].groups.values()],
                "meters": [*self.held[dpid].meters.values()],
            }
            for dpid in dpids
        }

    def port_counts(self, dpids: Collection[int]) -> dict[int, dict[int, PortCounts]]:
        counts: Any = dict.fromkeys(PortCounts.__annotations__, 0)
        return {dpid: {1: counts | {"rx_packets": 5, "rx_bytes": 500}} for dpid in dpids}

    def hang_up(self, dpid: int) -> None:
        self.hung_up.append(dpid)

    def _carry_out(self, call: str, orders: Modifications) -> None:
        self._call(call, orders)
        for dpid, told in orders.items():
            for order in told:
                self.held[dpid].obey(order)

    def _call(self, call: str, orders: Mapping[int, Any]) -> None:
        self.before(call, orders)
        self.done.append((call, frozenset(orders)))
        for dpid in orders:
            if dpid in self.away:
                raise Lost(f"switch {dpid} is away")
            if dpid in self.silent:
                raise SwitchTimeout(f"switch {dpid} did not answer", frozenset({dpid}))


def _said(flow: Flow) -> HeldEntry:
    drops = flow.cookie >> 48 == COOKIE_MAGIC and flow.reason.is_drop
    return HeldEntry(flow, 3 if drops else 0, 0)


class FakeGateways:
    """Gateways that agree, unless they are not there."""

    def __init__(self) -> None:
        self.gone = False
        self.labels: dict[str, set[int]] = {}

    def assess(self, labels: Any, needed: Collection[str] | None = None) -> None:
        wanted = [hub for hub, some in labels.items() if some] if needed is None else needed
        if self.gone and wanted:
            raise GatewaysError("nobody there")
        self.labels = {hub: set(some) for hub, some in labels.items()}


class FakeBeside(InPlace):
    """Notes what is looked for ahead: None where it is broken off."""

    def __init__(self) -> None:
        self.begun: list[Specification | None] = []

    def ask(self, question: Question) -> None:
        if question.lane == "next failure" and self.begun[-1:] != [question.loaded]:
            self.begun.append(question.loaded)

    def break_off(self, lane: Lane) -> None:
        if lane == "next failure" and self.begun[-1:] not in ([], [None]):
            self.begun.append(None)


class Lab:
    """A controller on switches of a test, with a clock that passes only where something sleeps."""

    def __init__(
        self, known: DesiredState, wiring: Wiring, path: Any = None, **timing: int
    ) -> None:
        self.now_ns = 10**12
        self.wiring = wiring
        self.switches = FakeSwitches(wiring)
        self.gateways = FakeGateways()
        self.beside: Beside = FakeBeside()
        self.told: list[dict[str, Any]] = []
        self.path = path
        self.timing = Timing(**timing)
        self.start(known)

    def start(self, known: DesiredState) -> None:
        """A controller that has just started."""
        interfaces = Interfaces(
            self.wiring, self.switches, self.gateways, lambda: self.now_ns, self.sleep
        )
        tell: Any = self.told.append
        self.event_log = EventLog(tell)
        store = StateFile(self.path, known.specification)
        self.deployer = Deployer(interfaces, store, self.event_log, Updater(interfaces))
        self.network = NetworkState(
            deployer=self.deployer,
            event_log=self.event_log,
            known=known,
            sightings=FailureDetector(self.wiring),
            timing=self.timing,
            beside=self.beside,
        )
        self.reconciler = Reconciler(self.network, _Instant(self), queue.Empty)

    def sleep(self, seconds: float) -> None:
        self.now_ns += int(seconds * 1e9)

    def connect(self, *hubs: str) -> None:
        """Switches connect with all their ports live."""
        for hub in hubs or [one.hub for one in self.wiring.hubs]:
            dpid = self.wiring.hub(hub).dpid
            self.switches.away.discard(dpid)
            self.switches.connections[dpid] += 1
            self.do("came_back", dpid=dpid, ports={})

    def lose(self, hub: str) -> None:
        dpid = self.wiring.hub(hub).dpid
        self.switches.away.add(dpid)
        self.do("went_away", dpid=dpid)

    def port(self, fibre: str, *, live: bool) -> None:
        wire = next(one for one in self.wiring.fibres if one.fibre == fibre)
        for end in (wire.a, wire.z):
            self.do("port", dpid=self.wiring.hub(end.hub).dpid, port=end.port, live=live)

    def do(self, name: str, **what: Any) -> Any:
        """The result of a job, by its name in events."""
        return self.have(JOBS[name](**what))

    def have(self, job: jobs.Job) -> Any:
        """The result of a job that is done at once."""
        reply: queue.Queue[Any] = queue.Queue()
        self.reconciler.carry_out(jobs.Order(job, reply))
        return reply.get_nowait()

    def run(self, seconds: float) -> None:
        """Carry out every timer that is due in this time."""
        end_ns = self.now_ns + int(seconds * 1e9)
        while (timer := self.network.timers.next) is not None and timer[1] < end_ns:
            self.reconciler.carry_out(self.reconciler.next())
        self.now_ns = max(self.now_ns, end_ns)

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["event"] in kinds]

    def holds(self) -> dict[int, set[Flow]]:
        return {dpid: set(held.flows.values()) for dpid, held in self.switches.held.items()}

    def stands(self) -> dict[int, set[Flow]]:
        assert self.deployer.deployment is not None
        return {one.dpid: set(one.flows) for one in self.deployer.deployment.program.switches}


class _Instant:
    """A queue that is empty, and lets time pass while it is waited on."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def put(self, item: Any) -> None:
        raise AssertionError("jobs are done at once")

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        assert timeout is not None, "nothing would ever happen again"
        self._lab.sleep(timeout + 1e-6)
        raise queue.Empty
