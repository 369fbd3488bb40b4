"""What a proof claims. Each claim is a class: an id, a sentence, and how it would be broken.

A claim looks where it could be broken: at the network as a whole, at the entries of one
switch, or at all that may happen to packets let in by one door. It yields a breach for
each way it is broken, and holds if there is none. There is no third answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from controller.program import Flow
from controller.prover.headers import Box
from controller.prover.network import Network
from controller.prover.reach import Exploration, Step


@dataclass(frozen=True)
class Breach:
    """One way in which a claim does not hold, with what it takes to show it."""

    said: str
    """The verdict, one sentence without a full stop."""
    hub: str = ""
    entry: Flow | None = None
    """The entry at fault, where no packet need be followed to see it."""
    trail: tuple[Step, ...] = ()
    headers: Box = field(default_factory=Box)
    """Headers any of which shows it, as they are sent."""


class Claim:
    """Base of all claims; each overrides one or more of the three places to look."""

    id: ClassVar[str]
    sentence: ClassVar[str]
    needs_program: ClassVar[bool] = False
    """Whether it compares with what was declared, and so needs a program beside the tables."""

    def overall(self, _network: Network) -> Iterator[Breach]:
        yield from ()

    def in_switch(self, _network: Network, _hub: str) -> Iterator[Breach]:
        yield from ()

    def at_door(self, _network: Network, _seen: Exploration) -> Iterator[Breach]:
        yield from ()


def breach_of(seen: Exploration, step: Step, said: str, headers: Box | None = None) -> Breach:
    """A breach shown by a packet that gets as far as ``step``."""
    sent = step.packet.sent if headers is None else headers
    return Breach(said, step.at.hub, trail=seen.trail(step), headers=sent)


NOT_CLAIMED = {
    "C4": "Packets stay within the jurisdictions they are confined to.",
    "C5": "Packets never meet what their policy avoids.",
    "C6": "Packets end only where they may.",
    "C7": "Packets pass their waypoints in order, before the border.",
    "C10": "Where no permitted path is left, packets are dropped in their own jurisdiction.",
    "C11": "No delivered path exceeds its hard latency.",
    "C12": "Guaranteed rates fit every fibre, and meters hold each demand to its own.",
    "C13": "Every step of an update keeps all claims.",
}
"""Claims of policies, which today's tables do not carry yet."""
