"""The kinds of events: the one list of them, faults first."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.experiments.timeline import (
    capture,
    controller,
    day,
    drain,
    expect,
    load,
    policies,
    stream,
    transfer,
)
from corridor.topologies.base.options import Option
from corridor.topologies.faults import registry as faults
from corridor.topologies.faults.kind import Action, EventKind

OWN: Mapping[str, EventKind] = {
    kind.key: kind
    for kind in (
        capture.KIND,
        controller.KIND,
        day.KIND,
        drain.KIND,
        expect.KIND,
        load.KIND,
        policies.KIND,
        stream.KIND,
        transfer.KIND,
    )
}
"""Those that are not faults, by their keys in YAML."""

KINDS: Mapping[str, EventKind] = {**faults.KINDS, **OWN}
"""By their keys in YAML."""

STREAM, TRANSFER = stream.KIND.key, transfer.KIND.key
LOADS = (STREAM, TRANSFER)
"""Those that load fibres next to the probes."""

OPTIONS: Mapping[str, Option] = {
    name: option for kind in KINDS.values() for name, option in kind.options.items()
}
"""The parameters of all kinds: they are keys of one mapping, so a name means one thing."""

ACTIONS: Mapping[str, Action] = {
    **faults.ACTIONS,
    **{name: act for kind in OWN.values() for name, act in kind.actions.items()},
}
"""By the name that plans give them."""
