"""Two-phase updates: a new version next to the old, the edges flipped, the old removed. Pure.

Each direction that changes has a new version. Labels, groups, meters and cookies of its two
versions are disjoint, so a packet is served by one of them from its edge to its end, whichever its
edge holds when it comes in (Reitblatt et al., SIGCOMM 2012). What serves other directions stays.
The steps of an update, each on all switches before the next:

    beside    the groups, meters and SWITCH entries of new versions, and shared entries they need
    flip      CLASSIFY and LABEL entries of each switch, in one atomic bundle
    drain     what carries old labels has arrived
    remove    groups, meters and entries of old versions, and shared entries no one needs
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from corridor.controller.forwarding.program import (
    FastFailover,
    Flow,
    Meter,
    Program,
    SwitchProgram,
    Table,
)

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
