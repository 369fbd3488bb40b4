"""Where packets were lost: by place, from the counters of fibres before and after. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from corridor.topologies.model.wiring import FibreWire, Wiring

type Counters = Mapping[str, Mapping[str, int]]
"""By interface, then by ``FibreCounters`` of ``topologies/emulation/netlink.py``."""
type LostAt = dict[str, int]
"""Packets by place: ``fibre:from->to queue`` (buffer full) or ``line`` (at random)."""


def lost_between(before: Counters, after: Counters, wiring: Wiring) -> LostAt:
    """Only the places where some were lost."""
    lost = {}
    for fibre in wiring.fibres:
        for interface, name in _directions(fibre):
            for kind in ("queue", "line"):
                counter = f"{kind}_drops"
                since, until = before[interface][counter], after[interface][counter]
                dropped = until - since if until >= since else until  # else it began again
                if dropped:
                    lost[f"{name} {kind}"] = dropped
    return lost


def _directions(fibre: FibreWire) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (fibre.a.interface, f"{fibre.fibre}:{fibre.a.hub}->{fibre.z.hub}"),
        (fibre.z.interface, f"{fibre.fibre}:{fibre.z.hub}->{fibre.a.hub}"),
    )
