"""Events that nothing in the network carries out: a workload of the scenario that agents send while
this lasts, and values of a hub for the energy audit."""

from __future__ import annotations

from corridor.topologies.base.options import Option
from corridor.topologies.model.fault_kind import EventKind

KIND = EventKind(
    key="load",
    of="workload",
    words="a workload; it begins its messages during the event",
    example="{at: 500ms, until: 900ms, load: backup}",
    actions={},
    begin="",
    disturbs=False,
)
POWER = EventKind(
    key="power",
    of="hub",
    words="a hub whose power, emission factor or price changes, for the energy audit",
    example="{at: 500ms, power: guian, because: drought}",
    options={"because": Option("name", "why, for readers")},
    actions={},
    begin="",
    disturbs=False,
)
"""The network does not notice: workloads of the scenario send what a placement moves for it."""
