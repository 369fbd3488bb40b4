"""A fibre is drained: it works, and nothing is sent over it, as before maintenance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corridor.experiments.scenario.moments import Lab
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind, Reach

if TYPE_CHECKING:  # guests import this, and not the model
    from corridor.topologies.model.topology import Topology

DRAIN, RESTORE = "drain", "restore-drained"


def drain(lab: Lab, fibre: str, _options: Values) -> None:
    lab.request("drain", fibre=fibre)


def restore(lab: Lab, fibre: str, _options: Values) -> None:
    lab.request("restore", fibre=fibre)


def drained(_topology: Topology, fibre: str, _options: Values) -> Reach:
    return Reach(drained=frozenset([fibre]))


KIND = EventKind(
    key="drain",
    of="fibre",
    words="a working fibre that the controller takes out of use",
    example="{at: 500ms, until: 900ms, drain: guian-kunming}",
    actions={DRAIN: drain, RESTORE: restore},
    begin=DRAIN,
    end=RESTORE,
    reach=drained,
    asks_controller=True,
)
