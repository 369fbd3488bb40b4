"""Which hubs and fibres some lawful path of a demand meets: what all others are forbidden.

The product of map and permits, from the source on. A path that is lawful so far counts, whether or
not it can be finished lawfully.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from corridor.controller.prover.search.declared_permits import NOTHING, Move, Permits
from corridor.topologies.model.topology import Fibre

type Arc = tuple[str, str, str]
"""From a hub, over a fibre, to a hub."""
type Met = frozenset[tuple[str, int]]
"""Hubs and standings."""


class Elements(NamedTuple):
    """Hubs and fibres."""

    hubs: frozenset[str] = frozenset()
    fibres: frozenset[str] = frozenset()


NOTHING_AT_ALL = Elements()


@dataclass(frozen=True)
class Region:
    """What paths that are lawful so far may meet."""

    hubs: frozenset[str]
    arcs: frozenset[Arc]
    arrives: bool
    """Whether some path is lawful to its end."""


class LawfulRegion:
    """The region of one demand, also of packets that have passed only some gateways."""

    def __init__(
        self,
        permits: Permits,
        pair: tuple[str, str],
        fibres_of: Mapping[str, Sequence[Fibre]],
        gateways: Collection[str],
    ) -> None:
        """``fibres_of``: by hub; ``gateways``: hubs where one stands."""
        self._permits = permits
        self._fibres_of = fibres_of
        self._src, self._dst = pair
        self.gateways = frozenset(gateways)

    @cached_property
    def whole(self) -> Region:
        return self.passing(self.gateways)

    @cached_property
    def before_gateways(self) -> Region:
        return self.passing(frozenset())

    @cached_property
    def needed(self) -> frozenset[str]:
        """Gateways of which every lawful path passes one; empty where some passes none.

        Those that suffice alone, if every path uses one of them; else all.
        """
        if self.before_gateways.arrives or not self.whole.arrives:
            return frozenset()
        alone = frozenset(one for one in self.gateways if self.passing(frozenset([one])).arrives)
        return self.gateways if self.passing(self.gateways - alone).arrives else alone

    def needs(self, some: Elements) -> bool:
        """Whether every lawful path meets one of some hubs and fibres, beyond its first hub."""
        return self.whole.arrives and not self.passing(self.gateways, some).arrives

    def passing(self, gateways: frozenset[str], without: Elements = NOTHING_AT_ALL) -> Region:
        """Where packets may be that pass no other gateways, and none of some hubs and fibres."""
        start = (self._src, self._permits.start)
        waiting, met = [start], {start}
        arcs: set[Arc] = set()
        arrives = False
        while waiting:
            hub, permit_state = waiting.pop()
            if permit_state == NOTHING:
                continue
            arrives = arrives or (hub == self._dst and self._permits.deliver(permit_state) is None)
            following = [(hub, self._after(permit_state, "", hub))] if hub in gateways else []
            for fibre in self._fibres(hub, without):
                far = fibre.other_end(hub)
                after = self._after(permit_state, fibre.id, far)
                if after != NOTHING:
                    arcs.add((hub, fibre.id, far))
                following.append((far, after))
            fresh = {*following} - met
            waiting += fresh
            met |= fresh
        hubs = frozenset(hub for hub, permit_state in met if permit_state != NOTHING)
        return Region(hubs | {self._src}, frozenset(arcs), arrives)

    def _fibres(self, hub: str, without: Elements) -> list[Fibre]:
        return [
            fibre
            for fibre in self._fibres_of[hub]
            if fibre.id not in without.fibres and fibre.other_end(hub) not in without.hubs
        ]

    def _after(self, permit_state: int, fibre: str, hub: str) -> int:
        return self._permits.move(permit_state, Move(fibre, hub))[0]
