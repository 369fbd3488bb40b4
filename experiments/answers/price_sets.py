"""A scenario under several policy sets, each independently: the input of prices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Self

from corridor.controller.intent.anycast import Settler
from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.controller.policy.law import load_law
from corridor.controller.policy.law_calendar import policy_confidence
from corridor.controller.policy.model import Demand, DemandEntry, PolicySet
from corridor.controller.policy.semantics import ApplicablePolicies, PolicyLookup, rule
from corridor.experiments.answers.price_paths import PricedPath, PricedPaths
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.options import ProtectOptions
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.delay import derived_length_km, one_way_delay_ns
from corridor.topologies.model.topology import Fibre, Topology, great_circle_km


@dataclass(frozen=True)
class Served:
    """One demand and its answers under one set."""

    demand: Demand
    answers: Demand
    rulings: tuple[ApplicablePolicies, ApplicablePolicies]
    """There, and of the answers."""
    paths: tuple[PricedPath | None, PricedPath | None]
    anycast: AnycastChoice | None = None
    """Which of several hubs serves it under this set, where it may go to any of them."""

    @property
    def is_answered(self) -> bool:
        return None not in self.paths

    @property
    def not_judged(self) -> tuple[str, ...]:
        """``data`` and ``answers``, as far as they are served and the set says nothing of them."""
        names = zip(("data", "answers"), self.rulings, self.paths, strict=True)
        return tuple(
            name
            for name, applicable_policies, taken in names
            if taken and not applicable_policies.is_judged
        )

    @cached_property
    def round_trip_ns(self) -> int | None:
        there, back = self.paths
        return there.one_way_ns + back.one_way_ns if there and back else None

    @cached_property
    def single_points(self) -> frozenset[str]:
        """Of either direction, where both are served."""
        there, back = self.paths
        return there.single_points | back.single_points if there and back else frozenset()

    @property
    def widest_gbps(self) -> float | None:
        there, back = self.paths
        return min(there.widest_gbps, back.widest_gbps) if there and back else None


def alone(loaded: LoadedScenario) -> LoadedScenario:
    """A scenario with nothing asked for and nothing that fails but for its policies."""
    update = {"protect": ProtectOptions(), "cuts": None, "faults": (), "timeline": ()}
    network = loaded.scenario.network.model_copy(update={"bfd": None})
    scenario = loaded.scenario.model_copy(update={**update, "network": network})
    return loaded.model_copy(update={"scenario": scenario, "events": ()})


class PricedScenario:
    """The demands of a scenario under sets, on its map and on maps like it."""

    def __init__(
        self,
        topology: Topology,
        pairs: Iterable[tuple[Demand, Demand]],
        as_of: date,
        sought: Mapping[str, DemandEntry] | None = None,
    ) -> None:
        """``pairs`` are demands with their answers. Of those that may go to any of several hubs,
        ``sought`` has what they ask for, by id: under each set they go to the hub that is the
        nearest lawful one there."""
        self.as_of = as_of
        self.pairs = tuple(pairs)
        self._sought = sought or {}
        self.paths = PricedPaths(topology)
        self._variants: dict[str, PricedPaths] = {}
        self._under: dict[int, tuple[PolicySet, tuple[Served, ...]]] = {}
        """By the set's identity, which is its own as long as it is kept here."""

    @classmethod
    def of(cls, loaded: LoadedScenario) -> Self:
        directions = [one.demand for one in specify(alone(loaded)).directions]
        pairs = zip(directions[::2], directions[1::2], strict=True)
        scenario = loaded.scenario
        sought = {
            one.id: one.ruled(scenario.service).model_copy(update={"dst": one.sought})
            for one in scenario.demands
            if one.sought is not None
        }
        return cls(loaded.topology, pairs, loaded.as_of, sought)

    def under(self, policies: PolicySet) -> tuple[Served, ...]:
        """How each demand is served, in order; asked of each set once."""
        if id(policies) not in self._under:
            topology = self.paths.topology
            settler = Settler(policies, topology, self.as_of)
            rulings = PolicyLookup(policies, topology, self.as_of)
            found = tuple(self._served(policies, rulings, pair, settler) for pair in self.pairs)
            self._under[id(policies)] = policies, found
        return self._under[id(policies)][1]

    def _served(
        self,
        policies: PolicySet,
        rulings: PolicyLookup,
        pair: tuple[Demand, Demand],
        settler: Settler,
    ) -> Served:
        sought = self._sought.get(pair[0].id)
        if sought is None:
            ruled = (rulings.on(policies.seen(pair[0])), rulings.on(policies.seen(pair[1])))
            return Served(
                *pair, ruled, (self.paths.permitted(ruled[0]), self.paths.permitted(ruled[1]))
            )
        found = settler.settle(sought)
        back = found.demand.returning()
        assert back is not None
        served = self.one(policies, (found.demand, back), self.paths)
        return replace(served, anycast=found.choice)

    def variant(self, name: str, make: Callable[..., Topology], *of: str) -> PricedPaths:
        """Paths on the map that ``make`` returns; searched once for each name."""
        if name not in self._variants:
            self._variants[name] = self.paths.on(make(self.paths.topology, *of))
        return self._variants[name]

    def one(self, policies: PolicySet, pair: tuple[Demand, Demand], paths: PricedPaths) -> Served:
        there, back = self.ruled(policies, pair, paths)
        return Served(*pair, (there, back), (paths.permitted(there), paths.permitted(back)))

    def ruled(
        self, policies: PolicySet, pair: tuple[Demand, Demand], paths: PricedPaths
    ) -> tuple[ApplicablePolicies, ApplicablePolicies]:
        """The applicable policies of a demand and its answers on a map."""
        there, back = map(policies.seen, pair)
        return (
            rule(policies, paths.topology, there, self.as_of),
            rule(policies, paths.topology, back, self.as_of),
        )


def without_readings(policies: PolicySet, day: date) -> PolicySet:
    """The set with only those restricts and denies that are certain on a day. All permits stay:
    with fewer permits more demands are blocked, and the price would not be a lower bound."""
    law = load_law()
    kept = tuple(
        policy
        for policy in policies.policies
        if policy.effect == "permit" or policy_confidence(policy, law, day) == "confident"
    )
    if len(kept) == len(policies.policies):
        return policies
    return policies.model_copy(update={"policies": kept})


def readings(policies: PolicySet, day: date) -> tuple[str, ...]:
    """The restricts and denies of a set that are not certain on a day and are switched on."""
    certain = {policy.id for policy in without_readings(policies, day).policies}
    return tuple(
        policy.id for policy in policies.policies if policy.enabled and policy.id not in certain
    )


def with_gateway(topology: Topology, hub: str) -> Topology:
    """The map with an international gateway at one more hub."""
    hubs = tuple(
        one.model_copy(update={"intl_gateway": True}) if one.id == hub else one
        for one in topology.hubs
    )
    return _changed(topology, {"hubs": hubs})


NEW_FIBRE = "new-fibre"


def with_fibre(topology: Topology, a: str, z: str) -> Topology:
    """The map with one more fibre on land, as long as is assumed where no length is published.

    It is taken to touch no third jurisdiction and to share no risk with others.
    """
    straight_km = great_circle_km(topology.hub(a).place, topology.hub(z).place)
    length_km = derived_length_km(straight_km, "terrestrial")
    added = Fibre(
        id=NEW_FIBRE,
        a=a,
        z=z,
        medium="terrestrial",
        length_km=length_km,
        length_basis="derived",
        one_way_delay_ns=one_way_delay_ns(length_km),
    )
    return _changed(topology, {"fibres": (*topology.fibres, added)})


def _changed(topology: Topology, changes: Mapping[str, Sequence[object]]) -> Topology:
    fields = {name: getattr(topology, name) for name in Topology.model_fields}
    return Topology.model_validate({**fields, **changes})
