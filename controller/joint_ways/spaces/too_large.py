"""Where a rate is more than any lawful way has room for, even if nobody else had rates."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.controller.joint_ways.spaces.space import ALL, NOBODY, Space
from corridor.controller.joint_ways.spaces.ways import Way
from corridor.controller.policy.product import Edge, ProductPath


def too_large_in(space: Space, alone: Way) -> Iterator[int | None]:
    """The cases protected against in which there is a way, and none that is wide enough: of those
    in which packets get on by the way that the demand has alone. Else they may be lost where any
    other begins, or come too late by it, and load nothing."""
    if not space.thin:
        return
    wide = _way(space, None)
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
        wide = _way(space, case)
        if wide is not None:
            left &= ALL if cases.closed(case) else _met(space, wide)
        elif _is_narrow(space, alone, case) and _way(space, case, divided=True) is not None:
            yield case


def _is_narrow(space: Space, way: Way, case: int) -> bool:
    return not space.thin.isdisjoint(way.under(case))


def _way(space: Space, case: int | None, *, divided: bool = False) -> ProductPath | None:
    """One over fibres that are wide enough, or, divided, over any."""
    dead = 0 if case is None else space.cases.taken_down(case)
    closed = NOBODY if case is None else space.cases.closed(case)
    start = space.product.without_gateways(closed).entered(space.automaton.trip.src)
    if start is None:
        return None
    found = space.cheapest(start, dead, closed, _delay, divided=divided)
    if found is None or divided:
        return found
    return None if any(edge.sight in space.thin for _, edge in found.steps) else found


def _delay(edge: Edge) -> int:
    return 1 + edge.delay_ns


def _met(space: Space, way: ProductPath) -> int:
    """The cases in which something of a way has failed."""
    cases, source = space.cases, space.automaton.trip.src
    met = cases.of(cases.risks.bit("hub", source.id))
    for _, edge in way.steps:
        met |= cases.of(cases.risks.kills(edge.sight))
    for hub in cases.risks.hubs:
        met |= cases.of(cases.risks.bit("gateway", hub))
    return met
