"""The map of a topology, drawn: where everything is in the plane, and the marks of hubs."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corridor.experiments.answers.map_document import FibreEntry, HubEntry, MapDocument
from corridor.experiments.atlas.land import land_around
from corridor.experiments.atlas.plane import XY, Frame, Line, Projection, beside, frame_of
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import short_name


@dataclass(frozen=True)
class Mark:
    """A closed outline around 0, 0, about four units from it; y grows downwards."""

    name: str
    outline: tuple[XY, ...]

    @property
    def path(self) -> str:
        """As a path of SVG."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in self.outline) + "z"


def _star(
    name: str, corners: int, radius: float, inner: float = 1.0, turn_deg: float = 0.0
) -> Mark:
    """Corners from above clockwise; between two, a point that is nearer by ``inner``."""
    count = corners if inner == 1.0 else 2 * corners
    turns = [math.radians(turn_deg) + 2 * math.pi * at / count for at in range(count)]
    radii = [radius if inner == 1.0 or at % 2 == 0 else radius * inner for at in range(count)]
    return Mark(
        name,
        tuple(
            (round(far * math.sin(turn), 2), round(-far * math.cos(turn), 2))
            for turn, far in zip(turns, radii, strict=True)
        ),
    )


def cross(name: str, radius: float, half: float, turn_deg: float = 0.0) -> Mark:
    quarter = [(-half, -radius), (half, -radius), (half, -half)]
    outline = []
    for _ in range(4):
        outline += quarter
        quarter = [(-y, x) for x, y in quarter]
    turn = complex(math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg)))
    turned = (complex(x, y) * turn for x, y in outline)
    return Mark(name, tuple(dict.fromkeys((round(z.real, 2), round(z.imag, 2)) for z in turned)))


def disc(radius: float) -> Mark:
    """Return a disc of that radius."""
    return _star("disc", 24, radius)


MARKS = (
    _star("circle", 24, 3.9),
    _star("square", 4, 4.9, turn_deg=45),
    _star("triangle", 3, 5.2),
    _star("diamond", 4, 5.2),
    _star("star", 5, 5.8, inner=0.42),
    _star("triangle down", 3, 5.2, turn_deg=180),
    cross("cross", 4.8, 1.7),
    _star("pentagon", 5, 4.6),
)
OTHERS = _star("dot", 12, 2.4)
"""Of jurisdictions for which no shape is left."""


def marks_by_jurisdiction(hubs: Sequence[HubEntry]) -> dict[str, Mark]:
    """In the order of the shapes, for as many as there are: first who has most hubs, those of
    transit counted last. Who is not in it is marked with ``OTHERS``."""
    counts = Counter(hub.jurisdiction for hub in hubs)
    serving = Counter(hub.jurisdiction for hub in hubs if hub.role != "transit")
    ranked = sorted(counts, key=lambda code: (-serving[code], -counts[code], code))
    return dict(zip(ranked, MARKS, strict=False))


# The map of a topology, drawn: where everything is in the plane.

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
