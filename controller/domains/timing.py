"""How long domains take to agree, if messages need time: a simulation of events. Pure.

Requests and delays travel along the fibres that they are about: a request from an entry to the next
domain's entry takes the delay of that path, and so does the report back. Each controller spends
``work_ns`` on a message. Unlike in ``composition``, no controller knows which delay is final, or
that the source has its path: it reports each lower delay. The path is the same; more is disclosed.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from corridor.controller.domains.controller_view import ControllerView, Entry, Exit, InsidePaths
from corridor.controller.policy.automaton import Automaton
from corridor.controller.policy.semantics import ApplicablePolicies, ranked

WORK_NS = 1_000_000
"""Assumed time of a controller for one message."""


@dataclass(frozen=True)
class AgreementTime:
    """When the source has its path, from its first message on."""

    first_ns: int | None
    """When it has any path; None without one."""
    final_ns: int | None
    """When it has the path that it keeps."""
    quiet_ns: int
    """When the last message has arrived."""
    numbers: int
    """Delays that were disclosed."""
    one_way_ns: int | None
    """Of the path that it keeps."""


class _Event(NamedTuple):
    at_ns: int
    number: int
    """In the order of sending, for equal times."""
    to: Entry
    asker: Entry | None
    """Of a request."""
    exit: Exit
    """Of the asker, to the entry that the delay is from."""
    delay_ns: int
    """To the destination; of a delay."""


@dataclass
class _State:
    """What a controller knows of one of its entries."""

    askers: list[tuple[Entry, Exit]] = field(default_factory=list)
    has_asked: set[Entry] = field(default_factory=set)
    came_by_fibre: bool = False
    best_ns: int | None = None


def agreement_time(
    views: Mapping[str, ControllerView],
    applicable: ApplicablePolicies,
    dead: Collection[str] = (),
    work_ns: int = WORK_NS,
) -> AgreementTime:
    """Return when the source of a demand has its path.

    Permits of one preference are negotiated together; the next ones follow when all messages about
    these have arrived and none has a path.

    Args:
        views: By domain, what its controller sees.
        applicable: The policies of the demand.
        dead: Fibres that have failed. Only the domains at their ends know.
        work_ns: Time that a controller spends on a message.
    """
    begin, numbers = 0, 0
    for rank in ranked(applicable.automata):
        tried = [_Simulation(views, applicable.automata[one], dead, work_ns) for one in rank]
        for one in tried:
            one.run()
        numbers += sum(one.numbers for one in tried)
        quiet = begin + max((one.now_ns for one in tried), default=0)
        found = [one for one in tried if one.is_usable]
        if found:
            kept = min(found, key=lambda one: one.best_ns or 0)
            return AgreementTime(
                begin + min(one.first_ns for one in found),
                begin + kept.final_ns,
                quiet,
                numbers,
                kept.best_ns,
            )
        begin = quiet
    return AgreementTime(None, None, begin, numbers, None)


class _Simulation:
    """Messages about one demand under one permit."""

    def __init__(
        self,
        views: Mapping[str, ControllerView],
        automaton: Automaton,
        dead: Collection[str],
        work_ns: int,
    ) -> None:
        self._views = views
        self._automaton = automaton
        self._dead = dead
        self._work_ns = work_ns
        self._paths: dict[str, InsidePaths] = {}
        self._states: dict[Entry, _State] = {}
        self._queue: list[_Event] = []
        self._sent = 0
        self._start: Entry | None = None
        self.now_ns = self.first_ns = self.final_ns = self.numbers = 0

    @property
    def best_ns(self) -> int | None:
        """The delay that the source knows."""
        return self._states[self._start].best_ns if self._start in self._states else None

    @property
    def is_usable(self) -> bool:
        return self.best_ns is not None and self._automaton.exceeds(self.best_ns) is None

    def run(self) -> None:
        src = self._automaton.trip.src.id
        home = next(one for one, view in self._views.items() if view.serves_customers_at(src))
        first = self._at(home).first()
        if first is None:
            return
        self._start = Entry(home, first)
        self._states[self._start] = _State(came_by_fibre=True)
        self._ask_on(self._start)
        while self._queue:
            event = heapq.heappop(self._queue)
            self.now_ns = event.at_ns
            if event.asker is not None:
                self._requested(event, event.asker)
            else:
                self._reported(event.to, event.delay_ns)

    def _at(self, domain: str) -> InsidePaths:
        if domain not in self._paths:
            view = self._views[domain]
            self._paths[domain] = InsidePaths(view, self._automaton, self._dead)
        return self._paths[domain]

    def _send(self, to: Entry, asker: Entry | None, out: Exit, delay_ns: int) -> None:
        self._sent += 1
        at_ns = self.now_ns + out.delay_ns + self._work_ns
        heapq.heappush(self._queue, _Event(at_ns, self._sent, to, asker, out, delay_ns))

    def _ask_on(self, entry: Entry) -> None:
        """Ask about every exit that was not asked about yet."""
        state = self._states[entry]
        for out in self._onward(entry, state):
            if out.to not in state.has_asked:
                state.has_asked.add(out.to)
                self._send(out.to, entry, out, 0)
        end = self._at(entry.domain).inside(entry.place).end
        if end is not None:
            self._reported(entry, end.delay_ns)

    def _onward(self, entry: Entry, state: _State) -> Iterator[Exit]:
        """Packets that were handed over at a hub are not handed on there, as in composition."""
        paths = self._at(entry.domain)
        for out in paths.inside(entry.place).exits:
            is_handed_on = out.is_hand_over and not out.fibres
            if state.came_by_fibre or not is_handed_on or not paths.view.all_meet:
                yield out

    def _requested(self, event: _Event, asker: Entry) -> None:
        is_new = event.to not in self._states
        state = self._states.setdefault(event.to, _State())
        state.askers.append((asker, event.exit))
        by_fibre = not event.exit.is_hand_over
        if is_new or (by_fibre and not state.came_by_fibre):
            state.came_by_fibre = state.came_by_fibre or by_fibre
            self._ask_on(event.to)
        if state.best_ns is not None and not is_new:
            self._report(state.best_ns, [(asker, event.exit)])

    def _reported(self, entry: Entry, delay_ns: int) -> None:
        """Keep a delay from an entry to the destination, and pass it on if it is lower."""
        state = self._states[entry]
        if state.best_ns is not None and state.best_ns <= delay_ns:
            return
        state.best_ns = delay_ns
        if entry == self._start:
            self.final_ns = self.now_ns
            self.first_ns = self.first_ns or self.now_ns
        self._report(delay_ns, state.askers)

    def _report(self, delay_ns: int, askers: Collection[tuple[Entry, Exit]]) -> None:
        self.numbers += len({asker.domain for asker, _ in askers})
        for asker, out in askers:
            self._send(asker, None, out, delay_ns + out.delay_ns)
