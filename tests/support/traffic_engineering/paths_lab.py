"""A judge of paths that shares no code with their search: it tries every remaining path."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from random import Random
from typing import Any, NamedTuple

from hypothesis import assume
from hypothesis import strategies as st

from corridor.controller.forwarding.forwarding_graph import (
    Assess,
    Cross,
    Deliver,
    ForwardingGraph,
    GraphBuilder,
    Node,
)
from corridor.controller.forwarding.packet_traces import PacketTrace
from corridor.controller.intent.intent import ALL_KINDS, Intent, Protection
from corridor.controller.intent.specification import elements, failures_of
from corridor.controller.policy.automaton import Automaton, State, Violation
from corridor.controller.policy.model import Policy
from corridor.controller.policy.permitted_paths import PermittedPath, best_permitted_path
from corridor.controller.policy.semantics import NO_FAILURES, ApplicablePolicies, Failures, ranked
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from policy_lab import applicable_policies, demand, fibre, hub, network, permit
from random_policies import KNOWN, NAMES, SRLGS, networks, policy_lists

type Taken = tuple[Node, bool]
"""A decision, and whether it was found alive."""


def intent(
    topology: Topology,
    rules: Sequence[Policy],
    protection: Protection = Protection(),  # noqa: B008 - a frozen value
    data_class: str = "general",
) -> Intent:
    """From the first hub of a topology to its last."""
    about = demand(data_class, topology.hubs[0].id, topology.hubs[-1].id)
    return Intent(applicable_policies(*rules, about=about, on=topology), protection=protection)


def graph(topology: Topology, *rules: Policy, **protection: Any) -> ForwardingGraph:
    asked = Protection(**protection)
    return GraphBuilder(topology).graph(intent(topology, rules, asked))


protections = st.builds(
    Protection,
    st.sampled_from((1, 1, 2)),
    st.one_of(
        st.just(ALL_KINDS),
        st.lists(st.sampled_from(ALL_KINDS), min_size=1, unique=True).map(tuple),
    ),
)


@st.composite
def light_rules(draw: st.DrawFn) -> list[Policy]:
    """One permit that leaves many paths, and so many detours."""
    stop = {"any_of": "gateways", "before": draw(st.sampled_from(("border", "end")))}
    clauses = (
        {"waypoints": [stop]},
        {"waypoints": [stop, {"any_of": {"located_in": "PK"}}]},
        {"max_one_way": f"{draw(st.integers(4, 12))}ms"},
        {"avoid": {"located_in": draw(st.sampled_from(KNOWN))}},
    )
    if not draw(st.integers(0, 4)):  # alone: judges that try everything have more states to try
        return [permit(hard={"via": [{"hubs": draw(st.sampled_from(NAMES))}]})]
    chosen = draw(st.lists(st.sampled_from(clauses), max_size=2))
    return [permit(hard={key: value for clause in chosen for key, value in clause.items()})]


@st.composite
def dense_networks(draw: st.DrawFn) -> Topology:
    """All hubs joined to most others, many of them gateways, by fibres without third countries."""
    names = NAMES[: draw(st.integers(4, 5))]
    home = draw(st.sampled_from(KNOWN))
    hubs = [
        hub(name, draw(st.sampled_from((home, home, *KNOWN))), intl_gateway=bool(draw(two_thirds)))
        for name in names
    ]
    pairs = [f"{a}-{z}" for a, z in itertools.combinations(names, 2)]
    pairs = draw(st.lists(st.sampled_from(pairs), min_size=len(names) + 1, unique=True))
    groups = st.lists(st.sampled_from(SRLGS), max_size=1)
    return network(
        hubs, [fibre(pair, draw(st.integers(1, 6)), srlgs=draw(groups)) for pair in sorted(pairs)]
    )


two_thirds = st.integers(0, 2)


class Served(NamedTuple):
    """A network and a forwarding graph in it, which may be blocked."""

    topology: Topology
    graph: ForwardingGraph
    known: tuple[str, ...] = ()
    """The failures that were known at planning."""

    def __repr__(self) -> str:
        hubs = [f"{one.id}:{one.located_in}{'*' * one.intl_gateway}" for one in self.topology.hubs]
        fibres = [
            f"{one.id}:{one.one_way_delay_ns // 10**6}ms{''.join(one.srlgs)}{''.join(one.crosses)}"
            + "".join(f"{doubt.code}?" for doubt in one.may_cross)
            for one in self.topology.fibres
        ]
        rules = [
            f"{one.id} {one.hard.model_dump(exclude_defaults=True)}"
            for automaton in self.graph.intent.applicable_policies.automata
            for one in {bound.policy.id: bound.policy for bound in automaton.clauses}.values()
        ]
        parts = (hubs, fibres, rules, self.graph.protection, self.known, self.graph.route)
        return "\n".join(map(str, parts))


@st.composite
def served(draw: st.DrawFn, protection: st.SearchStrategy[Protection] = protections) -> Served:
    if draw(two_thirds):
        topology, rules = draw(dense_networks()), draw(light_rules())
    else:
        topology, rules = draw(networks(extra=5)), draw(policy_lists())
    data_class = draw(st.sampled_from(("general", "mixed", "foreign")))
    asked = intent(topology, rules, draw(protection), data_class)
    return Served(topology, GraphBuilder(topology).graph(asked))


@st.composite
def served_anew(draw: st.DrawFn) -> Served:
    """A graph that is planned without failed elements."""
    topology, graph, _ = draw(served())
    names = draw(st.lists(st.sampled_from(elements(topology)), min_size=1, max_size=2, unique=True))
    planned = GraphBuilder(topology, failures_of(topology, names)).graph(graph.intent)
    return Served(topology, planned, tuple(names))


@st.composite
def served_in_time(draw: st.DrawFn) -> Served:
    """A graph whose delay budget leaves little for detours."""
    topology = draw(dense_networks())
    best = best_permitted_path(intent(topology, [permit()]).applicable_policies)
    assume(isinstance(best, PermittedPath))
    assert isinstance(best, PermittedPath)
    most_ns = best.one_way_ns + draw(st.integers(0, 9)) * 10**6
    rules = [permit(hard={"max_one_way": format_duration(most_ns)})]
    return Served(
        topology, GraphBuilder(topology).graph(intent(topology, rules, draw(protections)))
    )


@st.composite
def served_together(draw: st.DrawFn) -> tuple[Intent, ...]:
    """Demands between some pairs of one network, each with separate rules."""
    topology = draw(dense_networks() | networks(extra=5))
    names = [one.id for one in topology.hubs]
    pairs = draw(
        st.lists(
            st.sampled_from(list(itertools.permutations(names, 2))),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    intents = []
    for src, dst in pairs:
        about = demand(src=src, dst=dst).model_copy(update={"id": f"{src}-to-{dst}"})
        ruled = applicable_policies(*draw(light_rules()), about=about, on=topology)
        intents.append(Intent(ruled, protection=draw(protections)))
    return tuple(intents)


def anything_failed(topology: Topology, chance: Random) -> Failures:
    """Any number of elements of any kind; of hubs none that is an end."""

    def some(names: Sequence[str]) -> frozenset[str]:
        return frozenset(chance.sample(names, min(chance.choice((0, 0, 1, 1, 2, 9)), len(names))))

    hubs = [one.id for one in topology.hubs]
    links = some([one.id for one in topology.fibres])
    return Failures(links, some(SRLGS), some(hubs[1:-1]), some(hubs))


def nodes(graph: ForwardingGraph) -> list[Node]:
    """Every decision of a graph, once."""
    waiting, seen = [graph.first], []
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen.append(node)
            waiting += [node.otherwise, getattr(node, "then", None)]
    return seen


def in_use(
    graph: ForwardingGraph, failures: Failures = NO_FAILURES, permit: Automaton | None = None
) -> ApplicablePolicies:
    """The ruling of one permit alone, by default that in use, while the failed gateways are
    closed."""
    alone = permit or graph.automaton
    assert alone is not None
    return replace(graph.intent.applicable_policies, automata=(alone,)).with_closed_gateways(
        failures.gateways
    )


def lawful_rests(
    graph: ForwardingGraph, topology: Topology, failures: Failures, begun: Path
) -> Iterator[tuple[Path, int]]:
    """Whole paths under the permit in use that start with what is begun and go on over what is
    alive, and their delay; every open gateway on them is passed.

    Tries every walk that is not in the same state at the same hub twice.
    """
    (automaton,) = in_use(graph, failures).automata
    state, delay_ns = _along(automaton, topology, begun)
    if state is not None and begun.dst not in failures.hubs:
        yield from _rests(automaton, topology, failures, (begun, state, delay_ns))


def _rests(
    automaton: Automaton, topology: Topology, failures: Failures, first: tuple[Path, State, int]
) -> Iterator[tuple[Path, int]]:
    begun, begun_in, _ = first
    waiting = [(*first, frozenset([(begun.dst, begun_in)]))]
    while waiting:
        path, state, delay_ns, met = waiting.pop()
        if automaton.exceeds(delay_ns):
            continue
        if path.dst == automaton.trip.dst.id and automaton.finish(state) is None:
            yield path, delay_ns
        for step in topology.fibres_of(path.dst):
            if not failures.spare(step):
                continue
            far = step.other_end(path.dst)
            past = _enter(automaton, state, step, topology.hub(far))
            if past is not None and (far, past) not in met:
                longer = Path((*path.hubs, far), (*path.fibres, step.id))
                after_ns = delay_ns + step.one_way_delay_ns
                waiting.append((longer, past, after_ns, met | {(far, past)}))


def lawful_rest(
    graph: ForwardingGraph, topology: Topology, failures: Failures, begun: Path
) -> Path | None:
    return next((path for path, _ in lawful_rests(graph, topology, failures, begun)), None)


def left_for(
    graph: ForwardingGraph, topology: Topology, failures: Failures, walk: PacketTrace
) -> tuple[Path, int] | None:
    """A permitted path onward from a packet's last hub, under any permit, with its total delay."""
    ends = len(walk.path.fibres)
    return next(chain.from_iterable(rests_by_rank(graph, topology, failures, walk, ends)), None)


def rests_by_rank(
    graph: ForwardingGraph, topology: Topology, failures: Failures, walk: PacketTrace, at: int
) -> list[list[tuple[Path, int]]]:
    """Whole paths onward from a hub of a packet's path, by its position, with total delays; by
    rank of the permits that allow the path up to there. The hub's gateway may be passed still."""
    begun = Path(walk.path.hubs[: at + 1], walk.path.fibres[:at])
    crossings = [place for place, node in enumerate(walk.taken) if isinstance(node, Cross)]
    taken = walk.taken[: crossings[at - 1] + 1] if at else ()
    here = topology.hub(begun.dst)
    spent_ns = sum(topology.fibre(name).one_way_delay_ns for name in begun.fibres)
    automata = graph.intent.applicable_policies.with_closed_gateways(failures.gateways).automata
    found: list[list[tuple[Path, int]]] = []
    for rank in ranked(automata):
        found.append([])
        for automaton in (automata[number] for number in rank):
            state = standing(automaton, topology, taken)
            state = None if state is None else _enter(automaton, state, here)
            if state is not None and here.id not in failures.hubs:
                found[-1] += _rests(automaton, topology, failures, (begun, state, spent_ns))
    return found


def standing(automaton: Automaton, topology: Topology, taken: Sequence[Node]) -> State | None:
    """The state of a packet that has done all this, None where a clause has died. A waypoint is
    served only where the gateway was passed."""
    every = frozenset(one.id for one in topology.hubs)
    shut = replace(automaton, trip=replace(automaton.trip, closed=every))
    state = _enter(shut, shut.start, automaton.trip.src)
    for node in taken:
        if state is None:
            return None
        if isinstance(node, Assess):
            state = _enter(automaton, state, topology.hub(node.hub))
        if isinstance(node, Cross):
            far = topology.hub(topology.fibre(node.fibre).other_end(node.hub))
            state = _enter(shut, state, topology.fibre(node.fibre), far)
    return state


def _along(automaton: Automaton, topology: Topology, path: Path) -> tuple[State | None, int]:
    state, delay_ns = _enter(automaton, automaton.start, topology.hub(path.src)), 0
    for name, far in zip(path.fibres, path.hubs[1:], strict=True):
        step = topology.fibre(name)
        delay_ns += step.one_way_delay_ns
        if state is not None:
            state = _enter(automaton, state, step, topology.hub(far))
    return state, delay_ns


def _enter(automaton: Automaton, state: State, *elements: Any) -> State | None:
    for element in elements:
        entered = automaton.enter(state, element)
        if isinstance(entered, Violation):
            return None
        state = entered
    return state


def trips(node: Node | None) -> Iterator[tuple[Taken, ...]]:
    """Every sequence of decisions that ends in delivery, whatever is found alive or dead."""
    if node is None:
        return
    if isinstance(node, Deliver):
        yield ((node, True),)
    if isinstance(node, Cross | Assess):
        for rest in trips(node.then):
            yield ((node, True), *rest)
    for rest in trips(node.otherwise):
        yield ((node, False), *rest)


def breach(graph: ForwardingGraph, topology: Topology, trip: tuple[Taken, ...]) -> str:
    """Why no permit allows a trip; empty where one does."""
    taken = [node for node, alive in trip if alive]
    fibres = [topology.fibre(node.fibre) for node in taken if isinstance(node, Cross)]
    delay_ns = sum(one.one_way_delay_ns for one in fibres)
    broken = []
    for automaton in graph.intent.applicable_policies.automata:
        state = standing(automaton, topology, taken)
        end = "a clause dies" if state is None else automaton.finish(state)
        end = end or automaton.exceeds(delay_ns)
        if end is None:
            return ""
        broken.append(f"{automaton.permit.id}: {end}")
    return "; ".join(broken)
