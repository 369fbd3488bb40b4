"""A shared-risk group is lost: every fibre of it is cut at once, as by one anchor or one dig.

Silently, as a cut of a fibre can be: far from its ends no carrier is lost.
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


KIND = EventKind(
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
