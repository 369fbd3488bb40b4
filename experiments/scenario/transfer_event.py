"""A kernel TCP transfer of a demand, next to its probes."""

from __future__ import annotations

from corridor.experiments.scenario.moments import Lab
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind

BEGIN = "begin-transfer"


def begin(lab: Lab, demand: str, _options: Values) -> None:
    lab.transfer(demand)


KIND = EventKind(
    key="transfer",
    of="demand",
    words="a demand that sends by TCP, for whole seconds",
    example="{at: 500ms, for: 1s, transfer: one}",
    actions={BEGIN: begin},
    begin=BEGIN,
    disturbs=False,
    must_end=True,
)
