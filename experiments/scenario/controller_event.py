"""The controller is killed, and another is started: switches serve on in the meantime. Where each
domain has a controller, it may be silent, or the domain leaves."""

from __future__ import annotations

from corridor.experiments.scenario.moments import Lab
from corridor.topologies.base.options import Values
from corridor.topologies.model.fault_kind import Action, EventKind

KILL, START = "kill-controller", "start-controller"


def kill(lab: Lab, what: str, _options: Values) -> None:
    lab.kill_controller(what)


def start(lab: Lab, what: str, _options: Values) -> None:
    lab.start_controller(what)


KIND = EventKind(
    key="kill",
    of="process",
    words="the controller, or that of a domain, killed; at the end another starts",
    example="{at: 500ms, until: 900ms, kill: controller}",
    actions={KILL: kill, START: start},
    begin=KILL,
    end=START,
    names=("controller",),
    asks_controller=True,
    disconnects="controller",
    must_end=True,
)


# Of one domain among several.


def _kind(key: str, begin: str, end: str, words: str) -> EventKind:
    """``begin`` and ``end`` are the orders to the domain."""

    def order(do: str) -> Action:
        return lambda lab, domain, _options: lab.order_domain(domain, do)

    return EventKind(
        key=key,
        of="domain",
        words=words,
        example=f"{{at: 500ms, until: 900ms, {key}: ptcl@PK}}",
        actions={f"{begin}-domain": order(begin), f"{end}-domain": order(end)},
        begin=f"{begin}-domain",
        end=f"{end}-domain",
        asks_controller=True,
    )


SILENCE = _kind(
    "silence", "silence", "speak", "a domain's controller, which neither sends nor answers"
)
LEAVE = _kind(
    "leave", "leave", "rejoin", "a domain that carries nothing for others, and serves no demands"
)
