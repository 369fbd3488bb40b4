"""What a second opinion judges: demands with their packets, policies as plain data, a day.

Policies have the keys of their files.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Hub, Topology

if TYPE_CHECKING:
    from corridor.controller.intent.specification import Specification


type Plain = Mapping[str, Any]
"""An object of a policy file; a key that is not given may be missing, null or empty."""


def names(value: Any) -> tuple[str, ...]:
    """One name may stand for a list of one."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def listed(value: Any) -> tuple[Any, ...]:
    """One object may stand for a list of one."""
    if value is None:
        return ()
    return (value,) if isinstance(value, Mapping | str) else tuple(value)


def is_given(value: Any) -> bool:
    """Whether a key says anything; ``false`` does."""
    return value is not None and value not in ((), [], {}, "")


def short_form(value: Any, key: str) -> Any:
    """What a clause asks for, written by its key or as the bare value. Raises UnknownKeyError."""
    if not isinstance(value, Mapping):
        return value
    refuse_others(value, (key,))
    return value[key]


class UnknownKeyError(Exception):
    """A key that the second opinion knows nothing of: what it asks cannot be evaluated."""


def refuse_others(asked: Plain, known: Collection[str]) -> None:
    """Raises UnknownKeyError for a key that says anything and is none of those known."""
    for key, value in asked.items():
        if key not in known and is_given(value):
            raise UnknownKeyError(f"the second opinion knows no {key}")


ANSWERS = ".return"
"""What the answers of a demand are called, after its own id."""


@dataclass(frozen=True)
class Direction:
    """A demand by the keys of its file, and what tells its packets."""

    demand: Plain
    selectors: tuple[Plain, ...]
    given_up: tuple[str, ...]
    """Steps of its permit's ladder, so that rates fit."""
    is_kept_apart: bool = False
    """From other demands: then a permit of lower preference may be in use."""

    @property
    def id(self) -> str:
        return str(self.demand["id"])

    @property
    def family(self) -> str:
        """The protocol of its packets; IPv4 where its file does not say."""
        return str(self.demand.get("family") or "ipv4")

    @property
    def hosts(self) -> tuple[str, str]:
        """The names of the hosts that send and receive; the default host of a hub has the hub's."""
        src, dst = (self.demand.get(f"{end}_host") or self.demand[end] for end in ("src", "dst"))
        return src, dst


@dataclass(frozen=True)
class Protection:
    """The number of failures of these kinds that switches bridge without the controller."""

    k: int
    over: frozenset[str]


@dataclass(frozen=True)
class Declared:
    """The whole of it, as plain data."""

    topology: Topology
    policies: Plain
    as_of: date
    directions: tuple[Direction, ...]
    protection: Protection
    """Of every demand, in addition to what its permit asks for."""

    @classmethod
    def of(cls, specification: Specification) -> Declared:
        plain = specification.model_dump(mode="json", by_alias=True, exclude={"topology"})
        apart = {name for group in plain["disjoint"] for name in group["demands"]}
        return cls(
            topology=specification.topology,
            policies=plain["policies"],
            as_of=specification.as_of,
            directions=tuple(
                Direction(
                    one["demand"],
                    tuple(one["selectors"]),
                    names(one["given_up"]),
                    one["demand"]["id"].removesuffix(ANSWERS) in apart,
                )
                for one in plain["directions"]
            ),
            protection=Protection(plain["k"], frozenset(plain["over"] if plain["k"] else ())),
        )


def protected(permits: Iterable[Plain], direction: Direction, beside: Protection) -> Protection:
    """The failures that are bridged for a demand, whichever of some permits is in use."""
    asked = [_asked(permit, direction) for permit in permits]
    k = min((one.k for one in asked), default=0)
    over = [one.over for one in asked if one.k]
    kinds = frozenset.intersection(*over) if k and over else frozenset()
    return Protection(max(k, beside.k), kinds | beside.over)


def _asked(permit: Plain, direction: Direction) -> Protection:
    """By one permit, as far as it is not left to the controller, or given up."""
    asked = (permit.get("soft") or {}).get("protect")
    given_up = "drop_protect" in direction.given_up and "drop_protect" in names(
        permit.get("on_soft_failure")
    )
    if not asked or not asked.get("immediate", True) or given_up:
        return Protection(0, frozenset())
    return Protection(asked.get("k", 1), frozenset(asked.get("over") or ("link", "srlg")))


# A demand as policies see it: the class of its data, where that comes from, what carries it.

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
    family: str
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
        family=str(demand.get("family") or "ipv4"),
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
