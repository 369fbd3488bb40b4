"""Paths over a topology, as values."""

from __future__ import annotations

from dataclasses import dataclass

from corridor.topologies.model.topology import Topology


@dataclass(frozen=True)
class Path:
    """Hubs in order and the fibres between them; ``len(fibres) == len(hubs) - 1``."""

    hubs: tuple[str, ...]
    fibres: tuple[str, ...]

    @property
    def src(self) -> str:
        return self.hubs[0]

    @property
    def dst(self) -> str:
        return self.hubs[-1]

    def reversed(self) -> Path:
        return Path(self.hubs[::-1], self.fibres[::-1])


def crossed_jurisdictions(topology: Topology, path: Path) -> tuple[str, ...]:
    """Jurisdictions in the order the path meets them: of hubs, and of media between hubs."""
    met: dict[str, None] = {}
    for position, hub in enumerate(path.hubs):
        met.setdefault(topology.hub(hub).located_in)
        if position < len(path.fibres):
            for jurisdiction in topology.fibre(path.fibres[position]).crosses:
                met.setdefault(jurisdiction)
    return tuple(met)
