"""Why an assertion does not hold, in the terms of who wrote the policy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from corridor.controller.explain.explanation import forbidden_onward
from corridor.controller.forwarding.program import Value
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.clauses.clause import caveat
from corridor.controller.policy.model import Policy
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.prover.counterexample import Counterexample
from corridor.controller.prover.exact_outcomes import Outcome
from corridor.controller.prover.search.claim import Breach
from corridor.controller.prover.search.reach import End
from corridor.controller.testing.network import DemandUnderTest
from corridor.controller.testing.packets import Packets, Seen, Taken, paths_taken
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.routing import Path, marked, shortest_path_between

type Leg = tuple[str, str]
"""A hub, and the fibre or ``gateway`` by which a packet leaves it; empty at the last."""
TABLES, PACKETS = "the tables that switches hold", "packets"
"""What a network that runs is judged by."""
MOST = 5
"""Lines about one thing."""


def said(demand: DemandUnderTest, sentence: str, *lines: str, by: str = TABLES) -> str:
    head = f'{demand}: "{sentence}" does not hold'
    live = demand.network.live
    judged = [f"judged   by {by}, {live.where}"] if live else []
    return "\n".join([head, *(f"  {line}" for line in (*judged, *lines))])


def breached(demand: DemandUnderTest, breach: Breach, told: Counterexample, sentence: str) -> str:
    """Shows a path on which the assertion fails."""
    legs = []
    for sight in breach.trace:
        step = sight.step
        onward = "gateway" if step.end is End.ASSESSED else ""
        if step.end is End.CROSSED and step.port is not None:
            onward = demand.behind(step.at.hub, step.port).removeprefix("link:")
        legs.append((step.at.hub, onward))
    dead = [demand.behind(one.hub, one.port) for one in told.failures]
    last = breach.trace[-1].step
    if last.to is not None:
        legs.append((last.to.hub, ""))
    return said(
        demand,
        sentence,
        f"because  {breach.said}",
        f"path     {_path(demand, legs)}",
        f"dead     {', '.join(dead) or 'nothing'}",
        *([f"note     {told.note}"] if told.note else []),
        f"packet   {_packet(demand, told.packet)}",
        *_lawful(demand),
    )


def lost(demand: DemandUnderTest, failed: tuple[str, ...], sentence: str) -> str:
    """By a packet that is dropped."""
    if isinstance(demand.graph.route, NoPermittedPath):
        return nothing_to_judge(demand, sentence)
    outcome = demand.outcome(failed)
    return said(
        demand,
        sentence,
        f"because  at {outcome.hub} it is {outcome.end}; {_why_lost(demand, failed, outcome)}",
        f"path     {_path(demand, _legs(outcome))}",
        f"dead     {', '.join(failed) or 'nothing'}",
        f"packet   {_packet(demand, demand.packet())}",
        *_lawful(demand),
    )


def late(demand: DemandUnderTest, outcome: Outcome, sentence: str) -> str:
    """By a packet that takes too long."""
    failed = next(iter(outcome.explained), frozenset())
    return said(
        demand,
        sentence,
        f"because  it takes {format_duration(outcome.one_way_ns)}",
        f"path     {_path(demand, _legs(outcome))}",
        f"dead     {', '.join(sorted(failed)) or 'nothing'}",
        f"packet   {_packet(demand, demand.packet())}",
        *_lawful(demand),
    )


def served(demand: DemandUnderTest, sentence: str) -> str:
    """By a packet that arrives."""
    outcome = demand.outcome()
    return said(
        demand,
        sentence,
        f"because  it is {outcome.end} at {outcome.hub}",
        f"path     {_path(demand, _legs(outcome))}",
        f"packet   {_packet(demand, demand.packet())}",
        *_lawful(demand),
    )


def unsent(demand: DemandUnderTest, seen: Seen, sentence: str) -> str:
    """By tables that nothing is sent through, since they break something else."""
    return said(demand, sentence, f"because  {seen.refused}")


def amiss(demand: DemandUnderTest, seen: Seen, sentence: str) -> str:
    """By frames where none may be."""
    lines = [f"because  {seen.amiss[0]}", *(f"         {one}" for one in seen.amiss[1:MOST])]
    return said(demand, sentence, *lines, by=PACKETS)


def strayed(demand: DemandUnderTest, taken: Taken, sentence: str) -> str:
    """Shows a path that packets took, though the tables allow none to take it."""
    return _of_packets(demand, taken.packets, sentence, taken.broken.reason, taken.path)


def missing(demand: DemandUnderTest, packets: Packets, seen: Seen, sentence: str) -> str:
    """By packets that did not arrive, which by the tables do."""
    counts = ", ".join(f"{count} {name}" for name, count in seen.dropped.items())
    dropped = f"; dropped at {demand.intent.pair[0]}: {counts}" if counts else ""
    because = f"{packets.arrived} of {packets.sent} packets arrived, and by the tables all do"
    return _of_packets(demand, packets, sentence, because + dropped)


def slow(demand: DemandUnderTest, packets: Packets, sentence: str) -> str:
    """By packets that took too long, which by the tables take less."""
    assert packets.fastest_ns is not None
    took = f"the fastest packet took {format_duration(packets.fastest_ns)}"
    return _of_packets(demand, packets, sentence, took)


def left(demand: DemandUnderTest, packets: Packets, sentence: str) -> str:
    """By packets that left, which by the tables none does."""
    because = f"{packets.arrived} of {packets.sent} packets arrived"
    if not packets.arrived and packets.crossings:
        first = packets.crossings[0]
        because = f"{first.packets} of {packets.sent} packets left {first.sent_by}"
    return _of_packets(demand, packets, sentence, because)


def uncounted(demand: DemandUnderTest, packets: Packets, counted: int, sentence: str) -> str:
    """By a count that does not show that they were dropped."""
    because = f"{demand.intent.pair[0]} counts {counted} packets as blocked"
    return _of_packets(demand, packets, sentence, because)


def nothing_to_judge(demand: DemandUnderTest, sentence: str) -> str:
    """No packet leaves the source, so that nothing is shown by what none does."""
    assert isinstance(demand.graph.route, NoPermittedPath)
    status = demand.graph.route.status
    lines = [f"because  it is {status}, so that no packet shows it; assert_blocked says so"]
    return said(demand, sentence, *lines, *(f"         {one}" for one in demand.forbidden))


def _of_packets(
    demand: DemandUnderTest,
    packets: Packets,
    sentence: str,
    because: str,
    path: Path | None = None,
) -> str:
    taken = path or next(paths_taken(packets, demand.intent.pair[0], demand.network.topology))
    sent = f"{packets.sent} sent, {packets.arrived} arrived"
    return said(
        demand,
        sentence,
        f"because  {because}",
        f"path     {_path(demand, _legs_seen(taken, packets))}",
        f"dead     {', '.join(packets.failed) or 'nothing'}",
        f"packets  {sent}; {_packet(demand, demand.packet())}",
        *_lawful(demand),
        by=PACKETS,
    )


def _legs_seen(path: Path, packets: Packets) -> Iterator[Leg]:
    for place, (hub, fibre) in enumerate(zip(path.hubs, (*path.fibres, ""), strict=True)):
        if hub in packets.gateways and hub not in path.hubs[:place]:
            yield hub, "gateway"
        yield hub, fibre


def _why_lost(demand: DemandUnderTest, failed: tuple[str, ...], outcome: Outcome) -> str:
    topology, graph = demand.network.topology, demand.graph
    begun = Path(outcome.hubs, outcome.fibres)
    failures = failures_of(topology, failed)
    if failures.hubs & {*demand.intent.pair}:
        return "an end is dead"
    died = forbidden_onward(topology, graph, failures, begun)
    if died:
        return f"the shortest path is forbidden by {died[0]}"
    bridged = f"{graph.protection.k} of {', '.join(graph.protection.over)}"
    onward = "a path is permitted" if _leads_on(demand, failed, outcome) else "no fibre leads on"
    protected = bridged if graph.protection.k else "nothing"
    return f"{onward}, and its switches bridge {protected}"


def _leads_on(demand: DemandUnderTest, failed: tuple[str, ...], outcome: Outcome) -> bool:
    failures = failures_of(demand.network.topology, failed)
    dead = [one.id for one in demand.network.topology.fibres if not failures.spare(one)]
    left = demand.network.topology.without(dead)
    return shortest_path_between(left, outcome.hub, demand.intent.demand.dst) is not None


def _legs(outcome: Outcome) -> list[Leg]:
    legs = [
        (watch.hub, "gateway" if watch.is_gateway else watch.thing) for watch in outcome.crossed
    ]
    return [*legs, (outcome.hub, "")]


def _path(demand: DemandUnderTest, legs: Iterable[Leg]) -> str:
    """``guian CN > kunming CN (gateway) > karachi PK``, and what fibres touch between hubs."""
    return "".join(_leg(demand, *leg) for leg in legs)


def _leg(demand: DemandUnderTest, hub: str, onward: str) -> str:
    topology = demand.network.topology
    here = f"{hub} {topology.hub(hub).located_in}"
    if onward == "gateway":
        return f"{hub} (gateway) = "
    if not onward:
        return here
    fibre = topology.fibre(onward)
    crosses = marked(fibre.crosses, (one.code for one in fibre.may_cross))
    return f"{here} >({crosses})> " if crosses else f"{here} > "


def _packet(demand: DemandUnderTest, fields: Mapping[str, Value]) -> str:
    src, dst = demand.intent.pair
    protocol = {17: ", udp", 6: ", tcp"}.get(int(fields.get("ip_proto", 0)), "")
    family = demand.intent.family
    return f"{fields[f'{family}_src']} ({src}) to {fields[f'{family}_dst']} ({dst}){protocol}"


def _lawful(demand: DemandUnderTest) -> Iterator[str]:
    """Under which permit packets go, and what narrows it."""
    automaton = demand.graph.automaton
    if automaton is None:
        return
    yield f"permit   {automaton.permit.id}{_basis(automaton.permit)}"
    for policy, kind in automaton.clause_names():
        owner = next(one for one in _policies(automaton) if one.id == policy)
        yield f"clause   {policy} {kind}{_basis(owner)}"


def _policies(automaton: Automaton) -> Iterator[Policy]:
    yield from (bound.policy for bound in automaton.clauses)
    yield from (budget.policy for budget in automaton.budgets)


def _basis(policy: Policy) -> str:
    cited = f" [{', '.join(policy.legal_ref)}]" if policy.legal_ref else ", which cites no law"
    return f"{cited}{caveat(policy.kind, policy.confidence)}"
