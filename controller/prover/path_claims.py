"""Claims about the paths of a demand: what they pass, where they end, and their length."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.controller.forwarding.program import LABEL_TTL
from corridor.controller.prover.edges_claims import deaths
from corridor.controller.prover.search.claim import Breach, TraceStep
from corridor.controller.prover.search.core import Turn
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.path_claim import PathClaim
from corridor.controller.prover.search.reach import End, Step
from corridor.controller.prover.search.search import Exploration, Kind, Node
from corridor.controller.prover.search.trails import longest, loop, trace_to


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
