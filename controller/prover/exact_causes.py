"""What may fail, and which few failures explain what was seen.

Sets of failures are ints, one bit for each element, since the search asks little else of them.
What was seen dead is explained by a family of least sets: all sets of up to ``k`` failures that hit
the causes of everything seen dead (Reiter's hitting sets, 1987, grown one observation at a time as
by Berge) and none of what was seen alive.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from corridor.controller.intent.specification import KINDS, elements
from corridor.controller.policy.semantics import Failures
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, Wiring

GATEWAY = "gateway:"
type Mask = int
type Family = tuple[Mask, ...]
"""Sets of failures, none of which contains another. The empty family explains nothing."""


class Watch(NamedTuple):
    """Something that a hub sees alive or dead at one of its ports."""

    hub: str
    port: int
    thing: str
    """The fibre, or ``gateway:HUB``."""
    far: str
    """The hub that a packet comes to by this port; with a gateway, the same."""
    far_port: int
    one_way_ns: int
    causes: Mask
    """The failures each of which makes it dead, as long as the hub itself is alive."""
    bit: Mask
    """It, as a set of things; see ``Causes.things``."""

    @property
    def is_gateway(self) -> bool:
        return self.port == GATEWAY_IN_PORT


class Causes:
    """Everything that may fail in a topology, numbered, and what each failure takes down."""

    def __init__(self, topology: Topology) -> None:
        self.names = elements(topology)
        self.bits = {name: 1 << number for number, name in enumerate(self.names)}
        self.kinds: dict[str, Mask] = {
            kind: sum(bit for name, bit in self.bits.items() if name.startswith(f"{kind}:"))
            for kind in KINDS
        }
        self.of_things: dict[str, Mask] = {
            fibre.id: self._mask([f"link:{fibre.id}", *(f"srlg:{srlg}" for srlg in fibre.srlgs)])
            for fibre in topology.fibres
        }
        self.taken_down: dict[str, frozenset[str]] = _taken_down(topology)
        self.things = _things(topology)
        """Each fibre in the order of the topology, then each hub's gateway, as a set of one."""
        self._down = [
            sum(self.things[thing] for thing in self.taken_down[name]) for name in self.names
        ]
        self._known_down: dict[Mask, Mask] = {}

    def over(self, kinds: Collection[str]) -> Mask:
        """All elements of some kinds."""
        return sum(self.kinds[kind] for kind in set(kinds))

    def failed(self, failures: Failures) -> Mask:
        kinds = zip(
            KINDS,
            (failures.links, failures.srlgs, failures.hubs, failures.gateways),
            strict=True,
        )
        return self._mask(f"{kind}:{name}" for kind, names in kinds for name in names)

    def named(self, mask: Mask) -> frozenset[str]:
        return frozenset(self.names[bit.bit_length() - 1] for bit in bits(mask))

    def down(self, mask: Mask) -> Mask:
        """The things that some failures take down."""
        known = self._known_down.get(mask)
        if known is None:
            known = 0
            for bit in bits(mask):
                known |= self._down[bit.bit_length() - 1]
            self._known_down[mask] = known
        return known

    def dead(self, mask: Mask) -> frozenset[str]:
        """The fibres and gateways that some failures take down."""
        taken = [self.taken_down[self.names[bit.bit_length() - 1]] for bit in bits(mask)]
        return frozenset[str]().union(*taken)

    def watches(self, topology: Topology, wiring: Wiring) -> dict[str, dict[int, Watch]]:
        """What each hub sees at its ports; what is not here is never live."""
        found: dict[str, dict[int, Watch]] = {hub.hub: {} for hub in wiring.hubs}
        for hub in wiring.hubs:
            if hub.gateway is not None:
                thing = f"gateway:{hub.hub}"
                found[hub.hub][GATEWAY_IN_PORT] = Watch(
                    hub.hub,
                    GATEWAY_IN_PORT,
                    thing,
                    hub.hub,
                    GATEWAY_OUT_PORT,
                    0,
                    self.bits[thing],
                    self.things[thing],
                )
        for fibre in wiring.fibres:
            delay_ns = topology.one_way_delay_ns(topology.fibre(fibre.fibre))
            for near, far in ((fibre.a, fibre.z), (fibre.z, fibre.a)):
                causes = self.of_things[fibre.fibre] | self.bits[f"hub:{far.hub}"]
                bit = self.things[fibre.fibre]
                found[near.hub][near.port] = Watch(
                    near.hub, near.port, fibre.fibre, far.hub, far.port, delay_ns, causes, bit
                )
        return found

    def _mask(self, names: Iterable[str]) -> Mask:
        return sum({self.bits[name] for name in names})


def _things(topology: Topology) -> dict[str, Mask]:
    names = [fibre.id for fibre in topology.fibres]
    names += [f"{GATEWAY}{hub.id}" for hub in topology.hubs]
    return {name: 1 << number for number, name in enumerate(names)}


def _taken_down(topology: Topology) -> dict[str, frozenset[str]]:
    taken: dict[str, set[str]] = {name: set() for name in elements(topology)}
    for fibre in topology.fibres:
        taken[f"link:{fibre.id}"].add(fibre.id)
        for srlg in fibre.srlgs:
            taken[f"srlg:{srlg}"].add(fibre.id)
        for end in fibre.ends:
            taken[f"hub:{end}"].add(fibre.id)
    for hub in topology.hubs:
        taken[f"hub:{hub.id}"].add(f"gateway:{hub.id}")
        taken[f"gateway:{hub.id}"].add(f"gateway:{hub.id}")
    return {name: frozenset(things) for name, things in taken.items()}


def explaining(family: Family, causes: Mask, k: int) -> Family:
    """The minimal sets of up to ``k`` failures that explain one more thing seen dead.

    Their order stays the same where one more failure is in all of them.
    """
    kept = tuple(one for one in family if one & causes)
    grown = {
        one | bit
        for one in family
        if not one & causes and one.bit_count() < k
        for bit in bits(causes)
    }
    if kept:
        grown = {one for one in grown if not _contains_any(one, kept)}
    if len({one.bit_count() for one in grown}) > 1:
        grown = {one for one in grown if not _contains_any(one, grown - {one})}
    return (*kept, *sorted(grown))


def _contains_any(mask: Mask, others: Iterable[Mask]) -> bool:
    for other in others:  # noqa: SIM110 - asked too often for a generator
        if mask & other == other:
            return True
    return False


def bits(mask: Mask) -> Iterator[Mask]:
    """The elements of a set, each as a separate set."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit
