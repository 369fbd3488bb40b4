"""What is on a fibre is written to a file of packets, in ``captures`` of the result folder."""

from __future__ import annotations

from corridor.experiments.scenario.moments import Lab
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind

BEGIN, END = "begin-capture", "end-capture"


def begin(lab: Lab, fibre: str, _options: Values) -> None:
    lab.begin_capture(fibre)


def end(lab: Lab, fibre: str, _options: Values) -> None:
    lab.end_capture(fibre)


KIND = EventKind(
    key="capture",
    of="fibre",
    words="a fibre; its packets are written to a pcapng file",
    example="{at: 500ms, until: 900ms, capture: guian-kunming}",
    actions={BEGIN: begin, END: end},
    begin=BEGIN,
    end=END,
    disturbs=False,
    observes=True,
)
