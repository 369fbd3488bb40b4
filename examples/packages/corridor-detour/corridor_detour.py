"""A fault of a package: ``detour: GROUP`` makes each fibre of a shared-risk group longer.

As if an operator switched the optical lines of the group to another route. Install it into the
environment of corridor, see examples/README.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from corridor.topologies.base.options import Values
from corridor.topologies.model.degrade import KIND as DEGRADE
from corridor.topologies.model.degrade import degraded
from corridor.topologies.model.fault_kind import (
    Effect,
    EventKind,
    Interfaces,
    ShapeChange,
    interfaces_of,
)

if TYPE_CHECKING:  # guests import this file, and not the model
    from corridor.topologies.model.topology import Topology

BEGIN, END = "detour.begin", "detour.end"


def longer(options: Values) -> ShapeChange:
    """The change of one direction of a fibre: more delay, and nothing else."""
    return partial(degraded, options={"delay": options["delay"], "rate": None, "loss": None})


def shapes(topology: Topology, group: str, options: Values) -> Mapping[str, ShapeChange]:
    """For predictions, by fibre."""
    return {fibre.id: longer(options) for fibre in topology.fibres_in_srlg(group)}


def begin(network: Interfaces, group: str, options: Values) -> list[str]:
    """In a network: the plan has put the fibres of the group into ``fibres``."""
    ends = {end for fibre in options["fibres"] for end in interfaces_of(network.wiring, fibre)}
    return network.make((BEGIN, group), Effect(shapes=dict.fromkeys(sorted(ends), longer(options))))


def end(network: Interfaces, group: str, _options: Values) -> list[str]:
    return network.end((BEGIN, group))


DETOUR = EventKind(
    key="detour",
    of="group",
    words="a shared-risk group whose fibres become longer",
    example='{at: 500ms, until: 900ms, detour: "corridor:karakoram", delay: 7ms}',
    options={"delay": DEGRADE.options["delay"]},  # parameters of one name are one Option
    actions={BEGIN: begin, END: end},
    begin=BEGIN,
    end=END,
    shapes=shapes,
    problem=lambda options: "" if options["delay"] else "give its delay",
)
