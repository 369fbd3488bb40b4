"""The programs of this room that run inside: with which words. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from corridor.controller.intent.intent import Selector
from corridor.controller.intent.specification import Direction, Specification
from corridor.experiments.lab.captures import capture_words, of_fibre
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest_or_some
from corridor.topologies.model.catalogue import nearest_named_or_some
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.packets import stamp

ROOM = "corridor.experiments.operations"
type NamespaceOf = Callable[[str], str]


def probe_command(
    specification: Specification,
    wiring: Wiring,
    namespace_of: NamespaceOf,
    demand: str,
    interval_ns: int,
) -> list[str]:
    """Words for Python: see ``prober.py``. InputError if a demand's packets cannot be probes."""
    direction = direction_of(specification, demand)
    selector = probed(direction)
    src, dst = direction.demand.src, direction.demand.dst
    plan = {
        "src": {"netns": namespace_of(src), "ip": wiring.hub(src).host_ip},
        "dst": {"netns": namespace_of(dst), "ip": wiring.hub(dst).host_ip},
        "src_port": selector.src_port or 0,
        "dst_port": selector.dst_port or stamp.PORT,
        "interval_ns": interval_ns,
    }
    return ["-m", f"{ROOM}.prober", json.dumps(plan)]


def direction_of(specification: Specification, demand: str) -> Direction:
    known = {one.demand.id: one for one in specification.directions}
    if demand not in known:
        hint = nearest_or_some(demand, known)
        raise InputError(f'no demand "{demand}" in this network', hint)
    return known[demand]


def probed(direction: Direction) -> Selector:
    """Which of a demand's packets are UDP."""
    for selector in direction.selectors:
        if selector.protocol in (None, "udp"):
            return selector
    raise InputError(f"the packets of {direction.demand.id} are not UDP: it cannot be probed")


def capture_command(
    wiring: Wiring,
    control: Path,
    namespace_of: NamespaceOf,
    hub: str | None,
    fibre: str | None,
) -> list[str]:
    """Words for Python: see ``capturer.py``. At a hub's host, or at both ends of a fibre."""
    if hub is not None:
        host = {wiring.hub(hub).host_interface: f"host of {hub}"}
        return capture_words(host, namespace_of(hub), control)
    if fibre is not None:
        known = [*(one.fibre for one in wiring.fibres), *(one.hub for one in wiring.hubs)]
        if fibre not in known:
            raise InputError(
                f"no fibre {fibre!r} in this network", nearest_named_or_some(fibre, known)
            )
        return capture_words(of_fibre(wiring, fibre), "", control)
    raise InputError("a capture is at a hub or at a fibre")
