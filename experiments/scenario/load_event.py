"""A workload of the scenario that runs only while this lasts. Agents send it; the timeline has its
times."""

from __future__ import annotations

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
