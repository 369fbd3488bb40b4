"""Claims about demands as such: the proof is about something, and answers come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover.search.claim import Breach, Edge
from corridor.controller.prover.search.declared_demands import Demand
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.path_claim import PathClaim
from corridor.controller.prover.search.search import Exploration
from corridor.controller.prover.search.trails import is_taken, trace_to


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
            elif (answers.src, answers.dst) != (demand.dst, demand.src):
                yield Breach(f"the answers to {demand.id} do not go back", demand.dst)

    def along_paths(self, network: Network, seen: Exploration) -> Iterator[Breach]:
        demand = seen.demand
        if demand is None or (not seen.delivers and demand.is_blocked):
            return
        if demand.id in network.answers_to[demand.dst]:
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
