"""What people ask for: policies, days, drains, counters, audits, dumps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import assert_never

from corridor.controller.openflow import deployments
from corridor.controller.openflow.errors import SwitchError
from corridor.controller.openflow.table_dump import drops_by_reason, sent_by_demand
from corridor.controller.policy.model import PolicySet
from corridor.controller.reconcile.beside import Awaited
from corridor.controller.reconcile.jobs import (
    DAY_NS,
    Answer,
    Audited,
    AuditNow,
    Changed,
    Counted,
    DayEnds,
    Dumped,
    DumpTables,
    FollowDay,
    ReadCounters,
    RequestedJob,
    SetDay,
    SetDrained,
    SetPolicies,
)
from corridor.controller.reconcile.network_state import NetworkState
from corridor.controller.reconcile.rollouts import Rates, Rollouts
from corridor.controller.reconcile.two_phase_rollout import NotDone, NotNow


@dataclass
class Requests:
    """Carries them out; raises NotDone, SwitchError, and Awaited."""

    network: NetworkState
    rollouts: Rollouts

    def carry_out(self, job: RequestedJob) -> Answer:
        match job:
            case SetPolicies(policies=policies):
                return self._set_policies(policies)
            case SetDay(as_of=as_of):
                return self._set_day(as_of)
            case FollowDay(withdrawn=withdrawn):
                self.rollouts.follow("the day")
                return self._changed(withdrawn)
            case DayEnds():
                return self._next_day()
            case SetDrained():
                return self._set_drained(job)
            case ReadCounters():
                return self._counters()
            case AuditNow():
                return self._audit()
            case DumpTables():
                return self._dump()
            case _:
                assert_never(job)

    def _set_policies(self, policies: PolicySet) -> Changed:
        """Policies in force from the flip on; NotDone if they cannot be proven.

        Nothing is withdrawn for what is then deferred or refused.
        """
        network, rollouts = self.network, self.rollouts
        wanted = network.changed(policies=policies)
        deployment = rollouts.settled()
        rollouts.refuse_absence()
        gone = deployments.no_longer_allowed(deployment, wanted.specification.intents())
        if gone:
            rollouts.refuse_unproven(wanted, Rates.NOW)
        try:
            withdrawn = network.deployer.withdraw(gone, wanted, network.told)
            rollouts.move_to(wanted, f"policies {policies.name}", Rates.NOW)
        except (NotDone, SwitchError, Awaited):
            if gone:
                network.deployer.restore(deployment, network.known, network.told)
            raise
        network.known = wanted
        return self._changed(withdrawn)

    def _set_day(self, as_of: date) -> Changed:
        """What has lost its basis goes before anything is computed again."""
        network, deployer = self.network, self.network.deployer
        network.known = network.changed(as_of=as_of)
        deployer.want(network.known)
        withdrawn = list[str]()
        if deployer.deployment is not None:
            intents = network.known.specification.intents()
            gone = deployments.unlawful(deployer.deployment, intents)
            withdrawn = deployer.withdraw(gone, network.known, network.told)
            try:
                self.rollouts.follow("the day")
            except Awaited as waits:
                raise Awaited(waits.question, FollowDay(tuple(withdrawn))) from None
        return self._changed(withdrawn)

    def _next_day(self) -> Changed:
        self.network.timers.set(DayEnds(), self.network.now_ns + DAY_NS)
        return self._set_day(self.network.known.specification.as_of + timedelta(days=1))

    def _set_drained(self, job: SetDrained) -> Changed:
        network, change = self.network, {job.fibre}
        before = network.known.drained
        wanted = replace(network.known, drained=before | change if job.drained else before - change)
        self.rollouts.settled()
        done = "drained" if job.drained else "restored"
        # Room that is given back is taken, whatever becomes of rates.
        rates = Rates.ALWAYS if job.drained else Rates.IF_THEY_CAN
        self.rollouts.move_to(wanted, f"{job.fibre} {done}", rates)
        network.known = wanted
        return self._changed()

    def _counters(self) -> Counted:
        interfaces = self.network.deployer.interfaces
        deployment = self.network.deployer.deployment
        document = interfaces.document(self.network.told)
        demands = [one.id for one in deployment.intents] if deployment else []
        counted = interfaces.switches.port_counts(self.network.told)
        return {
            "ok": True,
            **drops_by_reason(document),
            "sent": sent_by_demand(document, demands),
            "ports": {
                interfaces.hub(dpid): {str(port): counts for port, counts in ports.items()}
                for dpid, ports in sorted(counted.items())
            },
        }

    def _audit(self) -> Audited:
        deployer = self.network.deployer
        if deployer.deployment is None:
            raise NotNow(deployer.unproven)
        return {"ok": True, "was_whole": deployer.audit(self.network.told).was_whole}

    def _dump(self) -> Dumped:
        document = self.network.deployer.interfaces.document(self.network.told)
        return {"ok": True, "document": document}

    def _changed(self, withdrawn: Sequence[str] = ()) -> Changed:
        deployer = self.network.deployer
        deployment = deployer.deployment
        return {
            "ok": True,
            "epoch": deployment.epoch if deployment else None,
            "withdrawn": list(withdrawn),
            "update": deployer.update if deployment else None,
        }
