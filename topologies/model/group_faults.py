"""Faults of many fibres at once: those of a shared-risk group, or all between a jurisdiction and
the rest of the map.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import (
    SILENT,
    Effect,
    EventKind,
    Interfaces,
    Reach,
    interfaces_of,
)

if TYPE_CHECKING:  # guests import this, and not the model
    from corridor.topologies.model.topology import Topology

LOSE, SILENCE, REPAIR = "lose-group", "silence-group", "repair-group"


def lose(network: Interfaces, group: str, options: Values) -> list[str]:
    return network.make((LOSE, group), Effect(off=all_interfaces(network, options)))


def silence(network: Interfaces, group: str, options: Values) -> list[str]:
    return network.make((SILENCE, group), Effect(silent=all_interfaces(network, options)))


def repair(network: Interfaces, group: str, _options: Values) -> list[str]:
    return network.end((LOSE, group), (SILENCE, group))


def all_interfaces(network: Interfaces, options: Values) -> frozenset[str]:
    """Both ends of each fibre that a plan has put into ``fibres``."""
    each = (interfaces_of(network.wiring, fibre) for fibre in options["fibres"])
    return frozenset[str]().union(*each)


def fibres_of(topology: Topology, group: str, _options: Values) -> Reach:
    return Reach(fibres=frozenset(fibre.id for fibre in topology.fibres_in_srlg(group)))


GROUP = EventKind(
    key="group",
    of="group",
    words="a shared-risk group; all its fibres are cut",
    example="{at: 500ms, until: 900ms, group: corridor:karakoram}",
    options={"silent": SILENT},
    actions={LOSE: lose, SILENCE: silence, REPAIR: repair},
    begin=LOSE,
    instead={"silent": SILENCE},
    only_bfd_notices=frozenset(["silent"]),
    end=REPAIR,
    reach=fibres_of,
)
"""All at once, as by one anchor or one dig. Silently, as a cut of a fibre can be: far from its ends
no carrier is lost."""


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


JURISDICTION = EventKind(
    key="partition",
    of="jurisdiction",
    words="a jurisdiction; all its fibres abroad are cut",
    example="{at: 500ms, until: 900ms, partition: TH}",
    actions={PARTITION: partition, JOIN: join},
    begin=PARTITION,
    end=JOIN,
    reach=across_its_border,
)
