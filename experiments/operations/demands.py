"""Which demand is meant: by its own name, or by the two hubs that it is between. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from corridor.experiments.operations.probe_text import packets_of
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.catalogue import nearest_named

type Said = Mapping[str, Any]
ANY = [None, None, None]


def named(demands: Sequence[Said], words: Sequence[str]) -> list[Said]:
    """Those that ``DEMAND`` or ``SRC DST`` name, at least one; InputError."""
    if len(words) == 1:
        known = {one["demand"]: one for one in demands}
        if words[0] not in known:
            hint = nearest(words[0], known) or "corridor status lists them"
            raise InputError(f'no demand "{words[0]}" in this network', hint)
        return [known[words[0]]]
    src, dst = words
    between = [one for one in demands if (one["src"], one["dst"]) == (src, dst)]
    if not between:
        hubs = sorted({one[end] for one in demands for end in ("src", "dst")})
        unknown = [hub for hub in words if hub not in hubs]
        hint = (nearest_named(unknown[0], hubs) if unknown else "") or "corridor status lists them"
        raise InputError(f"no demand goes from {src} to {dst}: switches drop what is sent", hint)
    return between


def for_any_packet(demands: Sequence[Said], src: str, dst: str) -> str:
    """The demand that any packet between two hubs belongs to, ICMP too; InputError if there is
    none, or only ports distinguish its packets from those of others."""
    between = named(demands, [src, dst])
    for one in between:
        if ANY in one["packets"]:
            return str(one["demand"])
    names = "; ".join(f"{one['demand']}: {packets_of(one['packets'])}" for one in between)
    raise InputError(
        f"ICMP between {src} and {dst} belongs to no demand, and is dropped ({names})",
        f"corridor probe {between[0]['demand']}",
    )


def ping_problem(known: Said, src: str, command: Sequence[str]) -> str | None:
    """Return why switches drop what a program at hub ``src`` sends, or None.

    ``known`` are the demands of a network and the addresses of its hubs. Of programs, only ``ping``
    to a hub of the network is looked at: others choose their ports.
    """
    if PurePath(command[0]).name != "ping":
        return None
    hubs = {word: hub for hub, address in known["addresses"].items() for word in (hub, address)}
    targets = [hubs[word] for word in command[1:] if hubs.get(word, src) != src]
    try:
        for dst in targets[-1:]:
            for_any_packet(known["demands"], src, dst)
    except InputError as problem:
        return str(problem)
    return None
