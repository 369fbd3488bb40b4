"""The demands of a run that matter most, as a short table. Pure.

First what the law blocks, then what pays for it, then what events put out, then near ties.
"""

from __future__ import annotations

from collections.abc import Mapping

from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.answers.document import Answers, DemandAnswer
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.demand_table import sure_cell
from corridor.topologies.base.words import is_longer
from corridor.traffic.measures.statistics import Statistics

MOST_ROWS = 12
HEADINGS = (
    *("demand", "data class", "status", "decided by", "RTT", "added RTT", "longest outage"),
    *("90 % interval", "lost"),
)
RIGHT = frozenset({"RTT", "added RTT", "longest outage", "90 % interval", "lost"})
SPARE = ("data class", "lost", "90 % interval", "RTT")
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
        _cells(demands[one.id], one, out_ms.get(one.id, 0.0), rtt_ms[one.id])
        for _, one in rows[:MOST_ROWS]
    ]
    columns = [name for name in HEADINGS if any(one[name] for one in cells)]
    rows_of = [tuple(one[name] for name in columns) for one in cells]
    text = render(columns, rows_of, RIGHT, width=width, spare=SPARE)
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


def _cells(
    of: DemandAnswer, measured: DemandSummary, out_ms: float, rtt_ms: float | None
) -> Mapping[str, str]:
    kept = of.kept_back
    status = of.status if of.judged or kept else f"{of.status}, not covered"
    return {
        "demand": of.id,
        "data class": "" if of.data == "unclassified" else of.data,
        "status": status,
        "decided by": _by(of),
        "RTT": "" if kept else _ms(rtt_ms),
        "added RTT": _ms(of.extra_ms) if is_longer(of.extra_ms) else "",
        "longest outage": _ms(out_ms) if out_ms else "",
        "90 % interval": sure_cell(of.certainty),
        "lost": f"{measured.lost}/{measured.sent}" if measured.lost and not kept else "",
    }


def _by(of: DemandAnswer) -> str:
    """What blocks it, or makes it longer or less protected; else its permit."""
    cause = next(iter(of.causes), None)
    if cause is not None:
        return "no permit" if cause.basis == "no permit" else cause.policy
    return of.permit or ""


def _ms(value: float | None) -> str:
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
