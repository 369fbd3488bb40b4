"""The choice: which ways demands take so that rates fit, as picks that a specification carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from corridor.controller.forwarding.forwarding_tree import ForwardingTree, TreeBuilder
from corridor.controller.intent.intent import Intent
from corridor.controller.intent.picks import Pick
from corridor.controller.joint_ways.loads import loads_of
from corridor.controller.joint_ways.objectives import added_delay
from corridor.controller.joint_ways.objectives.objective import Objective, seeing
from corridor.controller.joint_ways.pricing import detours_of
from corridor.controller.joint_ways.program import Program
from corridor.controller.joint_ways.rates import rates_of
from corridor.controller.joint_ways.rounding import whole
from corridor.controller.joint_ways.spaces.space import Links, Space, Way
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
    added_ns: dict[str, int]
    """By how much ways in use take longer than the shortest, of those that moved."""


def choose(
    topology: Topology,
    intents: Sequence[Intent],
    builder: TreeBuilder,
    objective: Objective = added_delay.KIND,
    links: Links | None = None,
) -> Choice:
    """For intents with rates; ``links`` says what may be promised, if not all of the topology's."""
    links = links or Links(topology)
    room_bps = links.capacity_bps
    spaces, defaults = spaces_of(intents, builder, links)
    considered = spaces[0].considered if spaces else 0
    failures = [at for at in range(considered.bit_length()) if considered >> at & 1]
    objective = seeing(objective, spaces, defaults)
    program = Program(spaces, room_bps, failures, objective, defaults)
    for demand, (space, way) in enumerate(zip(spaces, defaults, strict=True)):
        program.add(demand, way, detours_of(space, way.main, {}))
    rates_bps = [space.rate_bps for space in spaces]
    ways = whole(program)
    before, after = (
        loads_of(room_bps, failures, zip(some, rates_bps, strict=True)) for some in (defaults, ways)
    )
    picks, added = {}, {}
    for space, way, default in zip(spaces, ways, defaults, strict=True):
        some = tuple(_picks(topology, space, way, default))
        if some:
            picks[space.name] = some
        if way.order != default.order:
            added[space.name] = way.one_way_ns - default.one_way_ns
    return Choice(picks, before.fullest(), after.fullest(), added)


def spaces_of(
    intents: Sequence[Intent], builder: TreeBuilder, links: Links
) -> tuple[list[Space], list[Way]]:
    """What each intent with rates may choose from, and what it has alone."""
    served = [(intent, builder.way(intent)) for intent in intents]
    asked = [(intent, way) for intent, way in served if _rate_bps(way)]
    asked.sort(key=lambda one: _rank(*one))
    risks = builder.risks
    considered = 0
    for _, way in asked:
        if way.protection.k:
            considered |= risks.of_kinds(way.protection.over)
    spaces, ways = [], []
    for intent, tree in asked:
        assert tree.automaton is not None
        space = Space(
            intent.id,
            _rate_bps(tree),
            tree.automaton,
            builder.courses(tree.automaton),
            risks.facing(tree.protection, intent.demand.dst),
            risks,
            links,
            considered,
            any(not pick.dead for pick in intent.picks),
        )
        spaces.append(space)
        ways.append(space.way(space.main(builder.course(tree)), {}, alone=True))
    return spaces, ways


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


def _picks(topology: Topology, space: Space, way: Way, default: Way) -> Iterator[Pick]:
    names = [fibre.id for fibre in topology.fibres]
    if way.order != default.order or space.keeps:
        yield Pick(at=space.automaton.trip.src.id, fibres=_named(names, way.order))
    shortest = space.way(way.main, {}, alone=True)
    for spot in way.main.spots:
        order = way.detours.get(spot.thing)
        if order is not None and shortest.detours.get(spot.thing) != order:
            hub = space.product.place(spot.place).hub
            yield Pick(at=hub, fibres=_named(names, order), dead=space.risks.named(spot.thing))


def _named(names: Sequence[str], order: Iterable[int]) -> tuple[str, ...]:
    return tuple(names[number] for number in order)
