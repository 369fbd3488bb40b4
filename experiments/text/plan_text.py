"""Plans of what to build next, in sentences and a table. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from corridor.experiments.expansion.plan_documents import (
    Building,
    CostRange,
    Latencies,
    PlanAnswer,
    Selected,
)
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, joined_few, percent

MOST_WIDTH = 100
MOST_NAMES, MOST_CHANGED = 20, 8
LEAST_SHOWN = 0.05
"""Of ms."""
HEADS = ("each alone", "saves ms", "new", "cost MUSD", "ms per MUSD", "first in", "planned")
NUMBERS = frozenset({"saves ms", "new", "cost MUSD", "ms per MUSD", "first in"})
AIMS = {
    "latency": "for the lowest sum of RTTs",
    "reach": "for the highest number of served demands",
}


def told(of: PlanAnswer, width: int | None = None, *, everything: bool = False) -> str:
    """The plan, what it gives, each candidate alone, and the limits of the answer."""
    parts = [
        _wrapped(_headline(of), width),
        "\n".join(_wrapped(one, width, "  ") for one in _results(of)),
        _singles(of, width),
        "\n".join(_wrapped(one, width, "  ") for one in ("Limits and assumptions:", *_notes(of))),
    ]
    if of.changed:
        parts.insert(2, _changed(of, everything=everything))
    return "\n\n".join(parts)


def _headline(of: PlanAnswer) -> str:
    limits = [
        *([f"at most {counted(of.most, 'candidate')}"] if of.most is not None else []),
        *([f"{of.budget_musd:,.0f} MUSD"] if of.budget_musd is not None else []),
    ]
    built = joined_few(of.plan.ids, MOST_NAMES) if of.plan.ids else "nothing"
    return (
        f"{of.scenario} under {of.policies} on {of.as_of}: of {' and '.join(limits)}, build "
        f"{built} {AIMS[of.by]}."
    )


def _results(of: PlanAnswer) -> Iterator[str]:
    cost = of.plan.cost
    price = f", for {_range(cost)} MUSD" if cost else ", at a cost that is not known"
    yield (
        f"It saves {of.plan.saves_ms:,.1f} of {of.today.sum_ms:,.1f} ms of RTT"
        f"{_newly(of.plan.latencies.served - of.today.served)}{price if of.plan.ids else ''}."
    )
    yield f"Today:     {_latencies(of.today)}, {of.today.served} of {of.demands} demands served."
    yield f"With it:   {_latencies(of.plan.latencies)}, {of.plan.latencies.served} served."
    yield f"All built: {_latencies(of.everything)}, {of.everything.served} served."
    if of.by == "latency":
        yield f"No plan within the limits has a sum below {of.bound:,.1f} ms."
    else:
        yield f"No plan within the limits serves more than {of.bound:,.0f} demands."
    if of.by == "latency" and of.plan.latencies.sum_ms - of.bound > LEAST_SHOWN:
        yield "The solver ran out of time: a better plan may exist above that bound."
    yield _greedy(of.greedy, of.plan)
    if of.certainty is not None:
        yield (
            f"Over {of.certainty.samples} samples of the lengths of candidates, no other plan is "
            f"better in {percent(of.certainty.best_share)}; in the others, the best plan saves "
            f"{of.certainty.most_regret_ms:,.1f} ms more at most."
        )


def _greedy(greedy: Selected, plan: Selected) -> str:
    if set(greedy.ids) == set(plan.ids):
        return "Choosing the best single candidate again and again finds the same plan."
    return (
        "Choosing the best single candidate again and again finds "
        f"{joined_few(greedy.ids, MOST_NAMES) or 'nothing'}, which saves {greedy.saves_ms:,.1f} ms."
    )


def _newly(demands: int) -> str:
    return f", and serves {counted(demands, 'more demand')}" if demands else ""


def _latencies(of: Latencies) -> str:
    return (
        f"median {of.median_ms:,.1f}, 95 % at most {of.p95_ms:,.1f}, maximum {of.maximum_ms:,.1f}, "
        f"sum {of.sum_ms:,.1f} ms"
    )


def _changed(of: PlanAnswer, *, everything: bool) -> str:
    rows = sorted(of.changed, key=lambda one: one.after_ms - (one.before_ms or float("inf")))
    shown = rows if everything else rows[:MOST_CHANGED]
    lines = [
        f"  {one.demand}: "
        + ("no path" if one.before_ms is None else f"{one.before_ms:,.1f}")
        + f" -> {one.after_ms:,.1f} ms"
        for one in shown
    ]
    more = len(rows) - len(shown)
    return "\n".join([*lines, *([f"  and {more} more: --all"] if more else [])])


def _singles(of: PlanAnswer, width: int | None) -> str:
    rows = [_row(one) for one in of.singles]
    return render(HEADS, rows, NUMBERS, width=width, spare=("planned", "new", "first in"))


def _row(one: Building) -> tuple[str, ...]:
    return (
        one.id,
        f"{one.saves_ms:,.1f}",
        str(one.newly_served) if one.newly_served else "",
        _range(one.cost) if one.cost else "unknown",
        f"{one.saves_per_musd.low_ms_per_musd:.2f} to {one.saves_per_musd.high_ms_per_musd:.2f}"
        if one.saves_per_musd and one.saves_ms >= LEAST_SHOWN
        else "",
        "" if one.first_share is None else percent(one.first_share),
        "no: assumption" if one.origin == "assumption" else one.origin,
    )


def _range(cost: CostRange) -> str:
    return f"{cost.low_musd:,.0f} to {cost.high_musd:,.0f}"


def _notes(of: PlanAnswer) -> Iterator[str]:
    assumed = sum(one.origin == "assumption" for one in of.singles)
    yield (
        f"The {counted(len(of.singles), 'candidate')} of the file {of.candidates} decide the "
        f"answer; {assumed} of them are assumptions, without a known plan."
    )
    yield "RTTs are of the shortest lawful paths, by nominal delays; each demand has equal weight."
    if of.budget_musd is not None:
        yield "The high ends of costs together are within the budget."
    yield "Capacity, failures, time to build and permits are not considered."


def _wrapped(text: str, width: int | None, indent: str = "") -> str:
    further = indent + "  " * bool(indent)
    columns = min(width or MOST_WIDTH, MOST_WIDTH)
    return textwrap.fill(
        text, columns, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False
    )
