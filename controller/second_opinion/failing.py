"""What has failed, and which ports are dead by it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from corridor.topologies.model.topology import Topology
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
        self.gateways = frozenset(hub.hub for hub in wiring.hubs if hub.gateway is not None)

    def dead_by(self, what: Failed) -> frozenset[Port]:
        of_fibres = {port for fibre in what.fibres for port in self.of_fibre[fibre]}
        of_gateways = {
            (hub, port) for hub in what.gateways for port in (GATEWAY_IN_PORT, GATEWAY_OUT_PORT)
        }
        return frozenset(of_fibres | of_gateways)
