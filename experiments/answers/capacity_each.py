"""One question: how full are fibres under each single cut, and in each year of growth? Pure.

Loads are real rates on the paths that the controller recomputes for a cut. They are an array, cuts
x link directions x traffic that grows alike: a year, or another capacity, is arithmetic on it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np

from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.model import RETURN
from corridor.experiments.answers.capacity_answer import groups_of, load_of
from corridor.experiments.answers.capacity_document import Capacity, Load, capacities
from corridor.experiments.answers.capacity_loads import rate_of, serve
from corridor.experiments.answers.cut_each import Each, Outcomes, cuts_of
from corridor.experiments.scenario.given import (
    given_choice,
    given_growth,
    given_stated,
    given_texts,
)
from corridor.experiments.scenario.intents import with_rates
from corridor.experiments.scenario.scenario import DEFAULT, LoadedScenario, load_scenario
from corridor.topologies.base.arrays import Floats
from corridor.topologies.base.codec import Document
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.base.words import few
from corridor.topologies.model.background import GrowthRate, Link
from corridor.topologies.model.routing import shared_links

CAPACITY_EACH_SCHEMA = 1
BACKGROUND = "background"
"""The name of background traffic among what grows; before a country, its part."""
FULL = 1 + 1e-9
"""Shares above are overloads: sums of doubles err by less."""
YEARS, MOST_YEARS, MOST_NAMED = 10, 50, 3
STEP = 0.1
"""By which share a capacity changes, for the sensitivity."""


@dataclass(frozen=True, kw_only=True)
class FullLink:
    """One direction of a fibre, or of what fibres share at a landing, under one cut."""

    fibre: str
    hub: str
    capacity: Capacity
    load_gbps: float
    """Demands and background."""
    background_gbps: float
    share: float
    """Of its capacity; above 1 it is overloaded."""
    usual_share: float
    """Without failures."""
    headroom_gbps: float
    """Negative if it is overloaded."""
    cut: tuple[str, ...]
    """Empty if nothing fails."""


@dataclass(frozen=True, kw_only=True)
class CutLoad:
    """Fibres under one cut, after the controller has recomputed paths."""

    cut: tuple[str, ...]
    fullest: FullLink
    overloaded: int
    """Link directions."""
    shortfall_gbps: float
    """What these carry above their capacities, all together."""
    no_path: tuple[str, ...]
    """Demands with a rate that have a path without failures, and none under the cut."""
    no_path_gbps: float
    times: float | None
    """The factor by which all demands can grow under this cut; 0 if background alone overloads a
    fibre that they use, None if no demand is left."""


@dataclass(frozen=True, kw_only=True)
class FibreSensitivity:
    """How the supported demand changes with the capacity of one fibre, in both directions."""

    fibre: str
    less_gbps: float
    """The change if its capacity is lower by a tenth; 0 or negative."""
    more_gbps: float
    """The change if its capacity is higher by a tenth."""
    spare_gbps: float
    """By how much its capacity can be lower without any change."""


@dataclass(frozen=True, kw_only=True)
class YearLoad:
    """All cuts in one year."""

    year: int
    demands_gbps: float
    usual: FullLink
    """The fullest without failures."""
    worst: FullLink
    """The fullest under the worst cut."""
    overloads: int
    """Cuts that overload a fibre."""
    usual_bounds: tuple[float, float]
    """The share of ``usual`` with the lower and with the upper bounds of all growth rates."""
    worst_bounds: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class CapacityEachAnswer(Document):
    """Utilization and headroom under each of many cuts, and in each year of growth."""

    schema: int
    scenario: str
    policies: str
    as_of: str
    each: Each
    load: Load
    demands_gbps: float
    """All rates that have a path."""
    without_path: tuple[str, ...]
    """Demands with a rate that have no permitted path even without failures."""
    background: str
    """The source of background traffic; empty without any."""
    usual: CutLoad
    """Without failures."""
    cuts: tuple[CutLoad, ...]
    """The most harmful first: by rates without a path, then shortfall, then utilization."""
    links: tuple[FullLink, ...]
    """Each under its worst cut, the fullest first."""
    supported_gbps: float
    """Demands that fit whatever is cut, if all of them grow alike, on these paths."""
    supported_times: float
    """The same over today's demands."""
    bottleneck: FullLink
    """Full first then; its load is today's."""
    sensitivity: tuple[FibreSensitivity, ...]
    """The largest change first."""
    growth: tuple[GrowthRate, ...]
    years: tuple[YearLoad, ...]
    """From that of the answer; empty if no growth is stated."""
    until: str
    """Why there are fewer years than asked about; else empty."""


def capacity_each(
    each: Each = "groups",
    *,
    scenario: str | Path = DEFAULT,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    rates: Mapping[str, str] | str | None = None,
    load: Load | None = None,
    growth: Mapping[str, str] | str | None = None,
    years: int = YEARS,
) -> CapacityEachAnswer:
    """Compute utilization and headroom under each single cut, and the year of the first overload.

    Args:
        each: The cuts, as of :func:`corridor.cut_each`.
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        rates: Real rates instead of committed rates, as of :func:`corridor.capacity`.
        load: The kind of load: committed rates, peak rates, or the offered load of workloads.
        growth: The growth of a year, such as ``"25%"``: of all demands, or by data class, demand,
            aggregate or ``"background"``. Without it, no years are computed.
        years: How many.

    Returns:
        Loads of each cut (``cuts``) and link direction (``links``), supported demand and its
        ``sensitivity``, and ``years``. Rates are real, in Gbit/s.

    Raises:
        InputError: A file, a name or a rate is invalid, or a growth is not known.

    Example:
        >>> found = corridor.capacity_each("fibres", scenario="mini", rates="2Tbit", growth="25%")
        >>> [round(one.worst.share, 2) for one in found.years[7:9]]
        [0.89, 1.12]
    """
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    words = {"": growth} if isinstance(growth, str) else growth
    given = given_texts(words, "growth", '"25%" or {"ckpt": "25%"}')
    chosen, stated = given_choice(each, get_args(Each), "each"), given_stated(rates)
    return capacity_each_answer(loaded, chosen, load, stated=stated, growth=given, years=years)


def capacity_each_answer(
    loaded: LoadedScenario,
    each: Each,
    load: Load | None = None,
    *,
    stated: Sequence[str] = (),
    growth: Mapping[str, str] = {},
    years: int = YEARS,
) -> CapacityEachAnswer:
    """Return the same for a scenario that is loaded."""
    if not 1 <= years <= MOST_YEARS:
        raise InputError(f"{years} years", f"1 to {MOST_YEARS} can be computed")
    loads = _Loads(
        with_rates(loaded, stated),
        each,
        load,
        {of: given_growth(one) for of, one in growth.items()},
    )
    span, until = loads.horizon(years) if growth else (-1, "")
    by_year = [loads.year(number) for number in range(span + 1)]
    cuts = [loads.cut(number) for number in range(len(loads.cuts))]
    times, total = loads.times_today, loads.total(loads.today)
    cut, link = np.unravel_index(int(times.argmin()), times.shape)
    return CapacityEachAnswer(
        schema=CAPACITY_EACH_SCHEMA,
        scenario=loaded.scenario.name,
        policies=loaded.policies.name,
        as_of=str(loaded.as_of),
        each=each,
        load=loads.load,
        demands_gbps=total,
        without_path=loads.served.without_path,
        background="" if loaded.background is None else loaded.background.source,
        usual=cuts[0],
        cuts=tuple(sorted(cuts[1:], key=_harm)),
        links=tuple(loads.fullest()),
        supported_gbps=float(times.min()) * total,
        supported_times=float(times.min()),
        bottleneck=loads.link(int(cut), int(link), loads.today),
        sensitivity=tuple(sorted(loads.sensitivity(), key=_change)),
        growth=tuple(loads.rates.values()) if growth else (),
        years=tuple(by_year),
        until=until,
    )


class _Paid(NamedTuple):
    """A rate, real: whose it is, and what grows with it."""

    payer: str
    gbps: float
    grows: str


class _Loads:
    """Loads of a scenario under each cut; of the first, nothing fails."""

    def __init__(
        self, loaded: LoadedScenario, each: Each, load: Load | None, growth: Mapping[str, float]
    ) -> None:
        self._loaded, self._growth, self.served = loaded, growth, serve(loaded)
        self.load = load_of(loaded, self.served, load)
        self.cuts = [(), *cuts_of(loaded.topology, each)]
        self._of = capacities(loaded.topology)
        self._paid = self._paid_rates()
        of = loaded.background
        self._figures = of.growth() if of and growth and BACKGROUND not in growth else ()
        self.rates = {one.of: one for one in self._growth_rates()}
        """By what grows, demands first."""
        self.today = np.ones(len(self.rates))
        """Factors, by what grows."""
        self._is_demand = np.array([not one.startswith(BACKGROUND) for one in self.rates])
        ends = [(one.id, hub) for one in loaded.topology.fibres for hub in one.ends]
        self._links = list(dict.fromkeys(self._with_shared(ends)))
        self.capacity = np.array([self._of.of[fibre].gbps for fibre, _ in self._links])
        self._loads, self._down = self._summed()
        self._demands, self._rest = self._loads @ self._is_demand, self._loads @ ~self._is_demand
        self.times_today = self.times(self.capacity)

    def _paid_rates(self) -> dict[str, _Paid]:
        """By directed demand."""
        rate = rate_of(self.load, self.served.offered)
        found = {name: rate(one) for name, one in self.served.searched.items()}
        groups = groups_of(self._loaded, {one.payer for one in found.values() if one})
        if unknown := self._growth.keys() - groups.keys() - {"", BACKGROUND}:
            hint = nearest(min(unknown), groups) or f"name one of {few(sorted(groups), 9)}"
            raise InputError(f'nothing with a rate is called "{min(unknown)}"', hint)
        # Groups are classes, then aggregates, then demands: what is narrower replaces it.
        some = [(of, groups[of][1]) for of in groups if of in self._growth]
        grows = {payer: of for of, payers in some for payer in payers}
        per_gbps = float(self._of.scale) * 1e9
        return {
            name: _Paid(one.payer, one.bps / per_gbps, grows.get(one.payer, ""))
            for name, one in found.items()
            if one is not None
        }

    def _growth_rates(self) -> Iterator[GrowthRate]:
        """Raises InputError for growth that is not known."""
        growth, keys = self._growth, dict.fromkeys(one.grows for one in self._paid.values())
        background = self._loaded.background
        if growth and "" in keys and "" not in growth:
            names = sorted({one.payer for one in self._paid.values() if not one.grows})
            hint = "state the growth of a year, such as --growth 25%, or 0% for none"
            raise InputError(f"the growth of {few(names, MOST_NAMED)} is not known", hint)
        if BACKGROUND in growth and background is None:
            raise InputError(f"{self._loaded.scenario.name} has no background traffic")
        if growth and background and BACKGROUND not in growth and not self._figures:
            message = "the growth of the background, whose rates are stated, is not known"
            raise InputError(message, "add --growth background=25%, or 0% for none")
        for of in (*keys, *([BACKGROUND] if background and not self._figures else [])):
            share = growth.get(of, 0.0)
            yield GrowthRate(of=of, per_year=share, low=share, high=share, basis="stated")
        yield from (one.rate for one in self._figures)

    def _summed(self) -> tuple[Floats, list[list[str]]]:
        """Return Gbit/s, and by cut, directed demands without a path."""
        outcomes, down = Outcomes(self._loaded), []
        keys = {of: number for number, of in enumerate(self.rates)}
        numbers = {link: number for number, link in enumerate(self._links)}
        loads = np.zeros((len(self.cuts), len(numbers), len(keys)))
        country = {flow: one.rate.of for one in self._figures for flow in one.flows}
        for load, cut in zip(loads, self.cuts, strict=True):
            legs, crossed = outcomes.recomputed(cut), Counter[tuple[str, Link]]()
            down.append([name for name in self._paid if legs[name].ns is None])
            for name, (payer, gbps, grows) in self._paid.items():
                for link, times in Counter(self._with_shared(legs[name].links)).items():
                    more = max(0, times - crossed[payer, link])  # a shared rate counts once
                    crossed[payer, link] += more
                    load[numbers[link], keys[grows]] += more * gbps
            dead = failures_of(self._loaded.topology, cut)
            of = self._loaded.background
            for flow in of.after(dead.links, dead.srlgs, dead.hubs).flows if of else ():
                for link in self._with_shared(flow.links):
                    load[numbers[link], keys[country.get(flow.id, BACKGROUND)]] += flow.gbps
        return loads, down

    def _with_shared(self, links: Sequence[Link]) -> Iterator[Link]:
        fibre = self._loaded.topology.fibre
        return chain(links, *(shared_links(fibre(name), hub) for name, hub in links))

    def horizon(self, asked: int) -> tuple[int, str]:
        """Return how many years can be computed, and why there are not more."""
        until, of = min(((one.until, one.rate.of) for one in self._figures), default=(date.max, ""))
        start = self._loaded.as_of
        years = until.year - start.year - ((until.month, until.day) < (start.month, start.day))
        if years >= asked:
            return asked, ""
        hint = f"state --growth {BACKGROUND}=25% for later years"
        return max(0, years), f"figures of {of} can be carried to {until}; {hint}"

    def _factors(self, years: int, bound: str = "per_year") -> Floats:
        return np.array([(1 + getattr(one, bound)) ** years for one in self.rates.values()])

    def total(self, factors: Floats) -> float:
        """The rates of all demands."""
        of = dict(zip(self.rates, factors.tolist(), strict=True))
        rates = {one.payer: one.gbps * of[one.grows] for one in self._paid.values()}
        return float(sum(rates.values()))

    def link(self, cut: int, link: int, factors: Floats) -> FullLink:
        (fibre, hub), of = self._links[link], self._loads[:, link] * factors
        load, capacity = round(float(of[cut].sum()), 9), self._of.of[fibre]  # sums of doubles err
        return FullLink(
            fibre=fibre,
            hub=hub,
            capacity=capacity,
            load_gbps=load,
            background_gbps=float(of[cut, ~self._is_demand].sum()),
            share=load / capacity.gbps,
            usual_share=float(of[0].sum()) / capacity.gbps,
            headroom_gbps=capacity.gbps - load,
            cut=self.cuts[cut],
        )

    def _shares(self, factors: Floats) -> Floats:
        """Cuts x link directions."""
        shares: Floats = (self._loads @ factors) / self.capacity
        return shares

    def cut(self, number: int) -> CutLoad:
        down, shares = self._down[number], self._loads[number].sum(axis=1) / self.capacity
        over = np.where(shares > FULL, shares - 1, 0) * self.capacity
        times = float(self.times_today[number].min())
        return CutLoad(
            cut=self.cuts[number],
            fullest=self.link(number, int(shares.argmax()), self.today),
            overloaded=int((over > 0).sum()),
            shortfall_gbps=float(over.sum()),
            no_path=tuple(dict.fromkeys(one.removesuffix(RETURN) for one in down)),
            no_path_gbps=sum(
                {self._paid[one].payer: self._paid[one].gbps for one in down}.values()
            ),
            times=times if math.isfinite(times) else None,
        )

    def fullest(self) -> Iterator[FullLink]:
        shares = self._shares(self.today)
        worst = shares.argmax(axis=0).tolist()
        for link in np.argsort(-shares.max(axis=0), kind="stable").tolist():
            if shares[worst[link], link]:
                yield self.link(worst[link], link, self.today)

    def times(self, capacity: Floats) -> Floats:
        """Up to how many times its demands each link takes under each cut; infinite without any."""
        left, times = np.maximum(capacity - self._rest, 0), np.full(self._rest.shape, np.inf)
        np.divide(left, self._demands, out=times, where=self._demands > 0)
        return times

    def sensitivity(self) -> Iterator[FibreSensitivity]:
        """Yield one for each fibre, and for what fibres share, that demands may cross."""
        today, total = self.times_today.min(axis=0), self.total(self.today)
        less, more = (self.times(self.capacity * one).min(axis=0) for one in (1 - STEP, 1 + STEP))
        spare = self.capacity - (self._rest + float(today.min()) * self._demands).max(axis=0)
        names = np.array([fibre for fibre, _ in self._links])
        for fibre in dict.fromkeys(names[np.isfinite(today)].tolist()):
            here = names == fibre
            yield FibreSensitivity(
                fibre=fibre,
                less_gbps=float(np.where(here, less, today).min() - today.min()) * total,
                more_gbps=float(np.where(here, more, today).min() - today.min()) * total,
                spare_gbps=max(0.0, float(spare[here].min())),
            )

    def year(self, number: int) -> YearLoad:
        factors = self._factors(number)
        shares = self._shares(factors)
        low, high = (self._shares(self._factors(number, one)) for one in ("low", "high"))
        cut, link = np.unravel_index(int(shares.argmax()), shares.shape)
        return YearLoad(
            year=self._loaded.as_of.year + number,
            demands_gbps=self.total(factors),
            usual=self.link(0, int(shares[0].argmax()), factors),
            worst=self.link(int(cut), int(link), factors),
            overloads=int((shares[1:] > FULL).any(axis=1).sum()),
            usual_bounds=(float(low[0].max()), float(high[0].max())),
            worst_bounds=(float(low.max()), float(high.max())),
        )


def _harm(of: CutLoad) -> tuple[float, float, float, tuple[str, ...]]:
    return -of.no_path_gbps, -of.shortfall_gbps, -of.fullest.share, of.cut


def _change(of: FibreSensitivity) -> tuple[float, float, str]:
    return -max(of.more_gbps, -of.less_gbps), of.spare_gbps, of.fibre
