"""The one thread that decides what happens when: jobs come in, timers run, the deployer acts.

Switches bridge a failure by themselves at once. The controller waits a moment for what else
fails with it, then moves the network to paths made without it; when it is repaired, back. While a
switch is away its tables serve on, and what would change them waits until it is back, or has been
away so long that its hub counts as failed.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from corridor.controller.openflow.errors import SwitchError
from corridor.controller.reconcile.beside import Awaited
from corridor.controller.reconcile.jobs import (
    DAY_NS,
    Answer,
    ApplyReoptimisedPaths,
    AuditDue,
    AuditNow,
    Boot,
    DayEnds,
    DumpTables,
    Follow,
    FollowDay,
    HubGivenUp,
    Job,
    Look,
    Order,
    PortChanged,
    Queue,
    ReadCounters,
    Refused,
    ReoptimisationDone,
    SetDay,
    SetDrained,
    SetPolicies,
    SwitchConnected,
    SwitchLost,
)
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.requests import Requests
from corridor.controller.reconcile.rollouts import Rollouts
from corridor.controller.reconcile.switch_events import SwitchEvents, TimedWork, Waiting
from corridor.controller.reconcile.two_phase_rollout import Deferred, NoTables, NotDone
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.memory import collecting_later
from corridor.topologies.base.seconds import NS_PER_S


@dataclass
class Reconciler:
    """Runs for the life of a controller."""

    network: NetworkState
    jobs: Queue[Order]
    nothing: type[Exception]
    """What ``jobs`` raises when time is over."""
    on_deployed: Callable[[], object] = lambda: None
    """Called once, when the first deployment stands."""

    def __post_init__(self) -> None:
        network = self.network
        rollouts = Rollouts(network)
        self._switch_events = SwitchEvents(network)
        self._timed_work = TimedWork(network, rollouts, self.on_deployed)
        self._requests = Requests(network, rollouts)
        self._rollouts = rollouts
        self._waiting = Waiting()
        self._told = dict[str, str]()
        """Reported defects, by what breaks, until it is repaired."""
        now_ns = network.now_ns
        network.timers.set(Boot(), now_ns + network.timing.first_ns)
        network.timers.set(DayEnds(), now_ns + DAY_NS)

    def run(self) -> None:
        """Never returns."""
        while True:
            self.carry_out(self.next())

    def next(self) -> Order:
        """The next job, or the next timer that is due."""
        timers = self.network.timers
        while True:
            timer = timers.next
            left_ns = None if timer is None else timer[1] - self.network.now_ns
            if timer is not None and left_ns is not None and left_ns <= 0:
                timers.cancel(timer[0])
                return Order(timer[0])
            try:
                return self.jobs.get(timeout=None if left_ns is None else left_ns / NS_PER_S)
            except self.nothing:
                continue

    def carry_out(self, order: Order) -> None:
        """Do one job, and those that waited for its outcome. Every error is reported,
        and nothing unproven is left in force."""
        self._carry_out(order)
        deployer = self.network.deployer
        found = order.job.question if isinstance(order.job, ReoptimisationDone) else None
        due = self._waiting.due(deployer.deployment, found)
        while due:
            for one in due:
                self._carry_out(one)
            due = self._waiting.due(deployer.deployment)

    def _carry_out(self, order: Order) -> None:
        with collecting_later():
            answer = self._answer_to(order)
        try:
            self._do_after(order.job)
        finally:
            if order.reply is not None and answer is not None:
                order.reply.put(answer)

    def _do_after(self, job: Job) -> None:
        """What follows every job, and is as it should be after the next one if it breaks."""
        for step in (self.network.tell_statuses, self._rollouts.look_ahead, self._ask):
            try:
                step()
            except Exception as problem:  # noqa: BLE001 - told, and the controller goes on
                self._defect(job, problem, step.__name__)
            else:
                self._told.pop(step.__name__, None)

    def _ask(self) -> None:
        """Have paths chosen for who waits for them, those first who waited first."""
        for lane, question in self._waiting.questions().items():
            if question is None:
                self.network.beside.break_off(lane)
            else:
                self.network.beside.ask(question)

    def _answer_to(self, order: Order) -> Answer | None:
        """None while it waits."""
        job = order.job
        try:
            return self._do(job) or {"ok": True}
        except Awaited as waits:
            stands = self.network.deployer.deployment
            self._waiting.add(Order(waits.instead or job, order.reply), waits.question, stands)
            return None
        except NotDone as problem:
            return self._not_done(job, problem)
        except SwitchError as problem:
            return self._failed(job, problem)
        except InputError as problem:
            return self._not_done(job, NoTables(str(problem)))
        except Exception as problem:  # noqa: BLE001 - told, and the network stays as it is
            return self._defect(job, problem)

    def _do(self, job: Job) -> Answer | None:
        match job:
            case SwitchConnected() | SwitchLost() | PortChanged() | HubGivenUp():
                self._switch_events.carry_out(job)
            case Boot() | Follow() | Look() | ApplyReoptimisedPaths() | AuditDue():
                self._timed_work.carry_out(job)
            case ReoptimisationDone():
                self._found(job)
            case SetPolicies() | SetDay() | FollowDay() | SetDrained() | DayEnds():
                return self._requests.carry_out(job)
            case ReadCounters() | AuditNow() | DumpTables():
                return self._requests.carry_out(job)
            case _:
                assert_never(job)
        return None

    def _found(self, job: ReoptimisationDone) -> None:
        """By which rates fit under the next failure too; others are taken by who waits for them."""
        network = self.network
        if job.question.lane != "next failure":
            return
        if job.problem:
            self._tell_once(job.name, job.problem, do=job.name)
            return
        self._told.pop(job.name, None)
        if job.found != job.question.loaded:
            network.found = job
            network.timers.set(ApplyReoptimisedPaths(), network.now_ns)

    def _not_done(self, job: Job, problem: NotDone) -> Refused:
        answer = _no(problem.kind, str(problem))
        if problem.again:
            self.network.audit_soon()
        if problem.proof is not None:
            answer["counterexamples"] = [
                to_plain(one.counterexample) if one.counterexample else str(one)
                for one in problem.proof.violated
            ]
        if not isinstance(problem, Deferred):
            told = {"do": job.name, "kind": problem.kind, "reason": str(problem)}
            self.network.event_log.say("refused", **told)
        return answer

    def _failed(self, job: Job, problem: SwitchError) -> Refused:
        self.network.event_log.say("failed", do=job.name, reason=str(problem))
        self._switch_events.hang_up(problem)
        self.network.audit_soon()
        return _no("failed", str(problem))

    def _defect(self, job: Job, problem: Exception, step: str = "") -> Refused:
        """Of a ``step`` that follows every job, told once while it stays the same."""
        reason, where = f"{type(problem).__name__}: {problem}", traceback.format_exc()
        if step:
            self._tell_once(step, reason, do=job.name, where=where)
        else:
            self.network.event_log.say("error", message=reason, do=job.name, where=where)
        return _no("error", reason)

    def _tell_once(self, what: str, message: str, **more: str) -> None:
        if self._told.get(what) != message:
            self._told[what] = message
            self.network.event_log.say("error", message=message, **more)


def _no(kind: str, reason: str) -> Refused:
    return {"ok": False, "kind": kind, "reason": reason}
