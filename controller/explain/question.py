"""Questions about paths through a network, by where the paths lead.

A question is whether some packet of a demand takes a path of a kind. For all kinds but the first
and the last the answer is no where the claims hold. The last, whether packets reach hubs off
their path without failures, is included so that not every expected answer is no.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from corridor.controller.explain.lawful import Arc
from corridor.controller.forwarding.program import Value
from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.prover.search.declared_demands import some_packet
from corridor.topologies.model.wiring import Wiring

# Headers that hosts send for demands, each its own packet: fields by their OXM names.

type Header = tuple[tuple[str, Value], ...]
"""Sorted by name."""


class Sent(NamedTuple):
    """One header of a demand."""

    number: int
    """Of the demand, from 1: what cookies call it."""
    intent: Intent
    selector: Selector
    header: Header


def sent_headers(intents: tuple[Intent, ...], wiring: Wiring) -> Iterator[Sent]:
    """One for each selector of each demand; what a selector leaves open is chosen."""
    for number, intent in enumerate(intents, start=1):
        for selector in intent.selectors:
            yield Sent(number, intent, selector, _header(intent, selector, wiring))


def _header(intent: Intent, selector: Selector, wiring: Wiring) -> Header:
    src, dst = (wiring.hub(hub) for hub in intent.pair)
    return tuple(sorted(some_packet(src, dst, selector).items()))


type Kind = Literal[
    "arrives",
    "forbidden hub",
    "forbidden fibre",
    "wrong host",
    "gateway bypassed",
    "border before gateway",
    "stop missed",
    "detour",
]
CLAIMS: dict[Kind, tuple[str, ...]] = {
    "arrives": ("C1", "C16"),
    "forbidden hub": ("C1", "C4", "C5", "C6", "C7"),
    "forbidden fibre": ("C1", "C4", "C5", "C6", "C7"),
    "wrong host": ("C2", "C6"),
    "gateway bypassed": ("C7",),
    "border before gateway": ("C7",),
    "stop missed": ("C7",),
    "detour": (),
}
"""The claims that answer each kind of question; none where each answer is as good."""


@dataclass(frozen=True)
class Question:
    """Whether packets with one header, sent by their demand's host, take a path of a kind."""

    kind: Kind
    demand: str
    src: str
    dst: str
    header: Header
    hubs: tuple[str, ...] = ()
    """Those forbidden, or one of which is a stop, or whose hosts or gateways are meant."""
    arcs: tuple[Arc, ...] = ()
    """Fibres forbidden, or one of which is a stop, by direction."""
    lawful: bool | None = False
    """The answer where all claims hold: whatever fails, or of what is lawful while nothing does;
    None where claims do not say."""
    needs: int | None = None
    """By our prover: the fewest dead ports with which the answer is yes; None if it never is."""
