"""Work without a request: switches and ports that come and go, the start, failures, and audits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import assert_never

from corridor.controller.openflow.deployments import Deployment
from corridor.controller.openflow.errors import SwitchError, SwitchTimeout
from corridor.controller.policy.semantics import NO_FAILURES
from corridor.controller.reconcile.jobs import (
    ApplyReoptimisedPaths,
    AuditDue,
    Boot,
    Follow,
    HubGivenUp,
    Look,
    Order,
    PortChanged,
    SwitchConnected,
    SwitchJob,
    SwitchLost,
    TimedJob,
)
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.rollouts import Rollouts
from corridor.controller.reconcile.state_file import Remembered, Unreadable
from corridor.controller.traffic_engineering.reoptimisation import Lane, Question
from corridor.topologies.model.wiring import GATEWAY_IN_PORT


@dataclass
class SwitchEvents:
    """Notes them, and sets timers for what follows from them."""

    network: NetworkState

    def carry_out(self, job: SwitchJob) -> None:
        match job:
            case SwitchConnected():
                self._connected(job)
            case SwitchLost():
                self._lost(job)
            case PortChanged():
                self._port(job)
            case HubGivenUp():
                self._given_up(job)
            case _:
                assert_never(job)

    def hang_up(self, problem: SwitchError) -> None:
        """Switches that did not answer are to connect again."""
        if isinstance(problem, SwitchTimeout):
            for dpid in problem.dpids:
                self.network.deployer.interfaces.switches.hang_up(dpid)

    def _connected(self, job: SwitchConnected) -> None:
        network = self.network
        now_ns, hub = network.now_ns, self._hub(job.dpid)
        network.connected_ns = now_ns
        network.away.discard(hub)
        network.timers.cancel(HubGivenUp(hub))
        network.came.add(job.dpid)
        network.sightings.silent(hub, silent=False, now_ns=now_ns)
        for port, live in job.ports.items():
            network.sightings.port(job.dpid, port, live=live, now_ns=now_ns)
        network.event_log.say("switch", hub=hub, connected=True)
        if network.deployer.deployment is None:
            if not network.missing:
                network.timers.set(Boot(), now_ns)
        else:
            network.timers.set(Look(), now_ns + network.timing.hold_ns // 2)

    def _lost(self, job: SwitchLost) -> None:
        network, hub = self.network, self._hub(job.dpid)
        network.away.add(hub)
        network.came.discard(job.dpid)
        network.timers.set(HubGivenUp(hub), network.now_ns + network.timing.away_ns)
        network.event_log.say("switch", hub=hub, connected=False)

    def _port(self, job: PortChanged) -> None:
        network = self.network
        if not network.sightings.port(job.dpid, job.port, live=job.live, now_ns=network.now_ns):
            return
        network.tell_failures()
        network.follow_soon()
        if (
            network.deployer.deployment is None
            and network.failures == NO_FAILURES
            and not network.missing
        ):
            network.timers.set(Boot(), network.now_ns)
        if job.live and job.port == GATEWAY_IN_PORT:
            network.deployer.tell_gateways()

    def _given_up(self, job: HubGivenUp) -> None:
        network = self.network
        network.away.discard(job.hub)
        if network.sightings.silent(job.hub, silent=True, now_ns=network.now_ns):
            network.tell_failures()
        network.follow_soon()

    def _hub(self, dpid: int) -> str:
        return self.network.deployer.interfaces.hub(dpid)


@dataclass
class TimedWork:
    """Carries out jobs whose timers are due."""

    network: NetworkState
    rollouts: Rollouts
    on_deployed: Callable[[], object]
    """Called once, when the first deployment stands."""
    _announced: bool = False

    def carry_out(self, job: TimedJob) -> None:
        match job:
            case Boot():
                self._boot()
            case Follow():
                self.rollouts.follow("failures")
            case Look():
                self._look()
            case ApplyReoptimisedPaths():
                self.rollouts.apply_reoptimised_paths()
            case AuditDue():
                self._audit()
            case _:
                assert_never(job)

    def _boot(self) -> None:
        network, now_ns = self.network, self.network.now_ns
        settled_ns = network.connected_ns + network.timing.settle_ns
        if missing := network.missing:
            for hub in missing:
                network.sightings.silent(hub, silent=True, now_ns=now_ns)
        elif network.failures != NO_FAILURES and now_ns < settled_ns:
            network.timers.set(Boot(), settled_ns)
            return
        network.timers.set(Boot(), now_ns + network.timing.retry_ns)
        if network.told:
            self._take_over_or_install()
            network.timers.cancel(Boot())
            self._have_standing()

    def _take_over_or_install(self) -> None:
        network = self.network
        remembered = self._recall()
        if remembered is not None:
            network.known = remembered.wanted
        network.deployer.boot(network.wanted, network.told, remembered)

    def _have_standing(self) -> None:
        """Something stands that did not before."""
        network, deployer = self.network, self.network.deployer
        assert deployer.deployment is not None
        known = replace(deployer.wanted or deployer.deployment.known, failures=NO_FAILURES)
        network.known = network.as_loaded(known)
        network.came.clear()
        network.timers.set(AuditDue(), network.now_ns + network.timing.audit_ns)
        network.follow_soon()
        if not self._announced:
            self._announced = True
            self.on_deployed()

    def _recall(self) -> Remembered | None:
        """What the controller before knew; told where that is lost, for it may have been more."""
        try:
            return self.network.deployer.store.recall()
        except Unreadable as problem:
            self.network.event_log.say("forgotten", reason=str(problem))
            return None

    def _look(self) -> None:
        if self.network.deployer.deployment is None:
            return
        self.rollouts.look_at_those_back()
        if not self.network.missing:
            self.network.follow_soon()

    def _audit(self) -> None:
        network = self.network
        network.timers.set(AuditDue(), network.now_ns + network.timing.audit_ns)
        if network.deployer.deployment is not None and network.told:
            network.deployer.audit(network.told)
            network.left_over = False


# Orders that wait until it is known by which paths they are carried out. Pure.

LANES: tuple[Lane, ...] = ("failures", "requests")


@dataclass(frozen=True, eq=False)
class _Waits:
    order: Order
    question: Question
    stood: Deployment | None
    """When it was asked."""


@dataclass
class Waiting:
    """In order, but failures that are followed before what people ask for."""

    _orders: list[_Waits] = field(default_factory=list)

    def add(self, order: Order, question: Question, stands: Deployment | None) -> None:
        """Of failures that are to be followed the last ones count."""
        waits = _Waits(order, question, stands)
        if order.job == Follow():
            self._orders = [one for one in self._orders if one.order.job != Follow()]
            self._orders.insert(0, waits)
        else:
            self._orders.append(waits)

    def due(self, stands: Deployment | None, found: Question | None = None) -> list[Order]:
        """Those whose paths are found, and those that would now ask for others: taken out."""
        due = [one for one in self._orders if one.question == found or one.stood is not stands]
        self._orders = [one for one in self._orders if one not in due]
        return [one.order for one in due]

    def questions(self) -> dict[Lane, Question | None]:
        """What is to be looked for, if anything is."""
        first = dict[Lane, Question | None].fromkeys(LANES)
        for waits in reversed(self._orders):
            first[waits.question.lane] = waits.question
        return first
