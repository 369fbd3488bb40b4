"""What of a map fails independently: wet segments, land spans, common causes. Pure.

A submarine fibre is one light path. Fibres of one system share plant where their routes have two
successive points in common. So a wet segment is all plant that the same fibres pass, in one sea.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import mean
from typing import Literal, NamedTuple

import numpy as np

from corridor.topologies.analysis.failure_rates import (
    DAYS_OF_YEAR,
    DEFAULT_CLIMATE,
    Bounds,
    Draws,
    FailureRates,
    Place,
)
from corridor.topologies.analysis.lines import Hit, Parts
from corridor.topologies.base.arrays import Floats
from corridor.topologies.model.catalogue import shipped_hubs, shipped_waypoints
from corridor.topologies.model.topology import Fibre, LatLon, Topology, great_circle_km

SUBMARINE = "submarine"
type Kind = Literal["wet", "land", "cause", "hit"]


@dataclass(frozen=True)
class FailingPart:
    """Something that fails independently of all other parts."""

    id: str
    kind: Kind
    """``cause``: an event that hits several systems. ``hit``: that it hits one of them."""
    fibres: tuple[str, ...]
    """What goes down with it; of a cause with hits, all that it may take down."""
    length_km: float
    """0 of a cause."""
    place: str
    """The place or cause of the rates."""
    failures_a_year: Floats
    """While it works; one value a sample; of a hit, of the event."""
    repair_days: Floats
    unavailable: Floats
    """The probability that it has failed at an instant; of a hit, that an event hits it."""
    basis: str
    """The count or bounds behind the rate, in words."""
    sources: tuple[str, ...]
    confidence: str
    note: str


@dataclass(frozen=True)
class FailureModel:
    """The parts of a map, with samples of their rates."""

    topology: Topology
    climate: str
    parts: tuple[FailingPart, ...]
    events: Mapping[int, tuple[int, ...]]
    """By the number of a cause with hits, the numbers of its hits."""
    unrated_groups: tuple[str, ...]
    """Corridors, by shared-risk group, with fibres that no cause of the data takes down."""

    @cached_property
    def unavailable(self) -> Floats:
        """One row a part, one column a sample."""
        return np.stack([one.unavailable for one in self.parts])

    @cached_property
    def mean_unavailable(self) -> tuple[float, ...]:
        """By part, the mean of the samples."""
        return tuple(float(one) for one in self.unavailable.mean(axis=1))

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """By fibre, its bit."""
        return {fibre.id: 1 << at for at, fibre in enumerate(self.topology.fibres)}

    @cached_property
    def cut_sets(self) -> Parts:
        """What parts take down."""
        hits = [Hit(event, hit, self._mask(hit)) for event, of in self.events.items() for hit in of]
        conditional = {*self.events, *(one.hit for one in hits)}
        alone = (0 if at in conditional else self._mask(at) for at in range(len(self.parts)))
        return Parts(tuple(alone), tuple(hits))

    def _mask(self, part: int) -> int:
        return sum(self.lines[fibre] for fibre in self.parts[part].fibres)


def failure_model(
    topology: Topology,
    rates: FailureRates,
    *,
    climate: str = DEFAULT_CLIMATE,
    samples: int,
    seed: int,
) -> FailureModel:
    """Return what fails on a map, with samples of rates, repair times and unavailability.

    Args:
        topology: Any map.
        rates: As of ``read_failure_rates``.
        climate: One of the climates of ``rates``.
        samples: How many of each.
        seed: Of the samples.
    """
    draws = Draws(seed, samples)
    parts = [
        *(_spanned(one, rates, climate, draws) for one in _segments(topology, rates.places)),
        *(
            _spanned(_land_span(fibre, rates.places), rates, climate, draws)
            for fibre in topology.fibres
            if fibre.medium != SUBMARINE
        ),
    ]
    events: dict[int, tuple[int, ...]] = {}
    for cause in rates.causes:
        fibres = topology.fibres_in_srlg(cause.group) if cause.group in topology.srlgs else ()
        if not fibres:
            continue
        of_climate = cause.in_climate(climate)
        repair = draws.between(f"repair {cause.id}", of_climate.repair.low, of_climate.repair.high)
        rate = draws.events(cause.id, of_climate.events, of_climate.years)
        event = FailingPart(
            id=cause.id,
            kind="cause",
            fibres=tuple(fibre.id for fibre in fibres),
            length_km=0.0,
            place=cause.group,
            failures_a_year=rate,
            repair_days=repair,
            unavailable=_unavailable(rate, repair),
            basis=of_climate.basis,
            sources=cause.source,
            confidence=cause.confidence,
            note=cause.note,
        )
        parts.append(event)
        if cause.systems is not None:
            number = len(parts) - 1
            hits = list(_hits(event, fibres, draws.share(f"share {cause.id}", cause.systems)))
            parts += hits
            events[number] = tuple(range(number + 1, len(parts)))
    return FailureModel(topology, climate, tuple(parts), events, tuple(_unrated(topology, rates)))


def _unrated(topology: Topology, rates: FailureRates) -> Iterator[str]:
    """Yield the corridors of which some fibre is in no cause."""
    caused = {one.group for one in rates.causes}
    for group in topology.srlgs:
        fibres = topology.fibres_in_srlg(group)
        if group.startswith("corridor:") and any(caused.isdisjoint(one.srlgs) for one in fibres):
            yield group


def _hits(event: FailingPart, fibres: Sequence[Fibre], share: Floats) -> Iterator[FailingPart]:
    """By system of a group, that an event hits it."""
    systems: dict[str, list[str]] = {}
    for fibre in fibres:
        systems.setdefault(fibre.system or fibre.id, []).append(fibre.id)
    for system, of in systems.items():
        yield FailingPart(
            id=f"{event.id}:{system}",
            kind="hit",
            fibres=tuple(of),
            length_km=0.0,
            place=event.place,
            failures_a_year=event.failures_a_year,
            repair_days=event.repair_days,
            unavailable=share,
            basis=event.basis,
            sources=event.sources,
            confidence=event.confidence,
            note=event.note,
        )


def _unavailable(failures_a_year: Floats, repair_days: Floats) -> Floats:
    """Of a part that works and is repaired by turns: by the means alone."""
    load = failures_a_year * repair_days / DAYS_OF_YEAR
    found: Floats = load / (1 + load)
    return found


class _Span(NamedTuple):
    """Cable between two points, in one place, with all fibres that pass it."""

    id: str
    kind: Kind
    fibres: tuple[str, ...]
    length_km: float
    place: Place


def _spanned(span: _Span, rates: FailureRates, climate: str, draws: Draws) -> FailingPart:
    place, spread = span.place, rates.between_routes
    bounds: Bounds = place.repair.in_climate(climate)
    route = draws.factor(f"route {span.id}", spread.low, spread.high)
    rate = draws.rate(place.rate) * route * span.length_km / 1000
    repair = draws.between(f"repair {place.id}", bounds.low, bounds.high)
    return FailingPart(
        id=span.id,
        kind=span.kind,
        fibres=span.fibres,
        length_km=span.length_km,
        place=place.id,
        failures_a_year=rate,
        repair_days=repair,
        unavailable=_unavailable(rate, repair),
        basis=place.rate.basis,
        sources=tuple(dict.fromkeys((*place.rate.source, *bounds.source))),
        confidence=place.rate.confidence,
        note=place.rate.note,
    )


def _land_span(fibre: Fibre, places: Sequence[Place]) -> _Span:
    place = next(one for one in places if one.medium != SUBMARINE and one.is_rest)
    return _Span(fibre.id, "land", (fibre.id,), fibre.length_km, place)


class _Leg(NamedTuple):
    """Between two successive points of a route, in either direction."""

    system: str
    ends: frozenset[LatLon]


def _segments(topology: Topology, places: Sequence[Place]) -> Iterator[_Span]:
    """The wet segments of a map, in the order of its fibres."""
    names = _names(topology)
    passing: dict[_Leg, list[str]] = {}
    lengths: dict[_Leg, list[float]] = {}
    ends: dict[_Leg, tuple[str, str]] = {}
    for fibre in topology.fibres:
        for leg, pair, length_km in _legs(topology, fibre) if fibre.medium == SUBMARINE else ():
            if fibre.id not in passing.setdefault(leg, []):
                passing[leg].append(fibre.id)
            lengths.setdefault(leg, []).append(length_km)
            ends.setdefault(leg, (names[pair[0]], names[pair[1]]))
    segments: dict[tuple[str, tuple[str, ...], str], list[_Leg]] = {}
    by_id = {one.id: one for one in places}
    for leg, passed in passing.items():
        place = _place(leg, names, places)
        segments.setdefault((leg.system, tuple(passed), place.id), []).append(leg)
    for (system, fibres, place_id), legs in segments.items():
        length_km = sum(mean(lengths[leg]) for leg in legs)
        name = f"{system}:{ends[legs[0]][0]}..{ends[legs[-1]][1]}"
        yield _Span(name, "wet", fibres, length_km, by_id[place_id])


def _legs(topology: Topology, fibre: Fibre) -> Iterator[tuple[_Leg, tuple[LatLon, LatLon], float]]:
    """The stretches of a fibre with their ends in its order, and their share of its length."""
    points = (topology.hub(fibre.a).place, *fibre.via, topology.hub(fibre.z).place)
    straight = [great_circle_km(*pair) for pair in pairwise(points)]
    total = sum(straight)
    for (a, z), km in zip(pairwise(points), straight, strict=True):
        yield (
            _Leg(fibre.system or fibre.id, frozenset((a, z))),
            (a, z),
            (fibre.length_km * (km / total if total else 1 / len(straight))),
        )


def _place(leg: _Leg, names: Mapping[LatLon, str], places: Sequence[Place]) -> Place:
    """The first place that a leg is in."""
    ends = {names[one] for one in leg.ends}
    return next(
        one
        for one in places
        if one.medium == SUBMARINE
        and (
            one.is_rest
            or not ends.isdisjoint(one.points)
            or any(ends == set(pair) for pair in one.between)
        )
    )


def _names(topology: Topology) -> Mapping[LatLon, str]:
    """Points of routes by name; those without one by their degrees."""
    found = {point: _degrees(point) for fibre in topology.fibres for point in fibre.via}
    found |= {point: name for name, point in shipped_waypoints().items()}
    found |= {hub.place: hub.id for hub in shipped_hubs().values()}
    return found | {hub.place: hub.id for hub in topology.hubs}


def _degrees(point: LatLon) -> str:
    lat, lon = point
    return f"{abs(lat):g}{'N' if lat >= 0 else 'S'}{abs(lon):g}{'E' if lon >= 0 else 'W'}"
