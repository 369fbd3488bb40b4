"""Controllers of all domains that agree in memory: what their processes install, computed. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.controller.domains.domain_controller import DomainController
from corridor.controller.domains.kept_state import Crossing, Key
from corridor.controller.domains.sight import sights
from corridor.controller.forwarding.program import SwitchProgram
from corridor.controller.intent.specification import Specification
from corridor.topologies.model.routing import Path
from corridor.topologies.model.wiring import Wiring

type Controllers = Mapping[str, DomainController]
"""By domain."""


def agreed(specification: Specification, wiring: Wiring) -> Controllers:
    """Return controllers that have agreed on all directions, by messages in a fixed order.

    Labels and paths do not depend on that order as long as every domain answers. Raises InputError
    if more directions are declared than labels can name.
    """
    seen = sights(specification, wiring)
    found = {name: DomainController(sight) for name, sight in seen.items()}
    for one in found.values():
        one.start()
    while sending := [(by, to) for by, one in found.items() for to in sorted(one.unsent_to())]:
        for by, to in sending:
            sender, receiver = found[by], found[to]
            update, exchange = sender.take(to)
            receiver.agreements.met(by, sender.state.boot)
            for item in (*update, *exchange):
                receiver.received(by, item, sender.digest)
            sender.delivered(to, len(update))
    return found


def installed(of: Controllers) -> dict[str, SwitchProgram]:
    """Return what all of them install, by hub."""
    return {switch.hub: switch for one in of.values() for switch in one.program()}


def paths(of: Controllers) -> dict[int, tuple[Crossing, ...]]:
    """By number of a direction, the parts of the path in use, from its source on."""
    return {
        first.direction: _parts(of, first)
        for one in of.values()
        for first in one.active()
        if not first.upstream
    }


def _parts(of: Controllers, first: Crossing) -> tuple[Crossing, ...]:
    parts = [first]
    while (onward := parts[-1].onward) is not None:
        key = Key(first.direction, first.epoch, onward)
        parts.append(of[parts[-1].downstream].state.crossings[key])
    return tuple(parts)


def whole_path(parts: tuple[Crossing, ...]) -> Path:
    """Return the hubs and fibres of all parts."""
    hubs = [*parts[0].hubs]
    for one in parts[1:]:
        hubs += one.hubs[1:]
    return Path(tuple(hubs), tuple(fibre for one in parts for fibre in one.fibres))
