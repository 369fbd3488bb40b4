"""When plain routing is measured: daemons, probes and cuts on one timeline. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from corridor.experiments.routing import bird
from corridor.experiments.routing.routing_documents import Protocols
from corridor.experiments.routing.routing_plan import (
    Daemon,
    PlannedCut,
    ProbedPair,
    RoutingPlan,
)
from corridor.topologies.base.seconds import NS_PER_MS, NS_PER_S
from corridor.topologies.base.seeds import seed_of
from corridor.topologies.model.routers import RouterNetwork

STARTS_WITHIN_NS = NS_PER_S
"""Daemons start at random moments of this interval, so that their timers are not in step."""
SETTLED_NS = {"ospf": 60 * NS_PER_S, "ospf-bgp": 120 * NS_PER_S}
"""When all routers have been up for long enough, by protocols."""
STEADY_PROBES = 5
LEAD_NS = 300 * NS_PER_MS
"""Probes before a cut."""
CUT_FOR_NS = 30 * NS_PER_S
REPAIRED_FOR_NS = {"ospf": 30 * NS_PER_S, "ospf-bgp": 60 * NS_PER_S}
QUIET_NS, QUIET_INTERVAL_NS = 3 * NS_PER_S, NS_PER_S
BETWEEN_NS = NS_PER_S


def routing_plan(
    network: RouterNetwork,
    configurations: Mapping[str, str],
    pairs: Sequence[ProbedPair],
    cuts: Sequence[tuple[str, ...]],
    *,
    protocols: Protocols,
    seed: int,
    program: str,
    probe_interval_ns: int,
) -> RoutingPlan:
    """Return what a guest is to do.

    Args:
        network: All routers and links.
        configurations: The text of ``bird.conf`` by hub.
        pairs: Hubs between which packets are sent.
        cuts: For each cut, the fibres that fail.
        protocols: What they run, which says how long they need.
        seed: Of the moments at which daemons start.
        program: The path of the daemon.
        probe_interval_ns: Between two probes of a pair.
    """
    chance = Random(seed_of(seed, "routing", "starts"))
    starts = {one.hub: chance.randrange(STARTS_WITHIN_NS // NS_PER_MS) for one in network.routers}
    daemons = tuple(
        Daemon(hub, ms * NS_PER_MS, bird.words(program), {bird.CONFIGURATION: configurations[hub]})
        for hub, ms in starts.items()
    )
    settled_ns = SETTLED_NS[protocols]
    after_ns = settled_ns + (STEADY_PROBES + 1) * max(probe_interval_ns, NS_PER_S)
    planned = []
    for fibres in cuts:
        cut_ns = after_ns + LEAD_NS
        repair_ns = cut_ns + CUT_FOR_NS
        planned.append(
            PlannedCut(fibres, after_ns, cut_ns, repair_ns, repair_ns + REPAIRED_FOR_NS[protocols])
        )
        after_ns = planned[-1].end_ns + BETWEEN_NS
    return RoutingPlan(
        network=network,
        daemons=daemons,
        pairs=tuple(pairs),
        settled_ns=settled_ns,
        steady_probes=STEADY_PROBES,
        probe_interval_ns=probe_interval_ns,
        quiet_ns=QUIET_NS,
        quiet_interval_ns=QUIET_INTERVAL_NS,
        cuts=tuple(planned),
        end_ns=after_ns,
    )
