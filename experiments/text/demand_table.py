"""Tables of the demands of a run, in full and of those that matter most. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.outcome import with_coverage
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.units import format_rate
from corridor.topologies.base.words import between_ms, counted, is_longer, ms
from corridor.topologies.model.routing import marked
from corridor.traffic.measures.statistics import Statistics

if TYPE_CHECKING:
    from corridor.controller.intent.intent import Aggregate
    from corridor.experiments.account.summary import (
        AccountSummary,
        CrossingsSummary,
        DemandSummary,
        FlowSummary,
        Summary,
    )
    from corridor.experiments.answers.demand_parts import UncertaintySummary
    from corridor.experiments.answers.document import Answers, DemandAnswer

# The table a run ends with, as text: one line a demand, the answer first.

DEMAND, CLASS, STATUS, PERMIT, PATH = "demand", "application class", "status", "permit", "path"
CROSSES, DIFFERENCE, LOST, LOST_BY = "jurisdictions", "min - predicted", "lost", "cause of loss"
SURE = "90 % interval"
P95 = "p95"
RTTS = ("predicted RTT", "min", "p50", P95)
NONE = "none"
HEADINGS = (DEMAND, CLASS, PATH, CROSSES, SURE, *RTTS, DIFFERENCE, LOST, LOST_BY)
RIGHT_ALIGNED = frozenset([*RTTS, DIFFERENCE, LOST])
LEFT_OUT_FIRST = (CLASS, DIFFERENCE, PERMIT, CROSSES, "min", P95, LOST_BY, SURE, PATH)
"""Where a terminal is too narrow for all."""
MOST_PLACES = 3
MOST_CAUSES = 1
NOTHING = Statistics(min=None, mean=None, p50=None, p95=None, p99=None, max=None)
OF_ANSWERS = "of its answers, "
"""Before a relaxed constraint of the return path, see ``plan/policies.py``."""
MOST_SURPRISES = 5
MOST_LACKING = 12
PATH_WIDTH = 38
ASSUMED = "*"
"""After a figure that rests on an assumed capacity."""


def demand_table(summary: Summary, width: int | None = None) -> str:
    """Round trips next to their predictions; ``difference`` is the minimum minus the prediction.

    Where policies decide, each demand's status and its permit are shown too. With a
    ``width`` in characters, columns are left out until it fits, as far as that helps.
    """
    ruled = summary.policies != NO_POLICIES
    headings: tuple[str, ...] = (
        (*HEADINGS[:2], STATUS, PERMIT, *HEADINGS[2:]) if ruled else HEADINGS
    )
    cells = [_cells(demand) for demand in summary.demands]
    for rare in (LOST_BY, SURE, P95):
        if all(one[rare] in ("", NONE) for one in cells):
            headings = tuple(name for name in headings if name != rare)
    rows = [tuple(one[heading] for heading in headings) for one in cells]
    return render(headings, rows, RIGHT_ALIGNED, width=width, spare=LEFT_OUT_FIRST)


def reasons(summary: Summary) -> str:
    """A line for each demand that policies or missing fibres block, or whose answers they do."""
    return "\n".join(f"{demand.id}: {demand.why}" for demand in summary.demands if demand.why)


def lacks_lines(of: Iterable[tuple[str, Sequence[str]]]) -> str:
    """A line for each of the first demands that have less than was asked for; empty if none has."""
    said = [
        f"{demand}: relaxed constraints: {'; '.join(_both(some))}" for demand, some in of if some
    ]
    more = len(said) - MOST_LACKING
    return "\n".join([*said[:MOST_LACKING], *([f"and {more} more demands"] if more > 0 else [])])


def _both(lacks: Sequence[str]) -> Iterator[str]:
    """What both directions have less of, once."""
    there = [one for one in lacks if not one.startswith(OF_ANSWERS)]
    for one in there:
        yield f"{one} (both directions)" if f"{OF_ANSWERS}{one}" in lacks else one
    back = (one for one in lacks if one.startswith(OF_ANSWERS))
    yield from (one for one in back if one.removeprefix(OF_ANSWERS) not in there)


def crossings_line(summary: Summary) -> str:
    """What the monitor on the fibres saw, in a line; empty without a monitor."""
    seen = summary.crossings
    if seen is None:
        return ""
    wrong = [*seen.forbidden, *seen.strange]
    if wrong:
        first = wrong[0]
        packets = sum(one.packets for one in wrong)
        return (
            f"monitor: {packets} of {seen.frames} fibre crossings violate a policy; first: "
            f"{first.demand or first.flow}, from {first.sent_by} onto {first.fibre} "
            "(see crossings in summary.json)"
        )
    if seen.lost:
        return f"monitor: {seen.lost} fibre crossings not captured, so its counts are lower bounds"
    return f"monitor: {seen.frames} fibre crossings, 0 policy violations"


def fibre_crossings(seen: CrossingsSummary, account: AccountSummary | None) -> str:
    """How often a packet crossed a fibre, and how many packets hosts sent, where they were counted.

    A packet crosses every fibre of its path; one that the first switch drops crosses none.
    """
    sent = f" ({counted(account.sent, 'packet')} sent)" if account else ""
    return f"{counted(seen.frames, 'fibre crossing')}{sent}"


def cuts_lines(summary: Summary) -> str:
    """What cutting fibres one after another came to; empty if none was cut."""
    cuts = summary.cuts
    if cuts is None:
        return ""
    outages = cuts.outage_ms.items()
    detours, lost = (cuts.demand_cuts.get(kind, 0) for kind in ("detour", "lost"))
    said = (
        f"sequential cuts of {counted(cuts.fibres, 'fibre')}: "
        f"{counted(detours, 'detour')} used, {counted(lost, 'demand')} "
        "disconnected"
    )
    times = ", ".join(f"{name} {value:g} ms" for name, value in outages)
    surprises = [
        f"differs from prediction: {row.demand} during the cut of {row.fibre} (predicted "
        f"{row.expected}; lost {row.lost} of {row.sent})"
        for row in cuts.surprises
    ]
    lines = [said, f"outage of rerouted demands: {times}" if times else ""]
    lines += surprises[:MOST_SURPRISES]
    if len(surprises) > MOST_SURPRISES:
        lines.append(f"and {len(surprises) - MOST_SURPRISES} more differences")
    return "\n".join(filter(None, lines))


def flow_table(summary: Summary, width: int | None = None) -> str:
    """Throughput, the bottleneck and where packets were lost; empty without transfers."""
    rows = [
        (
            demand.id,
            flow.protocol,
            _mbps(flow.offered),
            _mbps(flow.delivered),
            _mbps(flow.bottleneck) + ASSUMED * bool(demand.capacity_assumed),
            _losses(flow),
        )
        for demand in summary.demands
        for flow in demand.flows
    ]
    headings = ("demand", "protocol", "offered", "delivered", "bottleneck", "lost at")
    right = frozenset(headings[2:5])
    sent = [demand for demand in summary.demands if demand.flows]
    said = assumed_line((demand.fibres, demand.capacity_assumed) for demand in sent)
    table = render(
        headings, rows, right, width=width, spare=("offered", "protocol"), wrap="lost at"
    )
    return "\n".join(filter(None, [table, f"{ASSUMED} {said}" * bool(said)])) if rows else ""


def doubtful_line(of: Iterable[Sequence[str]]) -> str:
    """What a question mark after a jurisdiction means; empty where none stands."""
    doubtful = sum(bool(may_cross) for may_cross in of)
    if not doubtful:
        return ""
    demands = counted(doubtful, "demand")
    return f"? after a jurisdiction: transit is possible but not documented ({demands})"


def assumed_line(of: Iterable[tuple[Sequence[str], Sequence[str]]]) -> str:
    """How many of the fibres on some paths have an assumed capacity; empty if none has.

    Of each path, all its fibres and those assumed.
    """
    paths = list(of)
    fibres = {name for path, _ in paths for name in path}
    assumed = {name for _, some in paths for name in some}
    if not assumed:
        return ""
    have = "has an assumed capacity" if len(assumed) == 1 else "have assumed capacities"
    where = "this path" if len(paths) == 1 else "these paths"
    return f"{len(assumed)} of {counted(len(fibres), 'fibre')} on {where} {have}"


def _cells(demand: DemandSummary) -> dict[str, str]:
    """By heading."""
    predicted, measured = demand.predicted_rtt_ms, demand.rtt_ms or NOTHING
    least = measured.min
    difference = ""
    if least is not None and predicted is not None:
        difference = f"{(least - predicted) * 1000:+.1f} us"
    return {
        DEMAND: demand.id,
        CLASS: demand.class_,
        STATUS: with_coverage(demand.status, demand.not_judged),
        PERMIT: demand.permit,
        PATH: _shortened(demand.path),
        CROSSES: marked(demand.crosses, demand.may_cross),
        SURE: sure_cell(demand.certainty),
        RTTS[0]: _ms(predicted),
        **dict(zip(RTTS[1:], map(_ms, (least, measured.p50, measured.p95)), strict=True)),
        DIFFERENCE: difference,
        LOST: f"{demand.lost}/{demand.sent}",
        LOST_BY: _causes(demand.lost_by, demand.lost),
    }


def sure_cell(said: UncertaintySummary | None) -> str:
    """The uncertainty of a demand's path, in a cell: 90 % of its round trip, and how often the same
    jurisdictions are crossed; ``~`` marks a near tie."""
    if said is None:
        return ""
    of, near = said.rtt_ms or said.one_way_ms, " ~" if said.near_tie else ""
    return f"{between_ms(of.low, of.high)}, {said.set_share:.0%}{near}"


def sure_legend(summary: Summary) -> str:
    """What the column says; empty where there is none."""
    of = summary.certainty
    if of is None:
        return ""
    told = [one.certainty for one in summary.demands]
    near = counted(sum(one.near_tie for one in told if one), "near tie")
    return (
        f"90 % interval: RTT over {of.draws} Monte Carlo samples of the map, then the share of "
        f"samples with the same jurisdictions; ~ marks {near} (other jurisdictions in at least "
        f"{of.near_tie_share:.0%} of samples)"
    )


def _causes(lost_by: Mapping[str, int], lost: int) -> str:
    """Of what most were lost, first. Causes are of the whole run, and ``lost`` is what was lost of
    the probes beside: the count of a single cause is that, and several are said to be of all."""
    if not lost:
        return ""
    if len(lost_by) == 1:
        return f"{next(iter(lost_by))} {lost}"
    most = sorted(lost_by.items(), key=lambda one: -one[1])
    said = [f"{cause} {count}" for cause, count in most[:MOST_CAUSES]]
    whole = "" if sum(lost_by.values()) == lost else " in the whole run"
    return ", ".join([*said, *(["..."] if len(most) > MOST_CAUSES else [])]) + whole


def _ms(value: float | None) -> str:
    return NONE if value is None else ms(value, 3)


def _shortened(path: Sequence[str]) -> str:
    """Both ends and as much of the middle as fits."""
    whole = " > ".join(path)
    if len(whole) <= PATH_WIDTH:
        return whole
    return f"{path[0]} > ({len(path) - 2} hubs) > {path[-1]}"


def _mbps(rate: float | None) -> str:
    return "" if rate is None else f"{rate:.3f} Mbit/s"


def _losses(flow: FlowSummary) -> str:
    """Where most was lost first; never nothing where something was."""
    if flow.error:
        return f"failed: {flow.error}"
    offered, delivered = flow.offered_packets, flow.delivered_packets
    missing = 0 if offered is None or delivered is None else offered - delivered
    if flow.lost_at is None:
        return "unknown"
    places = sorted(flow.lost_at.items(), key=lambda one: -one[1])
    said = [f"{place} {count}" for place, count in places[:MOST_PLACES]]
    if len(places) > MOST_PLACES:
        rest = places[MOST_PLACES:]
        said.append(f"{sum(count for _, count in rest)} at {len(rest)} more")
    unplaced = missing - sum(flow.lost_at.values())
    if unplaced > 0:
        said.append(f"unlocated {unplaced}")
    return ", ".join(said) or "-"


# The demands of a run that matter most, as a short table.
#
# First what the law blocks, then what pays for it, then what events put out, then near ties.

MOST_ROWS = 12
SHORT_HEADINGS = (
    *("demand", "data class", "status", "decided by", "RTT", "added RTT", "longest outage"),
    *("90 % interval", "lost"),
)
SHORT_RIGHT = frozenset({"RTT", "added RTT", "longest outage", "90 % interval", "lost"})
SHORT_SPARE = ("data class", "lost", "90 % interval", "RTT")
"""Where a terminal is too narrow for all."""


def short_table(of: Answers, summary: Summary, width: int | None = None) -> str:
    """At most ``MOST_ROWS`` rows, and how many more there are; columns that say nothing are left
    out, and where a terminal is too narrow those that matter least."""
    demands = {one.id: one for one in of.demands}
    out_ms, rtt_ms = _out_ms(summary), undisturbed_rtt_ms(summary)
    rows = [
        (_order(demands[one.id], one, out_ms.get(one.id, 0.0)), one)
        for one in summary.demands
        if one.id in demands
    ]
    rows.sort(key=lambda row: row[0])
    cells = [
        _short_cells(demands[one.id], one, out_ms.get(one.id, 0.0), rtt_ms[one.id])
        for _, one in rows[:MOST_ROWS]
    ]
    columns = [name for name in SHORT_HEADINGS if any(one[name] for one in cells)]
    rows_of = [tuple(one[name] for name in columns) for one in cells]
    text = render(columns, rows_of, SHORT_RIGHT, width=width, spare=SHORT_SPARE)
    more = len(rows) - MOST_ROWS
    return (
        f"{text}\n{more} more rows: use --all, or see summary.json or the report"
        if more > 0
        else text
    )


def _out_ms(summary: Summary) -> Mapping[str, float]:
    """For how long events put a demand out at most."""
    found: dict[str, float] = {}
    for event in summary.events or ():
        for hit in event.hits:
            found[hit.demand] = max(found.get(hit.demand, 0.0), hit.out_ms)
    return found


type Order = tuple[bool, float, bool, float, bool, float]


def _order(of: DemandAnswer, measured: DemandSummary, out_ms: float) -> Order:
    certainty = of.certainty
    return (
        not of.kept_back,
        -(of.extra_ms or 0.0),
        not of.lost_protection,
        -out_ms,
        not (certainty and certainty.near_tie),
        -(measured.predicted_rtt_ms or 0.0),
    )


def _short_cells(
    of: DemandAnswer, measured: DemandSummary, out_ms: float, rtt_ms: float | None
) -> Mapping[str, str]:
    kept = of.kept_back
    status = of.status if of.judged or kept else f"{of.status}, not covered"
    return {
        "demand": of.id,
        "data class": "" if of.data == "unclassified" else of.data,
        "status": status,
        "decided by": _by(of),
        "RTT": "" if kept else _tenth_ms(rtt_ms),
        "added RTT": _tenth_ms(of.extra_ms) if is_longer(of.extra_ms) else "",
        "longest outage": _tenth_ms(out_ms) if out_ms else "",
        "90 % interval": sure_cell(of.certainty),
        "lost": f"{measured.lost}/{measured.sent}" if measured.lost and not kept else "",
    }


def _by(of: DemandAnswer) -> str:
    """What blocks it, or makes it longer or less protected; else its permit."""
    cause = next(iter(of.causes), None)
    if cause is not None:
        return "no permit" if cause.basis == "no permit" else cause.policy
    return of.permit or ""


def _tenth_ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} ms"


# Round trips as they were before events changed them. Pure.


def typical_ms(of: Statistics | None) -> float | None:
    """The median; the mean of too few probes for one. None where nothing was answered."""
    if of is None:
        return None
    return of.mean if of.p50 is None else of.p50


def undisturbed_rtt_ms(summary: Summary) -> dict[str, float | None]:
    """By demand: the median before the first event that hit it, else of the whole run. None where
    nothing was answered, as where policies keep a demand back until they are lifted."""
    found = {one.id: typical_ms(one.rtt_ms) for one in summary.demands}
    events = sorted(summary.events or (), key=lambda one: one.at_ms)
    for event in reversed(events):
        for hit in event.hits:
            if hit.demand in found:
                found[hit.demand] = hit.rtt_before_ms
    return found


# What several demands may send together, and where that is enforced, in words.


def aggregate_lines(aggregates: Iterable[Aggregate], sources: Mapping[str, str]) -> str:
    """A line for each; ``sources`` are the hubs where demands start, by id."""
    return "\n".join(
        _aggregate_line(one, {sources[name] for name in one.demands}) for one in aggregates
    )


def _aggregate_line(of: Aggregate, hubs: set[str]) -> str:
    rates = of.guarantee
    peak = format_rate(rates.pir or rates.cir)
    shared = f"{', '.join(of.demands)} share committed rate {format_rate(rates.cir)}"
    each = ", ".join(sorted(hubs))
    if len(hubs) == 1:
        return f"{of.id}: {shared}; one meter at {each} limits them to {peak}"
    return f"{of.id}: {shared}; a meter limits each of {each} to {peak}, no meter limits the total"
