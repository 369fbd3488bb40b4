"""Names that policies may call fibres by: of a topology, or of the shipped map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from corridor.controller.policy.clauses.elements import cables_of
from corridor.topologies.model.topology import Fibre, Topology

SHIPPED_MAP = "pan-asia"
FIBRE, CABLE_SYSTEM, SRLG = "fibre", "cable system", "shared-risk group"


@dataclass(frozen=True)
class FibreNames:
    """Looked up only where a policy names a fibre: to read the shipped map takes a while."""

    topology: Topology | None
    """None: the shipped map."""

    @cached_property
    def by_kind(self) -> dict[str, frozenset[str]]:
        """What kind of name, in words, to all names of it."""
        of_cables = frozenset[str]().union(*map(cables_of, self._map))
        return {
            FIBRE: frozenset(fibre.id for fibre in self._map),
            CABLE_SYSTEM: of_cables,
            SRLG: frozenset(srlg for fibre in self._map for srlg in fibre.srlgs),
        }

    @property
    def all(self) -> frozenset[str]:
        return frozenset[str]().union(*self.by_kind.values())

    @cached_property
    def _map(self) -> Iterable[Fibre]:
        if self.topology is not None:
            return self.topology.fibres
        from corridor.topologies.formats.load import load_topology

        return load_topology(SHIPPED_MAP).fibres
