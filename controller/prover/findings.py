"""All that is wrong with one set of tables, by place, so that a change is asked about where it is.

Places are: the network as a whole, a switch's tables, a host's port, all paths of a demand, and
every other port as a door. The labels that a door lets in are a separate place, since which
ones are right depends on the paths of all demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from corridor.controller.forwarding.program import Flow, Program, SwitchProgram
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover import claim_registry
from corridor.controller.prover.claim_registry import Found, Opened
from corridor.controller.prover.search.core import Change, Core
from corridor.controller.prover.search.declared_network import Network
from corridor.controller.prover.search.search import Exploration
from corridor.controller.prover.search.tables import Tables
from corridor.controller.prover.tables_claims import intended_for
from corridor.topologies.base.progress import counting

type DoorKey = tuple[str, int]
"""Hub and port."""
type LabelKey = tuple[str, int, int]
"""Hub, port and a label that comes, or may come, in by it."""
type DemandKey = tuple[str, int]
"""Name of a host, and the demand's number, or 0 for packets without a demand."""
type Arrived = Mapping[int, int]
"""How many demands' packets come to a place."""


class Looked(NamedTuple):
    """The paths of a demand, and what is wrong with them."""

    seen: Exploration
    found: Found


class Static(NamedTuple):
    """What is wrong with a switch's tables by themselves."""

    together: Found
    entries: Found
    groups: Found


@dataclass(frozen=True)
class Findings:
    """Everything found. Doors where nothing is wrong are left out."""

    core: Core
    overall: Found
    static: Mapping[str, Static]
    edges: Mapping[str, Opened]
    searched: Mapping[DemandKey, Looked]
    among: Found
    """What is wrong with the paths of all demands together."""
    doors: Mapping[DoorKey, Found]
    unsent: Mapping[LabelKey, Found]
    arrived: Arrived

    @classmethod
    def of(cls, network: Network) -> Findings:
        core = Core(network, claim_registry.of_steps)
        edges = {host: claim_registry.open_edge(network, core, host) for host in network.hosts}
        searched = dict(_followed(core, edges))
        arrived, _ = _counted({}, {}, searched)
        return cls(
            core,
            claim_registry.overall(network),
            {hub: _static(network, hub) for hub in network.hubs},
            edges,
            searched,
            claim_registry.among(network, [searched[key].seen for key in sorted(searched)]),
            _with({}, {door: claim_registry.open_door(network, *door) for door in network.doors}),
            _with({}, {key: _unsent(core, key, arrived) for key in _named(network, network.doors)}),
            arrived,
        )

    def after(
        self,
        tables: Tables,
        *,
        intended: Program | None,
        failures: Failures,
        resting: frozenset[int],
        intents: Sequence[Intent] | None = None,
        others: Sequence[Findings] = (),
    ) -> Findings:
        """What is found in other tables of the same network, by the same demands, or by ``intents``
        of the same packets.

        Only what reads something that differs is asked again. Entries, groups and meters count as
        the same where they are equal, so that tables may be read from switches again. Paths of a
        demand may also be taken from ``others`` that were found by such steps from the same start.
        """
        before = self.core.network
        changes = dict(_changes(before, tables))
        lookups = {
            hub: before.lookups[hub].changed(one.after, one.removed, one.added)
            for hub, one in changes.items()
        }
        held = {hub: change.after for hub, change in changes.items()}
        kept = {hub: before.held(hub) for hub in before.hubs if hub not in changes}
        tables = replace(tables, switches={**tables.switches, **kept, **held})
        network = before.with_tables(tables, lookups, intended, failures, resting)
        known = sorted((self, *others), key=lambda one: one.core.network.failures != failures)
        if intents is None:
            intents = [one.intent for one in before.demands]
        network = network.with_demands(intents, [one.core.network for one in known])
        moved = frozenset(
            number
            for hub, change in changes.items()
            for number in change.places(self.core, before.lookups[hub], lookups[hub])
        )
        core = self.core.changed(network, moved)
        edges = {
            host: claim_registry.open_edge(network, core, host)
            if (hub := opened.edge.hub) in changes
            and changes[hub].is_met_by_host(opened.edge.steps)
            else _by_number(network, opened)
            for host, opened in self.edges.items()
        }
        searched = dict(self._searched_after(core, edges, moved, [one.searched for one in known]))
        arrived, differing = _counted(self.arrived, *_differing(self.searched, searched))
        doors = [
            (hub, port)
            for hub, port in network.doors
            if hub in changes and changes[hub].is_met_by(port)
        ]
        labels = _moved(core, self.arrived, arrived, differing)
        labels |= self._asked_again(network, doors)
        return Findings(
            core,
            claim_registry.overall(network),
            {hub: self._restated(network, hub, changes.get(hub)) for hub in network.hubs},
            edges,
            searched,
            claim_registry.among(network, [searched[key].seen for key in sorted(searched)]),
            _with(self.doors, {door: claim_registry.open_door(network, *door) for door in doors}),
            _with(self.unsent, {key: _unsent(core, key, arrived) for key in labels}),
            arrived,
        )

    def _searched_after(
        self,
        core: Core,
        edges: Mapping[str, Opened],
        moved: frozenset[int],
        known: Sequence[Mapping[DemandKey, Looked]],
    ) -> Iterator[tuple[DemandKey, Looked]]:
        """All paths. Those that are not ``known`` are followed again: as far as they are those
        found here but for places that have ``moved``."""
        for host, opened in edges.items():
            for demand, door in opened.demands:
                key = (host, demand.number if demand else 0)
                found = (searched[key] for searched in known if key in searched)
                looked = next((one for one in found if one.seen.is_same(core, demand, door)), None)
                if looked is not None:
                    seen = looked.seen.by(core, demand)
                    same = demand is looked.seen.demand
                    yield key, Looked(seen, looked.found) if same else _look(core, seen)
                elif key in self.searched and self.searched[key].seen.starts_alike(demand, door):
                    before = self.searched[key].seen
                    yield key, _look(core, Exploration.of(core, demand, door, before, moved))
                else:
                    yield key, _look(core, Exploration.of(core, demand, door))

    def _asked_again(self, network: Network, doors: list[DoorKey]) -> set[LabelKey]:
        """Labels at doors that something else may happen to, or that rest now or no longer do."""
        again = {*self.unsent, *_named(network, doors)}
        other = self.core.network.resting ^ network.resting
        if other:
            again |= {key for key in _named(network, network.doors) if key[2] in other}
        return again

    def _restated(self, network: Network, hub: str, change: Change | None) -> Static:
        """What is wrong with a switch's tables, where they or what was intended may differ.

        An entry reads nothing but itself, the groups that it leads to, and the meters.
        """
        before, held = self.static[hub], network.held(hub)
        if change is None and _is_intended_alike(self.core.network, network, hub):
            return before
        together = claim_registry.of_switch(network, hub)
        if change is None:
            return before._replace(together=together)
        if change.meters:
            again: tuple[Flow, ...] = held.flows
        else:
            using = change.using_groups
            again = tuple({id(flow): flow for flow in (*change.added, *using)}.values())
        stale = {*map(id, change.removed), *map(id, again)}
        entries = tuple(one for one in before.entries if id(one[1].entry) not in stale)
        groups = (
            claim_registry.of_groups(network, hub, held.groups) if change.groups else before.groups
        )
        return Static(together, (*entries, *claim_registry.of_entries(network, hub, again)), groups)

    @property
    def every(self) -> Iterator[Found]:
        yield self.overall
        yield self.among
        for static in self.static.values():
            yield from static
        for opened in self.edges.values():
            yield opened.found
        for looked in self.searched.values():
            yield looked.found
        yield from self.doors.values()
        yield from self.unsent.values()


def _look(core: Core, seen: Exploration) -> Looked:
    return Looked(seen, claim_registry.along_paths(core.network, seen))


def _followed(core: Core, edges: Mapping[str, Opened]) -> Iterator[tuple[DemandKey, Looked]]:
    for host, opened in edges.items():
        done = f"directions proven from {host}"
        for demand, door in counting(opened.demands, done):
            key = (host, demand.number if demand else 0)
            yield key, _look(core, Exploration.of(core, demand, door))


def _changes(before: Network, tables: Tables) -> Iterator[tuple[str, Change]]:
    """How switches differ, as far as they do."""
    for hub in before.hubs:
        has, was = tables.switches.get(hub) or SwitchProgram(hub, 0, ()), before.held(hub)
        if has is not was:
            change = Change.between(was, has)
            if change:
                yield hub, change


def _by_number(network: Network, opened: Opened) -> Opened:
    """The same port, for the network's own demands."""
    if all(one is None or network.demands[one.number - 1] is one for one, _ in opened.demands):
        return opened
    return opened._replace(
        demands=tuple(
            (None if demand is None else network.demands[demand.number - 1], door)
            for demand, door in opened.demands
        )
    )


def _is_intended_alike(one: Network, other: Network, hub: str) -> bool:
    """Whether a switch reports the same settings, and the same was intended for it."""
    if (one.intended is None) != (other.intended is None):
        return False
    if one.tables.settings.get(hub) != other.tables.settings.get(hub):
        return False
    return one.intended is other.intended or intended_for(one, hub) == intended_for(other, hub)


def _differing(
    before: Mapping[DemandKey, Looked], after: Mapping[DemandKey, Looked]
) -> tuple[dict[DemandKey, Looked], dict[DemandKey, Looked]]:
    """Return the paths that are gone and the paths that are new, without those that stay."""
    other = {
        key
        for key in before.keys() | after.keys()
        if key not in before
        or key not in after
        or before[key].seen.edges is not after[key].seen.edges
    }
    return (
        {key: one for key, one in before.items() if key in other},
        {key: one for key, one in after.items() if key in other},
    )


def _counted(
    arrived: Arrived, gone: Mapping[DemandKey, Looked], new: Mapping[DemandKey, Looked]
) -> tuple[Arrived, frozenset[int]]:
    """The count after some paths were removed and others added, and the places where it differs."""
    nowhere = frozenset[int]()
    changes: list[tuple[int, frozenset[int]]] = []
    for key in gone.keys() | new.keys():
        before = gone[key].seen.reached if key in gone else nowhere
        after = new[key].seen.reached if key in new else nowhere
        changes += [(-1, before - after), (1, after - before)]
    differing = nowhere.union(*(places for _, places in changes))
    if not differing:
        return arrived, differing
    counted = dict(arrived)
    for change, places in changes:
        for number in places:
            counted[number] = counted.get(number, 0) + change
    return counted, differing


def _moved(core: Core, before: Arrived, after: Arrived, numbers: frozenset[int]) -> set[LabelKey]:
    """Where a label no longer comes in, or only now."""
    places = (core.places[n] for n in numbers if bool(before.get(n)) != bool(after.get(n)))
    return {
        (place.hub, place.port, place.packet.label)
        for place in places
        if place.packet.label is not None
    }


def _named(network: Network, doors: Iterable[DoorKey]) -> Iterator[LabelKey]:
    for hub, port in doors:
        for label in network.lookups[hub].labels(port):
            yield hub, port, label


def _unsent(core: Core, key: LabelKey, arrived: Arrived) -> Found:
    hub, port, label = key
    if label in core.network.resting and not core.network.others:
        return ()  # No claim objects to a label that rests, wherever it is let in.
    numbers = core.by_door.get((hub, port), {}).get(label, ())
    if any(map(arrived.get, numbers)) or not core.network.lookups[hub].names(port, label):
        return ()
    return claim_registry.unsent(core.network, hub, port, label)


def _with[Key](known: Mapping[Key, Found], asked: Mapping[Key, Found]) -> Mapping[Key, Found]:
    """What is known with what was asked again; keys where nothing is wrong are left out."""
    kept = {key: found for key, found in known.items() if key not in asked}
    return kept | {key: found for key, found in asked.items() if found}


def _static(network: Network, hub: str) -> Static:
    held = network.held(hub)
    return Static(
        claim_registry.of_switch(network, hub),
        claim_registry.of_entries(network, hub, held.flows),
        claim_registry.of_groups(network, hub, held.groups),
    )
