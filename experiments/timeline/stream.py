"""A paced UDP stream of a demand, beside its probes. Agents send it; the timeline has its times."""

from __future__ import annotations

from corridor.topologies.base.options import Option
from corridor.topologies.faults.kind import EventKind

KIND = EventKind(
    key="stream",
    of="demand",
    words="a demand that streams UDP steadily",
    example="{at: 500ms, until: 900ms, stream: one, share: 50%}",
    options={
        "share": Option(
            "percent", "the rate, of the bottleneck of its path", required=True, above=0, most=2
        ),
    },
    actions={},
    begin="",
    disturbs=False,
    must_end=True,
)
