"""Utilization under each cut and in each year: sentences and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.capacity_each import FULL, STEP, CapacityEachAnswer, FullLink
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.capacity_text import (
    ASSUMED,
    LOAD_WORDS,
    MOST_NAMED,
    UNITS,
    Unit,
    link_said,
    percent,
    place,
    times_of,
)
from corridor.experiments.text.cut_each_text import NOUNS
from corridor.experiments.text.internet_text import wrapped
from corridor.topologies.base.words import counted, few, joined
from corridor.topologies.base.words import percent as share

CUTS = ("cut", "utilization", "of", "overloaded", "shortfall", "no path", "factor")
LINKS = ("fibre", "from hub", "capacity", "background", "no failure", "worst", "cut", "headroom")
FIBRES = ("fibre", "less", "more", "spare")
YEARS = ("year", "demands", "no failure", "worst", "of", "cut", "overloads")
RIGHT = frozenset((*CUTS, *LINKS, *FIBRES, *YEARS)) - {"cut", "of", "fibre", "from hub", "year"}


def told(of: CapacityEachAnswer, *, worst: int, width: int | None = None) -> str:
    """Sentences and tables within ``width``, with up to ``worst`` rows each."""
    widest = max(one.capacity.gbps for one in of.links)
    unit = next((one for one in UNITS if widest >= one.gbps), UNITS[-1])
    cuts, links, fibres, years = (list(rows(of, unit)) for rows in (_cuts, _links, _fibres, _years))
    change = f"Change of the supported demand if one capacity is {share(STEP)} less or more"
    tables = (
        _table("Worst cuts", CUTS, cuts, worst, unit, width),
        _table("Headroom in the worst cut", LINKS, links, worst, unit, width),
        _table(change, FIBRES, fibres, worst, unit, width),
        _table("Growth by year", YEARS, years, len(years), unit, width),
    )
    said, notes = (
        "\n".join(wrapped(one, width) for one in some)
        for some in (_sentences(of, unit), _notes(of))
    )
    return "\n\n".join(filter(None, (said, *tables, notes)))


def _table(
    title: str,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    worst: int,
    unit: Unit,
    width: int | None,
) -> str:
    if not rows:
        return ""
    spare = ("from hub", "capacity", "of")
    found = render(headings, rows[:worst], RIGHT, width=width, spare=spare, wrap="cut")
    more = len(rows) - worst
    tail = f"\n{counted(more, 'more row')}: use --worst {len(rows)} or --json" if more > 0 else ""
    return f"{title} ({unit.name})\n{found}{tail}"


def _sentences(of: CapacityEachAnswer, unit: Unit) -> Iterator[str]:
    law = "no policy set" if of.policies == NO_POLICIES else f"policy set {of.policies}"
    background = f" next to background traffic ({of.background})" if of.background else ""
    over, down = (
        sum(map(bool, some))
        for some in ([one.overloaded for one in of.cuts], [one.no_path for one in of.cuts])
    )
    yield (
        f"{of.scenario}, {law}, as of {of.as_of}: {LOAD_WORDS[of.load]} of "
        f"{unit.rate(of.demands_gbps)} in total{background}, on recomputed paths, under each of "
        f"{len(of.cuts):,} {NOUNS[of.each]} cut alone."
    )
    yield f"Highest utilization without failures: {_full(of.usual.fullest)}."
    yield f"Cuts that overload a fibre: {over}; that leave demands without a path: {down}."
    full = of.bottleneck
    yield (
        f"Supported demand, whatever is cut: {unit.no_more(of.supported_gbps)} {unit.name}, "
        f"{times_of(of.supported_times)} times today's; the bottleneck is "
        f"{link_said(full.fibre, full.hub)}{_under(full.cut)}."
    )
    if of.years:
        usual = [(one.year, one.usual, one.usual_bounds) for one in of.years]
        worst = [(one.year, one.worst, one.worst_bounds) for one in of.years]
        yield f"First overload without failures: {_first(usual)}."
        yield f"First overload under a cut: {_first(worst)}."
    if of.without_path:
        yield f"Without a permitted path at any time: {few(of.without_path, MOST_NAMED)}."


def _first(years: Sequence[tuple[int, FullLink, tuple[float, float]]]) -> str:
    """When a fibre is overloaded first, and which."""
    after = f"after {years[-1][0]}"
    found = next((f"{year}, {_full(one)}" for year, one, _ in years if one.share > 1), after)
    early, late = (
        next((str(year) for year, _, bounds in years if bounds[at] > FULL), after) for at in (1, 0)
    )
    return found if early == late else f"{found} (with the bounds of growth: {early}, {late})"


def _full(of: FullLink) -> str:
    return f"{link_said(of.fibre, of.hub)}, {percent(of.share)}{_under(of.cut)}"


def _under(cut: Sequence[str]) -> str:
    return f" under the cut of {_cut(cut)}" if cut else ""


def _cut(cut: Sequence[str]) -> str:
    return joined(one.partition(":")[2] for one in cut) if cut else "none"


def _cuts(of: CapacityEachAnswer, unit: Unit) -> Iterator[tuple[str, ...]]:
    for one in of.cuts:
        yield (
            _cut(one.cut),
            percent(one.fullest.share),
            link_said(one.fullest.fibre, one.fullest.hub),
            str(one.overloaded or ""),
            unit.enough(one.shortfall_gbps) if one.overloaded else "",
            unit.number(one.no_path_gbps) if one.no_path else "",
            "" if one.times is None else times_of(one.times),
        )


def _links(of: CapacityEachAnswer, unit: Unit) -> Iterator[tuple[str, ...]]:
    for one in of.links:
        yield (
            place(one.fibre),
            one.hub,
            f"{unit.number(one.capacity.gbps)}{ASSUMED * (one.capacity.basis == 'assumed')}",
            unit.number(one.background_gbps) if one.background_gbps else "",
            percent(one.usual_share),
            percent(one.share),
            _cut(one.cut),
            unit.number(one.headroom_gbps),
        )


def _fibres(of: CapacityEachAnswer, unit: Unit) -> Iterator[tuple[str, ...]]:
    for one in of.sensitivity:
        if one.less_gbps or one.more_gbps:
            numbers = (unit.number(gbps) for gbps in (one.less_gbps, one.more_gbps, one.spare_gbps))
            yield (place(one.fibre), *numbers)


def _years(of: CapacityEachAnswer, unit: Unit) -> Iterator[tuple[str, ...]]:
    for one in of.years:
        yield (
            str(one.year),
            unit.number(one.demands_gbps),
            percent(one.usual.share),
            percent(one.worst.share),
            link_said(one.worst.fibre, one.worst.hub),
            _cut(one.worst.cut),
            str(one.overloads or ""),
        )


def _notes(of: CapacityEachAnswer) -> Iterator[str]:
    for one in of.growth:
        bounds = f" ({share(one.low)} to {share(one.high)})" if one.low < one.high else ""
        rests = f"{one.basis}, {one.confidence}: {one.source}" if one.source else one.basis
        yield f"Growth of {one.of or 'demands'}: {share(one.per_year)} a year{bounds}, {rests}."
    if of.until:
        yield f"Years end in {of.years[-1].year}: {of.until}."
    if any(one.capacity.basis == "assumed" for one in of.links):
        yield f"{ASSUMED} assumed, not published (sources: --json)."
    yield (
        "factor: growth of all demands that fits. Recomputed paths are the shortest permitted "
        "ones, whatever the rates: corridor capacity --cut, and --grow, choose paths by rates, "
        "which may avoid an overload."
    )
