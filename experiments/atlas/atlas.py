"""The map of a topology, drawn: where everything is in the plane."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.map_document import FibreEntry, HubEntry, MapDocument
from corridor.experiments.atlas.frame import Frame, frame_of
from corridor.experiments.atlas.land import land_around
from corridor.experiments.atlas.marks import OTHERS, Mark, marks_by_jurisdiction
from corridor.experiments.atlas.plane import XY, Line, Projection, beside
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import short_name

APART = 3.5
"""Units between fibres of one pair of hubs."""
MOST_APART = 10.5
"""Units between the first of them and the last on one side, however many there are."""
ROLES = ("western", "coastal", "foreign", "gateway", "core", "transit")
"""The more important ones first."""


@dataclass(frozen=True)
class DrawnHub:
    hub: HubEntry
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
    fibre: FibreEntry
    parts: tuple[Line, ...]
    """One, but where the map is cut open across the fibre. The first begins at ``a``."""


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


def atlas(data: MapDocument) -> Atlas:
    """Raises InputError where there is no hub."""
    if not data.hubs:
        raise InputError("a map without hubs cannot be drawn", "give its topology at least one hub")
    courses = [[hub.place] for hub in data.hubs] + [list(fibre.points) for fibre in data.fibres]
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
    data: MapDocument, projection: Projection, marks: Mapping[str, Mark]
) -> dict[str, DrawnHub]:
    fibres: dict[str, int] = defaultdict(int)
    for fibre in data.fibres:
        fibres[fibre.a] += 1
        fibres[fibre.z] += 1

    def importance(hub: HubEntry) -> tuple[int, int, str]:
        role = ROLES.index(hub.role) if hub.role in ROLES else len(ROLES)
        return role, -fibres[hub.id], hub.id

    ranks = {hub.id: rank for rank, hub in enumerate(sorted(data.hubs, key=importance))}
    return {
        hub.id: DrawnHub(
            hub, *projection.xy(*hub.place), marks.get(hub.jurisdiction, OTHERS), ranks[hub.id]
        )
        for hub in data.hubs
    }


def _drawn_fibres(fibres: Sequence[FibreEntry], projection: Projection) -> dict[str, DrawnFibre]:
    """The first fibre of a pair of hubs lies where it is, the others next to it in turn."""
    pairs: dict[frozenset[str], list[FibreEntry]] = defaultdict(list)
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
            projection.wrapped(beside(projection.line(fibre.points), aside[fibre.id])),
        )
        for fibre in fibres
    }


def _key(data: MapDocument, marks: Mapping[str, Mark]) -> tuple[tuple[str, Mark], ...]:
    names = [(data.jurisdictions.get(code, code), mark) for code, mark in marks.items()]
    said = [(short_name(name), mark) for name, mark in names]
    others = {hub.jurisdiction for hub in data.hubs} - marks.keys()
    return (*said, ("elsewhere", OTHERS)) if others else tuple(said)
