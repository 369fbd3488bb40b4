"""The price of a policy set: what it costs each demand of a scenario against another set. Pure.

Each set is priced independently of other sets. A demand has four results: whether it is blocked,
how much its round trip grows, which single failures leave it no permitted path, and the highest
capacity of its permitted paths. All four are of permitted paths, so one more restriction can only
raise the cost. Each is computed twice: by the certain rules of the set, and with its
interpretations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median

import numpy as np

from corridor.controller.intent.anycast_choice import AnycastChoice
from corridor.controller.policy.certainty import Lawful
from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.price_causes import Cause, causes
from corridor.experiments.answers.price_changes import Change, Changes
from corridor.experiments.answers.price_sets import (
    PricedScenario,
    Served,
    readings,
    without_readings,
)
from corridor.topologies.analysis.monte_carlo import Interval, interval_of
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.codec import formerly
from corridor.topologies.base.words import is_longer

MOST_SHOWN = 2
"""Values of a class that are listed one by one; of more, median and maximum are shown."""
KINDS = ("link", "srlg", "hub", "gateway")


@dataclass(frozen=True)
class Cost:
    """What one demand has less than under the set it is held against."""

    kept_back: bool
    opened: bool
    """Served, and blocked by the other."""
    extra_ms: float | None
    """Of the round trip; None where only one of the two serves it."""
    lost: tuple[str, ...]
    """Elements whose failure leaves no permitted path, but one under the other set."""
    regained: tuple[str, ...]
    """The reverse."""
    narrower_gbps: float
    """Lost capacity of the permitted path with the highest capacity; negative if gained."""

    @property
    def is_costly(self) -> bool:
        delayed = is_longer(self.extra_ms)
        return self.kept_back or delayed or bool(self.lost) or self.narrower_gbps > 0


@dataclass(frozen=True)
class DemandPrice:
    """One demand under one set."""

    policies: str
    demand: str
    data: str
    src: str
    dst: str
    answered: bool
    not_judged: tuple[str, ...]
    round_trip_ms: float | None
    """Of the shortest permitted path, fibres only."""
    single_points: tuple[str, ...]
    """All elements whose failure leaves no permitted path, whatever the other set is."""
    widest_gbps: float | None
    """Capacity of the narrowest fibre on the permitted path with the highest capacity."""
    with_readings: Cost
    by_certain_rules: Cost
    causes: tuple[Cause, ...]
    certainty: AddedRttUncertainty | None = None
    """Of the added RTT; None where one of the sets blocks it, or it was not requested."""
    measured_extra_ms: float | None = None
    """Of least round trips, where the scenario was emulated under both sets."""
    anycast: AnycastChoice | None = None
    """Which of several hubs serves it under this set, where it may go to any of them."""
    against_dst: str = ""
    """The hub that serves it under the other set, where it is another one."""


@dataclass(frozen=True)
class Row:
    """The demands of one class under one set."""

    policies: str
    data: str
    demands: int
    kept_back: int
    not_judged: int
    extra_ms: tuple[float, ...]
    """Of those that both sets serve, in the order of the demands; blocked ones are in none."""
    lost: tuple[str, ...]
    """By any of them, each once."""
    losing: int
    """Demands that lose protection against some failure."""
    narrower: int
    """Demands whose path of highest capacity has less capacity."""
    is_costly: bool
    certainty: tuple[AddedRttUncertainty | None, ...] = ()
    """Of each of ``extra_ms``, if requested."""
    changes: tuple[Change, ...] = ()
    """What would lower it most, the best of each kind, the best first."""

    @property
    def median_ms(self) -> float | None:
        """None where so few are served that each is listed separately."""
        return median(self.extra_ms) if len(self.extra_ms) > MOST_SHOWN else None


@dataclass(frozen=True)
class Total:
    """Of all demands."""

    kept_back: int
    opened: int
    both: int
    """Demands that both sets serve."""
    delayed: int
    extra_ms: float
    """Added up over those of them that take longer."""
    saved_ms: float
    """Added up over those that take less."""
    losing: int
    narrower: int


@dataclass(frozen=True)
class ValuePrice:
    """A policy set under one value of one of its interpretations, all others as they are."""

    interpretation: str
    question: str
    value: str
    is_chosen: bool
    """Whether the set itself is priced under this value."""
    total: Total


@dataclass(frozen=True)
class SetPrice:
    """One set against another."""

    policies: str
    against: str
    demands: tuple[DemandPrice, ...]
    rows: tuple[Row, ...]
    readings: tuple[str, ...]
    """Its restricts and denies that are not certain."""
    by_certain_rules: Total
    with_readings: Total
    not_judged: int
    certainty: AddedRttUncertainty | None = None
    """Of the sum of all extra round trips, with readings."""
    by_value: tuple[ValuePrice, ...] = field(default=(), metadata=formerly("both_ways"))
    """What each interpretation costs under each of its values."""


def price(
    laid: PricedScenario,
    policies: PolicySet,
    against: PolicySet,
    *,
    search_changes: bool = True,
    search_values: bool = True,
    lawful: Lawful | None = None,
) -> SetPrice:
    """Return the cost of ``policies`` compared with ``against``, with its uncertainty if
    ``lawful`` has samples of the same map."""
    base, all_of_it = laid.under(against), laid.under(policies)
    certain_base = laid.under(without_readings(against, laid.as_of))
    certain = laid.under(without_readings(policies, laid.as_of))
    demands = tuple(
        _demand(laid, policies, of)
        for of in zip(base, all_of_it, certain_base, certain, strict=True)
    )
    sure = certainty_of(lawful, base, all_of_it) if lawful is not None else None
    if sure is not None:
        demands = tuple(
            replace(one, certainty=of) for one, of in zip(demands, sure.demands, strict=True)
        )
    changes = Changes(laid, policies) if search_changes else None
    rows = tuple(
        _row(policies.name, data, demands, base, all_of_it, changes)
        for data in dict.fromkeys(one.data for one in demands)
    )
    return SetPrice(
        policies=policies.name,
        against=against.name,
        demands=demands,
        rows=rows,
        readings=readings(policies, laid.as_of),
        by_certain_rules=_total([one.by_certain_rules for one in demands]),
        with_readings=_total([one.with_readings for one in demands]),
        not_judged=sum(bool(one.not_judged) for one in demands),
        certainty=None if sure is None else sure.total,
        by_value=tuple(_by_value(laid, policies, base, all_of_it)) if search_values else (),
    )


def _by_value(
    laid: PricedScenario, policies: PolicySet, base: Sequence[Served], chosen: Sequence[Served]
) -> Iterator[ValuePrice]:
    """Price each interpretation under all of its values."""
    for one in policies.interpretations:
        now = policies.value_of(one)
        under = {
            value: chosen if value == now else laid.under(policies.interpreted({one.id: value}))
            for value in one.values
        }
        totals = {value: _total(list(map(cost, base, each))) for value, each in under.items()}
        for value, total in totals.items():
            yield ValuePrice(one.id, one.question, value, value == now, total)


type LeastMs = Mapping[str, float]
"""Least round trips by demand."""


def measured(of: SetPrice, before: LeastMs, after: LeastMs) -> SetPrice:
    """The same with what was measured under the other set and under this one."""
    demands = tuple(
        replace(one, measured_extra_ms=after[one.demand] - before[one.demand])
        if one.demand in before and one.demand in after
        else one
        for one in of.demands
    )
    return replace(of, demands=demands)


def cost(before: Served, after: Served) -> Cost:
    """What a demand has less ``after`` than ``before``."""
    extra_ms = None
    if before.round_trip_ns is not None and after.round_trip_ns is not None:
        extra_ms = (after.round_trip_ns - before.round_trip_ns) / 1e6
    both = before.is_answered and after.is_answered
    return Cost(
        kept_back=before.is_answered and not after.is_answered,
        opened=after.is_answered and not before.is_answered,
        extra_ms=extra_ms,
        lost=_in_order(after.single_points - before.single_points) if both else (),
        regained=_in_order(before.single_points - after.single_points) if both else (),
        narrower_gbps=(before.widest_gbps or 0) - (after.widest_gbps or 0) if both else 0,
    )


def _demand(
    laid: PricedScenario, policies: PolicySet, of: tuple[Served, Served, Served, Served]
) -> DemandPrice:
    before, after, certainly_before, certainly = of
    whole = cost(before, after)
    round_trip_ns = after.round_trip_ns
    return DemandPrice(
        policies=policies.name,
        demand=after.demand.id,
        data=after.demand.data_class,
        src=after.demand.src,
        dst=after.demand.dst,
        answered=after.is_answered,
        not_judged=after.not_judged if after.is_answered else (),
        round_trip_ms=None if round_trip_ns is None else round_trip_ns / 1e6,
        single_points=_in_order(after.single_points),
        widest_gbps=after.widest_gbps,
        with_readings=whole,
        by_certain_rules=cost(certainly_before, certainly),
        causes=causes(laid, policies, before, after, whole.lost) if whole.is_costly else (),
        anycast=after.anycast,
        against_dst=before.demand.dst if before.demand.dst != after.demand.dst else "",
    )


def _row(
    policies: str,
    data: str,
    demands: Sequence[DemandPrice],
    base: Sequence[Served],
    under: Sequence[Served],
    changes: Changes | None,
) -> Row:
    mine = [number for number, one in enumerate(demands) if one.data == data]
    prices = [demands[number].with_readings for number in mine]
    is_costly = any(one.is_costly for one in prices)
    lowered: tuple[Change, ...] = ()
    if is_costly and changes is not None:
        lowered = changes.of([(base[number], under[number]) for number in mine])
    return Row(
        policies=policies,
        data=data,
        demands=len(mine),
        kept_back=sum(one.kept_back for one in prices),
        not_judged=sum(bool(demands[number].not_judged) for number in mine),
        extra_ms=tuple(one.extra_ms for one in prices if one.extra_ms is not None),
        lost=_in_order({name for one in prices for name in one.lost}),
        losing=sum(bool(one.lost) for one in prices),
        narrower=sum(one.narrower_gbps > 0 for one in prices),
        is_costly=is_costly,
        certainty=tuple(
            demands[number].certainty
            for number, one in zip(mine, prices, strict=True)
            if one.extra_ms is not None
        ),
        changes=lowered,
    )


def _in_order(elements: Iterable[str]) -> tuple[str, ...]:
    """Fibres before shared-risk groups, hubs and gateways."""
    return tuple(sorted(elements, key=lambda name: (KINDS.index(name.partition(":")[0]), name)))


def _total(prices: Sequence[Cost]) -> Total:
    extra = [one.extra_ms for one in prices if one.extra_ms is not None]
    return Total(
        kept_back=sum(one.kept_back for one in prices),
        opened=sum(one.opened for one in prices),
        both=len(extra),
        delayed=sum(is_longer(one) for one in extra),
        extra_ms=round(sum(max(one, 0.0) for one in extra), 6),
        saved_ms=round(sum(max(-one, 0.0) for one in extra), 6),
        losing=sum(bool(one.lost) for one in prices),
        narrower=sum(one.narrower_gbps > 0 for one in prices),
    )


# Uncertainty of a price: the added RTT of each demand in samples of the map.

LEAST_KEPT = 0.5
SAME_NS = 1_000
"""Sums of rounded delays that differ by less are the same."""
NOTICEABLE_MS = 1.0
"""A user does not notice an added RTT below this."""


@dataclass(frozen=True)
class AddedRttUncertainty:
    """Of an added RTT, over the samples in which both sets have a permitted path."""

    interval: Interval
    """The middle 90 %."""
    noticeable: float
    """The share of those draws in which it is 1 ms or more."""
    percentile: float
    """Of the map's own value among those draws: the share below it, and half of those equal."""


@dataclass(frozen=True)
class PriceCertainty:
    """By demand, None if a set blocks it or too few samples have a path; and in total."""

    demands: tuple[AddedRttUncertainty | None, ...]
    total: AddedRttUncertainty | None
    """Over the samples in which every demand has a path under both."""


def certainty_of(
    lawful: Lawful, before: Sequence[Served], after: Sequence[Served]
) -> PriceCertainty:
    """Compare a set with another on the same samples of the map."""
    total: Floats = np.zeros(lawful.ensemble.draws)
    total_of_map_ns = 0
    demands: list[AddedRttUncertainty | None] = []
    for was, now in zip(before, after, strict=True):
        if was.round_trip_ns is None or now.round_trip_ns is None:
            demands.append(None)
            continue
        there, back = map(lawful.least_ns, now.rulings)
        there_before, back_before = map(lawful.least_ns, was.rulings)
        extra_ns = there + back - there_before - back_before
        of_map_ns = now.round_trip_ns - was.round_trip_ns
        total, total_of_map_ns = total + extra_ns, total_of_map_ns + of_map_ns
        demands.append(_certainty(extra_ns, of_map_ns))
    return PriceCertainty(tuple(demands), _certainty(total, total_of_map_ns))


def _certainty(extra_ns: Floats, of_map_ns: int) -> AddedRttUncertainty | None:
    """None if fewer than half of the samples have a path under both sets: the remaining samples
    would represent other maps. ``of_map_ns`` is the value of the map as it is."""
    kept = ~np.isnan(extra_ns)
    if kept.mean() < LEAST_KEPT:
        return None
    extra_ns = extra_ns[kept]
    noticeable = float((extra_ns >= NOTICEABLE_MS * 1e6).mean())
    return AddedRttUncertainty(
        interval_of(extra_ns), round(noticeable, 3), round(_percentile(extra_ns, of_map_ns), 3)
    )


def _percentile(extra_ns: Floats, of_map_ns: int) -> float:
    """Return the share of samples below a value, plus half of those within a microsecond of it."""
    apart = extra_ns - of_map_ns
    return float((apart < -SAME_NS).mean() + (np.abs(apart) <= SAME_NS).mean() / 2)
