"""A specification whose guaranteed rates fit, if paths can be chosen so; else one with a smaller
shortfall.

Where rates fit on the shortest paths, nothing is chosen: the specification stays as it is.
Admission decides, on the tables compiled from these paths, under every failure set protected
against.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING

from corridor.controller.forwarding.compiler import compile_forwarding_graphs, gateways_of
from corridor.controller.forwarding.disjoint import NOTHING, keeping_apart
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.intent import Intent, PreferredPath
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.traffic_engineering import fewest_moves
from corridor.controller.traffic_engineering.candidate_values import Links
from corridor.controller.traffic_engineering.guaranteed_demands import may_have_rates, rates_of
from corridor.controller.traffic_engineering.objective import Objective, objective_named
from corridor.topologies.base.memory import remembered
from corridor.topologies.model.routing import capacities_bps, shared_links
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire

if TYPE_CHECKING:
    from corridor.controller.intent.values import Link, Worst
    from corridor.controller.prover.exact_outcomes import Searched
    from corridor.controller.prover.exact_search import Explorer

NONE = "none"
TRIES = 4
"""How often paths are chosen, each time with the failure sets and links that admission found."""
MANY_SETS = 1000
"""With more paths are not chosen again that were chosen with all that is overloaded: that takes
minutes, and seldom helps."""
MOST_OF_LINK = 4
"""Failure sets that are taken up for a link at once."""
MOST_REMEMBERED = 8
"""Answers, since one state of a network is asked of several times."""
MOST_BUILDERS = 2


@remembered(MOST_REMEMBERED)
def with_feasible_paths(specification: Specification, objective: str | Objective) -> Specification:
    """The same, with paths picked by an objective, one that ships by its key, if rates do not fit
    without; ``none`` picks none.

    Raises KeyError for an objective that is not registered.
    """
    if objective == NONE or not may_ask(specification):
        return specification
    kind = objective_named(objective) if isinstance(objective, str) else objective
    return _fitted(with_picks(specification, {}), kind, NO_FAILURES)


def reoptimised(specification: Specification, without: Failures) -> Specification:
    """The same, with other paths where rates do not fit on the present ones, because something has
    failed or policies changed: as few demands move as possible. If nothing fits, the shortfall
    becomes smaller."""
    return _fitted(specification, fewest_moves.KIND, without)


@remembered(MOST_REMEMBERED)
def overloaded_links(
    specification: Specification, without: Failures = NO_FAILURES
) -> tuple[Worst, ...]:
    """The links that committed rates do not fit, each in its worst case."""
    if not may_ask(specification):
        return ()
    return tuple(Served(specification.topology, specification.intents(), without).too_full())


def fits(specification: Specification, without: Failures = NO_FAILURES) -> bool:
    """Whether committed rates do."""
    return not overloaded_links(specification, without)


def total_overload(specification: Specification, without: Failures = NO_FAILURES) -> float:
    """How many capacities are, summed up over the links that committed rates do not fit."""
    return _lacking(overloaded_links(specification, without))


def _fitted(asked: Specification, objective: Objective, without: Failures) -> Specification:
    """With what is picked so far if rates fit there, else by an objective next to it. Demands whose
    rates fit nowhere are taken as without protection, if ladders give that up; else they are left
    out of account: others go where they fit without those."""
    # numpy is dear to import
    from corridor.controller.traffic_engineering.path_program import SolverError
    from corridor.controller.traffic_engineering.path_selection import select_paths

    served = shortest = Served(asked.topology, asked.intents(), without)
    full = served.too_full()
    if not full:
        return asked
    sets = served.sets()
    aside, yielding = served.infeasible(sets)
    if aside or yielding:
        served = shortest = served.but(aside, yielding)
        full = served.too_full()
    best, least = asked, _lacking(full)
    less: Counter[Link] = Counter()
    for _ in range(TRIES if full else 0):
        links = Links(asked.topology, less)
        try:
            choice = select_paths(
                *(asked.topology, shortest.graphs, shortest.builder, objective, links), sets=sets
            )
        except SolverError:
            break
        picked = with_picks(asked, choice.picks)
        served = Served(picked.topology, picked.intents(), without).but(aside, yielding)
        full, before = served.too_full(), least
        if _lacking(full) < least:
            best, least = picked, _lacking(full)
        overloaded_links = [one for one in full if frozenset(one.failure) not in choice.impossible]
        unseen = served.together() - sets if overloaded_links else frozenset()
        if not overloaded_links or not (unseen or least < before):
            break
        if len(sets) > MANY_SETS and all(_known(one, sets) for one in overloaded_links):
            break
        for one in overloaded_links:
            if _known(one, sets):
                less[one.fibre, one.hub] += one.excess_bps
        sets |= unseen
    return best


class Served:
    """Demands that rates are promised to, and the paths that serve them."""

    def __init__(
        self, topology: Topology, intents: Iterable[Intent], without: Failures = NO_FAILURES
    ) -> None:
        self.topology, self._without = topology, without
        self.builder, asked = _builder(topology, without), tuple(intents)
        self._off = keeping_apart(self.builder, topology, asked)
        graphs = [self.graph(intent) for intent in asked if may_have_rates(intent)]
        self.graphs = [graph for graph in graphs if rates_of(graph) is not None]

    def graph(self, intent: Intent) -> ForwardingGraph:
        return self.builder.graph(intent, self._off.get(intent.id, NOTHING))

    def too_full(self) -> list[Worst]:
        return too_full(self.topology, self.graphs, self._without)

    def but(self, names: Collection[str], yielding: Collection[str] = ()) -> Served:
        """Without some, and with others as they are served where ladders give up protection."""
        other = copy(self)
        left = (graph for graph in self.graphs if graph.intent.id not in names)
        other.graphs = [
            self.graph(_unprotected(graph.intent)) if graph.intent.id in yielding else graph
            for graph in left
        ]
        return other

    def sets(self) -> frozenset[frozenset[str]]:
        """Which failures are to be reckoned with together: all two of them, if these are not too
        many, else those under which rates do not fit."""
        # numpy is dear to import
        from corridor.controller.traffic_engineering.selection_setting import pairs_of

        pairs = pairs_of(self.graphs, self.builder)
        return self.together() if pairs is None else pairs

    def too_large(self, sets: Collection[frozenset[str]] = ()) -> dict[str, frozenset[str]]:
        """By id, the demands whose rates exceed every path, even alone, each with what then has
        failed."""
        from corridor.controller.traffic_engineering.selection_setting import too_large

        return too_large(self.graphs, self.builder, Links(self.topology), sets)

    def infeasible(self, sets: Collection[frozenset[str]]) -> tuple[frozenset[str], frozenset[str]]:
        """Of those whose rates fit nowhere: who stays so where ladders give up protection, and who
        does not."""
        large = frozenset(self.too_large(sets))
        stay = frozenset(self.but((), large).too_large(sets)) if large else large
        return stay, large - stay

    def together(self) -> frozenset[frozenset[str]]:
        """Two failures each, under which they do not fit."""
        from corridor.controller.prover.exact_rates import too_full_together

        searched = _searched(self.topology, self.graphs, self._without)
        return too_full_together(*searched, MOST_OF_LINK)


@remembered(MOST_BUILDERS)
def _builder(topology: Topology, without: Failures) -> GraphBuilder:
    """One for all paths that are tried in a state of a network: few differ from try to try."""
    return GraphBuilder(topology, without)


def too_full(
    topology: Topology, graphs: Sequence[ForwardingGraph], without: Failures = NO_FAILURES
) -> list[Worst]:
    """The links that committed rates do not fit, each in its worst case."""
    if not graphs:
        return []
    from corridor.controller.prover.exact_rates import admissions

    admitted = admissions(*_searched(topology, graphs, without))
    return [link for admission in admitted for link in admission.links if not link.fits]


def _searched(
    topology: Topology, graphs: Sequence[ForwardingGraph], without: Failures
) -> tuple[Explorer, list[Searched]]:
    # Most commands promise no rates, and the prover takes long to import.
    from corridor.controller.prover import tables_of
    from corridor.controller.prover.exact_search import Explorer

    wiring = wire(topology, gateways=gateways_of(graphs))
    tables = tables_of(compile_forwarding_graphs(wiring, topology, graphs).program)
    explorer = Explorer(tables, wiring, topology, without)
    return explorer, [explorer.search(graph.intent) for graph in graphs]


def _unprotected(intent: Intent) -> Intent:
    return replace(intent, given_up=(*intent.given_up, "drop_protect"))


def may_ask(specification: Specification) -> bool:
    """Whether rates may be promised to anybody."""
    return (
        bool(specification.aggregates)
        or any(one.bandwidth is not None for one in specification.directions)
        or any(one.soft.bandwidth is not None for one in specification.policies.policies)
    )


def with_picks(
    specification: Specification, picks: Mapping[str, tuple[PreferredPath, ...]]
) -> Specification:
    directions = tuple(
        one.model_copy(update={"picks": picks.get(one.demand.id, ())})
        for one in specification.directions
    )
    return specification.model_copy(update={"directions": directions})


def _known(misfit: Worst, sets: Collection[frozenset[str]]) -> bool:
    """Whether paths were chosen with what then fails."""
    return len(misfit.failure) < 2 or frozenset(misfit.failure) in sets


def _lacking(full: Iterable[Worst]) -> float:
    """The sum of shortfalls, each relative to its capacity."""
    return sum(one.excess_bps / max(one.limit_bps, 1) for one in full)


# Paths by which rates fit as things are, whatever fails next.
#
# They are asked for first when something has failed: few have to move for it, and it is found soon.

type Excess = Mapping[Link, int]
"""What does not fit, in bit/s, by directed link."""


def fits_current_failures(specification: Specification, without: Failures) -> bool:
    """Whether committed rates do, unless something more fails."""
    return not _excess(_served(specification, without))


def is_worse_as_is(one: Specification, other: Specification, without: Failures) -> bool:
    """Whether some shortfall is larger with the paths of ``one``, without further failures."""
    mine, others = (_excess(_served(asked, without)) for asked in (one, other))
    return any(over > others.get(link, 0) for link, over in mine.items())


def reoptimised_for_current_failures(
    specification: Specification, without: Failures
) -> Specification:
    """The same, with other paths where committed rates do not fit on the present ones; as few
    demands move as possible. If nothing fits, the result with the smallest shortfall."""
    # numpy is dear to import
    from corridor.controller.traffic_engineering.path_program import SolverError
    from corridor.controller.traffic_engineering.path_selection import select_paths

    served = _served(specification, without)
    best, least = specification, _excess(served)
    less: Counter[Link] = Counter()
    for _ in range(TRIES if least else 0):
        links = Links(specification.topology, less)
        try:
            choice = select_paths(
                *(served.topology, served.graphs, served.builder, fewest_moves.KIND, links),
                current_failures_only=True,
            )
        except SolverError:
            break
        picked = with_picks(specification, _moved(specification, choice.picks))
        excess = _excess(_served(picked, without))
        if sum(excess.values()) < sum(least.values()):
            best, least = picked, excess
        if not excess or choice.fullest > 1:
            break
        less.update(excess)
    return best


def _moved(
    before: Specification, chosen: Mapping[str, tuple[PreferredPath, ...]]
) -> Mapping[str, tuple[PreferredPath, ...]]:
    """What is chosen of those that move; the others keep the detours, too, that were picked."""
    picks = dict(chosen)
    for one in before.directions:
        if one.picks and _in_use(chosen.get(one.demand.id, ())) == _in_use(one.picks):
            picks[one.demand.id] = one.picks
    return picks


def _in_use(picks: tuple[PreferredPath, ...]) -> tuple[str, ...]:
    return next((one.fibres for one in picks if not one.dead), ())


def _served(specification: Specification, without: Failures) -> Served:
    return Served(specification.topology, specification.intents(), without)


def _excess(served: Served) -> Excess:
    most: dict[tuple[Link, str], int] = {}
    for graph in served.graphs:
        rates, path = rates_of(graph), trace_packet(graph, served.topology).path
        assert rates is not None
        crossed: Counter[Link] = Counter()
        for fibre, hub in zip(path.fibres, path.hubs[:-1], strict=True):
            crossed.update([(fibre, hub), *shared_links(served.topology.fibre(fibre), hub)])
        for link, times in crossed.items():
            paid = link, graph.intent.pays_as
            most[paid] = max(most.get(paid, 0), times * rates.cir)
    loads: Counter[Link] = Counter()
    for (link, _), bps in most.items():
        loads[link] += bps
    room_bps = capacities_bps(served.topology)
    excess = {link: load - room_bps[link[0]] for link, load in loads.items()}
    return {link: over for link, over in excess.items() if over > 0}
