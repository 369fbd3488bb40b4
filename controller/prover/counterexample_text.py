"""From a breach to its counterexample."""

from __future__ import annotations

from itertools import pairwise

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    Bucket,
    Flow,
    Reason,
    Value,
    phase_of,
)
from corridor.controller.prover.counterexample import (
    Clause,
    Counterexample,
    Dead,
    Hop,
    Label,
    Rule,
)
from corridor.controller.prover.counterexample_commands import commands, shown, some_packet
from corridor.controller.prover.search.claim import Breach, TraceStep
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.reach import End, Step
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, HOST_PORT


def tell(network: Network, claim: str, sentence: str, breach: Breach) -> Counterexample:
    """The whole story of a breach."""
    trace = breach.trace
    packet: dict[str, Value] = {}
    reproduce: tuple[str, ...] = ()
    failures = _dead(network, trace)
    if trace:
        door = trace[0].step.at
        sent = some_packet(network, door.hub, breach.headers, door.packet)
        packet = {"in_port": door.port, **sent}
        downs = _downs(network, failures)
        reproduce = (*downs, *commands(network, door.hub, packet))
    elif breach.hub in network.hosts:
        bridge = network.hosts[breach.hub].bridge
        wanted = f" table={breach.entry.table}" if breach.entry else ""
        reproduce = (f"ovs-ofctl -O OpenFlow13 dump-flows {bridge}{wanted}",)
    return Counterexample(
        claim=claim,
        sentence=sentence,
        demand=str(breach.demand or ""),
        verdict=breach.said,
        clauses=tuple(
            Clause(one.policy, one.clause, one.reason, one.legal_ref) for one in breach.violations
        ),
        hub=breach.hub,
        rule=_rule(network, breach.entry) if breach.entry else None,
        failures=failures,
        note=_note(network, trace, failures),
        packet=packet,
        hops=_hops(network, breach),
        reproduce=reproduce,
    )


def _hops(network: Network, breach: Breach) -> tuple[Hop, ...]:
    trace = breach.trace
    if not trace:
        return ()
    ends = [_onward(sight.step) for sight, _ in pairwise(trace)]
    last = trace[-1].step
    ends.append(_onward(last) if last.to else _end(network, last))
    return tuple(
        _hop(network, breach, sight, then) for sight, then in zip(trace, ends, strict=True)
    )


def _onward(step: Step) -> str:
    back = " and back" if step.end is End.ASSESSED else f" to {step.to.hub}" if step.to else ""
    return f"{step.end}{back}"


def _end(network: Network, step: Step) -> str:
    note = f" ({step.note})" if step.note else ""
    leads = f"to {network.leads_to(step.at.hub, step.port)}" if step.port == HOST_PORT else step.end
    return f"{leads}{note}"


def _hop(network: Network, breach: Breach, sight: TraceStep, then: str) -> Hop:
    step, demand = sight.step, breach.demand
    hub = step.at.hub
    groups = network.lookups[hub].groups
    buckets = []
    for choice in step.chosen:
        earlier = groups[choice.group].buckets[: choice.bucket]
        dead = ", ".join(
            f"bucket {position} watches {_watched(one)}, which is not live"
            for position, one in enumerate(earlier, start=1)
        )
        because = f": {dead}" if dead else ""
        buckets.append(f"group {choice.group} takes bucket {choice.bucket + 1}{because}")
    return Hop(
        hub=hub,
        switch=network.hosts[hub].switch,
        jurisdiction=network.topology.hub(hub).located_in,
        in_port=step.at.port,
        rules=tuple(_rule(network, flow) for flow in step.matched),
        label_before=_label(step.before.label),
        label_after=_label(step.packet.label),
        state=demand.permits.name(sight.permit_state) if demand else "",
        buckets=tuple(buckets),
        then=then,
    )


def _watched(bucket: Bucket) -> str:
    if bucket.watch_port is not None:
        return f"port {bucket.watch_port}"
    return f"group {bucket.watch_group}"


def _label(number: int | None) -> Label | None:
    if number is None or number < 0:
        return None
    return Label(number, number >> 19, phase_of(number).name, number & 0x1FFFF)


def _dead(network: Network, trace: tuple[TraceStep, ...]) -> tuple[Dead, ...]:
    """What the buckets before those taken watch."""
    ports = [
        (sight.step.at.hub, bucket.watch_port)
        for sight in trace
        for choice in sight.step.chosen
        for bucket in network.lookups[sight.step.at.hub]
        .groups[choice.group]
        .buckets[: choice.bucket]
        if bucket.watch_port is not None
    ]
    return tuple(Dead(hub, port, network.leads_to(hub, port)) for hub, port in dict.fromkeys(ports))


def _downs(network: Network, failures: tuple[Dead, ...]) -> tuple[str, ...]:
    interfaces = {
        (end.hub, end.port): end.interface
        for fibre in network.wiring.fibres
        for end in (fibre.a, fibre.z)
    }
    for hub, host in network.hosts.items():
        if host.gateway is not None:
            interfaces[hub, GATEWAY_IN_PORT] = host.gateway.in_interface
    return tuple(
        f"ip link set {interfaces[one.hub, one.port]} down"
        for one in failures
        if (one.hub, one.port) in interfaces
    )


def _note(network: Network, trace: tuple[TraceStep, ...], failures: tuple[Dead, ...]) -> str:
    """Whether the path uses what it takes for dead, so that no lasting failure leads to it."""
    down = {_thing(network, one.hub, one.port) for one in failures}
    used = {
        _thing(network, sight.step.at.hub, sight.step.port)
        for sight in trace
        if sight.step.port not in (None, HOST_PORT)
    }
    both = sorted(down & used)
    return f"seen only while {', '.join(both)} goes down or comes up" if both else ""


def _thing(network: Network, hub: str, port: int | None) -> str:
    cable = network.cables.get((hub, port or 0))
    return cable.fibre if cable else f"port {port} of {hub}"


def _rule(network: Network, flow: Flow) -> Rule:
    fields = ", ".join(f"{name}={shown(name, value)}" for name, value in flow.match)
    reason, cookie = _reason(network, flow.cookie), f"0x{flow.cookie:016x}"
    return Rule(flow.table, flow.priority, cookie, reason, network.serves(flow), fields or "any")


def entry_in_words(network: Network, flow: Flow) -> str:
    return str(_rule(network, flow))


def _reason(network: Network, cookie: int) -> str:
    if network.others or cookie >> 48 != COOKIE_MAGIC:
        return "foreign"
    try:
        return Reason(cookie >> 16 & 0xFFFF).name
    except ValueError:
        return "of no known reason"
