"""From what stands to what is wanted: when that may be done, and what has to be seen to before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from corridor.controller.deployment.deployments import Deployment, DesiredState
from corridor.controller.prover.updates import objections
from corridor.controller.reconcile.jobs import Follow, Look
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.two_phase_rollout import Deferred, NotDone, NotNow


@dataclass
class Rollouts:
    """Moves a network that stands."""

    network: NetworkState

    def move_to(self, known: DesiredState, why: str, *, asked: bool = True) -> None:
        """Raises NotDone and SwitchError; see ``following`` for ``asked``."""
        self.refuse_absence()
        self.look_at_those_back()
        self.tidy_up()
        new = self._following(known, asked=asked)
        if not self.network.deployer.move_to(new, self.network.told, why):
            self.network.audit_soon()

    def follow(self, why: str) -> None:
        """Move to what is wanted without what has failed; again later, if that cannot be now."""
        network = self.network
        if network.deployer.deployment is None:
            return
        try:
            self.move_to(network.wanted, why, asked=False)
        except NotDone as problem:
            if problem.again:
                network.timers.set(Follow(), network.now_ns + network.timing.retry_ns)
            raise
        release_ns = network.sightings.damper.release_ns()
        if release_ns is not None:
            due_ns = max(release_ns, network.now_ns + network.timing.hold_ns)
            network.timers.set(Follow(), due_ns)

    def look_at_those_back(self) -> None:
        """Switches that have connected since, as far as they are told what to hold."""
        network = self.network
        came = frozenset(network.came) & network.told
        if came:
            network.timers.set(Look(), network.now_ns + network.timing.retry_ns)
            network.deployer.audit(came, "switch came back")
            network.timers.cancel(Look())
        network.came -= came

    def tidy_up(self) -> None:
        """What is left of something that was broken off would be in the way of what follows: a
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

    def refuse_unproven(self, known: DesiredState) -> None:
        """Raises NotDone if what is to stand would break a claim."""
        proof = self.network.deployer.proof_of(self._following(known, asked=True))
        if not proof.holds:
            raise NotDone(f"it would break {'; '.join(objections(proof))}", proof)

    def settled(self) -> Deployment:
        """What stands, proven; raises NotNow."""
        deployer = self.network.deployer
        if deployer.deployment is None or deployer.unproven:
            raise NotNow(deployer.unproven)
        return deployer.deployment

    def _following(self, known: DesiredState, *, asked: bool) -> Deployment:
        """What is to stand next; rates must fit if somebody has ``asked`` for it."""
        deployer = self.network.deployer
        new = deployer.following(replace(known, failures=self.network.failures))
        return replace(new, promises_rates=asked)

    def _defer(self, reason: str) -> None:
        if reason and reason != self.network.deferred:
            self.network.event_log.say("deferred", reason=reason)
        self.network.deferred = reason
