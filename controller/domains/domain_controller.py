"""The controller of one domain: agrees on paths with others, and updates tables in two phases.

Values in, values out: a driver delivers items, sends what ``take`` returns, keeps ``to_json`` in a
file before it sends, and calls ``due`` when a timer has expired. So a process and a simulation run
the same code.

A direction has versions. The source prepares a new one with the next epoch: each domain on the path
chooses labels, installs entries next to those in use, and returns the label of its hand-over. When
the source has that label, it writes the decision to its file and changes its edge: only then do
packets carry the new labels. After a drain time it releases the version before. A controller that
is killed continues from its file; a source that had not decided aborts.

``agreements`` has what is lost with a process, ``versions`` what is installed, and this file what
a source decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple

from corridor.controller.domains.agreements import Agreements
from corridor.controller.domains.kept_state import Crossing, KeptState
from corridor.controller.domains.messages import (
    MOST_ITEMS,
    Abort,
    Exchange,
    Item,
    Offer,
    Prepare,
    Query,
    Refused,
    Release,
    Request,
    Restored,
    Update,
    digest,
)
from corridor.controller.domains.segments import NoSegmentError
from corridor.controller.domains.sight import Sight
from corridor.controller.domains.versions import Versions
from corridor.controller.forwarding.program import SwitchProgram
from corridor.controller.policy.semantics import ApplicablePolicies

NEGOTIATE_S, PREPARE_S, DRAIN_S, RETRY_S = 5.0, 5.0, 0.5, 0.1
MOST_TRIES = 10
"""Of an agreement in which a domain did not answer, before the source waits for an order."""


class Timer(NamedTuple):
    """When a controller is to be called again, and about what."""

    after_s: float
    kind: Literal["negotiate", "prepare", "drain", "retry"]
    direction: int
    number: int
    """Of the attempt or the epoch."""


class DomainController:
    """One domain's controller."""

    def __init__(self, sight: Sight, kept: str = "") -> None:
        """``kept``: the state file of this domain, if it ran before. Raises ValueError if that is
        not a state file of this domain."""
        self.sight = sight
        self.name, self.digest = sight.domain, digest(sight.specification)
        self.state = KeptState(sight.domain, kept)
        self.agreements = Agreements(sight, self.state.boot, self.state.dead, self._ended)
        self.timers: list[Timer] = []
        self.refused: Counter[str] = Counter()
        """What others sent and was refused, by kind."""
        self._versions = Versions(sight, self.state, self)
        self._tries: Counter[int] = Counter()
        self._greet: set[str] = set()
        self._uncertain: set[int] = set()
        """Directions with a path that was agreed while a domain did not answer."""
        self._broken = {*self.state.pending}
        """Directions of which the version in use may have failed."""

    # What a driver calls.

    def start(self) -> None:
        """Agree on all directions from here that have no path, or need another. Neighbours get a
        frame, if it has no items, to know of the start."""
        self._greet |= self.sight.neighbours
        for one in self.state.from_here():
            if one.status in ("preparing", "prepared"):
                self._versions.remove(one, Abort)
            elif one.status == "old":
                self._drain(one)
        has = {one.direction for one in self.state.from_here()}
        for number in sorted(self.sight.from_here):
            if number in self.state.pending or number not in has:
                self._negotiate(number)

    def received(self, sender: str, item: Item, policies: str) -> None:
        """Take one item of a neighbour that has policies of this digest. Raises Refused."""
        if sender not in self.sight.neighbours:
            raise Refused("not a hand-over", f"{sender} has no fibre to {self.name}")
        if isinstance(item, Restored):
            self._restored(item, sender)
            return
        number = item.query.direction if isinstance(item, Exchange | Prepare) else item.direction
        if not 1 <= number <= len(self.sight.specification.directions):
            raise Refused("not asked", f"no direction {number}")
        if isinstance(item, Request | Offer | Prepare) and policies != self.digest:
            if isinstance(item, Prepare):
                self._versions.cannot(sender, item, "other policies")
            else:
                self.agreements.lose(sender, item.query)
            raise Refused("other policies", f"{sender} has {policies}, {self.name} {self.digest}")
        if self.state.has_left and isinstance(item, Request | Prepare):
            if isinstance(item, Prepare):
                self._versions.cannot(sender, item, "this domain has left")
            else:
                self.agreements.lose(sender, item.query, lost=False)
            return
        if isinstance(item, Exchange):
            self.agreements.received(sender, item)
        elif isinstance(item, Prepare):
            self._versions.prepare(sender, item, self.agreements.known(item.query))
        else:
            self._versions.received(sender, item)

    def unsent_to(self) -> set[str]:
        """Domains for which something waits."""
        waiting = (*self.state.outbox.items(), *self.agreements.volatile.items())
        return self._greet | {to for to, items in waiting if items}

    def take(self, to: str) -> tuple[tuple[Update, ...], tuple[Exchange, ...]]:
        """Return what is to be sent next: the first updates of the outbox, which stay there until
        they are ``delivered``, and exchanges, which do not."""
        self._greet.discard(to)
        update = tuple(self.state.outbox.get(to, ())[: MOST_ITEMS // 2])
        return update, self.agreements.take(to, MOST_ITEMS - len(update))

    def delivered(self, to: str, count: int) -> None:
        """Forget the first ``count`` items of the outbox for a domain: its file has them."""
        del self.state.outbox.get(to, [])[:count]
        self.state.changes += 1

    def due(self, timer: Timer) -> None:
        """A timer has expired."""
        number = timer.direction
        is_wanted = number in self.state.pending and not self.agreements.is_under_way(number)
        if timer.kind == "negotiate" and self.agreements.expire(number, timer.number):
            self._retry(number)
        elif timer.kind == "retry" and is_wanted:
            self._negotiate(number)
        for one in self.state.from_here(number):
            if one.epoch != timer.number:
                continue
            if timer.kind == "drain" and one.status == "old":
                self._versions.remove(one, Release)
            elif timer.kind == "prepare" and one.status == "preparing":
                self._versions.remove(one, Abort)
                self._retry(number)

    def cut(self, fibre: str) -> None:
        """Note that a fibre that ends here has failed."""
        self.state.changes += 1
        self.state.dead.add(fibre)
        for one in self.state.all_crossings():
            if fibre in one.fibres and one.status != "old":
                self._versions.fail(one)

    def repaired(self, fibre: str) -> None:
        """Note that a fibre works again; sources everywhere ask again."""
        self.state.dead.discard(fibre)
        self._notify()

    def leave(self) -> None:
        """Carry nothing for others from now on, and serve none of this domain's own demands."""
        self.state.has_left = True
        self.state.changes += 1
        for one in self.state.all_crossings():
            if one.upstream and one.status != "old":
                self._versions.fail(one)
        for one in self.state.from_here():
            if one.status == "active":
                self._replaced(one)
            elif one.status != "old":
                self._versions.remove(one, Abort)
        self.state.pending.clear()

    def rejoin(self) -> None:
        """Take part again."""
        self.state.has_left = False
        self._notify()

    def _notify(self) -> None:
        """Have sources everywhere ask again."""
        number = self.state.notices.get(self.name, 0) + 1
        self._restored(Restored(origin=self.name, number=number), self.name)

    def _restored(self, item: Restored, sender: str) -> None:
        """Pass a notice on, once, and ask again from here."""
        if item.number <= self.state.notices.get(item.origin, 0):
            return
        self.state.notices[item.origin] = item.number
        for to in sorted(self.sight.neighbours - {sender}):
            self._versions.tell(to, item)
        self.again()

    def again(self) -> None:
        """Agree again on all directions from here."""
        self._tries.clear()
        for number in sorted(self.sight.from_here):
            self._negotiate(number)

    def change(self, sight: Sight) -> None:
        """Take other policies. A direction that they treat otherwise has no path until domains
        agree on one under them; the others keep theirs."""
        before, self.sight, self._versions.sight = self.sight, sight, sight
        self.state.tables += 1
        self.digest = digest(sight.specification)
        self.agreements.change(sight)
        self._tries.clear()
        pairs = zip(before.applicable, sight.applicable, strict=True)
        changed = {at for at, pair in enumerate(pairs, 1) if _rules(pair[0]) != _rules(pair[1])}
        for one in self.state.from_here():
            if one.status in ("preparing", "prepared"):
                self._versions.remove(one, Abort)
            elif one.status == "active" and one.direction in changed:
                self._replaced(one)
        for number in sorted(sight.from_here & (changed | self.state.pending)):
            self._negotiate(number)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way here."""
        kept = self.state
        return self.agreements.is_idle and not (
            any(kept.outbox.values())
            or any(self._tries[one] < MOST_TRIES for one in kept.pending)
            or any(one.status in ("preparing", "old") for one in kept.crossings.values())
        )

    @property
    def sent(self) -> Counter[str]:
        """Items by kind."""
        return self.agreements.sent + self._versions.sent

    def program(self) -> tuple[SwitchProgram, ...]:
        """Return the tables of the switches of this domain."""
        return self._versions.program()

    def active(self) -> Iterator[Crossing]:
        """What packets may use here."""
        return (one for one in self.state.crossings.values() if one.status == "active")

    # What a source decides.

    def _negotiate(self, number: int) -> None:
        if self.state.has_left:
            return
        self.state.changes += 1
        self._uncertain.discard(number)
        self.state.pending.add(number)
        attempt = self.agreements.begin(number)
        self.timers.append(Timer(NEGOTIATE_S, "negotiate", number, attempt))

    def _retry(self, number: int) -> None:
        self.state.changes += 1
        self._tries[number] += 1
        self.state.pending.add(number)
        if self._tries[number] < MOST_TRIES:
            after_s = RETRY_S * 2 ** (self._tries[number] - 1)
            self.timers.append(Timer(after_s, "retry", number, self._tries[number]))

    def _ended(self, number: int, query: Query | None, lost: bool) -> None:
        """Use the path that was agreed, or none."""
        if query is not None:
            if lost:
                self._uncertain.add(number)
            self._decide(query)
            return
        self.state.changes += 1
        if lost:
            self._retry(number)
        else:
            self.state.pending.discard(number)
        for one in self.state.from_here(number):
            if one.status == "active":
                self._replaced(one)

    def _decide(self, query: Query) -> None:
        """Prepare the path that was agreed, from its source on."""
        number, negotiation = query.direction, self.agreements.known(query)
        assert negotiation is not None, "it has just ended"
        first = negotiation.paths.first()
        assert first is not None, "a path was found from there"
        for old in self.state.from_here(number):
            if old.status in ("preparing", "prepared"):
                self._versions.remove(old, Abort)
            is_as_good = (old.permit, old.delay_ns) == (query.permit, negotiation.best[first][0])
            if old.status == "active" and is_as_good and number not in self._broken:
                self._agreed(number)
                return
        epoch = self.state.used[number] = self.state.used.get(number, 0) + 1
        before = negotiation.paths.product.automaton.start
        try:
            self._versions.install(query, negotiation, epoch, first, before)
        except NoSegmentError:
            self._retry(number)
        else:
            self.timers.append(Timer(PREPARE_S, "prepare", number, epoch))

    def is_prepared(self, one: Crossing) -> None:
        """Use a version from here on: the decision."""
        self._broken.discard(one.direction)
        for old in self.state.from_here(one.direction):
            if old.status == "active":
                self._replaced(old)
        self._versions.use(one)
        self._agreed(one.direction)

    def gave_up(self, number: int) -> None:
        """Agree again later: a domain could not install its part."""
        self._retry(number)

    def has_failed(self, one: Crossing) -> None:
        """Agree again at once: a fibre of this version has failed."""
        if one.status in ("preparing", "prepared"):
            self._versions.remove(one, Abort)
        if one.status != "old":
            self._tries.pop(one.direction, None)
            self._broken.add(one.direction)
            self._negotiate(one.direction)

    def _agreed(self, number: int) -> None:
        """Use the path; ask again later if a domain did not answer: it may have a shorter one."""
        self.state.changes += 1
        self.state.pending.discard(number)
        if number in self._uncertain:
            self._uncertain.discard(number)
            self._retry(number)
        else:
            self._tries.pop(number, None)

    def _replaced(self, old: Crossing) -> None:
        """No packet enters by this version any more; those on their way may still arrive."""
        self.state.mark(old, "old")
        self._drain(old)

    def _drain(self, old: Crossing) -> None:
        self.timers.append(Timer(DRAIN_S, "drain", old.direction, old.epoch))


def _rules(one: ApplicablePolicies) -> tuple[object, ...]:
    return one.permits, one.restricts, one.denies, bool(one.automata)
