"""All that is wrong with one set of tables, by place, so that a change is asked about where it is.

Places are: the network as a whole, a switch's tables, a host's port, all ways of a demand, and
every other port as a door. The labels that a door lets in are a place of their own, since which
ones are right depends on the ways of all demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from controller.program import SwitchProgram
from controller.prover import asking
from controller.prover.asking import Found, Opened
from controller.prover.change import Change
from controller.prover.core import Core
from controller.prover.network import Network
from controller.prover.search import Exploration

type DoorKey = tuple[str, int]
"""Hub and port."""
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
    separation: Found
    doors: Mapping[DoorKey, Found]
    unsent: Mapping[DoorKey, Found]
    arrived: Arrived

    @classmethod
    def of(cls, network: Network) -> Findings:
        core = Core(network, asking.of_steps)
        edges = {hub: asking.open_edge(network, core, hub) for hub in network.hosts}
        ways = dict(_followed(core, edges))
        arrived = _counted({}, (), ways.values())
        return cls(
            core,
            asking.overall(network),
            {hub: _static(network, hub) for hub in network.hosts},
            edges,
            ways,
            asking.among([ways[key].seen for key in sorted(ways)]),
            _with({}, {door: asking.open_door(network, *door) for door in network.doors}),
            _with({}, {door: _unsent(core, door, arrived) for door in network.doors}),
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
            edges = {**edges, hub: asking.open_edge(network, core, hub)}
            ways = {key: looked for key, looked in ways.items() if key[0] != hub}
            ways |= _followed(core, {hub: edges[hub]})
        gone = {key: one for key, one in self.ways.items() if ways.get(key) is not one}
        new = {key: one for key, one in ways.items() if self.ways.get(key) is not one}
        arrived = _counted(self.arrived, gone.values(), new.values())
        doors = [door for door in network.doors if door[0] == hub and change.is_met_by(door[1])]
        moved = _doors_of(core, self.arrived, arrived, (*gone.values(), *new.values()))
        separation = self.separation
        if separation or _labels(gone) != _labels(new):
            separation = asking.among([ways[key].seen for key in sorted(ways)])
        return Findings(
            core,
            self.overall,
            {**self.static, hub: _restated(network, hub, self.static[hub], change)},
            edges,
            ways,
            separation,
            _with(self.doors, {door: asking.open_door(network, *door) for door in doors}),
            _with(self.unsent, {door: _unsent(core, door, arrived) for door in {*doors, *moved}}),
            arrived,
        )

    def _ways_after(self, core: Core, places: list[int]) -> dict[DemandKey, Looked]:
        """All ways, those through changed places followed anew."""
        return {
            key: looked
            if looked.seen.reached.isdisjoint(places)
            else _look(core, _again(core, looked.seen, places))
            for key, looked in self.ways.items()
        }

    @property
    def every(self) -> Iterator[Found]:
        yield self.overall
        yield self.separation
        for static in self.static.values():
            yield from static
        for opened in self.edges.values():
            yield opened.found
        for looked in self.ways.values():
            yield looked.found
        yield from self.doors.values()
        yield from self.unsent.values()


def _look(core: Core, seen: Exploration) -> Looked:
    return Looked(seen, asking.on_ways(core.network, seen))


def _again(core: Core, seen: Exploration, places: list[int]) -> Exploration:
    return Exploration.of(core, seen.demand, seen.door, seen, places)


def _followed(core: Core, edges: Mapping[str, Opened]) -> Iterator[tuple[DemandKey, Looked]]:
    for hub, opened in edges.items():
        for demand, door in opened.demands:
            key = (hub, demand.number if demand else 0)
            yield key, _look(core, Exploration.of(core, demand, door))


def _labels(ways: Mapping[DemandKey, Looked]) -> dict[DemandKey, frozenset[int]]:
    return {key: looked.seen.labels for key, looked in ways.items()}


def _counted(arrived: Arrived, gone: Iterable[Looked], new: Iterable[Looked]) -> Arrived:
    """The count after some ways have gone and others are new."""
    less = [looked.seen.reached for looked in gone]
    more = [looked.seen.reached for looked in new]
    if less == more:
        return arrived
    counted = dict(arrived)
    for change, places in ((-1, less), (1, more)):
        for number in chain.from_iterable(places):
            counted[number] = counted.get(number, 0) + change
    return counted


def _doors_of(
    core: Core, before: Arrived, after: Arrived, looked: Iterable[Looked]
) -> set[DoorKey]:
    """Doors of places that packets no longer come to, or only now."""
    if before is after:
        return set()
    numbers = frozenset[int]().union(*(one.seen.reached for one in looked))
    places = (core.places[n] for n in numbers if bool(before.get(n)) != bool(after.get(n)))
    return {(place.hub, place.port) for place in places}


def _unsent(core: Core, door: DoorKey, arrived: Arrived) -> Found:
    brought = {
        core.places[number].packet.label
        for number in core.by_door.get(door, ())
        if arrived.get(number)
    }
    return asking.unsent(core.network, *door, brought)


def _with(
    known: Mapping[DoorKey, Found], asked: Mapping[DoorKey, Found]
) -> Mapping[DoorKey, Found]:
    """What is known with what was asked again; doors where nothing is wrong are left out."""
    kept = {door: found for door, found in known.items() if door not in asked}
    return kept | {door: found for door, found in asked.items() if found}


def _static(network: Network, hub: str) -> Static:
    held = network.held(hub)
    return Static(
        asking.of_switch(network, hub),
        asking.of_entries(network, hub, held.flows),
        asking.of_groups(network, hub, held.groups),
    )


def _restated(network: Network, hub: str, before: Static, change: Change) -> Static:
    """Entries do not depend on each other; only groups and meters are looked at by all."""
    if change.groups or change.meters or before.together:
        return _static(network, hub)
    gone = {*map(id, change.removed)}
    kept = tuple((claim, one) for claim, one in before.entries if id(one.entry) not in gone)
    more = asking.of_entries(network, hub, change.added)
    together = asking.of_difference(network, hub, change.removed, change.added)
    return Static(together, (*kept, *more), before.groups)
