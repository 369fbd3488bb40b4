"""The figures of a cut on one market, computed from holdings and flows. Pure.

The traffic of a day, hour by hour, is one cosine with its peak in the evening. Nothing is published
on the shape for the countries of the data; the ratio of peak and mean is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from corridor.experiments.replays.document import Computed, Place
from corridor.experiments.replays.outages import PERCENT, Measure, Statistic
from corridor.traffic.background import (
    COARSE,
    PEAK,
    Carried,
    Cut,
    FlowCarried,
    Holding,
    Market,
    Reaction,
    assign,
)

PEAK_HOUR = 21.0
"""Local time; assumed."""
UTC_HOURS: Mapping[str | None, float] = {"PK": 5, "BD": 6, "KW": 3, "VN": 7}
HOURS = 24


def daily_load(at: datetime, utc_hours: float, peak_over_mean: float) -> float:
    """Return the traffic at an instant as a share of the traffic in the busy hour.

    Args:
        at: UTC.
        utc_hours: Local time minus UTC.
        peak_over_mean: Of a day; at most 2, where the lowest traffic is 0.
    """
    hour = at.hour + at.minute / 60 + utc_hours
    swing = (peak_over_mean - 1) * math.cos(2 * math.pi * (hour - PEAK_HOUR) / HOURS)
    return (1 + swing) / peak_over_mean


BOUGHT_AFTER_DAYS = 2
"""Days after which owners have bought capacity of others (reports of January 2025)."""
MIDDLES = (1.5, 4.5, 7.5, 10.5, 13.5, 16.5, 19.5, 22.5)
"""Of the intervals of a day, in hours: published series have three hours each."""


class Figure(NamedTuple):
    """A computed value, and the value before the cut where that differs from nothing."""

    value: float
    before: float | None = None


class Unknown(Exception):
    """A figure that cannot be computed; the text is the reason."""


def reaction_after(days: float) -> Reaction:
    """Return what operators have done this long after a cut."""
    return "bought" if days >= BOUGHT_AFTER_DAYS else "own"


@dataclass(frozen=True)
class CutMarket:
    """One market and what is cut in it. Assignments are computed once by reaction and load."""

    market: Market
    cut: Cut
    peak_over_mean: float
    """Of the traffic of a day."""
    too_far: Mapping[str, str] = field(default_factory=dict)
    """By country that is not in the market: why its figures cannot be carried to the day."""
    _done: dict[tuple[Reaction, float], Carried] = field(default_factory=dict, repr=False)

    def carried(self, reaction: Reaction, load: float = PEAK) -> Carried:
        key = reaction, load
        if key not in self._done:
            self._done[key] = assign(self.market, self.cut, load=load, reaction=reaction)
        return self._done[key]

    def hit(self, place: Place) -> list[Holding]:
        """The holdings of a place that are cut."""
        return [one for one in self.held(place) if not self.cut.isdisjoint(one.segments)]

    def held(self, place: Place) -> list[Holding]:
        return [one for one in self.market.holdings if is_at(one, place)]

    def load_at(self, place: Place, at: datetime) -> float:
        """The traffic of a place at an instant, as a share of that in the busy hour."""
        if place.country not in UTC_HOURS:
            raise Unknown(f"the local time of {place.country} is not known")
        return daily_load(at, UTC_HOURS[place.country], self.peak_over_mean)


def is_at(of: Holding | FlowCarried, place: Place) -> bool:
    """Whether a holding or flow belongs to a place; of a flow, the system does not count."""
    wanted = (place.country, place.owner, place.direction)
    found = (of.country, of.owner, of.direction)
    if any(one not in (None, other) for one, other in zip(wanted, found, strict=True)):
        return False
    return place.system is None or not isinstance(of, Holding) or of.system == place.system


@dataclass(frozen=True)
class Question:
    """One figure that is asked for: a measure of a place, some days after a cut."""

    measure: Measure
    place: Place
    day: float
    in_percent: bool
    statistic: Statistic
    began: datetime
    reaction: Reaction | None = None
    """Instead of the one that the day implies."""

    @property
    def reacted(self) -> Reaction:
        return self.reaction or reaction_after(self.day)


def compute(cut_market: CutMarket, asked: Question) -> Figure:
    """Compute a figure.

    Returns:
        Gbit/s, percent or ms, as the question has it.

    Raises:
        Unknown: The data or the model cannot answer; the text is the reason.
    """
    why_not(cut_market, asked)
    return COMPUTED[asked.measure](cut_market, asked)


def why_not(cut_market: CutMarket, asked: Question) -> None:
    """Raise Unknown if the data cannot answer."""
    country = asked.place.country
    if asked.measure == "routing":
        raise Unknown("the model has no routes of networks")
    if country is None:
        raise Unknown("the figure has no country, as the market has")
    if country in cut_market.too_far:
        raise Unknown(cut_market.too_far[country])
    held = cut_market.held(Place(country=country))
    if not held:
        raise Unknown(f"no capacity of {country} in the data")
    if all(one.system == COARSE for one in held):
        raise Unknown(f"the capacity of {country} by cable is not in the data")
    if not cut_market.hit(Place(country=country)):
        raise Unknown(f"no capacity of {country} on these segments in the data")
    if not cut_market.held(asked.place):
        raise Unknown("the data do not have this owner, system or direction")


def _capacity_lost(cut_market: CutMarket, asked: Question) -> Figure:
    lost = sum(one.capacity_gbps for one in cut_market.hit(asked.place))
    if not asked.in_percent:
        return Figure(lost)
    return Figure(PERCENT * lost / sum(one.capacity_gbps for one in cut_market.held(asked.place)))


def _traffic_hit(cut_market: CutMarket, asked: Question) -> Figure:
    return Figure(sum(one.lost_path_gbps for one in _flows(cut_market, asked)))


def _shortfall(cut_market: CutMarket, asked: Question) -> Figure:
    return Figure(sum(one.unserved_gbps for one in _flows(cut_market, asked)))


def _rerouted(cut_market: CutMarket, asked: Question) -> Figure:
    return Figure(sum(one.rerouted_gbps for one in _flows(cut_market, asked)))


def _restored_share(cut_market: CutMarket, asked: Question) -> Figure:
    flows = _flows(cut_market, asked)
    lost = sum(one.lost_path_gbps for one in flows)
    if not lost:
        raise Unknown("no traffic is on the cut segments")
    return Figure(PERCENT * sum(one.rerouted_gbps for one in flows) / lost)


def _traffic_lost(cut_market: CutMarket, asked: Question) -> Figure:
    flows = _flows(cut_market, asked)
    return Figure(PERCENT * _share(flows))


def _system_load(cut_market: CutMarket, asked: Question) -> Figure:
    place = asked.place
    rows = [
        one
        for one in cut_market.carried(asked.reacted).holdings
        if (one.country, one.system) == (place.country, place.system)
    ]
    return Figure(sum(one.load_gbps for one in rows), sum(one.load_before_gbps for one in rows))


def _rtt(cut_market: CutMarket, asked: Question) -> Figure:
    return _of_day(cut_market, asked, lambda one: one.rtt_ms)


def _loss(cut_market: CutMarket, asked: Question) -> Figure:
    return _of_day(cut_market, asked, lambda one: one.loss_percent)


def _of_day(cut_market: CutMarket, asked: Question, value: Callable[[Computed], float]) -> Figure:
    """At the busy hour, or over the intervals of a day, after the cut and on a day without it."""
    if asked.statistic == "at-day":
        loads = [PEAK]
    else:
        day = (asked.began + timedelta(days=asked.day)).replace(hour=0, minute=0)
        loads = [cut_market.load_at(asked.place, day + timedelta(hours=at)) for at in MIDDLES]
    after = [value(performance(cut_market, asked.place, asked.reacted, load)) for load in loads]
    before = [value(performance(cut_market, asked.place, None, load)) for load in loads]
    if asked.statistic == "worst-3h":
        return Figure(max(after), max(before))
    return Figure(sum(after) / len(after), sum(before) / len(before))


def performance(
    cut_market: CutMarket, place: Place, reaction: Reaction | None, load: float = PEAK
) -> Computed:
    """Return the mean round trip and the loss of a place; reaction None is before the cut.

    The rise is the mean over flows of which something is still carried: flows that are lost
    altogether would change the mean by what they leave behind.

    Raises:
        Unknown: Nothing is carried.
    """
    flows = [one for one in cut_market.carried(reaction or "none", load).flows if is_at(one, place)]
    before = [(one.offered_gbps, one.rtt_before_ms) for one in flows if one.rtt_before_ms]
    if reaction is None:
        return Computed(_mean(before), 0.0)
    rises = [
        (one.offered_gbps, one.rtt_after_ms - one.rtt_before_ms)
        for one in flows
        if one.rtt_before_ms is not None and one.rtt_after_ms is not None
    ]
    return Computed(_mean(before) + _mean(rises), PERCENT * _share(flows))


def _mean(weighted: Sequence[tuple[float, float]]) -> float:
    total = sum(weight for weight, _ in weighted)
    if total <= 0:
        raise Unknown("nothing is carried")
    return sum(weight * value for weight, value in weighted) / total


def _flows(cut_market: CutMarket, asked: Question) -> list[FlowCarried]:
    found = cut_market.carried(asked.reacted).flows
    return [one for one in found if is_at(one, asked.place)]


def _share(flows: Iterable[FlowCarried]) -> float:
    listed = list(flows)
    offered = sum(one.offered_gbps for one in listed)
    return sum(one.unserved_gbps for one in listed) / offered if offered else 0.0


COMPUTED: Mapping[Measure, Callable[[CutMarket, Question], Figure]] = {
    "capacity-lost": _capacity_lost,
    "traffic-hit": _traffic_hit,
    "shortfall": _shortfall,
    "rerouted": _rerouted,
    "restored-share": _restored_share,
    "traffic-lost": _traffic_lost,
    "system-load": _system_load,
    "rtt": _rtt,
    "loss": _loss,
}
