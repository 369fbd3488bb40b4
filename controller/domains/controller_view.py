"""What the controller of one domain sees, and the paths within it.

The view has the domain's switches and fibres, and of other domains only the hubs at which fibres
from here end. Paths follow the product of this part of the map and the automaton of a demand
(``controller/policy/product.py``): policies have one semantics.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Literal, NamedTuple

from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.product import Edge, Ground, Place, Product
from corridor.topologies.model.domains import DomainMap
from corridor.topologies.model.topology import Fibre, Topology

type HandOvers = Literal["any", "stated"]
"""``stated``: domains meet at a hub only where a statement names both; see ``USABLE``."""
USABLE = frozenset({"known", "partner-assumed"})
"""States of hand-overs that carry traffic."""


class Entry(NamedTuple):
    """Packets that a domain receives: at a hub of it, past the hub, in a state of the automaton."""

    domain: str
    place: Place


class Exit(NamedTuple):
    """An exit of a domain: the entry of the next one, and the delay up to there."""

    to: Entry
    delay_ns: int
    hubs: tuple[str, ...]
    """From the entry on; with the next domain's hub if a fibre leads there."""
    fibres: tuple[str, ...]
    is_hand_over: bool = False
    """At a hub of both domains, past the last of ``fibres``; else the last of them leads out."""
    is_false: bool = False
    """A claim of a liar: packets end there, and are not delivered."""


class Inside(NamedTuple):
    """What a domain can do with packets of one entry."""

    exits: tuple[Exit, ...]
    end: Exit | None
    """To the customer, if the destination is in this domain; ``to`` is this domain's last place."""


def part_of(whole: Topology, hubs: Collection[str], fibres: tuple[Fibre, ...]) -> Topology:
    """Return a map of some hubs and fibres of another."""
    return Topology(
        name=whole.name,
        title=whole.title,
        hubs=tuple(hub for hub in whole.hubs if hub.id in hubs),
        fibres=fibres,
        scaling=whole.scaling,
    )


class ControllerView:
    """The part of the map that one controller sees."""

    def __init__(self, domains: DomainMap, name: str, hand_overs: HandOvers = "any") -> None:
        self.name = name
        self._domains = domains
        whole = domains.topology
        mine = {hub for hub, names in domains.at_hub.items() if name in names}
        fibres = tuple(
            one
            for one in whole.fibres
            if any(domains.domain(one.id, hub) == name for hub in one.ends)
        )
        near = mine | {hub for one in fibres for hub in one.ends}
        self.topology = part_of(whole, near, fibres)
        self.ground = Ground(self.topology)
        self.all_meet = hand_overs == "any"
        """Whether any two domains at a hub hand over to each other."""

    def owns_end(self, fibre: str, hub: str) -> bool:
        """Whether this controller has the port of a fibre at a hub."""
        return self._domains.domain(fibre, hub) == self.name

    def far_domain(self, fibre: str, hub: str) -> str:
        """The domain at the far end of a fibre, whose far hub is named."""
        return self._domains.domain(fibre, hub)

    def serves_customers_at(self, hub: str) -> bool:
        return self._domains.home[hub] == self.name

    @cached_property
    def neighbours_at(self) -> dict[str, tuple[str, ...]]:
        """By hub: domains that take packets over from this one there."""
        return {
            hub: tuple(one for one in names if one != self.name and self._may_meet(hub, one))
            for hub, names in self._domains.at_hub.items()
            if self.name in names
        }

    def _may_meet(self, hub: str, other: str) -> bool:
        if self.all_meet:
            return True
        stated = self._domains.hand_over(hub, self.name, other)
        return stated is not None and stated.state in USABLE


class InsidePaths:
    """Shortest paths within one domain under one automaton, from any entry."""

    def __init__(
        self, view: ControllerView, automaton: Automaton, dead: Collection[str] = ()
    ) -> None:
        self.view = view
        self.product = Product(automaton, view.topology, ground=view.ground)
        self._dead = view.ground.mask(dead)
        self._known: dict[Place, Inside] = {}

    def first(self) -> Place | None:
        """The place past the source; None if a clause forbids it, or the source is elsewhere."""
        if not self.view.serves_customers_at(self.product.automaton.trip.src.id):
            return None
        return self.product.first()

    def inside(self, place: Place) -> Inside:
        """The shortest path from an entry to each exit and to the customer."""
        known = self._known.get(place)
        if known is None:
            known = self._known[place] = self._search(place)
        return known

    def _search(self, start: Place) -> Inside:
        product = self.product
        exits: dict[Entry, Exit] = {}
        end: Exit | None = None
        settled: set[int] = set()
        queue: list[tuple[int, int, tuple[int, ...], int]]
        queue = [(0, 0, (), product.number(start))]
        while queue:
            delay_ns, hops, order, at = heapq.heappop(queue)
            if at in settled:
                continue
            settled.add(at)
            place = product.place(at)
            if product.is_end(at) and self.view.serves_customers_at(place.hub):
                end = self._exit(start, order, Entry(self.view.name, place), delay_ns)
                break  # whatever is farther does not serve this demand better
            for other in self.view.neighbours_at.get(place.hub, ()):
                to = Entry(other, place)
                if to not in exits or exits[to].delay_ns > delay_ns:
                    exits[to] = self._exit(start, order, to, delay_ns)._replace(is_hand_over=True)
            for edge, far_domain in self._edges(at):
                total_ns = delay_ns + edge.delay_ns
                more = (*order, edge.number)
                if far_domain == self.view.name:
                    heapq.heappush(queue, (total_ns, hops + 1, more, edge.far))
                    continue
                to = Entry(far_domain, product.place(edge.far))
                if to not in exits or exits[to].delay_ns > total_ns:
                    exits[to] = self._exit(start, more, to, total_ns)
        return Inside(tuple(exits.values()), end)

    def _edges(self, at: int) -> Iterator[tuple[Edge, str]]:
        """Fibres that this controller has at a place, each with the domain at its far end."""
        here = self.product.place(at).hub
        for edge in self.product.edges(at):
            if edge.bit & self._dead:
                continue
            fibre = self.view.topology.fibres[edge.number]
            if self.view.owns_end(fibre.id, here):
                far = self.product.place(edge.far).hub
                yield edge, self.view.far_domain(fibre.id, far)

    def _exit(self, start: Place, order: tuple[int, ...], to: Entry, delay_ns: int) -> Exit:
        names = tuple(self.view.topology.fibres[number].id for number in order)
        hubs = [start.hub]
        for name in names:
            hubs.append(self.view.topology.fibre(name).other_end(hubs[-1]))
        return Exit(to, delay_ns, tuple(hubs), names)
