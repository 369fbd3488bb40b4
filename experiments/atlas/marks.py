"""The shapes that hubs are marked with: one a jurisdiction, so that a map is readable in grey."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.answers.map_document import HubEntry
from corridor.experiments.atlas.plane import XY


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
