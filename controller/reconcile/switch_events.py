"""What switches say: who connected, who is gone, which ports came alive or died."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from corridor.controller.openflow.errors import SwitchError, SwitchTimeout
from corridor.controller.policy.semantics import NO_FAILURES
from corridor.controller.reconcile.jobs import (
    Boot,
    HubGivenUp,
    Look,
    PortChanged,
    SwitchConnected,
    SwitchJob,
    SwitchLost,
)
from corridor.controller.reconcile.network_state import NetworkState
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
