"""Everything that may happen at each place beyond the hosts' ports, asked once and kept.

There only the label distinguishes packets, so what a switch does at a place is the same for all
demands that come there. Places are numbered for good; what happens at them changes with tables:
with the entries that differ between two tables of one switch, for the packets that meet them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from operator import is_not
from typing import NamedTuple

from corridor.controller.forwarding.program import (
    Bucket,
    FastFailover,
    Flow,
    SwitchProgram,
    Table,
    Value,
    epoch_of,
    phase_of,
)
from corridor.controller.prover.search.claim import Claim
from corridor.controller.prover.search.declared_demands import Move
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.headers import ANY
from corridor.controller.prover.search.lookup import Key, Lookup, rule_of, uses
from corridor.controller.prover.search.reach import End, Place, Step, steps_at
from corridor.topologies.model.wiring import is_host_port

DOOR = -1
"""The number of the place that a demand's packets come from: its host's port."""
NOWHERE = -2
NO_PHASE = -1
NOBODY = -1


class Turn(NamedTuple):
    """A step by where it leads."""

    step: Step
    to: int
    """The number of the place it leads to, or ``NOWHERE``."""
    move: Move | None
    phase: int
    """What the label says that the packet leaves with, or ``NO_PHASE``."""
    hops: int
    is_narrow: bool
    """Whether it happens only to packets that were sent with certain headers."""


type Remark = tuple[Claim, Step, str]
"""A claim, a step that breaks it, and how."""
type Judge = Callable[[Network, Iterable[Step]], tuple[Remark, ...]]


class At(NamedTuple):
    """What may happen at a place, and what is wrong with that for packets of any demand."""

    turns: tuple[Turn, ...]
    remarks: tuple[Remark, ...]
    serves: int | None = None
    """The number of the demand that entries met there state: ``NOBODY`` where they differ, or where
    some state another epoch than the label; None where none is met."""


class Core:
    """Places and what happens at them, found out when it is asked for."""

    def __init__(self, network: Network, judge: Judge) -> None:
        self.network = network
        self.places: list[Place] = []
        self.by_door: dict[tuple[str, int], dict[int | None, list[int]]] = {}
        """Numbers of places by hub and port, and by label."""
        self._judge = judge
        self._numbers: dict[Place, int] = {}
        self._known: list[At | None] = []

    def at(self, number: int) -> At:
        if number >= len(self._known):
            self._known += [None] * (len(self.places) - len(self._known))
        known = self._known[number]
        if known is None:
            steps = steps_at(self.network, self.places[number])
            known = self._known[number] = self.judged(steps)
        return known

    def judged(self, steps: tuple[Step, ...]) -> At:
        turns = tuple(map(self._turn, steps))
        return At(turns, self._judge(self.network, steps), _served(steps))

    def _turn(self, step: Step) -> Turn:
        narrow = step.packet.sent is not ANY
        if step.to is None:
            return Turn(step, NOWHERE, None, NO_PHASE, step.hops, narrow)
        if step.end is End.CROSSED:
            fibre = self.network.cables[step.at.hub, step.port or 0].fibre
            move = Move(fibre, step.to.hub)
        else:
            move = Move("", step.to.hub)
        label = step.packet.label
        phase = NO_PHASE if label is None else int(phase_of(label))
        return Turn(step, self._number(step.to), move, phase, step.hops, narrow)

    def _number(self, place: Place) -> int:
        number = self._numbers.get(place)
        if number is None:
            number = self._numbers[place] = len(self.places)
            self.places.append(place)
            by_label = self.by_door.setdefault((place.hub, place.port), {})
            by_label.setdefault(place.packet.label, []).append(number)
        return number

    def number_of(self, place: Place) -> int:
        """The number of a place that packets may come to from outside of what is searched."""
        return self._number(place)

    def changed(self, network: Network, places: Iterable[int]) -> Core:
        """The core of a network in which something else may happen at these places."""
        after = Core(network, self._judge)
        after.places, after.by_door, after._numbers = self.places, self.by_door, self._numbers
        after._known = self._known.copy()
        for number in places:
            if number < len(after._known):
                after._known[number] = None
        return after

    def has_same(self, other: Core, numbers: Iterable[int]) -> bool:
        """Whether nothing has changed at these places since another core, or before it."""
        mine, its = self._known, other._known
        most = min(len(mine), len(its))
        return all(one < most and mine[one] is its[one] is not None for one in numbers)

    def places_at(self, hub: str, port: Value | None, label: Value | None) -> Iterator[int]:
        """Places at a port of a hub that have been met, by a label or by none; None for any."""
        for by_label in self._doors(hub, port):
            some = (
                by_label.values()
                if label is None
                else (by_label.get(int(label)), by_label.get(None))
            )
            for numbers in some:
                yield from numbers or ()

    def _doors(self, hub: str, port: Value | None) -> Iterable[dict[int | None, list[int]]]:
        if isinstance(port, int):
            return (self.by_door.get((hub, port), {}),)
        return (by_label for (at, _), by_label in self.by_door.items() if at == hub)

    def meets(self, number: int, flows: Container[int]) -> bool:
        """Whether packets at a place may meet one of these entries, each named by its id."""
        known = self._known[number] if number < len(self._known) else None
        return known is not None and any(
            id(flow) in flows for turn in known.turns for flow in turn.step.matched
        )


def _served(steps: Iterable[Step]) -> int | None:
    """The demand whose packets entries of the last table say they are for; see ``At.serves``."""
    numbers: set[int] = set()
    for step in steps:
        label = step.at.packet.label
        for flow in step.matched:
            if flow.table == Table.SWITCH and flow.match:
                is_of_epoch = label is None or flow.serial == epoch_of(label) + 1
                numbers.add(flow.policy if is_of_epoch else NOBODY)
    if len(numbers) > 1:
        return NOBODY
    return numbers.pop() if numbers else None


@dataclass(frozen=True)
class Change:
    """From one switch's tables to other ones."""

    after: SwitchProgram
    """Entries that were there before are the same objects."""
    removed: tuple[Flow, ...]
    added: tuple[Flow, ...]
    groups: frozenset[int]
    """Those that differ."""
    meters: bool
    """Whether any differ."""

    @classmethod
    def between(cls, before: SwitchProgram, after: SwitchProgram) -> Change:
        removed, added = _difference(before.flows, after.flows)
        if removed and added:
            after, removed, added = _with_known(before, after, removed, added)
        groups = frozenset[int]()
        if before.groups != after.groups:
            old, new = _by_id(before.groups), _by_id(after.groups)
            groups = frozenset(one for one in old.keys() | new.keys() if old[one] != new[one])
        return cls(after, removed, added, groups, before.meters != after.meters)

    @cached_property
    def keys(self) -> frozenset[Key]:
        return frozenset(rule_of(flow).key for flow in (*self.removed, *self.added))

    def __bool__(self) -> bool:
        return bool(self.removed or self.added or self.groups or self.meters)

    def is_met_by(self, port: int) -> bool:
        """Whether packets that come in by a port may meet what differs."""
        return bool(self.groups) or any(one in (None, port) for _, one, _ in self.keys)

    @cached_property
    def leading(self) -> frozenset[int]:
        """Groups that differ, and those that lead to one of them, directly or by other groups."""
        leading, grows = {*self.groups}, bool(self.groups)
        while grows:
            more = {
                group.id
                for group in self.after.groups
                if group.id not in leading
                and any(not leading.isdisjoint(_groups_of(one)) for one in group.buckets)
            }
            leading |= more
            grows = bool(more)
        return frozenset(leading)

    @cached_property
    def using_groups(self) -> tuple[Flow, ...]:
        """The entries that lead to a group that differs, directly or by other groups."""
        if not self.groups:
            return ()
        return tuple(
            flow
            for flow in self.after.flows
            if not self.leading.isdisjoint(uses(flow.actions, "group"))
        )

    def places(self, core: Core, before: Lookup, after: Lookup) -> list[int]:
        """Places where something else may now happen."""
        relays = before.relays | after.relays
        hub, found = self.after.hub, set[int]()
        for _, port, label in self.keys:
            # Where labels change before an entry, any label may reach it.
            told = None if relays else label
            found.update(core.places_at(hub, port, told))
        new = {*map(id, self.added)}
        using = {id(flow): flow for flow in self.using_groups if id(flow) not in new}
        for _, port, label in {rule_of(flow).key for flow in using.values()}:
            places = core.places_at(hub, port, None if relays else label)
            found.update(number for number in places if core.meets(number, using))
        return sorted(found)

    def is_met_by_host(self, steps: Iterable[Step]) -> bool:
        if any(port is None or is_host_port(port) for _, port, _ in self.keys):
            return True
        using = {*map(id, self.using_groups)}
        return any(id(flow) in using for step in steps for flow in step.matched)


def _groups_of(bucket: Bucket) -> tuple[int | None, ...]:
    """The groups that a bucket uses or watches."""
    return (*uses(bucket.actions, "group"), bucket.watch_group)


def _by_id(groups: tuple[FastFailover, ...]) -> defaultdict[int, list[FastFailover]]:
    """Groups by id. A switch's report may name one id more than once."""
    found = defaultdict[int, list[FastFailover]](list)
    for group in groups:
        found[group.id].append(group)
    return found


def _difference(
    before: tuple[Flow, ...], after: tuple[Flow, ...]
) -> tuple[tuple[Flow, ...], tuple[Flow, ...]]:
    """What is not the same object, the same number of times, in both."""
    first = _alike(before, after)
    last = _alike(before[:first:-1], after[:first:-1])
    some, others = before[first : len(before) - last], after[first : len(after) - last]
    old, new = Counter(map(id, some)), Counter(map(id, others))
    return (
        tuple(flow for flow in some if old[id(flow)] != new[id(flow)]),
        tuple(flow for flow in others if old[id(flow)] != new[id(flow)]),
    )


def _alike(one: tuple[Flow, ...], other: tuple[Flow, ...]) -> int:
    """How many entries are the same from the start on."""
    differ = [*map(is_not, one, other)]
    return differ.index(True) if True in differ else len(differ)


def _with_known(
    before: SwitchProgram,
    after: SwitchProgram,
    removed: tuple[Flow, ...],
    added: tuple[Flow, ...],
) -> tuple[SwitchProgram, tuple[Flow, ...], tuple[Flow, ...]]:
    """``after`` with the objects of ``before`` where entries are equal, and the differences."""
    spare: dict[Flow, list[Flow]] = defaultdict(list)
    for flow in removed:
        spare[flow].append(flow)
    known = {id(flow): spare[flow].pop() for flow in added if spare.get(flow)}
    if not known:
        return after, removed, added
    after = replace(after, flows=tuple(known.get(id(flow), flow) for flow in after.flows))
    return (after, *_difference(before.flows, after.flows))
