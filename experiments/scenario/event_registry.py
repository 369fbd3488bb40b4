"""The kinds of events: the one list of them, faults first."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.experiments.scenario import (
    capture_event,
    controller_event,
    day_event,
    drain_event,
    expect_event,
    load_event,
    policies_event,
    stream_event,
    transfer_event,
)
from corridor.topologies.base.options import Option
from corridor.topologies.model import fault_registry as faults
from corridor.topologies.model.fault_kind import Action, EventKind

OWN: Mapping[str, EventKind] = {
    kind.key: kind
    for kind in (
        capture_event.KIND,
        controller_event.KIND,
        day_event.KIND,
        drain_event.KIND,
        expect_event.KIND,
        load_event.KIND,
        policies_event.KIND,
        stream_event.KIND,
        transfer_event.KIND,
    )
}
"""Those that are not faults, by their keys in YAML."""

KINDS: Mapping[str, EventKind] = {**faults.KINDS, **OWN}
"""By their keys in YAML."""

STREAM, TRANSFER = stream_event.KIND.key, transfer_event.KIND.key
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
