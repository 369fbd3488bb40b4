"""An outage on the market of its day, compared with what was published: a replay. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from corridor.experiments.replays.document import (
    Comparison,
    Computed,
    CutSegments,
    Kind,
    Place,
    Replay,
    SeriesComparison,
    State,
    Tally,
    Totals,
    compare_series,
    is_cut,
)
from corridor.experiments.replays.figures import (
    CutMarket,
    Figure,
    Question,
    Unknown,
    compute,
    performance,
    reaction_after,
)
from corridor.experiments.replays.outages import (
    Measure,
    Outage,
    Published,
    Range,
    Series,
    Shipped,
    Unit,
)
from corridor.experiments.replays.verdicts import LEAST, interval_of, judge, median_error
from corridor.traffic.background import COARSE, REACTIONS, Cut, Internet, Reaction
from corridor.traffic.background.market import Samples

KINDS: tuple[Kind, ...] = ("check", "input", "remark")
RISING = ("rtt", "loss")
"""Measures whose level depends on who measures: their rise is compared."""
ALWAYS: tuple[tuple[Measure, float, Unit], ...] = (
    ("capacity-lost", 0, "Gbit/s"),
    ("traffic-lost", 0, "%"),
    ("shortfall", 5, "Gbit/s"),
    ("rtt", 0, "ms"),
)
"""Computed of every country that is hit, published or not."""
STEADY = 0.8
"""The share of samples from which on an answer counts as one that stands."""
DAY_HOURS = 24


@dataclass(frozen=True)
class Stage:
    """An outage with its markets: the best estimate, and random traffic matrices."""

    outage: Outage
    cuts: tuple[CutSegments, ...]
    cut_market: CutMarket | None
    """None if there is no market of that day; ``problem`` says why."""
    samples: tuple[CutMarket, ...]
    seed: int
    problem: str = ""


def stage(internet: Internet, outage: Outage, samples: int, seed: int) -> Stage:
    """Return the markets of an outage.

    Args:
        internet: The data of background traffic.
        outage: What is cut, and when.
        samples: The number of random traffic matrices.
        seed: Of these.
    """
    cuts = tuple(_segments(internet, one.system, one.at) for one in outage.cuts)
    cut = frozenset(segment for one in cuts for segment in one.segments)
    day, ratio = outage.began.date(), internet.file.profile.peak_over_mean.value
    known = internet.countries_near(day)
    if not known:
        return Stage(outage, cuts, None, (), seed, f"no capacity of {day.year} is known")
    countries = _of_interest(internet, cut, outage)
    near = [one for one in countries if one in known]
    far = {one: internet.too_far(one, day) for one in countries if one not in known}
    few = internet.at(day, countries=near or known)
    drawn = [Samples(seed, samples).draw(number) for number in range(samples)]
    markets = [internet.at(day, draw=one, countries=near) for one in drawn if near]
    random = tuple(CutMarket(one, cut, ratio, far) for one in markets)
    return Stage(outage, cuts, CutMarket(few, cut, ratio, far), random, seed)


def _of_interest(internet: Internet, cut: Cut, outage: Outage) -> list[str]:
    """Countries of the data that hold capacity on the cut, or of which something was published."""
    hit = {
        one.country
        for one in internet.file.holdings
        if any(not cut.isdisjoint(route.segments) for route in one.routes)
    }
    published = {one.country for one in outage.published}
    return [one for one in internet.countries if one in hit | published]


def places_of(internet: Internet, system: str = "") -> list[str]:
    """Return the places where systems, or one, can be cut: ``red-sea``."""
    parts = (one.partition(":") for one in internet.lengths_km)
    return sorted({place for of, _, place in parts if not system or of == system})


def _segments(internet: Internet, system: str, at: str) -> CutSegments:
    """Of a system, the segments whose place is named, or begins with the name."""
    named = [one for one in places_of(internet, system) if one == at or one.startswith(f"{at}-")]
    return CutSegments(system=system, at=at, segments=tuple(f"{system}:{one}" for one in named))


def replay_of(on: Stage, shipped: Shipped) -> Replay:
    """Return the document of a staged outage: states, figures, series and totals."""
    outage = on.outage
    compared = tuple(_comparisons(on))
    known = (*outage.sources, *(source for one in outage.published for source in one.sources))
    sources = {key: shipped.sources[key] for key in dict.fromkeys(known)}
    return Replay(
        id=outage.id,
        title=outage.title,
        begin=outage.begin,
        end=outage.end,
        market=outage.began.date().isoformat(),
        note=outage.note,
        cuts=on.cuts,
        samples=len(on.samples),
        seed=on.seed,
        states=tuple(_states(on)),
        comparisons=compared,
        series=tuple(
            _series(on.cut_market, outage, one)
            for one in shipped.series
            if one.outage == outage.id and on.cut_market is not None
        ),
        totals=totals([(outage.id, one) for one in compared]),
        sources={key: f"{one.title}, {one.url}, {one.date}" for key, one in sources.items()},
    )


def totals(of: Sequence[tuple[str, Comparison]]) -> Totals:
    """Return the totals of comparisons, each with the id of its outage."""
    published = [(name, one) for name, one in of if one.published or one.text]
    compared = [(name, one) for name, one in published if one.off is not None]
    checks = [one for _, one in compared if one.kind == "check"]
    sampled = any(one.agreement is not None for one in checks)
    stable = [one for one in checks if one.agreement is not None and one.agreement >= STEADY]
    errors = [one.error for one in checks if one.counts]
    outside = tuple(f"{name}/{one.id}" for name, one in compared if one.verdict == "off")
    return Totals(
        figures=len(published),
        compared=len(compared),
        not_computed=len(published) - len(compared),
        by_kind={kind: _tally([one for _, one in compared if one.kind == kind]) for kind in KINDS},
        median_error=median_error(errors),
        errors=len(errors),
        steady=sum(one.agrees is True and one.verdict == "within" for one in stable)
        if sampled
        else None,
        steadily_off=sum(one.agrees is False for one in stable) if sampled else None,
        outside=outside,
        reasons=dict(Counter(one.reason for _, one in published if one.reason)),
    )


def _tally(of: Sequence[Comparison]) -> Tally:
    return Tally(compared=len(of), within=sum(one.verdict == "within" for one in of))


def _comparisons(on: Stage) -> Iterator[Comparison]:
    for one in on.outage.published:
        place = Place(
            country=one.country, owner=one.owner, system=one.system, direction=one.direction
        )
        asked = Question(
            one.measure, place, one.day, one.unit == "%", one.statistic, on.outage.began
        )
        yield _comparison(on, asked, one.unit, one)
    if on.cut_market is not None:
        yield from _unpublished(on, on.cut_market)


def _unpublished(on: Stage, cut_market: CutMarket) -> Iterator[Comparison]:
    """Figures that no source has, of each country that is hit and whose cables are known."""
    for country in _known_countries(cut_market):
        for measure, day, unit in ALWAYS:
            if any((one.country, one.measure) == (country, measure) for one in on.outage.published):
                continue
            asked = Question(
                measure, Place(country=country), day, unit == "%", "at-day", on.outage.began
            )
            yield _comparison(on, asked, unit)


def _known_countries(cut_market: CutMarket) -> list[str]:
    """Countries that are hit, and of which the capacity is known cable by cable."""
    hit = cut_market.hit(Place())
    return list(dict.fromkeys(one.country for one in hit if one.system != COARSE))


def _comparison(
    on: Stage, asked: Question, unit: Unit | None, published: Published | None = None
) -> Comparison:
    rises = published is not None and published.before is not None and asked.measure in RISING
    found, reason = _answer(on.cut_market, asked, on.problem)
    best = None if found is None else _judged(found, rises)
    drawn = (_answer(one, asked, "")[0] for one in on.samples)
    samples = [_judged(one, rises) for one in drawn if one is not None]
    tolerance = None if published is None else published.tolerance
    judged = judge(_published_value(published, rises), best, samples, tolerance)
    compared = Comparison(
        id=f"{(asked.place.country or '').lower()}-{asked.measure}",
        measure=asked.measure,
        place=asked.place,
        statistic=asked.statistic,
        day=asked.day,
        unit=unit,
        computed=None if found is None else rounded(found.value),
        computed_before=None if found is None else rounded(found.before),
        by_reaction=_by_reaction(on, asked),
        interval=None if best is None else interval_of(samples),
        judged="rise" if rises else "value",
        verdict=judged.verdict,
        off=rounded(judged.off),
        error=rounded(judged.error),
        agreement=rounded(judged.agreement),
        agrees=judged.agrees,
        reason=reason,
    )
    return compared if published is None else _with_published(compared, published)


def _with_published(compared: Comparison, of: Published) -> Comparison:
    return replace(
        compared,
        id=of.id,
        published=of.value,
        published_before=of.before,
        text=of.text,
        check=of.use == "check",
        input=of.input,
        because=of.because,
        sources=of.sources,
        confidence=of.confidence,
    )


def _published_value(of: Published | None, rises: bool) -> Range | None:
    """The value that is compared: of round trips and losses, the rise above the value before."""
    if of is None or of.value is None or of.before is None or not rises:
        return None if of is None else of.value
    low, high = sorted(one - of.before.middle for one in of.value)
    return Range(low, high)


def _by_reaction(on: Stage, asked: Question) -> dict[Reaction, float]:
    found = {one: _answer(on.cut_market, replace(asked, reaction=one), "")[0] for one in REACTIONS}
    return {key: rounded(one.value) for key, one in found.items() if one is not None}


def _judged(of: Figure, rises: bool) -> float:
    return of.value - (of.before or 0.0) if rises else of.value


def _answer(
    cut_market: CutMarket | None, asked: Question, problem: str
) -> tuple[Figure | None, str]:
    """A figure, or the reason why there is none."""
    if cut_market is None:
        return None, problem
    try:
        return compute(cut_market, asked), ""
    except Unknown as reason:
        return None, str(reason)


def _states(on: Stage) -> Iterator[State]:
    if on.cut_market is None:
        return
    for country in _known_countries(on.cut_market):
        for reaction in REACTIONS:
            yield _state(on.cut_market, on.samples, country, reaction)


def _state(
    cut_market: CutMarket, samples: Sequence[CutMarket], country: str, reaction: Reaction
) -> State:
    place = Place(country=country)
    total = cut_market.carried(reaction).total(country)
    lacks = total.unserved_gbps > LEAST
    same = [
        (one.carried(reaction).total(country).unserved_gbps > LEAST) == lacks for one in samples
    ]
    now, before = _performed(cut_market, place, reaction), _performed(cut_market, place, None)
    return State(
        country=country,
        after=reaction,
        demand_gbps=rounded(total.offered_gbps),
        lost_gbps=rounded(total.lost_path_gbps),
        unserved_gbps=rounded(total.unserved_gbps),
        rtt_ms=None if now is None else rounded(now.rtt_ms),
        rtt_before_ms=None if before is None else rounded(before.rtt_ms),
        loss_percent=None if now is None else rounded(now.loss_percent),
        steady=rounded(sum(same) / len(same)) if same else None,
    )


def _performed(cut_market: CutMarket, place: Place, reaction: Reaction | None) -> Computed | None:
    try:
        return performance(cut_market, place, reaction)
    except Unknown:
        return None


def _series(cut_market: CutMarket | None, outage: Outage, published: Series) -> SeriesComparison:
    assert cut_market is not None
    place = Place(country=outage.countries[0], owner=published.owner)

    def computed(at: datetime) -> Computed:
        reaction = None
        if is_cut(outage, at):
            reaction = reaction_after((at - outage.began) / timedelta(hours=DAY_HOURS))
        return performance(cut_market, place, reaction, cut_market.load_at(place, at))

    return compare_series(published, outage, computed)


def rounded[Number: (float, float | None)](value: Number) -> Number:
    """To four digits after the point: finer differences are of floating point only."""
    return value if value is None else round(value, 4)
