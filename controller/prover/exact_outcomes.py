"""Outcomes of an intent's packets, and what distinguishes one outcome from another."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from corridor.controller.forwarding.program import Flow
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.automaton import Automaton
from corridor.controller.prover.exact_causes import Causes, Family, Mask, Watch
from corridor.controller.prover.exact_decisions import End
from corridor.controller.prover.exact_lawful import States


class Found(Enum):
    """What a hub sees of a port, and does with it."""

    DEAD = "dead"
    ALIVE = "alive, and not used"
    CROSSED = "alive, and crossed"


class Seen(NamedTuple):
    """One thing seen by a packet, after all that was seen before it."""

    before: Seen | None
    watch: Watch
    found: Found


@dataclass(frozen=True, eq=False)
class Outcome:
    """The outcome of an intent's packets under all failures that cause the same sights."""

    intent: str
    end: End
    hub: str
    """Where it ends."""
    states: States
    """Of its permits, at the end."""
    one_way_ns: int
    """Pure delay of the fibres crossed."""
    entry: Flow | None
    """The last entry met."""
    seen: Seen | None
    family: Family
    """The minimal sets of failures that cause this."""
    spared: Mask
    """What cannot have failed. Just those sets of failures cause this that contain a set of
    ``family`` and nothing of these."""
    causes: Causes

    @property
    def delivered(self) -> bool:
        return self.end is End.DELIVERED

    @cached_property
    def sights(self) -> tuple[tuple[Watch, Found], ...]:
        """All that was seen, in order."""
        found = []
        seen = self.seen
        while seen is not None:
            found.append((seen.watch, seen.found))
            seen = seen.before
        return tuple(reversed(found))

    @property
    def crossed(self) -> tuple[Watch, ...]:
        """Fibres and gateways passed, in order, each as the hub before it sees it."""
        return self._of(Found.CROSSED)

    @property
    def dead(self) -> tuple[Watch, ...]:
        return self._of(Found.DEAD)

    @cached_property
    def down(self) -> Mask:
        """What was seen dead, as a set of things."""
        return self._things(Found.DEAD)

    @property
    def used(self) -> Mask:
        """What was crossed, as a set of things."""
        return self._things(Found.CROSSED)

    @property
    def alive(self) -> tuple[Watch, ...]:
        """What was seen alive, passed or not."""
        return tuple(watch for watch, found in self.sights if found is not Found.DEAD)

    @property
    def hubs(self) -> tuple[str, ...]:
        fibres = [watch for watch in self.crossed if not watch.is_gateway]
        source = self.sights[0][0].hub if self.sights else self.hub
        return (source, *(watch.far for watch in fibres))

    @property
    def fibres(self) -> tuple[str, ...]:
        return tuple(watch.thing for watch in self.crossed if not watch.is_gateway)

    @property
    def gateways(self) -> tuple[str, ...]:
        """Hubs whose gateway was passed, in order."""
        return tuple(watch.hub for watch in self.crossed if watch.is_gateway)

    @property
    def explained(self) -> tuple[frozenset[str], ...]:
        """The minimal sets of failures that cause this, by name, the smaller first."""
        sets = [self.causes.named(one) for one in self.family]
        return tuple(sorted(sets, key=lambda one: (len(one), sorted(one))))

    @cached_property
    def _needs(self) -> tuple[Mask, ...]:
        return tuple(watch.causes for watch in self.dead)

    def by(self, family: Family) -> Outcome:
        """The same sights, caused by other failures."""
        other = copy(self)
        vars(other)["family"] = family
        return other

    def agrees_with(self, failed: Mask) -> bool:
        """Whether this is the outcome of the packets when just these have failed."""
        return not failed & self.spared and all(failed & causes for causes in self._needs)

    def _things(self, wanted: Found) -> Mask:
        things, seen = 0, self.seen
        while seen is not None:
            seen, watch, found = seen
            if found is wanted:
                things |= watch.bit
        return things

    def _of(self, wanted: Found) -> tuple[Watch, ...]:
        return tuple(watch for watch, found in self.sights if found is wanted)

    def __str__(self) -> str:
        dead = ", ".join(f"{watch.thing} at {watch.hub}" for watch in self.dead)
        found = f"; found dead: {dead}" if dead else ""
        return f"{self.intent}: {' - '.join(self.hubs)}, {self.end}{found}"


@dataclass(frozen=True)
class Searched:
    """All that may become of one intent's packets."""

    intent: Intent
    permit: int | None
    """Number of the permit in use: the first that has a path while no more has failed, of equal
    ones that with the shortest."""
    promised: Protection
    """In effect: what is asked for and what the permit in use asks for."""
    within: Protection
    """The failures considered, in addition to those known."""
    outcomes: tuple[Outcome, ...]
    """The first is what happens while no more fails than is known."""
    known: Mask
    """What is known to have failed."""

    @property
    def automaton(self) -> Automaton | None:
        return (
            None if self.permit is None else self.intent.applicable_policies.automata[self.permit]
        )

    @cached_property
    def watched(self) -> Mask:
        """The failures that decide the outcome: all that make dead what some packet sees, and
        the failure of the source. No other failure would change what packets see."""
        first = self.outcomes[0]
        watched = first.causes.bits[f"hub:{self.intent.pair[0]}"]
        for outcome in self.outcomes:
            watched |= outcome.spared
            for watch in outcome.dead:
                watched |= watch.causes
        return watched

    def outcomes_under(self, known: Mask) -> tuple[Outcome, ...] | None:
        """The same outcomes while other things are known to have failed; None where a packet may
        see something that differs."""
        if known == self.known:
            return self.outcomes
        if (known ^ self.known) & self.watched:
            return None
        return tuple(
            one.by(tuple(failed & ~self.known | known for failed in one.family))
            for one in self.outcomes
        )
