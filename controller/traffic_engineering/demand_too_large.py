"""Where a rate is more than any lawful path has room for, even if no one else had rates."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.controller.policy.product import Edge, ProductPath
from corridor.controller.traffic_engineering.candidate_paths import ALL, Space
from corridor.controller.traffic_engineering.candidate_values import Way


def too_large_in(space: Space, alone: Way) -> Iterator[int | None]:
    """The cases protected against in which there is a path, and none that is wide enough: of those
    in which packets arrive by the path that the demand has alone. Else they may be lost where any
    other begins, or come too late by it, and load nothing."""
    if not space.thin:
        return
    wide = space.anyhow(None, _delay)
    if wide is None:
        yield None
        return
    cases = space.cases
    left = cases.every & _met(space, wide)
    while left:
        case = (left & -left).bit_length() - 1
        left &= left - 1
        if not space.suspects.protects(cases.named(case)):
            continue
        wide = space.anyhow(case, _delay)
        if wide is not None:
            left &= ALL if cases.closed(case) else _met(space, wide)
        elif _is_narrow(space, alone, case) and space.anyhow(case, _delay, divided=True):
            yield case


def _is_narrow(space: Space, way: Way, case: int) -> bool:
    return not space.thin.isdisjoint(way.under(case))


def _delay(edge: Edge) -> int:
    return 1 + edge.delay_ns


def _met(space: Space, way: ProductPath) -> int:
    """The cases in which something of a path has failed."""
    cases, source = space.cases, space.automaton.trip.src
    met = cases.of(cases.risks.bit("hub", source.id))
    for _, edge in way.steps:
        met |= cases.of(cases.risks.kills(edge.sight))
    for hub in cases.risks.hubs:
        met |= cases.of(cases.risks.bit("gateway", hub))
    return met
