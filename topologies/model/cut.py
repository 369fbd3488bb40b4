"""A fibre is cut: both ends lose their carrier, or, silently, all that is sent is lost.

A silent cut is noticed by both ends at once, by BFD. A real one somewhere on a long fibre is
noticed by either end up to half its delay later, since what is past the cut still arrives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from corridor.topologies.base.errors import InputError
from corridor.topologies.base.options import Option, Values
from corridor.topologies.model.fault_kind import (
    SILENT,
    Effect,
    EventKind,
    Interfaces,
    ends_of,
    interfaces_of,
    of_fibre,
)

if TYPE_CHECKING:  # guests import this, and not the model
    from corridor.topologies.model.topology import Topology

CUT, SILENCE, ONE_WAY, MEND = "cut", "silence", "cut-one-way", "repair"


def cut_carrier(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    """Take both ends' links down: what is in flight is lost, and both switches see it."""
    return network.make((CUT, fibre), Effect(off=interfaces_of(network.wiring, fibre)))


def cut_silently(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    """Lose all that is on the fibre, and all that enters it, in both directions, with its carrier
    up."""
    return network.make((SILENCE, fibre), Effect(silent=interfaces_of(network.wiring, fibre)))


def cut_one_way(network: Interfaces, fibre: str, options: Values) -> list[str]:
    """Lose what is sent towards one of its hubs, and nothing that comes from there."""
    toward = options["toward"]
    ends = [end for end, _ in ends_of(network.wiring, fibre)]
    if toward not in {end.hub for end in ends}:
        raise InputError(f"{fibre} does not lead to {toward}")
    silent = frozenset(end.interface for end in ends if end.hub != toward)
    return network.make((ONE_WAY, fibre), Effect(silent=silent))


def repair(network: Interfaces, fibre: str, _options: Values) -> list[str]:
    """Undo every kind of cut: links up, and the shaping as it was."""
    interfaces_of(network.wiring, fibre)
    return network.end((CUT, fibre), (SILENCE, fibre), (ONE_WAY, fibre))


def leads_elsewhere(topology: Topology, fibre: str, options: Values) -> str:
    toward, ends = options["toward"], topology.fibre(fibre).ends
    if toward in (None, *ends):
        return ""
    return f"{fibre} does not lead to {toward}, but to {' and '.join(ends)}"


KIND = EventKind(
    key="cut",
    of="fibre",
    words="a fibre; both ends lose their carrier",
    example="{at: 500ms, until: 900ms, cut: guian-kunming}",
    options={
        "silent": SILENT,
        "toward": Option(
            "name", "the hub towards which it is cut, silently; the other direction works"
        ),
    },
    actions={CUT: cut_carrier, SILENCE: cut_silently, ONE_WAY: cut_one_way, MEND: repair},
    begin=CUT,
    instead={"toward": ONE_WAY, "silent": SILENCE},
    keeps=frozenset(["toward"]),
    end=MEND,
    only_bfd_notices=frozenset(["silent", "toward"]),
    reach=of_fibre,
    misfit=leads_elsewhere,
)
