"""What a controller that follows will do in the course of a timeline: the controller itself, in
the time of the plan, with switches that do as they are told. Pure.

Its reconciler, timers, failure detector and flap suppression are those of a live network. What is
left out are proofs, which hold before a run begins, and whatever it does to the tables of switches
one by one: those are known from what it makes stand.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

from corridor.controller.api.control_answers import Event
from corridor.controller.intent.specification import Specification, choosing, chosen_in
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import Deployment, DesiredState, Planned, longest_ns
from corridor.controller.openflow.modifications import Modifications
from corridor.controller.openflow.table_dump import PortCounts
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.controller.prover import Proof, tables_of
from corridor.controller.prover.session import Session
from corridor.controller.reconcile.beside import Answers
from corridor.controller.reconcile.deployer import Deployer
from corridor.controller.reconcile.event_log import EventLog
from corridor.controller.reconcile.failure_detector import FailureDetector
from corridor.controller.reconcile.interfaces import Interfaces, Labels
from corridor.controller.reconcile.jobs import (
    Boot,
    Job,
    Order,
    PortChanged,
    ReoptimisationDone,
    SetDay,
    SetDrained,
    SetPolicies,
    SwitchConnected,
    SwitchLost,
)
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.reconciler import Reconciler
from corridor.controller.reconcile.repair import Repaired
from corridor.controller.reconcile.state_file import Remembered, StateFile
from corridor.controller.reconcile.two_phase_rollout import MARGIN_NS, SETTLE_NS, Updater
from corridor.controller.traffic_engineering.fit_rates import overloaded_links
from corridor.controller.traffic_engineering.reoptimisation import Lane, Question, answer_to
from corridor.experiments.plan.predicted_fibres import Fibres
from corridor.experiments.plan.timeline import Placed
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents.jobs import Clock

START_NS = 800_000_000
"""About how long a controller that starts again takes until switches connect to it, one by one."""
ONE_BY_ONE_NS = 20_000
RESTART_NS = {"virtual": 2_000_000, "real": 2_000_000_000}
"""By the clock, about how long switches that start again take until they have connected."""
SPLIT_NS = 100_000_000
"""About how long the monitor, if there is one, takes to count separately what is judged by other
policies; they are requested after that."""


class InstalledSince(NamedTuple):
    """What switches hold from then on; None while their tables are empty."""

    at_ns: int
    deployment: Deployment | None


class Compiled:
    """Deployments, each made once however often it is predicted; the first is given."""

    def __init__(
        self, specification: Specification, first: Deployment, wiring: Wiring, clock: Clock
    ) -> None:
        self.wiring, self.restart_ns = wiring, RESTART_NS[clock]
        self._made: dict[tuple[object, ...], Deployment] = {}
        self._followed: dict[tuple[object, ...], tuple[Deployment, Deployment]] = {}
        self._proofs: dict[int, Proof] = {}
        self._session = Session()
        self.loaded, self.first = specification, first
        self._planned = {
            _key(first.known): Planned(first.known, first.intents, first.without, first.graphs)
        }
        self._kept(first)

    def following(self, before: Deployment, known: DesiredState) -> Deployment:
        """As ``deployments.following``."""
        asked = (id(before), *_key(known))
        if asked not in self._followed:
            new = deployments.after(before, self._plan(known), self.wiring)
            # What was before is kept, so its id stays its own.
            self._followed[asked] = before, self._kept(new)
        return self._followed[asked][1]

    def _plan(self, known: DesiredState) -> Planned:
        key = _key(known)
        if key not in self._planned:
            self._planned[key] = deployments.planned(known, self.wiring)
        return self._planned[key]

    def _kept(self, new: Deployment) -> Deployment:
        """The same, if it was predicted before."""
        return self._made.setdefault((*_key(new.known), new.epoch, new.compiled.seats), new)

    def proof_of(self, new: Deployment) -> Proof:
        if id(new) not in self._proofs:  # it is kept, so its id stays its own
            asked = deployments.asked_of(new, self.wiring)
            self._proofs[id(new)] = self._session.prove(asked)
        return self._proofs[id(new)]


def _key(known: DesiredState) -> tuple[object, ...]:
    asked = known.specification
    return known.failures, known.drained, id(asked.policies), asked.as_of, asked.directions


def foreseen(
    placed: Sequence[Placed], fibres: Fibres, compiled: Compiled, until_ns: int
) -> list[InstalledSince]:
    """What stands when, the first before anything happens."""
    standing = [InstalledSince(0, compiled.first)]
    standing += [InstalledSince(one.begin_ns, None) for one in placed if _restarts_switches(one)]
    for begin_ns, end_ns in _lives(placed, until_ns):
        _live(compiled, _network(placed, fibres, compiled), standing, begin_ns, end_ns)
    return sorted(standing, key=lambda one: one.at_ns)


def installed_once(placed: Sequence[Placed], compiled: Compiled) -> list[InstalledSince]:
    """The same of a controller that does not follow, which fills the tables of switches that start
    again."""
    standing = [InstalledSince(0, compiled.first)]
    for one in placed:
        if _restarts_switches(one):
            standing.append(InstalledSince(one.begin_ns, None))
            standing.append(InstalledSince(one.begin_ns + compiled.restart_ns, compiled.first))
    return standing


def _restarts_switches(one: Placed) -> bool:
    return one.event.kind.disconnects == "switches"


def _lives(placed: Sequence[Placed], until_ns: int) -> list[tuple[int, int]]:
    """From when until when there is a controller."""
    begin_ns, lives = 0, list[tuple[int, int]]()
    for one in placed:
        if one.event.kind.disconnects == "controller" and one.end_ns is not None:
            lives.append((begin_ns, one.begin_ns))
            begin_ns = one.end_ns
    return [*lives, (begin_ns, until_ns)]


@dataclass
class _Network:
    """What a controller hears of, in order of time, and by hub the times at which
    its switch cannot be spoken to."""

    wiring: Wiring
    fibres: Fibres
    heard: list[tuple[int, Job]]
    away: list[tuple[str, int, float]]

    def connected(self, at_ns: int) -> frozenset[int]:
        away = {hub for hub, begin_ns, end_ns in self.away if begin_ns <= at_ns < end_ns}
        return frozenset(wire.dpid for wire in self.wiring.hubs if wire.hub not in away)

    def lose(self, hub: str, begin_ns: int, end_ns: int | None) -> None:
        """A switch that cannot be spoken to."""
        dpid = self.wiring.hub(hub).dpid
        self.away.append((hub, begin_ns, math.inf if end_ns is None else end_ns))
        self.heard.append((begin_ns, SwitchLost(dpid)))
        if end_ns is not None:
            self.heard.append((end_ns, self.connection(hub, end_ns)))

    def connection(self, hub: str, at_ns: int) -> SwitchConnected:
        return SwitchConnected(self.wiring.hub(hub).dpid, self.fibres.ports(hub, at_ns))


def _network(placed: Sequence[Placed], fibres: Fibres, compiled: Compiled) -> _Network:
    wiring, specification = compiled.wiring, compiled.first.known.specification
    split_ns = 0 if specification.policies.name == NO_POLICIES else SPLIT_NS
    network = _Network(wiring, fibres, [], [])
    for one in placed:
        network.heard += _asked(one, specification.topology, split_ns)
        disconnects = one.event.kind.disconnects
        if disconnects == "switches":
            back_ns = one.begin_ns + compiled.restart_ns
            for wire in wiring.hubs:
                network.lose(wire.hub, one.begin_ns, back_ns)
        elif disconnects == "switch":
            network.lose(one.event.what, one.begin_ns, one.end_ns)
    for sight in fibres.sights:
        dpid = wiring.hub(sight.hub).dpid
        if dpid in network.connected(sight.at_ns):
            network.heard.append((sight.at_ns, PortChanged(dpid, sight.port, sight.live)))
    network.heard.sort(key=lambda one: one[0])
    return network


def _asked(one: Placed, topology: Topology, split_ns: int) -> Iterator[tuple[int, Job]]:
    """What an event asks of the controller."""
    kind, what = one.event.kind, one.event.what
    for fibre in sorted(kind.reach(topology, what, one.event.options).drained):
        yield one.begin_ns, SetDrained(fibre, True)
        if one.end_ns is not None:
            yield one.end_ns, SetDrained(fibre, False)
    if one.event.policies is not None:
        yield one.begin_ns + split_ns, SetPolicies(one.event.policies)
    if kind.of == "day":
        yield one.begin_ns + split_ns, SetDay(date.fromisoformat(what))


class _Nothing(Exception):
    """No one has said anything in time."""


class _Over(BaseException):
    """The controller is killed, or the run is over."""


@dataclass
class _Clock:
    """Passes while a controller waits, and only then."""

    now_ns: int
    end_ns: int

    def sleep(self, seconds: float) -> None:
        self.pass_to(self.now_ns + round(seconds * NS_PER_S))

    def pass_to(self, at_ns: int) -> None:
        self.now_ns = max(self.now_ns, at_ns)
        if self.now_ns >= self.end_ns:
            raise _Over


@dataclass
class _Said:
    """The messages to the controller, each at its time."""

    clock: _Clock
    jobs: list[tuple[int, Job]]

    def put(self, item: Order) -> object:
        raise NotImplementedError

    def get(self, block: bool = True, timeout: float | None = None) -> Order:  # noqa: ARG002
        now_ns = self.clock.now_ns
        until_ns = self.clock.end_ns if timeout is None else now_ns + math.ceil(timeout * NS_PER_S)
        if not self.jobs or self.jobs[0][0] > until_ns:
            self.clock.pass_to(until_ns)
            raise _Nothing
        at_ns, job = self.jobs.pop(0)
        self.clock.pass_to(at_ns)
        return Order(job)


@dataclass
class _Beside(Answers):
    """Chooses paths at once: computing takes no time. Earlier messages are processed first."""

    said: _Said = field(kw_only=True)
    _asked: dict[Lane, Question] = field(default_factory=dict)

    def ask(self, question: Question) -> None:
        lane = question.lane
        if self._asked.get(lane) != question:
            self.break_off(lane)
            self._asked[lane] = question
            found = ReoptimisationDone(question, answer_to(question))
            self.note(found)
            now_ns, jobs = self.said.clock.now_ns, self.said.jobs
            jobs.insert(bisect(jobs, now_ns, key=lambda one: one[0]), (now_ns, found))

    def break_off(self, lane: Lane) -> None:
        self._asked.pop(lane, None)
        self.said.jobs[:] = [
            (at_ns, job)
            for at_ns, job in self.said.jobs
            if not (isinstance(job, ReoptimisationDone) and job.question.lane == lane)
        ]


@dataclass
class _Switches:
    """They receive messages, and install the tables in them."""

    network: _Network
    clock: _Clock
    first_ns: int
    """When the first connects to a controller that starts again."""

    @property
    def connected(self) -> frozenset[int]:
        connected = self.network.connected(self.clock.now_ns)
        if not self.first_ns:
            return connected
        here = (self.clock.now_ns - self.first_ns) // ONE_BY_ONE_NS + 1
        return frozenset(sorted(connected)[: max(0, here)])

    @property
    def connections(self) -> Mapping[int, int]:
        return {}

    def tell(self, orders: Modifications) -> None: ...

    def bundle(self, orders: Modifications) -> None: ...

    def dump(self, dpids: Collection[int]) -> dict[int, dict[str, list[Any]]]:
        raise NotImplementedError

    def port_counts(self, dpids: Collection[int]) -> dict[int, dict[int, PortCounts]]:
        raise NotImplementedError

    def hang_up(self, dpid: int) -> None: ...

    def assess(self, labels: Labels, needed: Collection[str] | None = None) -> None: ...


@dataclass(kw_only=True)
class _Deployer(Deployer):
    """Has at once stand what is to stand, and notes when."""

    compiled: Compiled
    standing: list[InstalledSince]

    def boot(
        self,
        known: DesiredState,  # noqa: ARG002
        told: frozenset[int],  # noqa: ARG002
        remembered: Remembered | None,  # noqa: ARG002
    ) -> None:
        """What stands is its own, and is taken over."""
        self.deployment, self.unproven = _last(self.standing), ""

    def following(self, known: DesiredState) -> Deployment:
        assert self.deployment is not None
        return self.compiled.following(self.deployment, known)

    def proof_of(self, new: Deployment) -> Proof:
        return self.compiled.proof_of(new)

    def move_to(
        self,
        new: Deployment,
        told: frozenset[int],  # noqa: ARG002
        why: str,  # noqa: ARG002
        serves: Callable[[], object] = lambda: None,  # noqa: ARG002
    ) -> bool:
        old, interfaces = self.deployment, self.interfaces
        assert old is not None
        if new.epoch != old.epoch:
            interfaces.sleep(SETTLE_NS / NS_PER_S)
            self._holds_now(new)
            interfaces.sleep((longest_ns(old, interfaces.wiring) + MARGIN_NS) / NS_PER_S)
        elif new is not old:
            self._holds_now(new)
        self.deployment, self.wanted = new, None
        return True

    def withdraw(
        self, numbers: frozenset[int], known: DesiredState, told: frozenset[int]
    ) -> list[str]:
        gone = super().withdraw(numbers, known, told)
        if gone and self.deployment is not None:
            self._holds_now(self.deployment)
        return gone

    def restore(
        self,
        before: Deployment,
        known: DesiredState,  # noqa: ARG002
        told: frozenset[int],  # noqa: ARG002
    ) -> None:
        self.deployment = before
        self._holds_now(before)

    def audit(
        self,
        told: frozenset[int],  # noqa: ARG002
        why: str = "audit",  # noqa: ARG002
        came: frozenset[int] | None = None,  # noqa: ARG002
    ) -> Repaired:
        """Whatever they hold, they hold afterwards what stands."""
        assert self.deployment is not None
        if held(self.standing, self.interfaces.now_ns()) is None:
            self._holds_now(self.deployment)
        return Repaired({}, {}, {}, {}, (), tables_of(self.deployment.program))

    def _holds_now(self, deployment: Deployment) -> None:
        self.standing.append(InstalledSince(self.interfaces.now_ns(), deployment))


class _Quiet(NetworkState):
    """Reports no status of demands, but the overloaded links for which paths are chosen."""

    def tell_statuses(self) -> None:
        deployment = self.deployer.deployment
        if deployment is not None and deployment.known.specification.chooses:
            lacking = overloaded_links(deployment.known.specification, deployment.without)
            self.event_log.tell_lacking(lacking)


def _live(
    compiled: Compiled,
    network: _Network,
    standing: list[InstalledSince],
    begin_ns: int,
    end_ns: int,
) -> None:
    """One controller, from its start until it is killed."""
    clock = _Clock(begin_ns, end_ns)
    heard_ns = begin_ns + START_NS if begin_ns else 0
    said = _Said(clock, [one for one in network.heard if one[0] >= heard_ns])
    if begin_ns:
        hubs = [wire.hub for wire in network.wiring.hubs]
        there = [hub for hub in hubs if network.wiring.hub(hub).dpid in network.connected(heard_ns)]
        for number, hub in enumerate(there):
            at_ns = heard_ns + number * ONE_BY_ONE_NS
            said.jobs.append((at_ns, network.connection(hub, at_ns)))
        said.jobs.sort(key=lambda one: one[0])
    reconciler = Reconciler(_state(compiled, network, standing, clock), said, _Nothing)
    reconciler.network.beside = _Beside(said=said)
    if not begin_ns:
        reconciler.network.timers.cancel(Boot())
    try:
        while True:
            reconciler.carry_out(reconciler.next())
    except _Over:
        return


def _state(
    compiled: Compiled, network: _Network, standing: list[InstalledSince], clock: _Clock
) -> _Quiet:
    """What a controller knows at its start: the first has installed its tables."""
    first_ns = clock.now_ns + START_NS if clock.now_ns else 0
    switches = _Switches(network, clock, first_ns)
    interfaces = Interfaces(network.wiring, switches, switches, lambda: clock.now_ns, clock.sleep)
    log = EventLog(_raise_defects)
    store = StateFile(None, compiled.first.known.specification)
    deployer = _Deployer(
        interfaces, store, log, Updater(interfaces), compiled=compiled, standing=standing
    )
    if not clock.now_ns:
        deployer.deployment, deployer.unproven = compiled.first, ""
    known = _last(standing).known
    asked = choosing(known.specification, chosen_in(compiled.loaded))
    known = replace(known, specification=asked)
    return _Quiet(deployer, log, known, FailureDetector(network.wiring))


def _raise_defects(event: Event) -> None:
    if event["event"] == "error":
        raise AssertionError(event)


def held(standing: Sequence[InstalledSince], at_ns: int) -> Deployment | None:
    """What switches hold at a time."""
    until_then = [one for one in standing if one.at_ns <= at_ns]
    return sorted(until_then, key=lambda one: one.at_ns)[-1].deployment


def _last(standing: Sequence[InstalledSince]) -> Deployment:
    noted = [one for one in standing if one.deployment is not None]
    last = sorted(noted, key=lambda one: one.at_ns)[-1].deployment
    assert last is not None
    return last
