"""Claims about demands: what their paths pass, where they end, their length, and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corridor.controller.forwarding.program import LABEL_TTL
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover.edges_claims import deaths
from corridor.controller.prover.search.claim import Breach, Edge, TraceStep
from corridor.controller.prover.search.core import Turn
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import (
    Exploration,
    Kind,
    Node,
    PathClaim,
    is_taken,
    longest,
    loop,
    trace_to,
)


class NotVacuous(PathClaim):
    id = "C16"
    sentence = (
        "Without failures, packets of permitted demands arrive by the first permit with a path, "
        "and packets of blocked demands are dropped."
    )

    def overall(self, network: Network) -> Iterator[Breach]:
        if not network.demands:
            yield Breach("no demand is declared")

    def at_edge(self, _network: Network, edge: Edge) -> Iterator[Breach]:
        if not any(step.end.is_drop for step in edge.steps):
            yield Breach("drops nothing of what its host may send", edge.hub)

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        demand = seen.demand
        if demand is None:
            return
        for witness in network.witnesses:
            if witness.demand == demand.id and is_taken(seen, witness.fibres):
                hubs = " - ".join(witness.hubs)
                said = f"{witness.policy} keeps {demand} from nothing: it goes {hubs}"
                yield Breach(said, demand.src, demand=demand)
        if seen.delivers or not demand.is_blocked:
            yield from _undelivered(seen, demand)
            if not demand.intent.disjoint:
                yield from _passed_over(seen, demand)
        elif not any(turn.step.end.is_drop for turn in seen.door.turns):
            yield Breach(f"nothing of {demand.id}, which is blocked, is dropped", demand.src)

    def among(self, explored: Sequence[Exploration]) -> Iterator[Breach]:
        """Of demands that are to be disjoint, whose permits depend on what the others meet."""
        apart = [
            seen for seen in explored if seen.demand is not None and seen.demand.intent.disjoint
        ]
        for seen in apart:
            if seen.demand is not None and seen.demand.has_choice:
                yield from _passed_over(seen, seen.demand, _kept_off(seen, seen.demand, apart))


class Return(PathClaim):
    id = "C17"
    sentence = "Each demand with responses has a reverse demand, and its packets arrive."

    def overall(self, network: Network) -> Iterator[Breach]:
        known = {demand.id: demand for demand in network.demands}
        for demand in network.demands:
            if demand.intent.demand.returns is None:
                continue
            answers = known.get(demand.id + RETURN)
            if answers is None:
                yield Breach(f"the answers to {demand.id} are not declared", demand.dst)
            elif answers.hosts != demand.hosts[::-1]:
                yield Breach(f"the answers to {demand.id} do not go back", demand.dst)

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        demand = seen.demand
        if demand is None or (not seen.delivers and demand.is_blocked):
            return
        if demand.id in network.answers_to[demand.hosts[1]]:
            yield from _undelivered(seen, demand)


def _kept_off(seen: Exploration, demand: Demand, others: Iterable[Exploration]) -> Failures:
    """Return what a demand shares with no other although the others meet it. That is what its path
    has to keep off: all else it may share, or shares already since it cannot keep off it."""
    found: set[str] = set()
    for other in others:
        kinds = demand.intent.disjoint_kinds(other.demand.intent) if other.demand else ()
        found |= {name for name in _met(other) if name.partition(":")[0] in kinds}
    return failures_of(seen.core.network.topology, found - _met(seen))


def _met(seen: Exploration) -> set[str]:
    """Return the names of all elements that packets meet while nothing fails."""
    topology, names = seen.core.network.topology, set[str]()
    for hub, move in seen.intact_moves:
        names |= {f"hub:{hub}", f"hub:{move.hub}"}
        if move.fibre:
            names.add(f"link:{move.fibre}")
            names |= {f"srlg:{srlg}" for srlg in topology.fibre(move.fibre).srlgs}
        else:
            names.add(f"gateway:{hub}")
    return names


def _passed_over(
    seen: Exploration, demand: Demand, kept_off: Failures = NO_FAILURES
) -> Iterator[Breach]:
    """Packets that arrive by a permit although one that is tried before it has a path."""
    for found in seen.intact if demand.has_choice else ():
        permit = demand.passed_over(found.node[1], kept_off)
        if permit is not None:
            said = f"packets of {demand} arrive by another permit than {permit}, which has a path"
            if kept_off != NO_FAILURES:
                said += " that is as disjoint"
            trace = trace_to(seen, found.node, found.step)
            yield Breach(said, found.step.at.hub, None, trace, demand)


def _undelivered(seen: Exploration, demand: Demand) -> Iterator[Breach]:
    """Packets that are lost without failures, shown by how far they come."""
    if seen.lost is not None:
        node, step = seen.lost
        said = f"packets of {demand} are lost without failures"
        yield Breach(said, step.at.hub, None, trace_to(seen, node, step), demand)
    elif not seen.delivers:
        yield Breach(f"no packet of {demand} can be distinguished", demand.src)


class Lawfulness(PathClaim):
    """Paths that some permit accepts, as far as one kind of clause decides."""

    def along_paths(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        yield from deaths(seen, self.id)
        refused = seen.demand.permits.refused if seen.demand else None
        if refused is not None and refused.claim == self.id:
            for turn in seen.door.turns:
                if not turn.step.end.is_drop:
                    trace = (TraceStep(turn.step),)
                    hub = turn.step.at.hub
                    yield Breach(str(refused), hub, None, trace, seen.demand, refused.violations)


class Confinement(Lawfulness):
    id = "C4"
    sentence = (
        "Packets stay within their permitted jurisdictions, and cross no more borders "
        "than permitted."
    )


class Avoidance(Lawfulness):
    id = "C5"
    sentence = "Packets never reach a hub or fibre that their policies exclude."


class Termination(Lawfulness):
    id = "C6"
    sentence = "Packets are delivered only to their demand's destination, and only where permitted."

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        yield from super().along_paths(network, seen)
        for found in seen.of_kind(Kind.MISPLACED):
            hub, trace = found.step.at.hub, trace_to(seen, found.node, found.step)
            yield Breach(f"{seen.demand} ends at {hub}", hub, None, trace, seen.demand)


class Passage(Lawfulness):
    id = "C7"
    sentence = "Packets pass required gateways and hubs in order, and gateways before the border."


class NoLoop(PathClaim):
    id = "C8"
    sentence = (
        f"No packet loops; each fibre lowers the TTL of {LABEL_TTL} by 1, and no path needs more."
    )

    def in_step(self, _network: Network, step: Step) -> Iterator[str]:
        if step.end is End.CROSSED and step.packet.label is not None and not step.hops:
            yield "crosses a fibre without spending a hop"

    def along_paths(self, _network: Network, seen: Exploration) -> Iterator[Breach]:
        if seen.hops is None:
            trace = loop(seen)
            hubs = [sight.step.at.hub for sight in trace]
            around = " - ".join(dict.fromkeys(hubs[hubs.index(hubs[-1]) :]))
            yield Breach(f"loops: {around} and again", hubs[-1], None, trace, seen.demand)
        elif max(seen.hops.values()) + _MOST_AT_ONCE >= LABEL_TTL:
            yield from _too_long(seen, seen.hops)


_MOST_AT_ONCE = 8
"""More hops than one step may spend; not to look at every step for nothing."""


def _too_long(seen: Exploration, spent: dict[Node, int]) -> Iterator[Breach]:
    for node in seen.edges:
        for turn in seen.at(node[0]).turns:
            hops = spent[node] + turn.hops
            if hops >= LABEL_TTL:
                _, came = longest(seen, _hops)
                trace = trace_to(seen, node, turn.step, came)
                said = f"its path uses {hops} hops of {LABEL_TTL}"
                yield Breach(said, turn.step.at.hub, None, trace, seen.demand)
                return


def _hops(turn: Turn) -> int:
    return turn.hops


class Latency(PathClaim):
    id = "C11"
    sentence = "No packet takes longer than the maximum delay of its policy."

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        demand = seen.demand
        if demand is None or not demand.permits.has_budgets or seen.hops is None:
            return
        topology = network.topology

        def delay_ns(turn: Turn) -> int:
            fibre = turn.move.fibre if turn.move else ""
            return topology.one_way_delay_ns(topology.fibre(fibre)) if fibre else 0

        most, came = longest(seen, delay_ns)
        for found in seen.of_kind(Kind.DELIVERED):
            death = demand.permits.exceeds(found.node[1], most[found.node])
            if death is not None:
                trace = trace_to(seen, found.node, found.step, came)
                yield Breach(str(death), demand.dst, None, trace, demand, death.violations)
