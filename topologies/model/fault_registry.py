"""The kinds of faults: the one list of them."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.base.options import Option
from corridor.topologies.model import (
    bfd_interval,
    cut,
    degrade,
    flap,
    gateway_fault,
    hub_fault,
    partition,
    risk_group,
    switch_fault,
    vswitchd,
)
from corridor.topologies.model.fault_kind import Action, EventKind

KINDS: Mapping[str, EventKind] = {
    kind.key: kind
    for kind in (
        cut.KIND,
        degrade.KIND,
        flap.KIND,
        gateway_fault.KIND,
        risk_group.KIND,
        hub_fault.KIND,
        partition.KIND,
        switch_fault.KIND,
        vswitchd.KIND,
    )
}
"""By their keys in YAML."""

BY_HAND: Mapping[str, EventKind] = {key: kind for key, kind in KINDS.items() if kind.steps is None}
"""Those that a person may begin and end in a network that is up."""

OPTIONS: Mapping[str, Option] = {
    name: option for kind in KINDS.values() for name, option in kind.options.items()
}
"""The parameters of all kinds: they are keys of one mapping, so a name means one thing."""

ACTIONS: Mapping[str, Action] = {
    **bfd_interval.ACTIONS,
    **{name: act for kind in KINDS.values() for name, act in kind.actions.items()},
}
"""By the name that plans give them."""
