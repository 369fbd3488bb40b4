"""What the controller knows of its network while it runs: what is wanted, what is there."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date

from corridor.controller.api.control_answers import StatusAnswer
from corridor.controller.intent.specification import choosing, chosen_in
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.statuses import statuses, unknown
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.semantics import Failures
from corridor.controller.reconcile.beside import Beside, InPlace
from corridor.controller.reconcile.deployer import Deployer
from corridor.controller.reconcile.event_log import EventLog
from corridor.controller.reconcile.failure_detector import FailureDetector
from corridor.controller.reconcile.jobs import AuditDue, Follow, ReoptimisationDone, Timers, Timing
from corridor.controller.traffic_engineering.fit_rates import overloaded_links


@dataclass
class NetworkState:
    """Shared by all who carry out jobs, one job at a time."""

    deployer: Deployer
    event_log: EventLog
    known: DesiredState
    """As it is wanted; what stands may still be made for something older."""
    sightings: FailureDetector
    timing: Timing = field(default_factory=Timing)
    timers: Timers = field(default_factory=Timers)
    away: set[str] = field(default_factory=set)
    """Hubs whose switch is away."""
    came: set[int] = field(default_factory=set)
    """Switches to look at."""
    connected_ns: int = 0
    """When a switch connected last."""
    deferred: str = ""
    """What a change waits for."""
    beside: Beside = field(default_factory=InPlace)
    """Who chooses paths."""
    found: ReoptimisationDone | None = None
    """Paths by which rates fit under the next failure too, or better: until installed or
    useless."""
    left_over: bool = False
    """Whether something may be left of what was not done in full, and no one has looked since."""

    def __post_init__(self) -> None:
        self._loaded = chosen_in(self.known.specification)

    def as_loaded(self, known: DesiredState) -> DesiredState:
        """With the paths that were chosen when the specification was loaded."""
        return replace(known, specification=choosing(known.specification, self._loaded))

    @property
    def now_ns(self) -> int:
        return self.deployer.interfaces.now_ns()

    @property
    def failures(self) -> Failures:
        """What is seen to have failed."""
        return self.sightings.failures(self.now_ns)

    @property
    def wanted(self) -> DesiredState:
        """Without what has failed."""
        return replace(self.known, failures=self.failures)

    def changed(
        self, *, policies: PolicySet | None = None, as_of: date | None = None
    ) -> DesiredState:
        """What is wanted under other policies, or on another day."""
        before = self.known.specification
        changes = {"policies": policies or before.policies, "as_of": as_of or before.as_of}
        return replace(self.known, specification=before.model_copy(update=changes))

    @property
    def missing(self) -> list[str]:
        """Hubs whose switch is not connected and that are not given up."""
        interfaces = self.deployer.interfaces
        gone = interfaces.dpids - interfaces.switches.connected
        return sorted({interfaces.hub(dpid) for dpid in gone} - self.failures.hubs)

    @property
    def told(self) -> frozenset[int]:
        """Switches that receive entries."""
        interfaces = self.deployer.interfaces
        failed = {interfaces.dpid(hub) for hub in self.failures.hubs}
        return (interfaces.dpids & interfaces.switches.connected) - failed

    def follow_soon(self) -> None:
        self.timers.bring_forward(Follow(), self.now_ns + self.timing.hold_ns)

    def audit_soon(self) -> None:
        """Something may be left of what was not done, or not done in full."""
        if self.deployer.deployment is not None:
            self.left_over = True
            self.timers.bring_forward(AuditDue(), self.now_ns + self.timing.retry_ns)

    def tell_failures(self) -> None:
        """All that are seen now, as an event."""
        failures = self.failures
        kinds = ("links", "gateways", "hubs")
        told = {kind: sorted(getattr(failures, kind)) for kind in kinds}
        self.event_log.say("failures", **told)

    def tell_statuses(self) -> None:
        """Report every demand whose status has changed."""
        deployment, unproven = self.deployer.deployment, self.deployer.unproven
        if deployment is None or unproven:
            demands = (one.demand.id for one in self.known.specification.directions)
            self.event_log.tell_lacking(())
            self.event_log.compare(unknown(demands, unproven))
        else:
            lacking = overloaded_links(deployment.known.specification, deployment.without)
            self.event_log.tell_lacking(lacking)
            self.event_log.compare(statuses(deployment, self.failures, lacking))

    @property
    def state(self) -> StatusAnswer:
        """In a few words."""
        deployment = self.deployer.deployment
        served = Counter(one.status.value for one in list(self.event_log.statuses.values()))
        return {
            "installed": deployment is not None,
            "epoch": deployment.epoch if deployment else None,
            "unproven": self.deployer.unproven,
            "deferred": self.deferred,
            "away": sorted(self.away),
            "as_of": self.known.specification.as_of.isoformat(),
            "policies": self.known.specification.policies.name,
            "foreign": self.deployer.foreign,
            "lacking": list(self.event_log.lacking),
            "happened": self.event_log.counts.plain(),
            "demands": dict(served),
        }
