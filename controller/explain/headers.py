"""Headers that hosts send for demands, each its own packet: fields by their OXM names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from corridor.controller.forwarding.program import Value
from corridor.controller.intent.intent import Intent, Selector
from corridor.controller.prover.search.declared_demands import some_packet
from corridor.topologies.model.wiring import Wiring

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
