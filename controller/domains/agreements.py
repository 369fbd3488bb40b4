"""Agreements of one controller that are under way; all of this is lost with its process. Pure.

A source asks under the permits of one preference together, then under those of the next one. Other
controllers answer. ``negotiation`` has what each knows of one query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from corridor.controller.domains.controller_view import InsidePaths
from corridor.controller.domains.messages import Done, Exchange, Offer, Query, Refused, Request
from corridor.controller.domains.negotiation import Negotiation
from corridor.controller.domains.sight import Sight
from corridor.controller.policy.automaton import Automaton, State
from corridor.controller.policy.product import Place
from corridor.controller.policy.semantics import ranked

ATTEMPTS_OF_BOOT = 10**6

type Ended = Callable[[int, Query | None, bool], None]
"""Takes a direction, the query that has a path (or None), and whether a domain did not answer."""


class _Attempt:
    """A source's work on one direction."""

    def __init__(self, number: int, ranks: tuple[tuple[int, ...], ...]) -> None:
        self.number, self.ranks = number, ranks
        self.rank = 0
        self.waiting: set[int] = set()
        """Permits of this rank whose query has not ended."""
        self.lost = False


class Agreements:
    """Queries of one controller, its own and those of others."""

    def __init__(self, sight: Sight, boot: int, dead: Collection[str], ended: Ended) -> None:
        """``dead``: fibres that have failed, as they are at any time. ``ended`` is called when an
        agreement of this source has ended."""
        self._sight, self._dead, self._ended = sight, dead, ended
        self.volatile: dict[str, list[Exchange]] = {}
        """By receiver, what is to be sent once."""
        self.sent: Counter[str] = Counter()
        self._attempts: dict[int, _Attempt] = {}
        self._last_attempt: dict[int, int] = {}
        self._negotiations: dict[Query, Negotiation] = {}
        self._boots: dict[str, int] = {}
        self._count = boot * ATTEMPTS_OF_BOOT

    # A source.

    def begin(self, number: int) -> int:
        """Agree on a direction from here; return the number of the attempt."""
        self._count += 1
        automata = self._sight.applicable[number - 1].automata
        attempt = self._attempts[number] = _Attempt(self._count, ranked(automata))
        self._ask(number)
        return attempt.number

    def expire(self, number: int, attempt: int) -> bool:
        """End an attempt without a result; False if it has ended."""
        if not self.is_under_way(number) or self._attempts[number].number != attempt:
            return False
        del self._attempts[number]
        return True

    def is_under_way(self, number: int) -> bool:
        """Return whether this source is agreeing on a direction."""
        return number in self._attempts

    def _ask(self, number: int) -> None:
        """Ask under the permits of the next rank, or end without a path."""
        attempt = self._attempts[number]
        if attempt.rank == len(attempt.ranks):
            del self._attempts[number]
            self._ended(number, None, attempt.lost)
            return
        attempt.waiting = {*attempt.ranks[attempt.rank]}
        asked = [
            self._negotiation(Query(number, permit, attempt.number))
            for permit in sorted(attempt.waiting)
        ]
        for one in asked:
            first = one.paths.first()
            if first is not None:
                one.begin(first)
        for one in asked:
            self._advance(one)

    def _advance(self, negotiation: Negotiation) -> None:
        """Go on where a query of this source has ended."""
        query = negotiation.query
        attempt = self._attempts.get(query.direction)
        if attempt is None or attempt.number != query.attempt or not negotiation.is_ended:
            return
        if query.permit not in attempt.waiting:
            return
        attempt.waiting.discard(query.permit)
        attempt.lost = attempt.lost or negotiation.lost
        if attempt.waiting:
            return
        found = []
        for permit in attempt.ranks[attempt.rank]:
            one = self._negotiations[query._replace(permit=permit)]
            best = one.best.get(one.paths.first() or Place("", ()))
            if best is not None and one.paths.product.automaton.exceeds(best.delay_ns) is None:
                found.append((best.delay_ns, len(best.exit.fibres), permit))
        attempt.rank += 1
        if found:
            del self._attempts[query.direction]
            self._ended(query.direction, query._replace(permit=min(found)[2]), attempt.lost)
        else:
            self._ask(query.direction)

    # Any controller.

    def known(self, query: Query) -> Negotiation | None:
        """Return what is known of a query; None if it was not asked here, or is too old."""
        return self._negotiations.get(query)

    def _negotiation(self, query: Query) -> Negotiation:
        known = self._negotiations.get(query)
        if known is None:
            if query.attempt > self._last_attempt.get(query.direction, 0):
                self._last_attempt[query.direction] = query.attempt
                for old in [one for one in self._negotiations if one.direction == query.direction]:
                    del self._negotiations[old]
            automaton = self._sight.applicable[query.direction - 1].automata[query.permit]
            paths = InsidePaths(self._sight.view, automaton, self._dead)
            is_root = self._sight.view.serves_customers_at(automaton.trip.src.id)
            known = Negotiation(query, paths, self._send, is_root=is_root)
            self._negotiations[query] = known
        return known

    def _send(self, to: str, item: Exchange) -> None:
        self.volatile.setdefault(to, []).append(item)

    def lose(self, sender: str, query: Query, *, lost: bool = True) -> None:
        """Acknowledge a message that is not taken; not ``lost`` is one that needs no repeat."""
        self._send(sender, Done(query=query, count=1, lost=lost))

    def received(self, sender: str, item: Exchange) -> None:
        """Take a request, an offer or an acknowledgement. Raises Refused."""
        query, automata = item.query, self._sight.applicable[item.query.direction - 1].automata
        if query.permit >= len(automata):
            raise Refused("not asked", f"no permit {query.permit} of direction {query.direction}")
        if isinstance(item, Request | Offer):
            _check_state(automata[query.permit], item.place.state)
        known = self.known(query)
        if isinstance(item, Done):
            if known is not None:
                known.acknowledged(sender, item.count, lost=item.lost)
                self._advance(known)
            return
        is_late = query.attempt < self._last_attempt.get(query.direction, 0)
        is_foreign = isinstance(item, Offer) or query.direction in self._sight.from_here
        if known is None and (is_late or is_foreign):
            self.lose(sender, query)
            return
        if isinstance(item, Request) and item.place.hub not in self._sight.mine:
            self.lose(sender, query)
            raise Refused("not asked", f"{item.place.hub[:60]} is not of {self._sight.domain}")
        negotiation = self._negotiation(query)
        negotiation.received(sender, item)
        self._advance(negotiation)

    def take(self, to: str, room: int) -> tuple[Exchange, ...]:
        """Return up to ``room`` items that are to be sent; acknowledgements are added up."""
        waiting = self.volatile.pop(to, [])
        asked = [one for one in waiting if not isinstance(one, Done)]
        ended: dict[Query, Done] = {}
        for one in waiting:
            if isinstance(one, Done):
                was = ended.get(one.query, one.model_copy(update={"count": 0}))
                more = {"count": was.count + one.count, "lost": was.lost or one.lost}
                ended[one.query] = one.model_copy(update=more)
        exchange: list[Exchange] = [*asked, *ended.values()]
        if exchange[room:]:
            self.volatile[to] = exchange[room:]
        self.sent.update(one.kind for one in exchange[:room])
        return tuple(exchange[:room])

    def unsent(self, to: str, items: tuple[Exchange, ...]) -> None:
        """Note that a domain did not take these items: it is silent, or was killed."""
        for item in items:
            negotiation = self.known(item.query)
            if negotiation is not None and not isinstance(item, Done):
                negotiation.acknowledged(to, 1, lost=True)
                self._advance(negotiation)

    def met(self, name: str, boot: int) -> None:
        """Note the start of a neighbour that sent a frame: what it was asked before is lost."""
        was, self._boots[name] = self._boots.get(name, boot), boot
        for one in [*self._negotiations.values()] if boot > was else ():
            one.restarted(name)
            self._advance(one)

    def change(self, sight: Sight) -> None:
        """Take other policies: what was asked under those before has another meaning now."""
        self._sight = sight
        self._attempts.clear()
        self._negotiations.clear()
        self.volatile = {
            to: [one for one in items if isinstance(one, Done)]
            for to, items in self.volatile.items()
        }

    @property
    def is_idle(self) -> bool:
        """Whether no agreement of this source is under way, and nothing is to be sent."""
        return not (self._attempts or any(self.volatile.values()))


def _check_state(automaton: Automaton, state: State) -> None:
    """Raises Refused for what is not a state of the automaton."""
    try:
        if len(state) != len(automaton.clauses):
            raise IndexError
        automaton.phase(state)
        automaton.finish(state)
    except (LookupError, ValueError):
        raise Refused("malformed", "not a state of the permit's automaton") from None
