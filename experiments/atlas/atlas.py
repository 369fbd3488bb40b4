"""The map of a topology, drawn: where everything is in the plane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.atlas.frame import Frame, frame_of
from corridor.experiments.atlas.labels import (
    Box,
    Label,
    PlacedLabel,
    place_labels,
    text_width_em,
)
from corridor.experiments.atlas.land import land_around, land_path
from corridor.experiments.atlas.marks import OTHERS, Mark, marks_by_jurisdiction
from corridor.experiments.atlas.plane import XY, Line, Projection, beside, svg_path
from corridor.experiments.atlas.source import MapData, MapFibre, MapHub
from corridor.topologies.base.errors import InputError

APART = 3.5
"""Units between fibres of one pair of hubs."""
MOST_APART = 10.5
"""Units between the first of them and the last on one side, however many there are."""
ROLES = ("western", "coastal", "foreign", "gateway", "core", "transit")
"""The more important ones first."""


@dataclass(frozen=True)
class DrawnHub:
    hub: MapHub
    x: float
    y: float
    mark: Mark
    rank: int
    """0 for the most important hub: by role, then by the number of its fibres."""

    @property
    def xy(self) -> XY:
        return self.x, self.y


@dataclass(frozen=True)
class DrawnFibre:
    fibre: MapFibre
    parts: tuple[Line, ...]
    """One, but where the map is cut open across the fibre. The first begins at ``a``."""

    @property
    def path(self) -> str:
        """As a path of SVG."""
        return svg_path(self.parts)

    def from_hub(self, hub: str) -> tuple[Line, ...]:
        """Its parts in the direction in which data leaves a hub."""
        if hub == self.fibre.a:
            return self.parts
        return tuple(part[::-1] for part in reversed(self.parts))


@dataclass(frozen=True)
class Atlas:
    """``hubs`` and ``fibres`` are by id, in the order of the map."""

    frame: Frame
    hubs: Mapping[str, DrawnHub]
    fibres: Mapping[str, DrawnFibre]
    land: tuple[Line, ...]
    """Closed rings, to be filled by the rule of evenness or of winding; they reach beyond the
    frame."""
    key: tuple[tuple[str, Mark], ...]
    """What the marks mean: names of jurisdictions, the one with most hubs first."""

    @property
    def projection(self) -> Projection:
        return self.frame.projection

    @property
    def view_box(self) -> tuple[float, float, float, float]:
        """x, y, width and height, as SVG has it."""
        return 0.0, 0.0, round(self.frame.width, 1), round(self.frame.height, 1)

    @property
    def land_path(self) -> str:
        """As a path of SVG."""
        return land_path(self.land)

    def way(self, hubs: Sequence[str], fibres: Iterable[str]) -> list[Line]:
        """The parts of a way in the direction of its data; it may use a fibre twice."""
        return [
            part
            for hub, fibre in zip(hubs, fibres, strict=False)
            for part in self.fibres[fibre].from_hub(hub)
        ]

    def labels(
        self,
        height: float | Callable[[MapHub], float],
        *,
        first: Sequence[str] = (),
        due: Collection[str] = (),
        among: Collection[str] | None = None,
        text: Callable[[MapHub], str] = lambda hub: hub.short_name,
        width: Callable[[str], float] | None = None,
        mark: float = 4.5,
        clear: Iterable[tuple[XY, float]] = (),
        lines: Sequence[Line] = (),
    ) -> list[PlacedLabel]:
        """Where the names of hubs are, in letters of that height, as many as have room.

        ``first`` come before all others, which follow by rank; those that are ``due`` rather cover
        a mark than are left out. ``among`` says which are labelled at all.
        ``width`` measures a text in units; without it widths are about right. ``clear`` are other
        points, with how far around them no label may be; ``lines`` are better not covered, as
        fibres are.
        """
        order = sorted(
            (hub for name, hub in self.hubs.items() if among is None or name in among),
            key=lambda hub: (_place_in(first, hub.hub.id), hub.rank),
        )
        labels = [
            Label(
                hub.hub.id,
                *hub.xy,
                width=width(text(hub.hub)) if width else high * text_width_em(text(hub.hub)),
                height=high,
                mark=mark,
                is_due=hub.hub.id in due,
            )
            for hub in order
            for high in [height(hub.hub) if callable(height) else height]
        ]
        others = [
            (hub.xy, mark)
            for name, hub in self.hubs.items()
            if among is not None and name not in among
        ]
        others += clear
        all_lines = [part for fibre in self.fibres.values() for part in fibre.parts]
        frame = Box(0.0, 0.0, self.frame.width, self.frame.height)
        return place_labels(labels, frame, others, [*all_lines, *lines])


def _place_in(names: Sequence[str], name: str) -> int:
    return names.index(name) if name in names else len(names)


def atlas(data: MapData) -> Atlas:
    """Raises InputError where there is no hub."""
    if not data.hubs:
        raise InputError("a map without hubs cannot be drawn", "give its topology at least one hub")
    courses = [[hub.place] for hub in data.hubs] + [list(fibre.places) for fibre in data.fibres]
    frame = frame_of(courses)
    marks = marks_by_jurisdiction(data.hubs)
    return Atlas(
        frame=frame,
        hubs=_drawn_hubs(data, frame.projection, marks),
        fibres=_drawn_fibres(data.fibres, frame.projection),
        land=land_around(frame),
        key=_key(data, marks),
    )


def _drawn_hubs(
    data: MapData, projection: Projection, marks: Mapping[str, Mark]
) -> dict[str, DrawnHub]:
    fibres: dict[str, int] = defaultdict(int)
    for fibre in data.fibres:
        fibres[fibre.a] += 1
        fibres[fibre.z] += 1

    def importance(hub: MapHub) -> tuple[int, int, str]:
        role = ROLES.index(hub.role) if hub.role in ROLES else len(ROLES)
        return role, -fibres[hub.id], hub.id

    ranks = {hub.id: rank for rank, hub in enumerate(sorted(data.hubs, key=importance))}
    return {
        hub.id: DrawnHub(
            hub, *projection.xy(*hub.place), marks.get(hub.jurisdiction, OTHERS), ranks[hub.id]
        )
        for hub in data.hubs
    }


def _drawn_fibres(fibres: Sequence[MapFibre], projection: Projection) -> dict[str, DrawnFibre]:
    """The first fibre of a pair of hubs lies where it is, the others beside it in turn."""
    pairs: dict[frozenset[str], list[MapFibre]] = defaultdict(list)
    for fibre in fibres:
        pairs[frozenset((fibre.a, fibre.z))].append(fibre)
    aside: dict[str, float] = {}
    for pair in pairs.values():
        apart = min(APART, MOST_APART / max(1, len(pair) // 2))
        for number, fibre in enumerate(pair):
            side = 1 if (number % 2 == 1) == (fibre.a < fibre.z) else -1
            aside[fibre.id] = side * apart * ((number + 1) // 2)
    return {
        fibre.id: DrawnFibre(
            fibre,
            projection.wrapped(beside(projection.line(fibre.places), aside[fibre.id])),
        )
        for fibre in fibres
    }


def _key(data: MapData, marks: Mapping[str, Mark]) -> tuple[tuple[str, Mark], ...]:
    names = [(data.jurisdictions.get(code, code), mark) for code, mark in marks.items()]
    said = [(name.partition(" (")[0], mark) for name, mark in names]
    others = {hub.jurisdiction for hub in data.hubs} - marks.keys()
    return (*said, ("elsewhere", OTHERS)) if others else tuple(said)
