"""From what stands to what is wanted: when that may be done, and what has to be seen to before."""

from __future__ import annotations

import traceback
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum

from corridor.controller.intent.specification import Specification, choosing, chosen_in
from corridor.controller.openflow.deployments import Deployment, DesiredState, unbuilt
from corridor.controller.openflow.errors import SwitchError
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover.verdicts import objections
from corridor.controller.reconcile.beside import Awaited
from corridor.controller.reconcile.jobs import (
    ApplyReoptimisedPaths,
    Follow,
    Look,
    ReoptimisationDone,
)
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.two_phase_rollout import Deferred, NotDone, NotNow
from corridor.controller.traffic_engineering.fit_rates import fits_current_failures, may_ask
from corridor.controller.traffic_engineering.reoptimisation import Question


class Rates(Enum):
    """When committed rates have to fit for a change to be made."""

    ALWAYS = "always"
    """Under every failure protected against."""
    NOW = "now"
    """As things are, where paths may be chosen again: those for the next failure come after it.
    Else always."""
    IF_THEY_CAN = "if they can"
    """What has failed must be done without, whatever becomes of rates."""


@dataclass
class Rollouts:
    """Moves a network that stands."""

    network: NetworkState
    _searched: Question | None = None
    """What was found ahead and stands, though not all fits."""

    def move_to(self, known: DesiredState, why: str, rates: Rates) -> None:
        """Raises NotDone, SwitchError, and Awaited."""
        self._ready()
        self._roll_out(self._following(known, rates), why, known)

    def apply_reoptimised_paths(self) -> None:
        """Move to the paths that were found ahead, if all is still as it was when they were asked
        for. Raises NotDone and SwitchError."""
        network, found = self.network, self.network.found
        if found is None or found.found is None:
            return
        try:
            self._ready()
            deployment = self.settled()
            if not self._is_of_use(found, deployment):
                network.found = None
                network.beside.break_off("next failure")  # for it may be asked for again
                return
            known = replace(network.wanted, specification=found.found)
            new = network.deployer.following(known)
            self._roll_out(new, "rates under the next failure", network.known)
        except (NotDone, SwitchError) as problem:
            if not isinstance(problem, NotDone) or problem.again or problem.kind == "deferred":
                network.timers.set(
                    ApplyReoptimisedPaths(), network.now_ns + network.timing.retry_ns
                )
            else:
                network.found = None
            raise
        network.found = None
        self._searched = Question.ahead(found.found, found.question.without)

    def look_ahead(self) -> None:
        """Have paths looked for by which rates fit under the next failure too, if they do not."""
        network, deployment = self.network, self.network.deployer.deployment
        if deployment is None or network.deployer.unproven or not network.event_log.lacking:
            network.beside.break_off("next failure")
        elif not self._stands_as_wanted(deployment):
            network.beside.break_off("next failure")  # the installed tables are about to change
        elif deployment.known.specification.chooses:
            question = Question.ahead(deployment.known.specification, deployment.without)
            if question != self._searched:
                network.beside.ask(question)

    def _is_of_use(self, found: ReoptimisationDone, deployment: Deployment) -> bool:
        asked = Question.ahead(deployment.known.specification, deployment.without)
        return found.question == asked and self._stands_as_wanted(deployment)

    def _stands_as_wanted(self, deployment: Deployment) -> bool:
        """Whether nothing has failed, was repaired or was asked for that is not followed yet."""
        wiring, wanted = self.network.deployer.interfaces.wiring, self.network.wanted
        asked, stands = wanted.specification, deployment.known.specification
        is_same = (asked.policies, asked.as_of) == (stands.policies, stands.as_of)
        return is_same and wanted.without(wiring) == deployment.without

    def _ready(self) -> None:
        self.refuse_absence()
        self.look_at_those_back()
        self.tidy_up()

    def _roll_out(self, new: Deployment, why: str, known: DesiredState) -> None:
        network = self.network

        def serves() -> None:
            network.known = replace(known, failures=network.known.failures)
            with suppress(Exception):  # told again after the job, which reports what breaks there
                network.tell_statuses()

        if not network.deployer.move_to(new, network.told, why, serves):
            network.audit_soon()

    def follow(self, why: str) -> None:
        """Move to what is wanted without what has failed; again later, if that cannot be now.
        Raises NotDone, SwitchError, and Awaited."""
        network = self.network
        if network.deployer.deployment is None:
            return
        damper = network.sightings.damper
        if damper.release_ns() is not None:
            damper.let_in(network.now_ns)
        try:
            self.move_to(network.wanted, why, Rates.IF_THEY_CAN)
        except NotDone as problem:
            if problem.again:
                network.timers.set(Follow(), network.now_ns + network.timing.retry_ns)
            raise
        finally:
            self._follow_at_release()

    def _follow_at_release(self) -> None:
        """Follow again once a fibre that flapped has been quiet, also if that time has passed
        while this move was planned, or if the move was refused."""
        network = self.network
        release_ns = network.sightings.damper.release_ns()
        if release_ns is not None:
            due_ns = max(release_ns, network.now_ns + network.timing.hold_ns)
            network.timers.bring_forward(Follow(), due_ns)

    def look_at_those_back(self) -> None:
        """Switches that have connected since, if they receive entries."""
        network = self.network
        came = frozenset(network.came) & network.told
        if came:
            network.timers.set(Look(), network.now_ns + network.timing.retry_ns)
            network.deployer.audit(network.told, "switch came back", came)
            network.timers.cancel(Look())
        network.came -= came

    def tidy_up(self) -> None:
        """Remove the rest of an interrupted rollout, which would disturb the next one: a
        group of the same number, for one."""
        network = self.network
        if network.left_over and network.told:
            network.deployer.audit(network.told, "left over")
            network.left_over = False

    def refuse_absence(self) -> None:
        """Raises Deferred while a switch is away that is not given up."""
        absent = ", ".join(self.network.missing)
        self._defer(f"{absent} away" if absent else "")
        if absent:
            raise Deferred(f"deferred until {absent} is back or given up")

    def refuse_unproven(self, known: DesiredState, rates: Rates) -> None:
        """Raises NotDone if what is to stand would break a claim."""
        proof = self.network.deployer.proof_of(self._following(known, rates))
        if not proof.holds:
            raise NotDone(f"it would break {'; '.join(objections(proof))}", proof)

    def settled(self) -> Deployment:
        """What stands, proven; raises NotNow."""
        deployer = self.network.deployer
        if deployer.deployment is None or deployer.unproven:
            raise NotNow(deployer.unproven)
        return deployer.deployment

    def _following(self, known: DesiredState, rates: Rates) -> Deployment:
        """What is to stand next, by paths that are chosen for it."""
        deployer = self.network.deployer
        stands = deployer.deployment
        assert stands is not None
        wanted = replace(known, failures=self.network.failures)
        without = wanted.without(deployer.interfaces.wiring)
        chosen = self._chosen(known.specification, stands, without, rates)
        new = deployer.following(replace(wanted, specification=chosen))
        return replace(new, promises_rates=_promises(rates, chosen, without))

    def _chosen(
        self, asked: Specification, stands: Deployment, without: Failures, rates: Rates
    ) -> Specification:
        """By paths that stand, where choosing breaks and what has failed must be done without."""
        if not asked.chooses or not may_ask(asked):
            return asked
        installed = stands.known.specification
        question = Question(
            lane="failures" if rates == Rates.IF_THEY_CAN else "requests",
            loaded=asked,
            installed=installed,
            without=without,
            stood=stands.without,
            unbuilt=unbuilt(self.network.deployer.interfaces.wiring),
            for_all=rates == Rates.ALWAYS,
        )
        try:
            known = self.network.beside.known(question)
        except Exception as problem:
            if rates != Rates.IF_THEY_CAN:
                raise
            reason, where = f"{type(problem).__name__}: {problem}", traceback.format_exc()
            self.network.event_log.say("error", message=reason, do="select paths", where=where)
            return choosing(asked, chosen_in(installed))
        if known is None:
            raise Awaited(question)
        return known

    def _defer(self, reason: str) -> None:
        if reason and reason != self.network.deferred:
            self.network.event_log.say("deferred", reason=reason)
        self.network.deferred = reason


def _promises(rates: Rates, chosen: Specification, without: Failures) -> bool:
    """Whether rates that do not fit are a reason not to do it."""
    if rates == Rates.NOW and chosen.chooses:
        return not fits_current_failures(chosen, without)
    return rates != Rates.IF_THEY_CAN
