"""The price of sovereignty: what a policy set costs the demands of a scenario. Pure.

A set is priced by itself. It rules data of the classes it knows; data of other classes, which its
law does not speak about, is free, except where the set restricts whatever data passes. Set beside
it is the same scenario without policies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from corridor.controller.forwarding.compiler import plan_ways
from corridor.controller.forwarding.forwarding_tree import ForwardingTree
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import UNCLASSIFIED, Policy, PolicySet
from corridor.controller.policy.product import Product
from corridor.controller.policy.routes import NoRoute
from corridor.experiments.plan.policies import planned
from corridor.experiments.plan.values import PlannedDemand
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario, ProtectOptions


@dataclass(frozen=True)
class Served:
    """One demand under one set."""

    demand: PlannedDemand
    single_points: int
    """Fibres of its path whose loss leaves no lawful path, whatever the switches do."""

    @property
    def is_answered(self) -> bool:
        return self.demand.predicted_rtt_ns is not None


@dataclass(frozen=True)
class Price:
    """What one set costs the demands of one class. Extra round trip is over no policies, in ms;
    None where nothing of the class is permitted, or nothing was measured."""

    policies: str
    data: str
    demands: int
    permitted: int
    extra_ms_median: float | None
    extra_ms_max: float | None
    stretch_median: float | None
    """Round trip over that without policies."""
    measured_extra_ms_median: float | None
    single_points: float | None
    """Mean over the permitted, and without policies."""
    single_points_without: float | None


def alone(loaded: LoadedScenario, name: str) -> LoadedScenario:
    """The scenario under one set by itself, unprotected and uncut: what its price is told from.

    Raises InputError for a set that cannot be loaded.
    """
    own = loaded.policies
    priced = own if name == own.name else load_policies(name, loaded.topology)
    known = {entry.id for entry in priced.classes}
    others = tuple(entry for entry in own.classes if entry.id not in known)
    free = () if priced is own else _free([UNCLASSIFIED, *(entry.id for entry in others)])
    policies = PolicySet(
        name=priced.name,
        title=priced.title,
        groups={**own.groups, **priced.groups},
        classes=(*priced.classes, *others),
        policies=(*priced.policies, *free),
    )
    update = {"policies": priced.name, "protect": ProtectOptions(), "cuts": None, "faults": ()}
    network = loaded.scenario.network.model_copy(update={"bfd": None})
    scenario = loaded.scenario.model_copy(update={**update, "network": network})
    return loaded.model_copy(update={"scenario": scenario, "policies": policies})


def _free(classes: list[str]) -> tuple[Policy, ...]:
    permit = {
        "id": "NOT-SPOKEN-OF",
        "effect": "permit",
        "match": {"class": classes},
        "note": "The set does not speak about data of these classes.",
    }
    return (Policy.model_validate(permit),)


def serve(loaded: LoadedScenario) -> list[Served]:
    """How each demand of a scenario is served, in order."""
    scenario, topology = loaded.scenario, loaded.topology
    ways = plan_ways(topology, intents_for(loaded))
    found = []
    for number, demand in enumerate(scenario.demands):
        there, back = ways[2 * number : 2 * number + 2]
        probe = demand.probe or scenario.probe
        served = planned(number, demand, probe, there, back, topology, share=None, tcp=False)
        found.append(Served(served, single_points(there)))
    return found


def single_points(way: ForwardingTree) -> int:
    """Fibres of a way whose loss leaves no path that its permits allow."""
    if isinstance(way.route, NoRoute):
        return 0
    ruling = way.intent.ruling
    products = [Product(automaton, ruling.topology) for automaton in ruling.automata]
    return sum(not _has_path(products, fibre) for fibre in set(way.route.path.fibres))


def _has_path(products: Iterable[Product], dead: str) -> bool:
    starts = ((product, product.first()) for product in products)
    return any(start and product.shortest(start, {dead}) for product, start in starts)


def prices(
    policies: str,
    classes: Sequence[str],
    without: Sequence[Served],
    under: Sequence[Served],
    measured_ms: tuple[Mapping[str, float], Mapping[str, float]] | None = None,
) -> list[Price]:
    """Prices by class of data; ``classes`` are those of the demands, in their order.

    ``measured_ms`` are least round trips by demand, without policies and under the set.
    """
    found = []
    for data in dict.fromkeys(classes):
        pairs = [
            (before, after)
            for name, before, after in zip(classes, without, under, strict=True)
            if name == data
        ]
        found.append(_price(policies, data, pairs, measured_ms))
    return found


def _price(
    policies: str,
    data: str,
    pairs: Sequence[tuple[Served, Served]],
    measured_ms: tuple[Mapping[str, float], Mapping[str, float]] | None,
) -> Price:
    permitted = [(before, after) for before, after in pairs if after.is_answered]
    rtts = [
        (before.demand.predicted_rtt_ns or 0, after.demand.predicted_rtt_ns or 0)
        for before, after in permitted
    ]
    extra = [(after - before) / 1e6 for before, after in rtts]
    return Price(
        policies=policies,
        data=data,
        demands=len(pairs),
        permitted=len(permitted),
        extra_ms_median=_middle(extra),
        extra_ms_max=max(extra, default=None),
        stretch_median=_middle([after / before for before, after in rtts]),
        measured_extra_ms_median=_middle(_measured(permitted, measured_ms)),
        single_points=_mean([after.single_points for _, after in permitted]),
        single_points_without=_mean([before.single_points for before, _ in permitted]),
    )


def _measured(
    permitted: Sequence[tuple[Served, Served]],
    measured_ms: tuple[Mapping[str, float], Mapping[str, float]] | None,
) -> list[float]:
    if measured_ms is None:
        return []
    before, after = measured_ms
    names = (served.demand.id for served, _ in permitted)
    return [after[name] - before[name] for name in names if name in before and name in after]


def _middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
