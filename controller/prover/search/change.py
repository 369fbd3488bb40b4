"""What differs between two tables of one switch, and which packets meet it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from operator import is_not

from corridor.controller.forwarding.program import Bucket, FastFailover, Flow, SwitchProgram
from corridor.controller.prover.search.core import Core
from corridor.controller.prover.search.lookup import Key, Lookup, rule_of, uses
from corridor.controller.prover.search.reach import Step
from corridor.topologies.model.wiring import HOST_PORT


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
        if any(port in (None, HOST_PORT) for _, port, _ in self.keys):
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
