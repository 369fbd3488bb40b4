"""What a plan warns of before it runs: fibres at a bound of the map or full of background traffic,
background traffic that never moves, and streams that send nothing.

Pure. Traffic is scaled by the map's scale. A fibre whose rate is a bound instead is too wide or too
narrow for it, so utilisation and completion times on it are not those of the real fibre.
"""

from __future__ import annotations

from corridor.experiments.plan.probe_queues import queue_warnings
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import counted, duration, few, joined
from corridor.topologies.model.background import RESERVE
from corridor.topologies.model.capacity import LEAST_FREE
from corridor.topologies.model.wiring import Shape
from corridor.traffic.agents.stream_out import StreamOut

MOST_NAMED = 3


def plan_warnings(plan: Plan) -> list[str]:
    """Return all warnings, those of probes that fill queues first."""
    return [
        *queue_warnings(plan),
        *idle_streams(plan),
        *clipped_rates(plan),
        *full_of_background(plan),
        *unserved_by_domains(plan),
    ]


def unserved_by_domains(plan: Plan) -> list[str]:
    """Return a warning if policies request what controllers of domains do not provide."""
    unserved = {} if plan.domains is None else plan.domains.unserved
    what = {"protect": "detours that switches take", "bandwidth": "rates"}
    return [
        f"controllers of domains do not provide {what[key]}: soft.{key} of "
        f"{counted(count, 'policy')} is given up"
        for key, count in unserved.items()
    ]


def clipped_rates(plan: Plan) -> list[str]:
    """Return a warning if demands that send more than probes cross clipped fibres, else nothing."""
    loaded = {number for workload in plan.workloads for number in workload.demands}
    sending = [
        demand
        for number, demand in enumerate(plan.demands)
        if number in loaded or demand.stream_bps is not None or demand.tcp
    ]
    found = {fibre for demand in sending for fibre in demand.clipped}
    if not found:
        return []
    rates = {wire.fibre: wire.forward.rate_bps for wire in plan.wiring.fibres}
    named = [f"{one} ({format_rate(rates[one])})" for one in sorted(found)]
    if len(named) > MOST_NAMED:
        named = [*named[:MOST_NAMED], f"{len(named) - MOST_NAMED} more"]
    scale = max(demand.fitting_scale for demand in sending)
    fits = f" (a scale of {scale:.3g} fits their known capacities)" if scale else ""
    carry = "carries" if len(found) == 1 else "carry"
    return [
        (
            f"{counted(len(found), 'fibre')} {carry} traffic at the map's min_rate or max_rate "
            f"instead of the scaled capacity: {joined(named)}. Utilisation and completion times "
            f"there are not to scale; change the capacity scale or the bounds of the map{fits}"
        )
    ]


def full_of_background(plan: Plan) -> list[str]:
    """Return a warning if background traffic leaves only the least rate to some demand."""
    crossed = {fibre for demand in plan.demands for fibre in demand.fibres}
    full = [
        f"{wire.fibre} ({format_rate(min(wire.forward.rate_bps, wire.backward.rate_bps))})"
        for wire in plan.wiring.fibres
        if wire.fibre in crossed and any(map(_is_full, (wire.forward, wire.backward)))
    ]
    if not full:
        return []
    return [
        (
            f"background traffic takes all of {counted(len(full), 'fibre')} on paths of demands, "
            f"which get {LEAST_FREE:.0%}: {few(full, MOST_NAMED)}. Delays there are not those of "
            "the corridor; lower the load of background, or state its rates by fibre"
        )
    ]


def _is_full(shape: Shape) -> bool:
    return shape.background_bps > 0 and shape.rate_bps <= round(LEAST_FREE * shape.fibre_bps)


def nothing_moves(plan: Plan, loaded: LoadedScenario) -> list[str]:
    """Return a warning if owners are to move background traffic, and move none, else nothing."""
    asked = loaded.scenario.background
    if asked is None or asked.react == "none" or any(one.do == RESERVE for one in plan.changes):
        return []
    after = duration(asked.after / 1e6)
    return [
        (
            f"react: {asked.react} moves no background traffic in this run: it needs a failure of "
            f"its fibres in the timeline that lasts longer than after ({after}), and a run that is "
            "not over by then; cuts one after another (cuts) do not count"
        )
    ]


# Workloads of UDP that send nothing along a demand, which no one would see in results.


def idle_streams(plan: Plan) -> list[str]:
    """Lines for people."""
    sent = {part.flow for host in plan.job.hosts for part in host.of(StreamOut)}
    return [
        f"workload {workload.id} sends nothing along {plan.demands[number].id}: it has no path "
        "when the run begins, and a stream of UDP is not begun when it gets one; send it by TCP, "
        "or under policies that let it go"
        for workload in plan.workloads
        if workload.transport == "udp"
        for number in workload.demands
        if number not in sent
    ]
