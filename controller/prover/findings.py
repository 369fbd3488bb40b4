"""All that is wrong with one set of tables, by place, so that a change is asked about where it is.

Places are: the network as a whole, a switch's tables, a host's port, all ways of a demand, and
every other port as a door. The labels that a door lets in are a place of their own, since which
ones are right depends on the ways of all demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from corridor.controller.forwarding.program import SwitchProgram
from corridor.controller.prover.claims import registry
from corridor.controller.prover.claims.registry import Found, Opened
from corridor.controller.prover.declared.network import Network
from corridor.controller.prover.search.change import Change
from corridor.controller.prover.search.core import Core
from corridor.controller.prover.search.search import Exploration
from corridor.topologies.base.progress import counting

type DoorKey = tuple[str, int]
"""Hub and port."""
type LabelKey = tuple[str, int, int]
"""Hub, port and a label that comes, or may come, in by it."""
type DemandKey = tuple[str, int]
"""Hub, and the demand's number, or 0 for what is nobody's."""
type Arrived = Mapping[int, int]
"""How many demands' packets come to a place."""


class Looked(NamedTuple):
    """The ways of a demand, and what is wrong with them."""

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
    ways: Mapping[DemandKey, Looked]
    among: Found
    """What is wrong with the ways of all demands together."""
    doors: Mapping[DoorKey, Found]
    unsent: Mapping[LabelKey, Found]
    arrived: Arrived

    @classmethod
    def of(cls, network: Network) -> Findings:
        core = Core(network, registry.of_steps)
        edges = {hub: registry.open_edge(network, core, hub) for hub in network.hosts}
        ways = dict(_followed(core, edges))
        arrived, _ = _counted({}, {}, ways)
        return cls(
            core,
            registry.overall(network),
            {hub: _static(network, hub) for hub in network.hosts},
            edges,
            ways,
            registry.among(network, [ways[key].seen for key in sorted(ways)]),
            _with({}, {door: registry.open_door(network, *door) for door in network.doors}),
            _with({}, {key: _unsent(core, key, arrived) for key in _named(network, network.doors)}),
            arrived,
        )

    def after(self, switch: SwitchProgram) -> Findings:
        """What is found when one switch has changed; only what that touches is asked again."""
        network, hub = self.core.network, switch.hub
        change = Change.between(network.held(hub), switch)
        before = network.lookups[hub]
        lookup = before.changed(change.after, change.removed, change.added)
        network = network.with_switch(change.after, lookup)
        places = change.places(self.core, (before, lookup))
        core = self.core.changed(network, places)
        edges, ways = self.edges, self._ways_after(core, places)
        if change.is_met_by_host(self.edges[hub].edge.steps):
            edges = {**edges, hub: registry.open_edge(network, core, hub)}
            ways = {key: looked for key, looked in ways.items() if key[0] != hub}
            ways |= _followed(core, {hub: edges[hub]})
        gone = {key: one for key, one in self.ways.items() if ways.get(key) is not one}
        new = {key: one for key, one in ways.items() if self.ways.get(key) is not one}
        arrived, differing = _counted(self.arrived, gone, new)
        doors = [door for door in network.doors if door[0] == hub and change.is_met_by(door[1])]
        labels = _moved(core, self.arrived, arrived, differing)
        labels |= self._asked_again(network, change, doors)
        among = self.among
        if among or _labels(gone) != _labels(new) or _is_any_disjoint(gone, new):
            among = registry.among(network, [ways[key].seen for key in sorted(ways)])
        return Findings(
            core,
            self.overall,
            {**self.static, hub: _restated(network, hub, self.static[hub], change)},
            edges,
            ways,
            among,
            _with(self.doors, {door: registry.open_door(network, *door) for door in doors}),
            _with(self.unsent, {key: _unsent(core, key, arrived) for key in labels}),
            arrived,
        )

    def _asked_again(self, network: Network, change: Change, doors: list[DoorKey]) -> set[LabelKey]:
        """Labels at doors that something else may happen to."""
        told = {label for _, _, label in change.keys}
        relays = network.lookups[change.after.hub].relays
        if not change.groups and not relays and None not in told:
            labels = {int(label) for label in told if label is not None}
            return {(*door, label) for door in doors for label in labels}
        known = {key for key in self.unsent if key[:2] in doors}
        return known | {*_named(network, doors)}

    def _ways_after(self, core: Core, places: list[int]) -> dict[DemandKey, Looked]:
        """All ways, those through changed places followed again."""
        return {
            key: looked
            if looked.seen.reached.isdisjoint(places)
            else _look(core, _again(core, looked.seen, places))
            for key, looked in self.ways.items()
        }

    @property
    def every(self) -> Iterator[Found]:
        yield self.overall
        yield self.among
        for static in self.static.values():
            yield from static
        for opened in self.edges.values():
            yield opened.found
        for looked in self.ways.values():
            yield looked.found
        yield from self.doors.values()
        yield from self.unsent.values()


def _look(core: Core, seen: Exploration) -> Looked:
    return Looked(seen, registry.on_ways(core.network, seen))


def _again(core: Core, seen: Exploration, places: list[int]) -> Exploration:
    return Exploration.of(core, seen.demand, seen.door, seen, places)


def _followed(core: Core, edges: Mapping[str, Opened]) -> Iterator[tuple[DemandKey, Looked]]:
    for hub, opened in edges.items():
        done = f"directions proven from {hub}"
        for demand, door in counting(opened.demands, done):
            key = (hub, demand.number if demand else 0)
            yield key, _look(core, Exploration.of(core, demand, door))


def _labels(ways: Mapping[DemandKey, Looked]) -> dict[DemandKey, frozenset[int]]:
    return {key: looked.seen.labels for key, looked in ways.items()}


def _is_any_disjoint(*some: Mapping[DemandKey, Looked]) -> bool:
    """Whether some demand is to be disjoint, so that the ways of others bind it."""
    every = (looked.seen.demand for ways in some for looked in ways.values())
    return any(demand is not None and demand.intent.disjoint for demand in every)


def _counted(
    arrived: Arrived, gone: Mapping[DemandKey, Looked], new: Mapping[DemandKey, Looked]
) -> tuple[Arrived, frozenset[int]]:
    """The count after some ways have gone and others are new, and the places where it differs."""
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
    numbers = core.by_door.get((hub, port), {}).get(label, ())
    if any(map(arrived.get, numbers)) or not core.network.lookups[hub].names(port, label):
        return ()
    return registry.unsent(core.network, hub, port, label)


def _with[Key](known: Mapping[Key, Found], asked: Mapping[Key, Found]) -> Mapping[Key, Found]:
    """What is known with what was asked again; keys where nothing is wrong are left out."""
    kept = {key: found for key, found in known.items() if key not in asked}
    return kept | {key: found for key, found in asked.items() if found}


def _static(network: Network, hub: str) -> Static:
    held = network.held(hub)
    return Static(
        registry.of_switch(network, hub),
        registry.of_entries(network, hub, held.flows),
        registry.of_groups(network, hub, held.groups),
    )


def _restated(network: Network, hub: str, before: Static, change: Change) -> Static:
    """Entries do not depend on each other; only groups and meters are looked at by all."""
    if change.groups or change.meters or before.together:
        return _static(network, hub)
    gone = {*map(id, change.removed)}
    kept = tuple((claim, one) for claim, one in before.entries if id(one.entry) not in gone)
    more = registry.of_entries(network, hub, change.added)
    together = registry.of_difference(network, hub, change.removed, change.added)
    return Static(together, (*kept, *more), before.groups)
