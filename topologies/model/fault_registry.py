"""The kinds of faults: the one list of them."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.base.registry import Registry
from corridor.topologies.model import cut, degrade, flap, group_faults, hub_faults
from corridor.topologies.model.fault_kind import EventKind

KINDS = Registry(
    "corridor.faults",
    (
        cut.KIND,
        degrade.KIND,
        flap.KIND,
        hub_faults.GATEWAY,
        group_faults.GROUP,
        hub_faults.HUB,
        group_faults.JURISDICTION,
        hub_faults.SWITCH,
        hub_faults.RESTARTED,
    ),
    of=EventKind,
)
"""By their keys in YAML."""


def by_hand(key: str) -> EventKind | None:
    """A kind that a person may begin and end in a live network: one without steps."""
    kind = KINDS.get(key)
    return None if kind is None or kind.steps is not None else kind


BY_HAND: Mapping[str, EventKind] = {key: kind for key in KINDS if (kind := by_hand(key))}
"""Those of them that ship."""
