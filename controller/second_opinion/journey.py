"""A whole path of a packet as it is judged: every element, and where a gateway was passed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from corridor.topologies.model.topology import Fibre, Hub, Topology

type Element = Hub | Fibre


@dataclass(frozen=True)
class Journey:
    """Hubs in order, the fibres between them, and at which positions a gateway was passed."""

    hubs: tuple[Hub, ...]
    fibres: tuple[Fibre, ...]
    inspected: frozenset[int] = frozenset()
    """Positions of hubs whose gateway the packet went through there."""
    ended: bool = True
    """Whether it is delivered at its last hub; else only violations that no onward path can repair
    count."""
    dst: str = ""
    """Where its demand ends; empty where that is its last hub."""
    topology: Topology | None = field(default=None, compare=False, repr=False)
    """The map; without it, no operator is known."""

    @property
    def elements(self) -> Iterator[Element]:
        """In the order in which they are met."""
        for position, hub in enumerate(self.hubs):
            if position:
                yield self.fibres[position - 1]
            yield hub

    @property
    def hubs_between(self) -> tuple[Hub, ...]:
        """The hubs at which its demand neither starts nor ends, wherever those stand."""
        ends = {self.hubs[0].id, self.dst or self.hubs[-1].id}
        return tuple(hub for hub in self.hubs if hub.id not in ends)

    @property
    def one_way_delay_ns(self) -> int:
        return sum(fibre.one_way_delay_ns for fibre in self.fibres)

    def onward(self, fibre: Fibre, hub: Hub) -> Journey:
        return replace(self, hubs=(*self.hubs, hub), fibres=(*self.fibres, fibre), ended=False)

    def through_gateway(self) -> Journey:
        """The same, past the gateway of the hub it is at."""
        return replace(self, inspected=self.inspected | {len(self.hubs) - 1}, ended=False)

    def delivered(self) -> Journey:
        return replace(self, ended=True)

    def going_on(self) -> Journey:
        return replace(self, ended=False)

    def through_every_gateway(self) -> Journey:
        return replace(self, inspected=frozenset(range(len(self.hubs))))

    def __str__(self) -> str:
        told = [self._hub(0)]
        for position, fibre in enumerate(self.fibres, start=1):
            told += [f"-{fibre.id}-", self._hub(position)]
        return " ".join(told)

    def _hub(self, position: int) -> str:
        return self.hubs[position].id + ("(inspected)" if position in self.inspected else "")


def journey_of(
    topology: Topology, hubs: Sequence[str], fibres: Sequence[str], inspected: Sequence[int] = ()
) -> Journey:
    """A path by the ids of what it meets."""
    return Journey(
        tuple(topology.hub(name) for name in hubs),
        tuple(topology.fibre(name) for name in fibres),
        frozenset(inspected),
        topology=topology,
    )
