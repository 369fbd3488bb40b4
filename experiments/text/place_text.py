"""Placements of computing jobs in sentences and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from corridor.controller.policy.clauses.clause import caveat
from corridor.experiments.placement.place_documents import (
    AtEnd,
    CountedTotal,
    LoadedLink,
    Optimum,
    OtherHubs,
    PlaceAnswer,
    PlacedGroup,
    Quantiles,
    Sensitivity,
)
from corridor.experiments.terminal.columns import Table, prose
from corridor.experiments.text.day_text import day_sentences, day_table
from corridor.topologies.base.words import counted, few, joined, joined_few, percent
from corridor.topologies.energy.seasons import season_name

MOST_HUBS, MOST_GROUPS, MOST_LEFT, MOST_CUTS = 4, 40, 10, 3
LEAST_MOVED = 0.005
SURE = 0.9
"""A share of samples within the budget that needs no sentence."""
MEANINGS = {
    "carbon": "lowest emissions",
    "pareto": "lowest emissions",
    "cost": "lowest cost of power",
    "latency": "lowest sum of RTTs",
}
HUB_HEADS = ("hub", "limit MW", "mean MW", "peak MW", "IT MWh", "PUE", "MWh", "g/kWh", "tCO2")
JOB_HEADS = ("job", "jobs", "origin", "hub", "RTT ms", "90 %", "budget", "within", "data")
SAMPLE_HEADS = ("hub", "share", "90 % of samples", "has most in")
LIFT_HEADS = ("change", "saves", "at ends", "moves", "opens to all jobs")
LAW_HEADS = ("job", "jobs", "hub", "saves", "blocked by")
NUMBERS = frozenset({*HUB_HEADS[1:], "jobs", "RTT ms", "budget", "within", "saves", "cost"})
CUT = {
    "groups": "whatever shared-risk group is cut",
    "fibres": "whatever fibre is cut",
    "pairs": "whatever two shared-risk groups are cut",
}
HELD = 3
"""Values without an interval that are named, of each quantity."""


def told(of: PlaceAnswer, width: int | None = None, *, everything: bool = False) -> str:
    """A headline, tables by hub and by job, what law forbids, and what is assumed."""
    parts = [
        prose(headline(of), width),
        _listed(results(of), width),
        hub_table(of).told(width),
        _jobs(of, width, everything=everything),
        *(one.told(width) for one in _tables(of)),
        *_day(of, width),
        _listed(("Limits and assumptions:", *notes(of)), width),
    ]
    return "\n\n".join(filter(None, parts))


def _listed(lines: Iterable[str], width: int | None) -> str:
    return "\n".join(prose(one, width, rest="    ") for one in lines)


def _jobs(of: PlaceAnswer, width: int | None, *, everything: bool) -> str:
    left = 0 if everything else max(0, len(of.groups) - MOST_GROUPS)
    more = f"\n{counted(left, 'more entry')} of the file: --all shows them." if left else ""
    return job_table(of, None if everything else MOST_GROUPS).told(width) + more


def headline(of: PlaceAnswer) -> str:
    law = "without law" if of.is_without_law else f"under {of.policies} on {of.as_of}"
    ranked = sorted(of.hubs, key=lambda one: -one.it_mwh)
    shares = [f"{one.hub} {percent(one.it_mwh / of.it_mwh)}" for one in ranked]
    counting = f", {of.count} counting" if of.count else ""
    counting += f", {season_name(of.season)}" if of.season else ""
    return (
        f"{of.name}: {counted(of.jobs, 'job')}, {of.it_mwh:,.0f} MWh of IT energy a day, placed "
        f"{law} for the {MEANINGS[of.objective]}{counting}: {joined_few(shares, MOST_HUBS)}."
    )


def results(of: PlaceAnswer) -> Iterator[str]:
    """The totals, the optima and what law costs, as sentences."""
    if of.not_placed:
        names = few([one.job for one in of.not_placed], MOST_LEFT)
        number = sum(one.count for one in of.not_placed)
        mwh = sum(one.it_mwh for one in of.not_placed)
        yield (
            f"Not placed, and in no figure below: {number:,} of {of.jobs + number:,} jobs with "
            f"{mwh:,.0f} of {of.it_mwh + mwh:,.0f} MWh ({names})."
        )
    yield from cautions(of)
    yield "The placement counted in three ways (figures of different countings are not added):"
    for total in of.totals:
        mark = ", placed by it" if total.count == of.count else ""
        yield f"  {total.count}{mark}: {_total(total)}"
    yield f"Optimum under law: {_optimum(of.with_law, of.unit)}."
    yield f"Optimum without law, same jobs: {_optimum(of.without_law, of.unit)}."
    yield _cost_of_law(of)
    for end in of.ends:
        yield _end(of.count, end)
    for other in of.other_countings:
        if other.moved >= LEAST_MOVED:
            yield (
                f"The countings disagree: by {other.count}, {percent(other.moved)} of the IT "
                f"energy would be at other hubs, and {other.most_used} would have most."
            )
    if of.sensitivity:
        yield _sampled(of.sensitivity, of.unit)
    if of.against:
        yield _against(of.against, of.unit)
    if len(of.groups) + len(of.not_placed) > 1:
        yield common(of)
    if of.lifted == ():
        yield "No single change of law that was tried saves anything."


def _sampled(of: Sensitivity, unit: str) -> str:
    low, high = of.stays_interval
    none = of.samples - of.placed
    unplaced = f" In {counted(none, 'more sample')} the jobs do not fit." if none else ""
    return (
        f"Sampled: {of.hub} has most IT energy in {percent(of.stays_first)} of "
        f"{counted(of.placed, 'sample')} of the values (95 % interval {percent(low)} to "
        f"{percent(high)}). Optimum: {_amount(of.optimum.median)} {unit} "
        f"({_interval(of.optimum)} in 90 % of samples). Law costs "
        f"{_amount(of.cost_of_law.median)} {unit} ({_interval(of.cost_of_law)}).{unplaced}"
    )


def _against(of: OtherHubs, unit: str) -> str:
    """What the same jobs cost at the other hubs, and in samples of the same values."""
    said = (
        f"At {joined_few(of.hubs, MOST_LEFT)} instead: {_amount(of.optimum.value)} {unit}, a "
        f"difference of {_signed(of.adds)} (gaps of the solver: {_signed(of.low)} to "
        f"{_signed(of.high)}), and of {_signed(of.rtt.median)} ms in the mean RTT "
        f"({_signed(of.rtt.low)} to {_signed(of.rtt.high)} in 90 % of samples of the map)."
    )
    if not of.sampled:
        return said
    adds = of.sampled.adds
    return (
        f"{said} Sampled with the same values for both: {_signed(adds.median)} {unit} "
        f"({_signed(adds.low)} to {_signed(adds.high)} in 90 % of samples), above 0 in "
        f"{percent(of.sampled.more)} of {counted(of.sampled.placed, 'sample')}."
    )


def _signed(value: float) -> str:
    shown = f"{value:+,.1f}"
    return "0.0" if shown in ("+0.0", "-0.0") else shown


def _interval(of: Quantiles) -> str:
    return _span(of.low, of.high)


def common(of: PlaceAnswer) -> str:
    """One site for all jobs."""
    lawful = [one for one in of.common if one.lawful_rtt_ms is not None]
    free = [f"{one.hub} ({one.rtt_ms:.1f} ms)" for one in of.common]
    sites = [f"{one.hub} ({one.lawful_rtt_ms:.1f} ms)" for one in lawful]
    without = joined_few(free, MOST_LEFT) or "none"
    return (
        f"Hubs where all jobs may run (longest RTT): under law "
        f"{joined_few(sites, MOST_LEFT) or 'none'}, without law {without}."
    )


def _cost_of_law(of: PlaceAnswer) -> str:
    """By the solver, and with all factors at either end."""
    cost, least = of.cost_of_law, of.without_law.value
    share = f" ({cost.value / least:+.1%})" if least else ""
    placed = " for the jobs that are placed" if of.not_placed else ""
    ends = " and ".join(
        f"{_amount(one.cost_of_law)} with all factors at the {one.end} end" for one in of.ends
    )
    return (
        f"Law costs {_amount(cost.value)} {of.unit}{share}{placed}; the gaps of the solver make it "
        f"{_amount(cost.low)} to {_amount(cost.high)}" + (f"; it is {ends}." if ends else ".")
    )


def cautions(of: PlaceAnswer) -> Iterator[str]:
    """What the headline does not say: data or hubs without law, ties, budgets that may be
    missed."""
    uncovered = [one.job for one in of.groups if not all(part.is_covered for part in one.parts)]
    if uncovered:
        yield (
            f"Policy set {of.policies} does not cover the data of {few(uncovered, MOST_LEFT)}: "
            "that they are placed does not mean that this is lawful."
        )
    yield from _uncertain(of)
    yield from _season(of)
    if of.without_rules and not of.is_without_law:
        yield (
            f"Policy set {of.policies} has no rules of the country of "
            f"{few(of.without_rules, MOST_LEFT)}: only the law of the data's origin was applied, "
            "so it is not known whether computing there is lawful."
        )
    if of.near_ties:
        each = [
            f"{one.hub} and {one.other} ({percent(abs(one.difference))})" for one in of.near_ties
        ]
        yield (
            "Emissions of an MWh of IT energy differ across a border by less than the methods of "
            f"two countries do, so the order of these hubs means nothing: {few(each, MOST_HUBS)}."
        )
    yield from _undecided(of)
    late = [
        f"{one.job} at {part.hub} ({percent(part.within_budget)})"
        for one in of.groups
        for part in one.parts
        if part.within_budget is not None and part.within_budget < SURE
    ]
    if late:
        yield (
            f"Within the RTT budget in fewer than {percent(SURE)} of samples: "
            f"{few(late, MOST_LEFT)}."
        )


def _season(of: PlaceAnswer) -> Iterator[str]:
    """Of which factors the emissions are, and at which hubs they are others."""
    if of.season:
        kept = f"; those of {few(of.annual, MOST_HUBS)} are of the year, as stated"
        yield (
            f"Factors of emissions are those of {season_name(of.season)}"
            f"{kept if of.annual else ''}. They are derived from shares of thermal power; PUE and "
            "prices are not by season."
        )


def _undecided(of: PlaceAnswer) -> Iterator[str]:
    """Candidate hubs of which emissions do not show that they emit more than the first."""
    first = max(of.hubs, key=lambda one: one.it_mwh).hub
    if of.is_tie:
        yield "All hubs in use emit the same by this counting: distance decides."
    elif of.equal:
        yield (
            f"As much as at {first} is emitted for an MWh of IT energy at "
            f"{joined_few(of.equal, MOST_LEFT)} by this counting: distance decides between them."
        )
    if of.unresolved:
        yield (
            "Intervals of the factors overlap, so it is not known which of "
            f"{joined_few((first, *of.unresolved), MOST_LEFT)} emits least for an MWh of IT energy."
        )


def _uncertain(of: PlaceAnswer) -> Iterator[str]:
    """Placements that rest on uncertain permits, by permit."""
    jobs, rests = dict[str, set[str]](), 0.0
    for group in of.groups:
        for part in group.parts:
            rests += part.jobs if part.uncertain_permits else 0.0
            for one in part.uncertain_permits:
                named = f"{one.policy}{caveat(one.kind, one.confidence)}"
                jobs.setdefault(named, set()).add(group.job)
    if jobs:
        each = [f"{permit} for {few(sorted(ids), 3)}" for permit, ids in jobs.items()]
        yield (
            f"Permits that are not certain carry {rests:,.4g} of {counted(of.jobs, 'job')}: "
            f"{few(each, MOST_LEFT, '; ')}."
        )


def _total(of: CountedTotal) -> str:
    if not of.hubs:
        return f"unknown, no direct factor by this counting at {few(of.unknown, MOST_HUBS)}"
    bounds = "" if of.low is None or of.high is None else f"{of.low:,.1f} to {of.high:,.1f}"
    known = f"{bounds} tCO2 (range)"
    if of.tco2 is not None:
        ends = f"{bounds} with all factors at one end"
        known = f"{of.tco2:,.1f} tCO2 ({ends if of.low != of.high else 'no interval is known'})"
    if not of.unknown:
        return known
    where = f"{known} at {few(of.hubs, MOST_HUBS)}"
    return f"no total: {where}, no direct factor by this counting at {few(of.unknown, MOST_HUBS)}"


def _optimum(of: Optimum, unit: str) -> str:
    stopped = "" if of.is_optimal else ", larger than asked for"
    bound = f"bound {_amount(of.bound)}, gap {of.gap:.3%}{stopped}"
    return f"{_amount(of.value)} {unit} ({bound})"


def _amount(value: float) -> str:
    shown = f"{value:,.1f}"
    return "0.0" if shown == "-0.0" else shown


def _end(count: str, end: AtEnd) -> str:
    if count == "marginal" and end.end == "high":
        return "Marginal factors are bounds: the placement is that of all factors at the high end."
    if not end.tco2:
        return f"With all factors at the {end.end} end nothing is emitted: distance alone decides."
    if end.moved < LEAST_MOVED:
        return f"Solved with all factors at the {end.end} end: the placement does not change."
    hub = "" if end.is_same else f", and {end.most_used} has most of it"
    moved = f"{percent(end.moved)} of the IT energy moves{hub}"
    return f"Solved with all factors at the {end.end} end: {moved}."


def hub_table(of: PlaceAnswer) -> Table:
    """What runs where."""
    heads = (*HUB_HEADS, of.currency) if of.currency else HUB_HEADS
    rows = []
    for one in sorted(of.hubs, key=lambda one: -one.it_mwh):
        cells = (
            one.hub,
            f"{one.limit_mw:,.0f}{_mark(one.limit_basis)}",
            f"{one.mean_mw:,.1f}",
            f"{one.peak_mw:,.1f}",
            f"{one.it_mwh:,.0f}",
            f"{one.pue:.2f}{_mark(one.pue_basis)}",
            f"{one.meter_mwh:,.0f}",
            "" if one.factor is None else f"{one.factor:,.0f}",
            "" if one.tco2 is None else f"{one.tco2:,.1f}",
        )
        rows.append((*cells, f"{one.cost or 0:,.0f}") if of.currency else cells)
    spare = ("peak MW", "MWh", "limit MW")
    return Table("", heads, rows, frozenset({*NUMBERS, of.currency}), spare)


def _mark(basis: str) -> str:
    return "*" if basis == "stated" else ""


def job_table(of: PlaceAnswer, most: int | None = None) -> Table:
    """Each entry of the file, or the first of them, and its hubs."""
    rows = [row for group in of.groups[:most] for row in _rows(group)]
    return Table("", JOB_HEADS, rows, NUMBERS, ("data", "within", "origin"))


def _rows(group: PlacedGroup) -> Iterator[tuple[str, ...]]:
    returns = "" if group.returns == group.data else f", returns {group.returns}"
    data = f"{group.data}{returns}"
    for number, one in enumerate(group.parts):
        first = number == 0
        yield (
            group.job if first else "",
            f"{one.jobs:,.4g}",
            group.origin if first else "",
            one.hub,
            f"{one.rtt_ms:.1f}",
            f"{one.rtt_low_ms:.1f}-{one.rtt_high_ms:.1f}" if one.rtt_high_ms else "",
            "" if group.rtt_budget_ms is None else f"{group.rtt_budget_ms:g}",
            "" if one.within_budget is None else percent(one.within_budget),
            data if one.is_covered else f"{data} (not covered)",
        )


def law_table(of: PlaceAnswer) -> Table:
    """What law costs, in each unit that is known."""
    cost, sampled = of.cost_of_law, of.sensitivity
    ends = [one.cost_of_law for one in of.ends]
    rows = [
        (
            "objective",
            of.unit,
            _amount(cost.value),
            _span(cost.low, cost.high),
            "gaps of the solver",
        ),
    ]
    if ends:
        rows.append(("", of.unit, "", _span(min(ends), max(ends)), "all factors at one end"))
    if sampled:
        median = _amount(sampled.cost_of_law.median)
        rows.append(("", of.unit, median, _interval(sampled.cost_of_law), "90 % of samples"))
    rtt = _span(cost.rtt.low, cost.rtt.high)
    rows.append(("mean RTT", "ms", _amount(cost.rtt.median), rtt, "90 % of samples of the map"))
    rows.append(("power elsewhere", "MW", _amount(cost.moved_mw), "", "mean of the day"))
    if cost.money and of.objective != "cost":
        low, value, high = cost.money
        span = _span(min(cost.money), max(low, high))
        rows.append(("power bought", of.currency, _amount(value), span, "all prices at one end"))
    heads = ("law adds to", "unit", "value", "interval", "which is")
    return Table("What law costs", heads, rows, frozenset({"value", "interval"}))


def law_tables(of: PlaceAnswer) -> Iterator[Table]:
    """What law forbids, and what single changes of it save."""
    if of.forbidden:
        rows = [
            (one.job, f"{one.jobs:,.4g}", one.hub, _amount(one.saves), f"{one.leg}: {one.why}")
            for one in of.forbidden
        ]
        title = (
            f"Hubs used without law that are forbidden, what these jobs save there in {of.unit} if "
            "there is room (hubs may be full: do not add), and what blocks them"
        )
        yield Table(title, LAW_HEADS, rows, NUMBERS, (), "blocked by")
    if of.lifted:
        rows = [
            (
                f"{one.kind} {one.what}",
                _amount(one.saves),
                _span(one.low, one.high),
                percent(one.moved),
                ", ".join(one.opens),
            )
            for one in of.lifted
        ]
        title = (
            f"What the optimum (parts of jobs) falls by in {of.unit} if law changes in one point"
        )
        yield Table(title, LIFT_HEADS, rows, frozenset(LIFT_HEADS[1:4]), (), "change")
    barred = [one for one in of.common if one.lawful_rtt_ms is None]
    if of.lifted is not None and len(barred) == len(of.common):
        rows = [
            (
                one.hub,
                f"{one.rtt_ms:.1f}",
                f"{one.rtt_low_ms:.1f}-{one.rtt_high_ms:.1f}",
                ", ".join(one.blocked),
                one.why,
            )
            for one in barred[:MOST_LEFT]
        ]
        title = "Hubs that all jobs may share without law, and what law blocks there"
        yield Table(title, ("hub", "RTT ms", "90 %", "blocks", "why"), rows, NUMBERS, (), "why")


def sample_table(of: Sensitivity) -> Table:
    """What hubs have in samples of the values."""
    rows = [
        (one.hub, percent(one.share.median), _shares(one.share), percent(one.first))
        for one in of.hubs
    ]
    title = "Shares of the IT energy by hub, in samples of the values"
    return Table(title, SAMPLE_HEADS, rows, frozenset(SAMPLE_HEADS[1:]))


def pareto_table(of: PlaceAnswer) -> Table:
    """The front of emissions and latency."""
    rows = [
        (f"{one.mean_rtt_ms:.1f}", f"{one.tco2:,.1f}", f"{one.bound:,.1f}", _used(one.hubs))
        for one in of.pareto
    ]
    heads = ("mean RTT ms", "tCO2", "bound", "IT MWh by hub")
    return Table(
        "Lowest emissions for each mean RTT", heads, rows, frozenset(heads[:3]), (), heads[3]
    )


def _tables(of: PlaceAnswer) -> Iterator[Table]:
    yield law_table(of)
    yield from law_tables(of)
    if of.sensitivity:
        yield sample_table(of.sensitivity)
    left = [(one.job, one.why) for one in of.not_placed[:MOST_LEFT]]
    yield Table("", ("not placed", "why"), left, NUMBERS, (), "why")
    if of.pareto:
        yield pareto_table(of)


def _span(low: float, high: float) -> str:
    return f"{_amount(low)} to {_amount(high)}"


def _shares(of: Quantiles) -> str:
    return f"{percent(of.low)} to {percent(of.high)}"


def _day(of: PlaceAnswer, width: int | None) -> Iterator[str]:
    if of.day is not None:
        said = day_sentences(of.day, of.unit, of.currency)
        yield _listed(said, width)
        yield day_table(of.day, of.unit, width)


def _used(hubs: dict[str, float]) -> str:
    ranked = sorted(hubs, key=lambda hub: -hubs[hub])
    return joined_few((f"{hub} {hubs[hub]:,.0f}" for hub in ranked), MOST_HUBS)


def notes(of: PlaceAnswer) -> Iterator[str]:
    if of.stated:
        yield f"{counted(len(of.stated), 'value')} of hubs are stated by you (*), not published."
    if of.published_limits:
        yield (
            f"The limit of {few(of.published_limits, MOST_LEFT)} is all IT power in operation, not "
            "what is free for these jobs."
        )
    yield (
        "Limits are of IT power. Emission factors are direct, of a "
        f"{'season' if of.season else 'year'}: no hourly factors are known, so hours of the day "
        "(UTC) matter for power limits only." + ("" if of.day else " Moves are not planned.")
    )
    if of.sensitivity:
        yield _how_sampled(of.sensitivity)
    fixed = [one for one in of.totals if one.count == of.count and one.without_interval]
    for total in fixed:
        hubs = few(total.without_interval, MOST_LEFT)
        yield f"Factors of {hubs} have no interval, or one on one side only."
    yield from _fibre_notes(of)
    if of.wan_mwh is None:
        yield "Energy of the network is not counted: the file states no wan_kwh_per_gb."
    else:
        yield (
            f"Energy of the network: {of.wan_mwh:,.1f} MWh by the wan_kwh_per_gb that the file "
            "states (published estimates differ by 5 to 26 times), in no total; its grids are "
            "unknown."
        )
    yield "RTT budgets are compared with nominal delays; within is the share of samples in budget."


def _fibre_notes(of: PlaceAnswer) -> Iterator[str]:
    if of.fibre_share is None:
        yield "Fibres are not limited: the file states no fibre_share."
    else:
        beside = f"next to background traffic ({of.background})" if of.background else ""
        limits = ", ".join(filter(None, (beside, CUT.get(of.cuts, ""))))
        said = f"{limits}." if limits else "background traffic and failures are not counted."
        between = ", " if limits else "; "
        yield f"The jobs may use {of.fibre_share:.0%} of each fibre{between}{said}"
    if of.links:
        yield _fullest(of.links[0])
    if of.cuts and not of.disturbing:
        yield f"All jobs keep a path within their RTT budget, {CUT[of.cuts]}."
    for one in of.disturbing[:MOST_CUTS]:
        lost = f"jobs of {few(one.no_path, MOST_LEFT)} have no path" if one.no_path else ""
        late = f"jobs of {few(one.late, MOST_LEFT)} are above their RTT budget" if one.late else ""
        what = joined(filter(None, (lost, late)))
        yield f"Under the cut of {' and '.join(one.cut)}, {what}."
    if len(of.disturbing) > MOST_CUTS:
        yield f"{len(of.disturbing) - MOST_CUTS} more cuts disturb jobs: see --json."


def _fullest(link: LoadedLink) -> str:
    cut = f" under the cut of {' and '.join(link.cut)}" if link.cut else ""
    beside = link.cut_background_gbps
    total = f" next to {beside:,.1f} of background traffic" if beside else ""
    return (
        f"The fullest fibre{cut} is {link.link}, {link.direction}: {link.cut_gbps:,.1f}{total}, of "
        f"{link.capacity_gbps:,.0f} Gbit/s ({link.capacity_basis})."
    )


def _how_sampled(of: Sensitivity) -> str:
    held = _by_quantity(of.held)
    named = f" Without an interval, so the same in all samples: {held}." if held else ""
    return (
        f"Samples (seed {of.seed}) have parts of jobs. Values are independent, from triangular "
        "distributions over their intervals with the value as mode (uniform where bounds alone are "
        "known); hubs of one grid share the factor, those of one country the residual factor and "
        "equal bounds of the marginal one, and contracts are those of each hub. No source "
        f"gives a distribution: this is our assumption.{named}"
    )


def _by_quantity(values: Sequence[str]) -> str:
    found: dict[str, list[str]] = {}
    for one in values:
        quantity, _, hub = one.partition(" ")
        found.setdefault(quantity, []).append(hub)
    return ", ".join(f"{quantity} of {few(hubs, HELD)}" for quantity, hubs in found.items())
