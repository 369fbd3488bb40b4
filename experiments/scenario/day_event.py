"""Another day begins: what is in force, and which bases hold, is that day's."""

from __future__ import annotations

from corridor.experiments.scenario.moments import Lab
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind

SET = "set-day"


def ask_for(lab: Lab, day: str, _options: Values) -> None:
    lab.request("day", as_of=day)


KIND = EventKind(
    key="day",
    of="day",
    words="a day, YYYY-MM-DD, whose policies apply from then on",
    example="{at: 500ms, day: 2027-07-01}",
    actions={SET: ask_for},
    begin=SET,
    asks_controller=True,
)
