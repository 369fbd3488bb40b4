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
from corridor.topologies.base.registry import Registry
from corridor.topologies.model import background, fault_kind
from corridor.topologies.model.fault_kind import Action, EventKind
from corridor.topologies.model.fault_registry import KINDS as FAULTS

KINDS = Registry(
    "corridor.events",
    (
        capture_event.KIND,
        controller_event.KIND,
        day_event.KIND,
        controller_event.LEAVE,
        controller_event.SILENCE,
        drain_event.KIND,
        expect_event.KIND,
        load_event.KIND,
        policies_event.KIND,
        load_event.POWER,
        stream_event.KIND,
        transfer_event.KIND,
    ),
    of=EventKind,
    including=FAULTS,
)
"""By their keys in YAML."""

STREAM, TRANSFER = stream_event.KIND.key, transfer_event.KIND.key
LOADS = (STREAM, TRANSFER)
"""Those that load fibres next to the probes."""

ACTIONS: Mapping[str, Action] = {
    **fault_kind.ACTIONS,
    background.RESERVE: background.reserve,
    **{name: act for kind in KINDS.values() for name, act in kind.actions.items()},
}
"""By the name that plans give them."""


def is_fault(key: str) -> bool:
    """Whether events of a kind break something of the network."""
    return KINDS[key] in FAULTS.in_use()


def action(name: str) -> Action:
    """What carries out a planned change. Raises KeyError for an action that no kind has.

    The name of an action of a kind of a package begins with the kind's: ``isolate.begin``.
    """
    return ACTIONS[name] if name in ACTIONS else KINDS[name.partition(".")[0]].actions[name]
