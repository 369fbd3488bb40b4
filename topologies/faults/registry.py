"""The kinds of faults: the one list of them."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.base.options import Option
from corridor.topologies.faults import (
    bfd_interval,
    cut,
    degrade,
    flap,
    gateway,
    group,
    hub,
    partition,
    switch,
    vswitchd,
)
from corridor.topologies.faults.kind import Action, EventKind

KINDS: Mapping[str, EventKind] = {
    kind.key: kind
    for kind in (
        cut.KIND,
        degrade.KIND,
        flap.KIND,
        gateway.KIND,
        group.KIND,
        hub.KIND,
        partition.KIND,
        switch.KIND,
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
