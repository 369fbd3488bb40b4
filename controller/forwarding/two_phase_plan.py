"""Two-phase updates: a new version next to the old, the edges flipped, the old removed. Pure.

Each direction that changes has a new version, and moves to labels that nothing uses; one with the
same entries keeps them. Labels, groups, meters and cookies of its two versions are disjoint, so a
packet is served by one of them from its edge to its end, whichever its edge holds when it comes in
(Reitblatt et al., SIGCOMM 2012). What serves other directions stays.
The steps of an update, each on all switches before the next:

    beside    the groups, meters and SWITCH entries of new versions, and shared entries they need
    flip      CLASSIFY and LABEL entries of each switch, in one atomic bundle
    drain     what carries old labels has arrived
    remove    groups, meters and entries of old versions, and shared entries no one needs
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property

from corridor.controller.forwarding.compiler import Compiled, DirectionTables, Draft, meter_owners
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.labels import FreePaths, Seat
from corridor.controller.forwarding.nodes import is_alike
from corridor.controller.forwarding.program import (
    FastFailover,
    Flow,
    Meter,
    Program,
    SwitchProgram,
    Table,
)
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
    return intent.id, intent.hosts, intent.selectors, intent.dscp


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


EDGE = (Table.CLASSIFY, Table.LABEL)


@dataclass(frozen=True)
class SwitchUpdate:
    """What one switch is sent in each step."""

    hub: str
    dpid: int
    groups: tuple[FastFailover, ...]
    meters: tuple[Meter, ...]
    beside: tuple[Flow, ...]
    edge_off: tuple[Flow, ...]
    """Deleted in the bundle: old edge entries that no new one replaces."""
    edge_on: tuple[Flow, ...]
    """Added in the bundle; one with the match and priority of an old one replaces it."""
    remove: tuple[Flow, ...]
    remove_groups: tuple[int, ...]
    remove_meters: tuple[int, ...]

    @property
    def flips(self) -> bool:
        return bool(self.edge_off or self.edge_on)

    @property
    def changes(self) -> bool:
        """Whether the update sends anything to the switch."""
        aids = (self.groups, self.meters, self.remove_groups, self.remove_meters)
        return self.flips or any((self.beside, self.remove, *aids))


@dataclass(frozen=True)
class Update:
    """From one deployment to the next."""

    old: Program
    new: Program
    switches: tuple[SwitchUpdate, ...]

    @property
    def touched(self) -> frozenset[int]:
        """Datapath ids of the switches to which the update sends anything."""
        return frozenset(one.dpid for one in self.switches if one.changes)

    @cached_property
    def beside(self) -> Program:
        """What switches hold once the new versions are next to the old."""
        return self._both(flipped=False)

    @cached_property
    def flipped(self) -> Program:
        """What they hold once the edges are flipped."""
        return self._both(flipped=True)

    def _both(self, *, flipped: bool) -> Program:
        old = {switch.hub: switch for switch in self.old.switches}
        switches = tuple(_standing(old[one.hub], one, flipped=flipped) for one in self.switches)
        labels = dict.fromkeys((*self.old.labels, *self.new.labels))
        return Program(switches, self.new.links, tuple(labels))


def update(old: Program, new: Program) -> Update:
    """The steps from ``old`` to ``new``, programs of the same switches.

    Raises ValueError where a group or a meter would change under its number.
    """
    before = {switch.hub: switch for switch in old.switches}
    if before.keys() != {switch.hub for switch in new.switches}:
        raise ValueError("an update is between programs of the same switches")
    return Update(old, new, tuple(_switch(before[one.hub], one) for one in new.switches))


def _switch(old: SwitchProgram, new: SwitchProgram) -> SwitchUpdate:
    groups, no_groups = _exchanged(old.groups, new.groups, f"group at {new.hub}")
    meters, no_meters = _exchanged(old.meters, new.meters, f"meter at {new.hub}")
    gone, come = _unshared(old.flows, new.flows)
    edge_on = tuple(flow for flow in come if flow.table in EDGE)
    replaced = {flow.key for flow in edge_on}
    return SwitchUpdate(
        hub=new.hub,
        dpid=new.dpid,
        groups=groups,
        meters=meters,
        beside=tuple(flow for flow in come if flow.table not in EDGE),
        edge_off=tuple(flow for flow in gone if flow.table in EDGE and flow.key not in replaced),
        edge_on=edge_on,
        remove=tuple(flow for flow in gone if flow.table not in EDGE),
        remove_groups=no_groups,
        remove_meters=no_meters,
    )


def _unshared[T](some: Sequence[T], others: Sequence[T]) -> tuple[list[T], list[T]]:
    """The values that only ``some`` or only ``others`` contain, each once.

    Most are the same objects in both: only the others are hashed, which takes longest.
    """
    mine, theirs = {*map(id, some)}, {*map(id, others)}
    first = dict.fromkeys(one for one in some if id(one) not in theirs)
    last = dict.fromkeys(one for one in others if id(one) not in mine)
    if first and last:
        return [one for one in first if one not in last], [one for one in last if one not in first]
    return [*first], [*last]


def _exchanged[T: (FastFailover, Meter)](
    old: tuple[T, ...], new: tuple[T, ...], what: str
) -> tuple[tuple[T, ...], tuple[int, ...]]:
    """Those to add, and the numbers of those to remove."""
    if old is new:
        return (), ()
    held, wanted = ({one.id: one for one in some} for some in (old, new))
    for number in held.keys() & wanted.keys():
        if held[number] != wanted[number]:
            raise ValueError(f"an update would change what {what} has the number {number}")
    added = tuple(one for number, one in wanted.items() if number not in held)
    return added, tuple(number for number in held if number not in wanted)


def _standing(old: SwitchProgram, step: SwitchUpdate, *, flipped: bool) -> SwitchProgram:
    if not (step.beside or step.groups or step.meters or (flipped and step.flips)):
        return old
    flows = {flow.key: flow for flow in (*old.flows, *step.beside)}
    if flipped:
        for flow in step.edge_off:
            del flows[flow.key]
        flows |= {flow.key: flow for flow in step.edge_on}
    groups, meters = (*old.groups, *step.groups), (*old.meters, *step.meters)
    return SwitchProgram(step.hub, step.dpid, tuple(flows.values()), groups, meters)
