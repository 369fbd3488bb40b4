"""Many cuts by harm, and utilization under each cut and in each year, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.capacity_each import FULL, STEP, CapacityEachAnswer, FullLink
from corridor.experiments.answers.cut_each import CutEachAnswer, CutEffect, EachCut
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
from corridor.experiments.text.internet_text import wrapped
from corridor.topologies.base.words import counted, few, joined
from corridor.topologies.base.words import percent as share

MOST_ROWS, MOST_DEMANDS = 20, 3
NOUNS = {"groups": "shared-risk groups", "fibres": "fibres", "pairs": "pairs of shared-risk groups"}
NUMBERS = (
    *("fibres", "no path", "only together", "slower", "sum ms", "max ms", "detours", "Gbit/s"),
    *("without path", "with plan", "saves ms"),
)
SPARE = ("Gbit/s", "fibres", "max ms", "without path", "detours")


def cuts_told(of: CutEachAnswer, *, worst: int = MOST_ROWS, width: int | None = None) -> str:
    """The most harmful cuts, within ``width``; those without an effect are only counted."""
    some = [one for one in of.cuts if one.effect.affected and not one.same_as]
    rows = [_row(one, of) for one in some[:worst]]
    lines = [wrapped(one, width) for one in _cut_sentences(of)]
    if rows:
        headings = list(rows[0])
        cells = [list(row.values()) for row in rows]
        table = render(
            headings, cells, frozenset(NUMBERS), width=width, spare=SPARE, wrap=headings[-1]
        )
        lines += ["", table]
    if more := len(some) - len(rows):
        lines.append(f"{counted(more, 'more row')}: use --worst {len(some)} or --json")
    return "\n".join([*lines, "", *(wrapped(one, width) for one in _cut_notes(of))])


def _cut_sentences(of: CutEachAnswer) -> Iterator[str]:
    law = "no policy set" if of.policies == NO_POLICIES else f"policy set {of.policies}"
    yield (
        f"{of.scenario}, {law}, as of {of.as_of}: each of {len(of.cuts):,} {NOUNS[of.each]} cut "
        f"alone; {of.served} of {counted(of.demands, 'demand')} are served before."
    )
    down = sum(bool(one.effect.disconnected) for one in of.cuts)
    slower = sum(bool(one.effect.slower) and not one.effect.disconnected for one in of.cuts)
    none = sum(not one.effect.affected for one in of.cuts)
    yield (
        f"Cuts that disconnect demands: {down}; that only make demands slower: {slower}; without "
        f"an affected demand: {none}."
    )
    if of.each == "pairs":
        same = sum(bool(one.same_as) and bool(one.effect.affected) for one in of.cuts)
        more = sum(bool(one.only_together) for one in of.cuts)
        yield (
            f"Pairs that disconnect demands which neither group disconnects alone: {more}. Pairs "
            f"with the effect of one of their groups alone: {same}, not shown."
        )
    if of.planned_topology:
        gains = sum(bool(one.reconnects) for one in of.cuts)
        yield (
            f"On {of.planned_topology}, {of.planned_served} demands are served before; cuts under "
            f"which demands that are disconnected today have a path: {gains}."
        )


def _row(one: EachCut, of: CutEachAnswer) -> dict[str, str]:
    """By heading, in the order of columns."""
    effect = one.effect
    has_rates, has_plan = of.rates != "none", bool(of.planned_topology)
    planned = one.planned
    cells: list[tuple[str, str, bool]] = [
        ("cut", " and ".join(element.partition(":")[2] for element in one.cut), True),
        ("fibres", str(len(effect.fibres)), True),
        ("no path", str(len(effect.disconnected) or ""), True),
        ("slower", str(effect.slower or ""), True),
        ("sum ms", f"{effect.added_sum_ms:,.1f}" if effect.slower else "", True),
        ("max ms", f"{effect.added_max_ms:,.1f}" if effect.slower else "", True),
        ("detours", _detours(effect), True),
        ("only together", str(len(one.only_together) or ""), of.each == "pairs"),
        ("Gbit/s", _gbps(effect.affected_gbps), has_rates),
        ("without path", _gbps(effect.disconnected_gbps), has_rates),
        ("with plan", "?" if planned is None else str(len(planned.disconnected) or ""), has_plan),
        ("saves ms", "" if planned is None else f"{one.saves_ms:,.1f}", has_plan),
        ("disconnected", few(one.only_together or effect.disconnected, MOST_DEMANDS), True),
    ]
    return {heading: cell for heading, cell, is_shown in cells if is_shown}


def _detours(effect: CutEffect) -> str:
    left = effect.affected - len(effect.disconnected)
    return f"{left - len(effect.waiting)} of {left}" if left else ""


def _gbps(value: float | None) -> str:
    return f"{value:,.4g}" if value else ""


def _cut_notes(of: CutEachAnswer) -> Iterator[str]:
    yield (
        "sum ms, max ms: added round trip after the controller has recomputed paths. detours: "
        "demands that the installed tables reroute at once, of those with a path."
    )
    if of.rates != "none":
        rates = "committed rates" if of.rates == "committed" else "offered load of workloads"
        yield (
            f"Gbit/s: {rates} of affected demands (real rates), and of demands without a path. "
            "Background traffic is not included: corridor cut WHAT computes it."
        )
    if of.planned_topology:
        yield (
            f"with plan: demands without a path on {of.planned_topology} under the same cut; "
            "saves ms: how much shorter round trips then are, of demands with a path on both maps."
        )


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
