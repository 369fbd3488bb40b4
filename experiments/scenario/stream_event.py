"""A paced UDP stream of a demand, next to its probes. Agents send it at the timeline's times."""

from __future__ import annotations

from corridor.topologies.base.options import Option
from corridor.topologies.model.fault_kind import EventKind

KIND = EventKind(
    key="stream",
    of="demand",
    words="a demand that sends a steady UDP stream",
    example="{at: 500ms, until: 900ms, stream: one, share: 50%}",
    options={
        "share": Option(
            "percent",
            "its rate, as a share of its path's bottleneck",
            required=True,
            above=0,
            most=2,
        ),
    },
    actions={},
    begin="",
    disturbs=False,
    must_end=True,
)
