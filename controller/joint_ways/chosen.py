"""The choice: which ways demands take so that rates fit, as picks that a specification carries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from corridor.controller.forwarding.forwarding_tree import ForwardingTree, TreeBuilder
from corridor.controller.intent.intent import UNPROTECTED, Intent
from corridor.controller.intent.picks import Found, Pick
from corridor.controller.joint_ways.loads import loads_of
from corridor.controller.joint_ways.objectives import added_delay
from corridor.controller.joint_ways.objectives.objective import Objective, seeing
from corridor.controller.joint_ways.program import Program
from corridor.controller.joint_ways.rates import rates_of
from corridor.controller.joint_ways.rounding import whole
from corridor.controller.joint_ways.spaces.cases import Cases, Failed
from corridor.controller.joint_ways.spaces.links import Links
from corridor.controller.joint_ways.spaces.space import Space
from corridor.controller.joint_ways.spaces.ways import Way
from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class Choice:
    """Ways that were chosen together, and how they compare with the shortest ones."""

    picks: dict[str, tuple[Pick, ...]]
    """By id of an intent; none for one that keeps its shortest ways."""
    fullest_before: float
    fullest: float
    """The largest part of a capacity that is asked for, whatever one thing fails: of the shortest
    ways, and of these."""
    impossible: frozenset[Failed]
    """What no shares of ways that were found fit, whichever is taken; nothing of it if all fit."""
    added_ns: dict[str, int]
    """By how much ways in use take longer than the shortest, of those that moved."""


def choose(
    topology: Topology,
    intents: Sequence[Intent],
    builder: TreeBuilder,
    objective: Objective = added_delay.KIND,
    links: Links | None = None,
    *,
    sets: Iterable[Collection[str]] = (),
    as_is: bool = False,
) -> Choice:
    """For intents with rates; ``links`` says what may be promised, if not all of the topology's,
    and ``sets`` what may fail together, beside each thing alone. Taken ``as_is``, nothing fails
    beside what has: rates need fit ways in use only."""
    links = links or Links(topology)
    room_bps = links.capacity_bps
    spaces, defaults = spaces_of(intents, builder, links, sets, as_is=as_is)
    failures = spaces[0].cases.numbers if spaces else []
    objective = seeing(objective, spaces, defaults)
    program = Program(spaces, room_bps, failures, objective, defaults)
    for demand, (space, way) in enumerate(zip(spaces, defaults, strict=True)):
        program.add(demand, way, space.detours(way.main, {}))
    rates_bps = [space.rate_bps for space in spaces]
    ways = whole(program)
    before, after = (
        loads_of(room_bps, failures, zip(some, rates_bps, strict=True)) for some in (defaults, ways)
    )
    picks, added = {}, {}
    for space, way, default in zip(spaces, ways, defaults, strict=True):
        some = tuple(picks_of(topology, space, way, default))
        if some:
            picks[space.name] = some
        if way.order != default.order:
            added[space.name] = way.one_way_ns - default.one_way_ns
    forgiven = program.forgiven.keys()
    impossible = frozenset(
        frozenset[str]() if case is None else spaces[0].cases.named(case) for case in forgiven
    )
    return Choice(picks, before.fullest(), after.fullest(), impossible, added)


def spaces_of(
    intents: Sequence[Intent],
    builder: TreeBuilder,
    links: Links,
    sets: Iterable[Collection[str]] = (),
    *,
    as_is: bool = False,
) -> tuple[list[Space], list[Way]]:
    """What each intent with rates may choose from, and what it has alone; ``as_is`` as above."""
    served = [(intent, builder.way(intent)) for intent in intents]
    asked = [(intent, way) for intent, way in served if _rate_bps(way)]
    asked.sort(key=lambda one: _rank(*one))
    kinds = {kind for _, way in asked if way.protection.k for kind in way.protection.over}
    cases = Cases(builder.risks, 0 if as_is else builder.risks.of_kinds(kinds), sets)
    spaces, ways = [], []
    for intent, tree in asked:
        protection = UNPROTECTED if as_is else tree.protection
        space = _space(intent, replace(tree, protection=protection), builder, cases, links)
        spaces.append(space)
        ways.append(space.way(space.main(builder.course(tree)), {}, alone=True))
    return spaces, ways


def _space(
    intent: Intent, tree: ForwardingTree, builder: TreeBuilder, cases: Cases, links: Links
) -> Space:
    assert tree.automaton is not None
    automata = intent.ruling.automata
    return Space(
        intent.id,
        _rate_bps(tree),
        tree.automaton,
        next(at for at, one in enumerate(automata) if one is tree.automaton),
        builder.courses(tree.automaton),
        builder.decisions(tree),
        builder.risks.facing(tree.protection, intent.demand.dst),
        cases,
        links,
        keeps=any(not pick.dead for pick in intent.picks),
    )


def _rate_bps(way: ForwardingTree) -> int:
    """Of a demand that may move, else 0: those of aggregates and disjoint ones stay."""
    rates, intent = rates_of(way), way.intent
    stays = intent.aggregate is not None or bool(intent.disjoint)
    return 0 if rates is None or stays else rates.cir


def _rank(intent: Intent, way: ForwardingTree) -> tuple[object, ...]:
    """An order that hangs on what is asked for, and on names only between equals."""
    demand = intent.demand
    back = intent.id != intent.asked_as
    permit = way.permit.id if way.permit else ""
    return (-_rate_bps(way), demand.src, demand.dst, back, demand.data_class, permit, intent.id)


def picks_of(topology: Topology, space: Space, way: Way, default: Way) -> Iterator[Pick]:
    names = [fibre.id for fibre in topology.fibres]
    if way.order != default.order or space.keeps:
        yield Pick(at=space.automaton.trip.src.id, fibres=_named(names, way.order))
    hubs = dict[int, str]()
    for spot, order, shortest in space.taken(way):
        hubs[spot.thing] = space.decisions.hub(spot.standing)
        if order != shortest:
            found = [Found(at=hubs[one], dead=space.cases.risks.named(one)) for one in spot.key]
            yield Pick(
                at=found[-1].at,
                fibres=_named(names, order),
                dead=found[-1].dead,
                after=tuple(found[:-1]),
            )


def _named(names: Sequence[str], order: Iterable[int]) -> tuple[str, ...]:
    return tuple(names[number] for number in order)
