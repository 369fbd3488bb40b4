"""Paths over a topology, as values."""

from __future__ import annotations

from collections.abc import Iterable
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
    """Jurisdictions that the path certainly meets, in their order: of hubs, and between them."""
    met: dict[str, None] = {}
    for position, hub in enumerate(path.hubs):
        met.setdefault(topology.hub(hub).located_in)
        if position < len(path.fibres):
            for jurisdiction in topology.fibre(path.fibres[position]).crosses:
                met.setdefault(jurisdiction)
    return tuple(met)


def marked(crosses: Iterable[str], may_cross: Iterable[str]) -> str:
    """``CN LK IN?``: what is not known to be crossed has a question mark."""
    return " ".join([*crosses, *(f"{code}?" for code in may_cross)])


def possible_jurisdictions(topology: Topology, path: Path) -> tuple[str, ...]:
    """Jurisdictions that the path may meet besides those that it does, in their order."""
    sure = set(crossed_jurisdictions(topology, path))
    fibres = (topology.fibre(name) for name in path.fibres)
    met = dict.fromkeys(one.code for fibre in fibres for one in fibre.may_cross)
    return tuple(code for code in met if code not in sure)
