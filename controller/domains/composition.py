"""The path of a demand over several domains, by what their controllers disclose to each other.

A domain asks the next one: from this border place and policy state, at what delay do you reach the
destination? The next one asks on where it must, and reports its lowest delay once it is certain.
That is backward recursive path computation (RFC 5441) with states of an automaton in place of
nodes, and without a sequence of domains that is known in advance. Low delays are
reported first, as in Dijkstra's algorithm, and none that the source no longer needs: this counts
the minimum that controllers must disclose. ``timing`` lets messages take time. Only these delays
leave a domain.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from corridor.controller.domains.controller_view import (
    ControllerView,
    Entry,
    Exit,
    HandOvers,
    InsidePaths,
)
from corridor.controller.domains.lies import Lie, LyingPaths
from corridor.controller.policy.automaton import Automaton, State
from corridor.controller.policy.semantics import ApplicablePolicies, ranked
from corridor.topologies.model.domains import DomainMap
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology


class Segment(NamedTuple):
    """What one domain carries of a path; only its own controller chose it."""

    domain: str
    hubs: tuple[str, ...]
    fibres: tuple[str, ...]
    delay_ns: int
    """With that of the fibre that leads to the next domain."""


class Offer(NamedTuple):
    """One message of the protocol: from this entry of mine I reach the destination."""

    by: str
    to: str
    entry: Entry
    delay_ns: int


@dataclass(frozen=True)
class Composed:
    """The path that domains agree on."""

    permit: str
    one_way_ns: int
    segments: tuple[Segment, ...]
    end: State
    """Of the automaton where the packet is delivered."""
    is_delivered: bool = True
    """False if a domain of the path lied that it reaches the destination."""

    @property
    def path(self) -> Path:
        hubs: list[str] = [*self.segments[0].hubs]
        for segment in self.segments[1:]:
            hubs += segment.hubs[1:]
        return Path(tuple(hubs), tuple(name for one in self.segments for name in one.fibres))

    @property
    def chain(self) -> tuple[str, ...]:
        """The domains in order."""
        return tuple(one.domain for one in self.segments)


@dataclass
class Disclosed:
    """What controllers disclosed to each other for one demand and direction."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By asker and asked: border places with states that were asked about."""
    offers: list[Offer] = field(default_factory=list)
    rounds: int = 0
    """Messages that follow one another: requests, then offers back to the source."""

    @property
    def numbers(self) -> int:
        """Delays that were disclosed, each counted for each receiver."""
        return len(self.offers)

    @property
    def listeners(self) -> Counter[tuple[str, str]]:
        """Delays by sender and receiver."""
        return Counter((one.by, one.to) for one in self.offers)


@dataclass(frozen=True)
class Agreement:
    """The result for one demand and direction."""

    route: Composed | None
    disclosed: Disclosed


class Domains:
    """The controllers of all domains of a map."""

    def __init__(self, domains: DomainMap, hand_overs: HandOvers = "any") -> None:
        self.map = domains
        self.views: Mapping[str, ControllerView] = {
            name: ControllerView(domains, name, hand_overs) for name in domains.domains
        }

    def agree(
        self,
        applicable: ApplicablePolicies,
        dead: Collection[str] = (),
        silent: Collection[str] = (),
        lie: Lie | None = None,
    ) -> Agreement:
        """Return the path of a demand under the first permits that have one.

        Args:
            applicable: The policies of the demand.
            dead: Fibres that have failed. Only the domains at their ends know.
            silent: Domains that do not answer.
            lie: A domain that lies; the delay of the path is then what the others believe.
        """
        disclosed = Disclosed()
        for rank in ranked(applicable.automata):
            found = []
            for number in rank:
                automaton = applicable.automata[number]
                exchange = _Exchange(
                    self.views, automaton, dead, silent, disclosed, lie, self.map.topology
                )
                route = exchange.route()
                if route is not None and automaton.exceeds(route.one_way_ns) is None:
                    found.append(route)
            if found:
                return Agreement(min(found, key=_length), disclosed)
        return Agreement(None, disclosed)


def _length(route: Composed) -> tuple[int, int]:
    return route.one_way_ns, len(route.path.fibres)


class _Controller:
    """One controller's work on one demand under one permit."""

    def __init__(self, paths: InsidePaths) -> None:
        self.paths = paths
        self.asked_by: dict[Entry, set[str]] = {}
        """By an entry of mine, who asks about it."""
        self.comes_by_fibre: set[Entry] = set()
        """Those of them that a neighbour reaches by a fibre."""
        self.needs: dict[Entry, list[tuple[Entry, Exit]]] = {}
        """By an entry of a neighbour: entries of mine with an exit to it."""
        self.onward: dict[Entry, Exit] = {}
        """The exit of my entries on the path to the destination."""


class _Candidate(NamedTuple):
    """A path that one controller knows, and has not reported yet; in the order of reports."""

    delay_ns: int
    depth: int
    """Offers that follow one another up to this one."""
    entry: Entry
    onward: Exit


class _Exchange:
    """Requests and offers about one demand under one permit."""

    def __init__(
        self,
        views: Mapping[str, ControllerView],
        automaton: Automaton,
        dead: Collection[str],
        silent: Collection[str],
        disclosed: Disclosed,
        lie: Lie | None,
        whole: Topology,
    ) -> None:
        self._lie = lie
        self._whole = whole
        self._views = {name: view for name, view in views.items() if name not in silent}
        self._automaton = automaton
        self._dead = dead
        self._disclosed = disclosed
        self._controllers: dict[str, _Controller] = {}

    def route(self) -> Composed | None:
        """Return the agreed path; None if there is none, or the source's domain is silent."""
        src = self._automaton.trip.src.id
        home = next((one for one, view in self._views.items() if view.serves_customers_at(src)), "")
        first = self._at(home).paths.first() if home else None
        if first is None:
            return None
        start = Entry(home, first)
        return self._path(start) if self._offer(start, self._ask(start)) else None

    def _at(self, name: str) -> _Controller:
        if name not in self._controllers:
            view, lie = self._views[name], self._lie
            if lie is not None and lie.domain == name:
                paths: InsidePaths = LyingPaths(
                    view, self._automaton, self._dead, lie.kind, self._whole
                )
            else:
                paths = InsidePaths(view, self._automaton, self._dead)
            self._controllers[name] = _Controller(paths)
        return self._controllers[name]

    def _ask(self, start: Entry) -> list[_Candidate]:
        """Ask from the source on about every exit, in rounds; return what ends at the customer.

        Packets that were handed over at a hub are not handed on there: their last domain could have
        done that itself, unless only some domains meet.
        """
        self._at(start.domain).asked_by[start] = set()
        asked, ends = {start: True}, []
        while asked:
            more: dict[Entry, bool] = {}
            for entry, may_hand_on in asked.items():
                controller = self._at(entry.domain)
                inside = controller.paths.inside(entry.place)
                if inside.end is not None:
                    ends.append(_Candidate(inside.end.delay_ns, 1, entry, inside.end))
                for out in inside.exits:
                    is_handed_on = out.is_hand_over and not out.fibres
                    if may_hand_on or not is_handed_on or not controller.paths.view.all_meet:
                        self._request(entry, out, more)
            self._disclosed.rounds += bool(more)
            asked = more
        return ends

    def _request(self, entry: Entry, out: Exit, more: dict[Entry, bool]) -> None:
        mine = self._at(entry.domain)
        waiting = mine.needs.setdefault(out.to, [])
        if (entry, out) in waiting:
            return
        if not waiting:
            self._disclosed.requests[entry.domain, out.to.domain] += 1
        waiting.append((entry, out))
        if out.to.domain not in self._views:
            return  # it is silent
        other = self._at(out.to.domain)
        is_new = out.to not in other.asked_by
        other.asked_by.setdefault(out.to, set()).add(entry.domain)
        if not out.is_hand_over and out.to not in other.comes_by_fibre:
            other.comes_by_fibre.add(out.to)
            more[out.to] = True
        elif is_new:
            more[out.to] = False

    def _offer(self, start: Entry, ends: list[_Candidate]) -> bool:
        """Report delays, the lowest first and each once, until the source has its own.

        A controller holds an offer back for as long as its delay is, so what it reports is final.
        """
        queue = ends
        heapq.heapify(queue)
        while queue:
            found = heapq.heappop(queue)
            controller = self._at(found.entry.domain)
            if found.entry in controller.onward:
                continue
            controller.onward[found.entry] = found.onward
            if found.entry == start:
                self._disclosed.rounds += found.depth - 1
                return True
            for listener in sorted(controller.asked_by[found.entry]):
                offer = Offer(found.entry.domain, listener, found.entry, found.delay_ns)
                self._disclosed.offers.append(offer)
                for entry, out in self._at(listener).needs[found.entry]:
                    delay_ns = found.delay_ns + out.delay_ns
                    heapq.heappush(queue, _Candidate(delay_ns, found.depth + 1, entry, out))
        return False

    def _path(self, start: Entry) -> Composed:
        segments: list[Segment] = []
        at = start
        while True:
            onward = self._at(at.domain).onward[at]
            segments.append(Segment(at.domain, onward.hubs, onward.fibres, onward.delay_ns))
            if onward.to.domain == at.domain:
                return Composed(
                    self._automaton.permit.id,
                    sum(one.delay_ns for one in segments),
                    tuple(segments),
                    onward.to.place.state,
                    not onward.is_false,
                )
            at = onward.to
