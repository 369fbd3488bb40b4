"""The whole path of a packet as it is judged: every element, each gateway, and what has failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from corridor.topologies.model.topology import Fibre, Hub, Topology
from corridor.topologies.model.wiring import GATEWAY_IN_PORT, GATEWAY_OUT_PORT, Wiring

type Port = tuple[str, int]
"""A hub and the number of one of its switch's ports."""
KINDS = ("link", "srlg", "hub", "gateway")


@dataclass(frozen=True)
class Failed:
    """What is out of order; a hub takes its fibres with it."""

    names: tuple[str, ...] = ()
    """``link:ID``, ``srlg:ID``, ``hub:ID``, ``gateway:ID``."""
    fibres: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()
    gateways: frozenset[str] = frozenset()

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(name.partition(":")[0] for name in self.names)

    def __str__(self) -> str:
        return ", ".join(self.names) or "nothing"


NOTHING = Failed()


def failed(topology: Topology, names: Iterable[str]) -> Failed:
    """Failures by their names."""
    listed = tuple(names)
    of: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for name in listed:
        kind, _, what = name.partition(":")
        of[kind].add(what)
    dead = {
        fibre.id
        for fibre in topology.fibres
        if fibre.id in of["link"]
        or not of["srlg"].isdisjoint(fibre.srlgs)
        or not of["hub"].isdisjoint(fibre.ends)
    }
    hubs = frozenset(of["hub"])
    return Failed(listed, frozenset(dead), hubs, frozenset(of["gateway"]) | hubs)


def everything(
    topology: Topology, gateways: Iterable[str], kinds: Iterable[str]
) -> tuple[str, ...]:
    """All that may fail of some kinds, by name; ``gateways`` are the hubs where some stand."""
    of: Mapping[str, Iterable[str]] = {
        "link": (fibre.id for fibre in topology.fibres),
        "srlg": sorted({srlg for fibre in topology.fibres for srlg in fibre.srlgs}),
        "hub": (hub.id for hub in topology.hubs),
        "gateway": sorted(gateways),
    }
    wanted = frozenset(kinds)
    return tuple(f"{kind}:{name}" for kind in KINDS if kind in wanted for name in of[kind])


class Ports:
    """Where the ports of all switches lead."""

    def __init__(self, wiring: Wiring) -> None:
        self.far: dict[Port, tuple[Port, str]] = {}
        """By a fibre's port: the port at its far end, and the fibre."""
        self.of_fibre: dict[str, tuple[Port, Port]] = {}
        for wire in wiring.fibres:
            a, z = (wire.a.hub, wire.a.port), (wire.z.hub, wire.z.port)
            self.of_fibre[wire.fibre] = a, z
            self.far[a], self.far[z] = (z, wire.fibre), (a, wire.fibre)
        self.hosts = {(host.hub, host.port): host.name for host in wiring.hosts}
        """The host at a port."""
        self.gateways = frozenset(hub.hub for hub in wiring.hubs if hub.gateway is not None)

    def dead_by(self, what: Failed) -> frozenset[Port]:
        of_fibres = {port for fibre in what.fibres for port in self.of_fibre[fibre]}
        of_gateways = {
            (hub, port) for hub in what.gateways for port in (GATEWAY_IN_PORT, GATEWAY_OUT_PORT)
        }
        return frozenset(of_fibres | of_gateways)


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
