"""A jurisdiction is cut off: every fibre between a hub of it and a hub elsewhere is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import Effect, EventKind, Interfaces, Reach
from corridor.topologies.model.risk_group import all_interfaces

if TYPE_CHECKING:  # guests import this, and not the model
    from corridor.topologies.model.topology import Topology

PARTITION, JOIN = "partition", "join"


def partition(network: Interfaces, jurisdiction: str, options: Values) -> list[str]:
    effect = Effect(off=all_interfaces(network, options))
    return network.make((PARTITION, jurisdiction), effect)


def join(network: Interfaces, jurisdiction: str, _options: Values) -> list[str]:
    return network.end((PARTITION, jurisdiction))


def across_its_border(topology: Topology, jurisdiction: str, _options: Values) -> Reach:
    inside = {hub.id for hub in topology.hubs if is_of(hub.located_in, jurisdiction)}
    return Reach(
        fibres=frozenset(
            fibre.id for fibre in topology.fibres if len(inside.intersection(fibre.ends)) == 1
        )
    )


def is_of(code: str, jurisdiction: str) -> bool:
    """Whether a code is that of a jurisdiction, or of a part of it: CN-GD is of CN."""
    return code == jurisdiction or code.startswith(f"{jurisdiction}-")


KIND = EventKind(
    key="partition",
    of="jurisdiction",
    words="a jurisdiction; all its fibres abroad are cut",
    example="{at: 500ms, until: 900ms, partition: TH}",
    actions={PARTITION: partition, JOIN: join},
    begin=PARTITION,
    end=JOIN,
    reach=across_its_border,
)
