"""Other policies are asked for, and in force once they are proven and rolled out."""

from __future__ import annotations

from corridor.experiments.scenario.moments import Lab
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind

SET = "set-policies"


def ask_for(lab: Lab, _file: str, options: Values) -> None:
    lab.request("policy", set=options["set"])


KIND = EventKind(
    key="policies",
    of="file",
    words="another policy set, shipped or a file next to the scenario",
    example="{at: 500ms, policies: pan-asia}",
    actions={SET: ask_for},
    begin=SET,
    asks_controller=True,
)
