"""Demands as the controller serves them: what policies rule, which packets, what protection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from corridor.controller.intent.anycast import Settler
from corridor.controller.policy.model import (
    RETURN,
    Bandwidth,
    Binding,
    Demand,
    DemandEntry,
    KindsOfFailure,
    Policy,
    PolicySet,
    Protected,
    RateStep,
)
from corridor.controller.policy.semantics import ApplicablePolicies, rule
from corridor.topologies.model.addresses import Family
from corridor.topologies.model.topology import Frozen, Slug, Topology

# Paths that a demand is to take instead of its shortest ones, so that rates fit.


class Found(Frozen):
    """What a hub found dead: ``link:`` or ``gateway:`` with a name."""

    at: str
    dead: str


class PreferredPath(Frozen):
    """From one hub on, over these fibres to the destination, where something was found dead.

    A pick is a preference: it is used if it is a permitted path onward, whatever it was chosen
    for, and no element on it is known to have failed; else the shortest path is used.
    """

    at: str
    """The hub from which it leads: the source, where nothing was found dead."""
    fibres: tuple[str, ...]
    dead: str = ""
    """What that hub finds dead: ``link:`` or ``gateway:`` with a name; nothing while all is
    well."""
    after: tuple[Found, ...] = ()
    """What was found dead before, on the path to there."""


# Rates that several demands have together: a customer's pipe.


class Aggregate(Frozen):
    """Demands whose data, there and not back, has one guarantee for all: however they share it."""

    id: Slug
    """Name of the aggregate; not the id of a demand."""
    demands: Annotated[
        tuple[Slug, ...], Field(min_length=2, max_length=16), AfterValidator(each_once)
    ]
    """Ids of two to sixteen demands; forward direction only."""
    guarantee: Bandwidth
    """Committed and peak rate of all together, instead of the permits' rates; the demands do not
    have a separate ``guarantee``."""


# Demands whose paths are to share nothing: asked for, and what of it is shared.

KINDS: tuple[Protected, ...] = ("link", "srlg", "hub", "gateway")


def each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Raises ValueError where a demand is named twice."""
    twice = next((one for at, one in enumerate(names) if one in names[:at]), None)
    if twice is not None:
        raise ValueError(f"{twice} is given twice: name each demand once")
    return names


class Disjoint(Frozen):
    """Demands whose primary paths, forward and return, share nothing of some kinds."""

    demands: Annotated[
        tuple[Slug, ...], Field(min_length=2, max_length=8), AfterValidator(each_once)
    ]
    """Ids of two to eight demands, including their return traffic."""
    over: KindsOfFailure = KINDS
    """Kinds of elements that they do not share: ``link``, ``srlg``, ``hub``, ``gateway``."""


ALL_KINDS: tuple[Protected, ...] = KINDS


@dataclass(frozen=True)
class Selector:
    """Which packets between two hosts belong to a demand; ``None`` matches anything."""

    protocol: Literal["udp", "tcp"] | None = None
    src_port: int | None = None
    dst_port: int | None = None


ANY_PACKET = Selector()


@dataclass(frozen=True)
class Protection:
    """Up to ``k`` failures of these kinds are bridged by the switches themselves."""

    k: int = 0
    over: tuple[Protected, ...] = ALL_KINDS

    def stronger(self, other: Protection) -> Protection:
        """Both: the larger ``k`` over either's kinds, and no kinds where nothing is asked."""
        asked = [one for one in (self, other) if one.k]
        over = {kind for one in asked for kind in one.over}
        return Protection(max(self.k, other.k), tuple(kind for kind in ALL_KINDS if kind in over))


UNPROTECTED = Protection()


@dataclass(frozen=True)
class Intent:
    """One demand in one direction."""

    applicable_policies: ApplicablePolicies
    selectors: tuple[Selector, ...] = (ANY_PACKET,)
    """Its packets match one of these."""
    protection: Protection = UNPROTECTED
    """Asked for in addition to what the permit in use asks for."""
    bandwidth: Bandwidth | None = None
    """Instead of what the permit in use gives."""
    given_up: tuple[RateStep, ...] = ()
    """Of what the permit in use gives, to make room for rates. Only as far as its ladder has it:
    what is not on it is served, and judged, as if nothing were stated."""
    disjoint: tuple[Disjoint, ...] = ()
    """The ids of demands whose primary paths share nothing with this one."""
    aggregate: Aggregate | None = None
    """The demands with which it has one common guarantee instead of a separate one."""
    dscp: int = 0
    """With which its packets cross the network, whatever its host says."""
    police_bps: int | None = None
    """What its edge lets in where nothing is promised to it; None: all."""
    picks: tuple[PreferredPath, ...] = ()
    """Which paths it is to take instead of its shortest ones."""

    @property
    def demand(self) -> Demand:
        return self.applicable_policies.demand

    @property
    def id(self) -> str:
        return self.applicable_policies.demand.id

    @property
    def pays_as(self) -> str:
        """Whose rates are promised: its own id, or that of its aggregate."""
        return self.id if self.aggregate is None else self.aggregate.id

    @property
    def asked_as(self) -> str:
        """The id of the demand that it serves, of which it may be the answers."""
        return self.id.removesuffix(RETURN)

    def gives_up(self, step: RateStep, permit: Policy) -> bool:
        """Whether a step is given up under a permit, which must have it on its ladder."""
        return step in self.given_up and step in permit.on_soft_failure

    def guarantee(self, permit: Policy) -> Bandwidth | None:
        """The rates promised under a permit; those of an aggregate are promised to all its demands
        together."""
        if self.aggregate is not None:
            return self.aggregate.guarantee
        given = permit.soft.bandwidth
        if self.bandwidth is None and given is not None and self.gives_up("drop_pir", permit):
            return given.model_copy(update={"pir": None})
        return self.bandwidth or given

    def let_in_bps(self, permit: Policy) -> int | None:
        """What its edge lets in under a permit: the peak of what is promised, or what it is policed
        to; None: all."""
        promised = self.guarantee(permit)
        return self.police_bps if promised is None else promised.pir or promised.cir

    def protected(self, permit: Policy) -> Protection:
        """The failures bridged under a permit, as far as it asks that switches bridge them."""
        asked = permit.soft.protect
        if asked is None or not asked.immediate or self.gives_up("drop_protect", permit):
            return self.protection
        return self.protection.stronger(Protection(asked.k, asked.over))

    def disjoint_kinds(self, other: Intent) -> frozenset[Protected]:
        """Return the kinds of elements that the paths of two demands do not share. A demand and its
        answers may share everything."""
        if self.asked_as == other.asked_as:
            return frozenset()
        return frozenset(
            kind
            for asked in self.disjoint
            if other.asked_as in asked.demands
            for kind in asked.over
        )

    @property
    def pair(self) -> tuple[str, str]:
        return (self.applicable_policies.demand.src, self.applicable_policies.demand.dst)

    @property
    def hosts(self) -> tuple[str, str]:
        """The names of the hosts that send and receive; the default host of a hub has the hub's."""
        return self.applicable_policies.demand.hosts

    @property
    def family(self) -> Family:
        """Whether its packets are of IPv4 or IPv6."""
        return self.applicable_policies.demand.family


def intents_of(
    policies: PolicySet,
    topology: Topology,
    demands: Iterable[DemandEntry],
    as_of: date,
    protection: Protection = UNPROTECTED,
) -> tuple[Intent, ...]:
    """Demands and the answers they ask for, distinguished by the bindings of ``policies``.

    What may go to any of several hubs goes to the one that ``anycast.settle`` chooses. Raises
    InputError where a selector selects none."""
    settler = Settler(policies, topology, as_of)
    served = [settler.settle(one).demand for one in demands]
    directions = [one for demand in served for one in (demand, demand.returning()) if one]
    return tuple(
        Intent(
            rule(policies, topology, demand, as_of),
            selectors_of(demand, policies.bindings),
            protection,
        )
        for demand in directions
    )


def selectors_of(demand: Demand, bindings: Sequence[Binding]) -> tuple[Selector, ...]:
    """The selectors of bindings for a demand's packets; any packet where no binding applies."""
    bound = [
        Selector(protocol=binding.protocol, dst_port=binding.dst_port)
        for binding in bindings
        if (binding.hub, binding.data_class) == (demand.src, demand.data_class)
        and binding.dst in (None, demand.dst)
    ]
    return tuple(dict.fromkeys(bound)) or (ANY_PACKET,)


def clashes(intents: Iterable[Intent]) -> list[tuple[Intent, Intent]]:
    """Pairs whose packets may have the same header, so that its class would be ambiguous."""
    by_pair: dict[tuple[tuple[str, str], Family], _Told] = {}
    found = []
    for intent in intents:
        others = by_pair.setdefault((intent.hosts, intent.family), _Told())
        found += [(other, intent) for other in others.alike(intent)]
        others.add(intent)
    return found


type _Asked = tuple[bool, ...]
"""Which fields of a selector are given."""


class _Told:
    """Intents between two hosts, by what distinguishes their packets."""

    def __init__(self) -> None:
        self._intents: list[Intent] = []
        self._by_fields: dict[_Asked, dict[tuple[object, ...], list[int]]] = {}
        """By the fields that selectors give, and of these any that another may give as well."""

    def add(self, intent: Intent) -> None:
        for selector in intent.selectors:
            values = _fields(selector)
            asked = tuple(value is not None for value in values)
            by_values = self._by_fields.setdefault(asked, {})
            for common in _every_choice(asked):
                key = (common, _only(values, common))
                by_values.setdefault(key, []).append(len(self._intents))
        self._intents.append(intent)

    def alike(self, intent: Intent) -> list[Intent]:
        """Those that share packets with another, in order."""
        found: set[int] = set()
        for selector in intent.selectors:
            values = _fields(selector)
            for asked, by_values in self._by_fields.items():
                both = zip(asked, values, strict=True)
                common = tuple(given and value is not None for given, value in both)
                found.update(by_values.get((common, _only(values, common)), ()))
        return [self._intents[number] for number in sorted(found)]


def _fields(selector: Selector) -> tuple[object, ...]:
    return (selector.protocol, selector.src_port, selector.dst_port)


def _only(values: tuple[object, ...], wanted: _Asked) -> tuple[object, ...]:
    return tuple(value if take else None for value, take in zip(values, wanted, strict=True))


def _every_choice(asked: _Asked) -> Iterator[_Asked]:
    """All subsets of the fields."""
    return product(*((False, True) if given else (False,) for given in asked))
