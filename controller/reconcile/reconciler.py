"""The one thread that decides what happens when: jobs come in, timers run, the deployer acts.

Switches bridge a failure by themselves at once. The controller waits a moment for what else
fails with it, then moves the network to ways made without it; when it is mended, back. While a
switch is away its tables serve on, and what would change them waits until it is back, or has been
away so long that its hub counts as failed.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Protocol

from corridor.controller.deployment import deployments
from corridor.controller.deployment.deployments import Deployment, DesiredState
from corridor.controller.deployment.statuses import statuses, unknown
from corridor.controller.openflow.counters import drops_by_reason, sent_by_demand
from corridor.controller.openflow.errors import SwitchError, SwitchTimeout
from corridor.controller.policy.failures import NO_FAILURES, Failures
from corridor.controller.policy.model import PolicySet
from corridor.controller.prover.updates import objections
from corridor.controller.reconcile.deployer import Deployer
from corridor.controller.reconcile.event_log import EventLog
from corridor.controller.reconcile.failure_detector import FailureDetector
from corridor.controller.reconcile.state_file import Remembered, Unreadable
from corridor.controller.reconcile.two_phase_rollout import Deferred, NotDone, NotNow
from corridor.topologies.base.codec import to_plain
from corridor.topologies.model.wiring import GATEWAY_IN_PORT

SECOND_NS = 1_000_000_000
DAY_NS = 86_400 * SECOND_NS


@dataclass(frozen=True)
class Timing:
    """How long the controller waits for what."""

    hold_ns: int = SECOND_NS // 10
    """For more failures after one, before ways are made again."""
    settle_ns: int = 5 * SECOND_NS
    """For ports to come alive, when all switches have connected for the first time."""
    first_ns: int = 60 * SECOND_NS
    """For all switches to connect for the first time."""
    away_ns: int = 10 * SECOND_NS
    """For a switch that went away, before its hub counts as failed."""
    retry_ns: int = 2 * SECOND_NS
    audit_ns: int = 30 * SECOND_NS


class Jobs(Protocol):
    """A queue with deadlines."""

    def put(self, item: Any) -> object: ...

    def get(self, block: bool = ..., timeout: float | None = ...) -> Any: ...


@dataclass(frozen=True)
class Job:
    """Something to do; ``reply`` gets what came of it."""

    do: str
    what: Mapping[str, Any] = field(default_factory=dict)
    reply: Jobs | None = None


@dataclass
class Reconciler:
    """Runs for the life of a controller."""

    deployer: Deployer
    event_log: EventLog
    known: DesiredState
    """As it is wanted; what stands may still be made for something older."""
    sightings: FailureDetector
    jobs: Jobs
    nothing: type[Exception]
    """What ``jobs`` raises when time is over."""
    timing: Timing = field(default_factory=Timing)
    on_standing: Callable[[], object] = lambda: None
    """Called once, when the first deployment stands."""
    _timers: dict[str, int] = field(default_factory=dict)
    _away: dict[str, int] = field(default_factory=dict)
    """Hubs whose switch is away, and since when."""
    _came: set[int] = field(default_factory=set)
    """Switches to look at."""
    _connected_ns: int = 0
    _deferred: str = ""
    _announced: bool = False

    def __post_init__(self) -> None:
        now_ns = self._now_ns
        self._timers["boot"] = now_ns + self.timing.first_ns
        self._timers["day"] = now_ns + DAY_NS

    def run(self) -> None:
        """Never returns."""
        while True:
            self.carry_out(self.next())

    def next(self) -> Job:
        """The next job, or the next timer that is due."""
        while True:
            name = min(self._timers, key=lambda one: self._timers[one], default=None)
            left_ns = None if name is None else self._timers[name] - self._now_ns
            if name is not None and left_ns is not None and left_ns <= 0:
                del self._timers[name]
                return Job(name)
            try:
                job: Job = self.jobs.get(timeout=None if left_ns is None else left_ns / SECOND_NS)
            except self.nothing:
                continue
            return job

    def carry_out(self, job: Job) -> None:
        """Do one job. Whatever goes wrong is told, and nothing unproven is left in force."""
        answer: dict[str, Any]
        try:
            answer = self._do(job) or {"ok": True}
        except NotDone as problem:
            answer = {"ok": False, "kind": problem.kind, "reason": str(problem)}
            if problem.again:
                self._audit_soon()
            if problem.proof is not None:
                answer["counterexamples"] = [
                    to_plain(one.counterexample) if one.counterexample else str(one)
                    for one in problem.proof.violated
                ]
            if not isinstance(problem, Deferred):
                told = {"do": job.do, "kind": problem.kind, "reason": str(problem)}
                self.event_log.say("refused", **told)
        except SwitchError as problem:
            answer = {"ok": False, "kind": "failed", "reason": str(problem)}
            self.event_log.say("failed", do=job.do, reason=str(problem))
            self._hang_up(problem)
            self._audit_soon()
        except Exception as problem:  # noqa: BLE001 - told, and the network stays as it is
            reason = f"{type(problem).__name__}: {problem}"
            answer = {"ok": False, "kind": "error", "reason": reason}
            where = traceback.format_exc()
            self.event_log.say("error", message=answer["reason"], do=job.do, where=where)
        self._retell()
        if job.reply is not None:
            job.reply.put(answer)

    def _do(self, job: Job) -> dict[str, Any] | None:
        kind, _, hub = job.do.partition(" ")
        if kind == "away":
            self._given_up(hub)
            return None
        done: dict[str, Any] | None = getattr(self, f"_{kind}")(**job.what)
        return done

    @property
    def failures(self) -> Failures:
        """What is seen to have failed."""
        return self.sightings.failures(self._now_ns)

    @property
    def state(self) -> dict[str, Any]:
        """In a few words."""
        deployment = self.deployer.deployment
        return {
            "installed": deployment is not None,
            "epoch": deployment.epoch if deployment else None,
            "unproven": self.deployer.unproven,
            "deferred": self._deferred,
            "away": sorted(self._away),
            "as_of": self.known.specification.as_of.isoformat(),
            "policies": self.known.specification.policies.name,
            "foreign": self.deployer.foreign,
            "happened": self.event_log.counts.plain(),
        }

    # Jobs from switches.

    def _came_back(self, dpid: int, ports: Mapping[int, bool]) -> None:
        """A switch has connected, and said which of its ports are live."""
        now_ns, hub = self._now_ns, self._hub(dpid)
        self._connected_ns = now_ns
        self._away.pop(hub, None)
        self._timers.pop(f"away {hub}", None)
        self._came.add(dpid)
        self.sightings.silent(hub, silent=False, now_ns=now_ns)
        for port, live in ports.items():
            self.sightings.port(dpid, port, live=live, now_ns=now_ns)
        self.event_log.say("switch", hub=hub, connected=True)
        if self.deployer.deployment is None:
            if not self._missing():
                self._timers["boot"] = now_ns
        else:
            self._timers["look"] = now_ns + self.timing.hold_ns // 2

    def _went_away(self, dpid: int) -> None:
        """A switch has lost its connection; its tables serve on."""
        hub = self._hub(dpid)
        self._away[hub] = self._now_ns
        self._came.discard(dpid)
        self._timers[f"away {hub}"] = self._now_ns + self.timing.away_ns
        self.event_log.say("switch", hub=hub, connected=False)

    def _port(self, dpid: int, port: int, live: bool) -> None:
        """A switch says that a port came alive or died."""
        if not self.sightings.port(dpid, port, live=live, now_ns=self._now_ns):
            return
        self.event_log.say("failures", **_plain(self.failures))
        self._follow_soon()
        if (
            self.deployer.deployment is None
            and self.failures == NO_FAILURES
            and not self._missing()
        ):
            self._timers["boot"] = self._now_ns
        if live and port == GATEWAY_IN_PORT:
            self.deployer.tell_gateways()

    # Timers.

    def _boot(self) -> None:
        missing = self._missing()
        now_ns = self._now_ns
        waited_long = now_ns >= self._connected_ns + self.timing.settle_ns
        if missing:
            for hub in missing:
                self.sightings.silent(hub, silent=True, now_ns=now_ns)
        elif self.failures != NO_FAILURES and not waited_long:
            self._timers["boot"] = self._connected_ns + self.timing.settle_ns
            return
        if not self._told:
            self._timers["boot"] = now_ns + self.timing.retry_ns
            return
        self._timers["boot"] = now_ns + self.timing.retry_ns
        remembered = self._recall()
        if remembered is not None:
            self.known = remembered.wanted
        self.deployer.boot(self._wanted(), self._told, remembered)
        del self._timers["boot"]
        deployment = self.deployer.deployment
        assert deployment is not None
        self.known = replace(self.deployer.wanted or deployment.known, failures=NO_FAILURES)
        self._came.clear()
        self._timers["audit"] = self._now_ns + self.timing.audit_ns
        self._follow_soon()
        if not self._announced:
            self._announced = True
            self.on_standing()

    def _recall(self) -> Remembered | None:
        """What the controller before knew; told where that is lost, for it may have been more."""
        try:
            return self.deployer.store.recall()
        except Unreadable as problem:
            self.event_log.say("forgotten", reason=str(problem))
            return None

    def _follow(self, why: str = "failures") -> None:
        """Move to what is wanted without what has failed."""
        if self.deployer.deployment is None:
            return
        try:
            self._move_to(self._wanted(), why, asked=False)
        except NotDone as problem:
            if problem.again:
                self._timers["follow"] = self._now_ns + self.timing.retry_ns
            raise
        release_ns = self.sightings.damper.release_ns()
        if release_ns is not None:
            self._timers["follow"] = max(release_ns, self._now_ns + self.timing.hold_ns)

    def _look(self) -> None:
        """See to switches that have come back: nobody knows what they hold."""
        if self.deployer.deployment is None:
            return
        self._look_at_those_back()
        if not self._missing():
            self._follow_soon()

    def _look_at_those_back(self) -> None:
        came = frozenset(self._came) & self._told
        if came:
            self._timers["look"] = self._now_ns + self.timing.retry_ns
            self.deployer.audit(came, "switch came back")
            self._timers.pop("look")
        self._came -= came

    def _audit(self) -> None:
        self._timers["audit"] = self._now_ns + self.timing.audit_ns
        if self.deployer.deployment is not None and self._told:
            self.deployer.audit(self._told)

    def _day(self) -> None:
        self._timers["day"] = self._now_ns + DAY_NS
        self._set_day(self.known.specification.as_of + timedelta(days=1))

    # Requests of people.

    def _set_policies(self, policies: PolicySet) -> dict[str, Any]:
        """Policies in force from the flip on; NotDone if they cannot be proven.

        Nothing is withdrawn for what is then deferred or refused.
        """
        wanted = replace(self.known, specification=self._specified(policies=policies))
        deployment = self._settled()
        self._refuse_absence()
        gone = deployments.no_longer_allowed(deployment, wanted.specification.intents())
        if gone:
            self._refuse_unproven(wanted)
        try:
            withdrawn = self.deployer.withdraw(gone, wanted, self._told)
            self._move_to(wanted, "policies")
        except (NotDone, SwitchError):
            if gone:
                self.deployer.restore(deployment, self.known, self._told)
            raise
        self.known = wanted
        return self._done(withdrawn)

    def _set_day(self, as_of: date) -> dict[str, Any]:
        """What has lost its basis goes before anything is computed again."""
        self.known = replace(self.known, specification=self._specified(as_of=as_of))
        self.deployer.want(self.known)
        deployment, withdrawn = self.deployer.deployment, list[str]()
        if deployment is not None:
            gone = deployments.unlawful(deployment, self.known.specification.intents())
            withdrawn = self.deployer.withdraw(gone, self.known, self._told)
            self._follow("the day")
        return self._done(withdrawn)

    def _set_drained(self, fibre: str, drained: bool) -> dict[str, Any]:
        """A fibre is to carry nothing, or may again."""
        change = {fibre}
        fibres = self.known.drained | change if drained else self.known.drained - change
        wanted = replace(self.known, drained=fibres)
        self._settled()
        done = "drained" if drained else "restored"
        self._move_to(wanted, f"{fibre} {done}", asked=drained)  # room that is given back is taken
        self.known = wanted
        return self._done()

    def _ask_counters(self) -> dict[str, Any]:
        interfaces, deployment = self.deployer.interfaces, self.deployer.deployment
        document = interfaces.document(self._told)
        demands = [one.id for one in deployment.intents] if deployment else []
        ports = interfaces.switches.port_counts(self._told)
        return {
            "ok": True,
            **drops_by_reason(document),
            "sent": sent_by_demand(document, demands),
            "ports": {interfaces.hub(dpid): ports[dpid] for dpid in sorted(ports)},
        }

    def _ask_audit(self) -> dict[str, Any]:
        if self.deployer.deployment is None:
            raise NotNow(self.deployer.unproven)
        mended = self.deployer.audit(self._told)
        return {"ok": True, "was_whole": mended.was_whole}

    def _ask_dump(self) -> dict[str, Any]:
        return {"ok": True, "document": self.deployer.interfaces.document(self._told)}

    # What they have in common.

    def _move_to(self, known: DesiredState, why: str, *, asked: bool = True) -> None:
        self._refuse_absence()
        self._look_at_those_back()
        if not self.deployer.move_to(self._following(known, asked=asked), self._told, why):
            self._audit_soon()

    def _refuse_absence(self) -> None:
        absent = self._missing()
        if absent:
            self._defer(f"{', '.join(absent)} away")
            raise Deferred(f"deferred until {', '.join(absent)} is back or given up")
        self._defer("")

    def _refuse_unproven(self, known: DesiredState) -> None:
        proof = deployments.proof_of(
            self._following(known, asked=True), self.deployer.interfaces.wiring
        )
        if not proof.holds:
            raise NotDone(f"it would break {'; '.join(objections(proof))}", proof)

    def _following(self, known: DesiredState, *, asked: bool) -> Deployment:
        """What is to stand next; rates must fit if somebody has ``asked`` for it."""
        deployment = self.deployer.deployment
        assert deployment is not None
        wanted = replace(known, failures=self.failures)
        new = deployments.following(deployment, wanted, self.deployer.interfaces.wiring)
        return replace(new, promises_rates=asked)

    def _settled(self) -> Deployment:
        deployment = self.deployer.deployment
        if deployment is None or self.deployer.unproven:
            raise NotNow(self.deployer.unproven)
        return deployment

    def _specified(self, **changes: Any) -> Any:
        return self.known.specification.model_copy(update=changes)

    def _wanted(self) -> DesiredState:
        return replace(self.known, failures=self.failures)

    def _done(self, withdrawn: Sequence[str] = ()) -> dict[str, Any]:
        deployment = self.deployer.deployment
        return {
            "ok": True,
            "epoch": deployment.epoch if deployment else None,
            "withdrawn": list(withdrawn),
            "update": self.deployer.update if deployment else None,
        }

    def _follow_soon(self) -> None:
        due_ns = self._now_ns + self.timing.hold_ns
        self._timers["follow"] = min(due_ns, self._timers.get("follow", due_ns))

    def _audit_soon(self) -> None:
        """Something may be left of what was not done, or not done in full."""
        if self.deployer.deployment is not None:
            due_ns = self._now_ns + self.timing.retry_ns
            self._timers["audit"] = min(due_ns, self._timers.get("audit", due_ns))

    def _defer(self, reason: str) -> None:
        if reason and reason != self._deferred:
            self.event_log.say("deferred", reason=reason)
        self._deferred = reason

    def _hang_up(self, problem: SwitchError) -> None:
        if isinstance(problem, SwitchTimeout):
            for dpid in problem.dpids:
                self.deployer.interfaces.switches.hang_up(dpid)

    def _given_up(self, hub: str) -> None:
        self._away.pop(hub, None)
        if self.sightings.silent(hub, silent=True, now_ns=self._now_ns):
            self.event_log.say("failures", **_plain(self.failures))
        self._follow_soon()

    def _missing(self) -> list[str]:
        """Hubs whose switch is not connected and that are not given up."""
        interfaces = self.deployer.interfaces
        gone = interfaces.dpids - interfaces.switches.connected
        return sorted({interfaces.hub(dpid) for dpid in gone} - self.failures.hubs)

    @property
    def _told(self) -> frozenset[int]:
        """Switches that are told what to hold."""
        interfaces = self.deployer.interfaces
        failed = {interfaces.dpid(hub) for hub in self.failures.hubs}
        return (interfaces.dpids & interfaces.switches.connected) - failed

    def _hub(self, dpid: int) -> str:
        return self.deployer.interfaces.hub(dpid)

    @property
    def _now_ns(self) -> int:
        return self.deployer.interfaces.now_ns()

    def _retell(self) -> None:
        """Tell of every demand that is now served otherwise."""
        deployment, unproven = self.deployer.deployment, self.deployer.unproven
        if deployment is None or unproven:
            demands = (one.demand.id for one in self.known.specification.directions)
            self.event_log.compare(unknown(demands, unproven))
        else:
            self.event_log.compare(statuses(deployment, self.failures))


def _plain(failures: Failures) -> dict[str, list[str]]:
    kinds = ("links", "gateways", "hubs")
    return {kind: sorted(getattr(failures, kind)) for kind in kinds}
