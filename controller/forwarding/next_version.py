"""Tables for the next deployment. A direction with the same entries keeps them; any other moves
to labels that nothing uses. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace

from corridor.controller.forwarding.compiler import (
    Compiled,
    DirectionTables,
    Draft,
    meter_owners,
)
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.labels import FreePaths, Seat
from corridor.controller.forwarding.nodes import is_alike
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring


def compile_after(
    before: Compiled,
    wiring: Wiring,
    topology: Topology,
    graphs: Sequence[ForwardingGraph],
    withdrawn: Set[int] = frozenset(),
) -> Compiled:
    """Tables for the next deployment, which can be installed next to those of ``before``.

    A direction whose entries would be the same keeps its seat. Every other direction moves to its
    other epoch, to labels that nothing uses. Directions whose numbers are ``withdrawn`` have no
    entries but a drop at their edges. Raises InputError as ``compile_forwarding_graphs``.
    """
    draft = Draft(wiring, topology, graphs)
    stays = {
        number: tables
        for number, was in zip(draft.counted, before.directions, strict=True)
        if (tables := _where(draft, number, was, before.seats, gone=number in withdrawn))
        is not None
    }
    changed = {number for number in draft.numbers if number not in stays}
    moved = _with_their_meters(changed, draft.owners, meter_owners(before.graphs))
    free = [
        FreePaths(was.block for was in before.directions if was.seat.epoch == epoch)
        for epoch in (0, 1)
    ]
    seats = [*before.seats]
    for number in sorted(moved):
        epoch = 1 - seats[number - 1].epoch
        seats[number - 1] = Seat(epoch, free[epoch].take(draft.count(number)))
    directions = [
        _again(draft, number, before.earlier, seats) if number in moved else stays[number]
        for number in draft.numbers
    ]
    earlier = before.earlier or before.directions
    left = zip(draft.numbers, before.directions, earlier, strict=True)
    kept = (was if number in moved else other for number, was, other in left)
    return draft.compiled(directions, before.program, tuple(kept))


def _where(
    draft: Draft, number: int, was: DirectionTables, seats: Sequence[Seat], *, gone: bool
) -> DirectionTables | None:
    """The tables of a direction where it ``was``, if switches hold them already. Of one that is
    ``gone`` they hold a drop at its edge."""
    graph = draft.graphs[number - 1]
    if gone:
        is_blocked = graph.first is None and was.own_meter is None
        return draft.direction(number, seats) if is_blocked else None
    if _is_known(draft, number, was, seats):
        return replace(was, graph=graph)
    if draft.count(number) != len(was.block):
        return None
    made = draft.direction(number, seats)
    return replace(made, flows=was.flows, groups=was.groups) if made.is_as(was) else None


def _again(
    draft: Draft, number: int, earlier: Sequence[DirectionTables], seats: Sequence[Seat]
) -> DirectionTables:
    """The tables of a direction, with the entries that it had ``earlier`` if they are equal."""
    was = earlier[number - 1] if earlier else None
    if was is not None and was.seat == seats[number - 1] and _is_known(draft, number, was, seats):
        return replace(was, graph=draft.graphs[number - 1])
    return draft.direction(number, seats)


def _is_known(draft: Draft, number: int, was: DirectionTables, seats: Sequence[Seat]) -> bool:
    """Whether a direction in the seat that it ``was`` in has the same entries."""
    graph, meters = draft.graphs[number - 1], (was.meter, was.own_meter)
    return (
        meters == (draft.meter(number, seats), draft.own_meter(number, seats))
        and _edge(graph) == _edge(was.graph)
        and is_alike(was.graph.first, graph.first)
    )


def _edge(graph: ForwardingGraph) -> tuple[object, ...]:
    """What entries at its first hub are made of, but label and meter."""
    intent = graph.intent
    return intent.id, intent.pair, intent.selectors, intent.dscp


def _with_their_meters(numbers: Iterable[int], *owners: Mapping[int, int]) -> set[int]:
    """These directions, and all that share a meter with one of them before or after."""
    moved = set(numbers)
    while True:
        shared = {(place, by[one]) for place, by in enumerate(owners) for one in moved & by.keys()}
        more = {
            one
            for place, by in enumerate(owners)
            for one, owner in by.items()
            if (place, owner) in shared
        }
        if more <= moved:
            return moved
        moved |= more
