"""The controller is killed, and another is started: switches serve on in the meantime."""

from __future__ import annotations

from corridor.experiments.scenario.moments import Lab
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import EventKind

KILL, START = "kill-controller", "start-controller"


def kill(lab: Lab, _what: str, _options: Values) -> None:
    lab.kill_controller()


def start(lab: Lab, _what: str, _options: Values) -> None:
    lab.start_controller()


KIND = EventKind(
    key="kill",
    of="process",
    words="the controller, killed; at the end another starts",
    example="{at: 500ms, until: 900ms, kill: controller}",
    actions={KILL: kill, START: start},
    begin=KILL,
    end=START,
    names=("controller",),
    asks_controller=True,
    disconnects="controller",
    must_end=True,
)
