"""One controller's part of an agreement on a path: requests, offers, and when they have ended.

Each controller reports a delay as soon as it is lower than before (distributed Bellman-Ford). The
source knows that no lower one can follow when all messages that its request caused are
acknowledged: diffusing computations (Dijkstra and Scholten 1980). Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from corridor.controller.domains.controller_view import Entry, Exit, InsidePaths
from corridor.controller.domains.messages import Done, Exchange, Offer, Query, Refused, Request
from corridor.controller.policy.product import Place

type Send = Callable[[str, Exchange], None]


class Best(NamedTuple):
    """The shortest path from an entry that is known so far."""

    delay_ns: int
    exit: Exit


class Negotiation:
    """What a controller knows of one query."""

    def __init__(self, query: Query, paths: InsidePaths, send: Send, *, is_root: bool) -> None:
        self.query, self.paths = query, paths
        self._send, self._is_root = send, is_root
        self.best: dict[Place, Best] = {}
        self._askers: dict[Place, list[str]] = {}
        self._needs: dict[Entry, list[tuple[Place, Exit]]] = {}
        self._offered: dict[Entry, int] = {}
        self._parent = ""
        self._unfinished: Counter[str] = Counter()
        """By receiver, messages that are sent and not acknowledged."""
        self.lost = False
        """Whether a domain that was asked did not answer."""

    @property
    def is_ended(self) -> bool:
        return not any(self._unfinished.values())

    def begin(self, place: Place) -> None:
        """Ask from the source on."""
        self._askers[place] = []
        self._ask(place)

    def received(self, sender: str, item: Request | Offer) -> None:
        """Take a request or an offer. Raises Refused for an offer that was not requested."""
        if isinstance(item, Offer) and Entry(sender, item.place) not in self._needs:
            raise Refused("not asked", f"{sender} offers {item.place.hub}, which was not requested")
        if self._is_root or self._parent:
            self._send(sender, Done(query=self.query, count=1, lost=False))
        else:
            self._parent = sender
        if isinstance(item, Request):
            self._requested(sender, item.place)
        else:
            self._told(Entry(sender, item.place), item.delay_ns)
        self._end()

    def acknowledged(self, by: str, count: int, *, lost: bool) -> None:
        """Note that all that these messages caused has ended, or that they were not delivered."""
        self._unfinished[by] = max(0, self._unfinished[by] - count)
        self.lost = self.lost or lost
        self._end()

    def restarted(self, name: str) -> None:
        """Note that a domain has forgotten what it was asked."""
        if self._unfinished[name]:
            self.acknowledged(name, self._unfinished[name], lost=True)

    def _end(self) -> None:
        if self._parent and self.is_ended:
            self._send(self._parent, Done(query=self.query, count=1, lost=self.lost))
            self._parent = ""

    def _requested(self, sender: str, place: Place) -> None:
        askers = self._askers.get(place)
        if askers is not None:
            if sender not in askers:
                askers.append(sender)
                if place in self.best:
                    self._offer(place, (sender,))
            return
        self._askers[place] = [sender]
        self._ask(place)

    def _ask(self, place: Place) -> None:
        inside = self.paths.inside(place)
        if inside.end is not None:
            self._improve(place, Best(inside.end.delay_ns, inside.end))
        for out in inside.exits:
            waiting = self._needs.setdefault(out.to, [])
            waiting.append((place, out))
            if out.to in self._offered:
                self._improve(place, Best(self._offered[out.to] + out.delay_ns, out))
            elif len(waiting) == 1:
                self._count(out.to.domain, Request(query=self.query, place=out.to.place))

    def _told(self, entry: Entry, delay_ns: int) -> None:
        if self._offered.get(entry, delay_ns + 1) <= delay_ns:
            return
        self._offered[entry] = delay_ns
        for place, out in self._needs[entry]:
            self._improve(place, Best(delay_ns + out.delay_ns, out))

    def _improve(self, place: Place, found: Best) -> None:
        """Keep the lower delay; of equal ones that with the first exit, so that runs agree."""
        known = self.best.get(place)
        if known is None or _rank(found) < _rank(known):
            self.best[place] = found
            if known is None or found.delay_ns < known.delay_ns:
                self._offer(place, self._askers[place])

    def _offer(self, place: Place, askers: tuple[str, ...] | list[str]) -> None:
        delay_ns = self.best[place].delay_ns
        for asker in askers:
            self._count(asker, Offer(query=self.query, place=place, delay_ns=delay_ns))

    def _count(self, to: str, item: Request | Offer) -> None:
        self._unfinished[to] += 1
        self._send(to, item)


def _rank(one: Best) -> tuple[int, int, tuple[str, ...]]:
    return one.delay_ns, len(one.exit.fibres), (one.exit.to.domain, *one.exit.fibres)
