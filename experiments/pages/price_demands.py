"""The demands of a price, under each of its sets, as pages show them. Pure."""

from __future__ import annotations

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.outcome import Outcome, outcome_of
from corridor.experiments.answers.price import DemandPrice
from corridor.experiments.answers.ways_of_sets import DemandWays, WaysDocument, WayUnderSet
from corridor.experiments.pages.demands import Asked, Under
from corridor.experiments.text.price_text import Prices


def of_prices(prices: Prices, ways: WaysDocument) -> list[Asked]:
    """Of ``price.json`` and ``ways.json``, which have the same demands and sets in one order."""
    return [_asked(prices, number, way) for number, way in enumerate(ways.demands)]


def _asked(prices: Prices, number: int, ways: DemandWays) -> Asked:
    priced = [one.demands[number] for one in prices.sets]
    reachable = ways.free is not None
    first = priced[0]
    return Asked(
        id=first.demand,
        data=first.data,
        src=first.src,
        dst=first.dst,
        free=ways.against,
        free_round_trip_ms=ways.round_trip_ms,
        under=[_under(one, way, reachable) for one, way in zip(priced, ways.sets, strict=True)],
    )


def _under(of: DemandPrice, ways: WayUnderSet, reachable: bool) -> Under:
    cost, certain = of.with_readings, of.by_certain_rules
    interval = of.certainty.interval if of.certainty else None
    kept = [one for one in of.causes if one.costs == "kept back"]
    return Under(
        state=_outcome(of, reachable),
        permit=ways.permit or "",
        legal=ways.legal,
        way=ways.way if of.answered else None,
        round_trip_ms=of.round_trip_ms,
        extra_ms=cost.extra_ms,
        interval_ms=[interval.low_ms, interval.high_ms] if interval else None,
        certain_ms=certain.extra_ms,
        kept_by_certain_rules=certain.kept_back,
        why="; ".join(f"{one.policy}: {one.reason}" for one in kept) or ways.why,
        priced=of.causes,
        single_points=cost.lost,
    )


def _outcome(of: DemandPrice, reachable: bool) -> Outcome:
    """A demand that both sets block costs nothing next to the other set, and is blocked all the
    same; only one that no fibres join has no path."""
    unserved = "BLOCKED" if reachable else "DOWN"
    return outcome_of(
        "UP" if of.answered else unserved,
        is_checked=of.policies != NO_POLICIES,
        is_covered=not of.not_judged,
        extra_ms=of.with_readings.extra_ms,
    )
