"""Failures by name: ``link:ID``, ``srlg:cable:aae-1``, ``hub:kunming``, ``gateway:kunming``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations

from corridor.controller.policy.failures import Failures
from corridor.controller.policy.model import Protected
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.meanings import nearest_named
from corridor.topologies.model.topology import Topology

KINDS: tuple[Protected, ...] = ("link", "srlg", "hub", "gateway")


def elements(topology: Topology, kinds: Collection[str] = KINDS) -> tuple[str, ...]:
    """Everything of these kinds that may fail, by name."""
    return tuple(f"{kind}:{name}" for kind in kinds for name in _names(topology, kind))


def failures_of(topology: Topology, names: Iterable[str]) -> Failures:
    """What these names say is out of order. A shared-risk group may go without ``srlg:``.

    Raises InputError with a near match for a name the topology does not have.
    """
    failed: dict[str, set[str]] = {kind: set() for kind in KINDS}
    for written in names:
        kind, name = _read(topology, written)
        failed[kind].add(name)
    links, srlgs, hubs, gateways = (frozenset(failed[kind]) for kind in KINDS)
    return Failures(links, srlgs, hubs, gateways)


def canonical(topology: Topology, names: Iterable[str]) -> tuple[str, ...]:
    """The same set of failures as one value, however it was written; raises as ``failures_of``."""
    return tuple(sorted({":".join(_read(topology, written)) for written in names}))


def up_to(k: int, names: Collection[str]) -> Iterator[tuple[str, ...]]:
    """Every set of at most ``k`` of these names, the smaller first."""
    for size in range(k + 1):
        yield from combinations(names, size)


def _names(topology: Topology, kind: str) -> Iterable[str]:
    if kind == "link":
        return (fibre.id for fibre in topology.fibres)
    return topology.srlgs if kind == "srlg" else (hub.id for hub in topology.hubs)


def _read(topology: Topology, written: str) -> tuple[str, str]:
    kind, _, name = written.partition(":")
    if kind not in KINDS:
        kind, name = "srlg", written
    if name not in _names(topology, kind):
        known = elements(topology)
        hint = nearest_named(written, known) or f"write {', '.join(f'{one}:NAME' for one in KINDS)}"
        raise InputError(f'nothing called "{written}" can fail in {topology.name}', hint)
    return kind, name
