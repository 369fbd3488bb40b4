"""A demand as policies see it: the class of its data, where that comes from, what carries it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from corridor.controller.second_opinion.plain import Plain, names
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Hub, Topology

UNCLASSIFIED = "unclassified"
"""Undescribed data, so that its origin is not known."""


@dataclass(frozen=True)
class Asked:
    """What is asked for, with what is known of its data."""

    id: str
    data_class: str
    origins: tuple[str, ...]
    service: str | None
    """None where no one says, so that it may be any."""
    src: Hub
    dst: Hub
    has_basis: bool
    """Whether the legal basis of its data has not ended."""
    is_of_the_set: bool
    """Whether the policy set has the class of its data."""
    is_described: bool
    """Whether anybody says what that class is."""


def asked(demand: Plain, policies: Plain, topology: Topology, day: date) -> Asked:
    """What a policy set knows of a demand on a day."""
    own, described = _by_id(policies.get("classes")), _by_id(policies.get("described"))
    name = demand["class"]
    data: Plain = own.get(name) or described.get(name) or {}
    return Asked(
        id=demand["id"],
        data_class=name,
        origins=names(data.get("origin")) or (UNKNOWN_JURISDICTION,),
        service=demand.get("service") or data.get("service"),
        src=topology.hub(demand["src"]),
        dst=topology.hub(demand["dst"]),
        has_basis=holds_on(day, data),
        is_of_the_set=name in own,
        is_described=name in own or name in described or name == UNCLASSIFIED,
    )


def holds_on(day: date, dated: Plain) -> bool:
    """From the first day through the last one, where they are given."""
    first, last = dated.get("valid_from"), dated.get("valid_until")
    begun = first is None or date.fromisoformat(str(first)) <= day
    return begun and (last is None or day <= date.fromisoformat(str(last)))


def _by_id(entries: Iterable[Plain] | None) -> dict[str, Plain]:
    return {entry["id"]: entry for entry in entries or ()}
