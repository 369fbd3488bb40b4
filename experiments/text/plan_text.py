"""Plans of what to build next, in sentences and a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.expansion.plan_documents import (
    Building,
    Certainty,
    CostRange,
    EmulatedPlan,
    Latencies,
    Measure,
    Measured,
    PlanAnswer,
)
from corridor.experiments.terminal.columns import Table, prose, render
from corridor.experiments.text.capacity_text import times_of
from corridor.topologies.base.words import counted, few, joined_few, percent

MOST_NAMES, MOST_CHANGED, MOST_SHOWN, MOST_HELD = 20, 8, 8, 3
LEAST_SHOWN = 0.05
"""Of ms."""
AIMS: dict[Measure, str] = {
    "latency": "for the lowest sum of RTTs",
    "reach": "for the highest number of served demands",
    "survival": "for the highest number of surviving pairs of a demand and a failure",
    "capacity": "for the largest growth of all rates",
    "nines": "for the fewest expected minutes without a path",
    "cost": "at the lowest cost",
}
BOUNDS: dict[Measure, str] = {
    "latency": "has a sum below {} ms",
    "reach": "serves more than {} demands",
    "survival": "makes more than {} pairs survive",
    "capacity": "lets rates grow more than {} times",
    "nines": "has fewer than {} expected minutes a year",
    "cost": "that reaches the target costs less than {} MUSD (high ends)",
}
UNITS: dict[Measure, str] = {
    "latency": "RTT sum ms",
    "reach": "served",
    "survival": "pairs survive",
    "capacity": "growth times",
    "nines": "minutes a year",
    "cost": "cost MUSD",
}
UNITS_OF_GAIN: dict[Measure, str] = {
    "latency": "ms",
    "reach": "demands",
    "nines": "minutes a year",
    "capacity": "times of all rates",
}
"""Of the objectives that samples are of."""
FORMATS: dict[Measure, str] = {  # capacity is rounded down
    "latency": "{:,.1f}",
    "reach": "{:,.0f}",
    "survival": "{:,.0f}",
    "nines": "{:,.2f}",
    "cost": "{:,.0f}",
}


def told(of: PlanAnswer, width: int | None = None, *, everything: bool = False) -> str:
    """The plan, what it gives, each candidate alone, and the limits of the answer."""
    parts = [
        prose(headline(of), width),
        "\n".join(prose(one, width, "  ") for one in results(of)),
        *([_changed(of, everything=everything)] if of.changed else []),
        singles_table(of).told(width),
        *([pareto_table(of).told(width)] if of.pareto else []),
        *([_certain(of.certainty, of.by, width)] if of.certainty else []),
        *([_emulated(of, of.emulated, width, everything=everything)] if of.emulated else []),
        "\n".join(prose(one, width, "  ") for one in ("Limits and assumptions:", *notes(of))),
    ]
    return "\n\n".join(parts)


def headline(of: PlanAnswer) -> str:
    """What to build, within which limits and for what."""
    limits = [
        *([f"at most {counted(of.most, 'candidate')}"] if of.most is not None else []),
        *([f"{of.budget_musd:,.0f} MUSD"] if of.budget_musd is not None else []),
    ]
    within = f"of {' and '.join(limits)}, " if limits else ""
    built = joined_few(of.plan.ids, MOST_NAMES) if of.plan.ids else "nothing"
    aim = AIMS[of.by]
    if of.target is not None:
        value = _value(of.target.measure, of.target.value)
        aim += f" that reaches {value} ({UNITS[of.target.measure]})"
    return f"{of.scenario} under {of.policies} on {of.as_of}: {within}build {built} {aim}."


def results(of: PlanAnswer) -> Iterator[str]:
    """What it gives, and the proof."""
    cost = of.plan.cost
    price = f", for {range_of(cost)} MUSD" if cost else ", at a cost that is not known"
    weighted = " (weighted by rates)" if of.weigh == "traffic" else ""
    yield (
        f"It saves {of.plan.saves_ms:,.1f} of {of.today.sum_ms:,.1f} ms of RTT{weighted}"
        f"{_newly(of.plan.latencies.served - of.today.served)}{price if of.plan.ids else ''}."
    )
    yield (
        f"Today:     {_latencies(of.today)}, {of.today.served} of {of.demands} demands served"
        f"{_further(of, of.today_measured)}."
    )
    yield (
        f"With it:   {_latencies(of.plan.latencies)}, {of.plan.latencies.served} served"
        f"{_further(of, of.plan.measured)}."
    )
    yield (
        f"All built: {_latencies(of.everything)}, {of.everything.served} served"
        f"{_further(of, of.everything_measured)}."
    )
    yield f"No plan within the limits {BOUNDS[of.by].format(_value(of.by, of.bound))}{_proof(of)}."
    if of.proof.method == "program" and of.proof.gap > LEAST_SHOWN:
        yield "The solver ran out of time: a better plan may exist up to that bound (--time-limit)."
    yield _greedy(of)


def _proof(of: PlanAnswer) -> str:
    if of.proof.sets is None:
        return ""
    near = "; no other set is better"
    if of.proof.gap:
        near = f"; another set may be better by up to {of.proof.gap:,.2f}"
    return f": {of.proof.sets:,} sets of candidates were compared{near}"


def _further(of: PlanAnswer, one: Measured) -> str:
    found = []
    if one.survival_pairs is not None and of.failures is not None:
        found.append(f"{one.survival_pairs:,} of {of.failures * of.demands:,} pairs survive")
    if one.growth_times is not None and one.worst_utilization is not None:
        found.append(
            f"rates may grow {times_of(one.growth_times)} times, highest utilization "
            f"{100 * one.worst_utilization:,.1f} %"
        )
    if one.high_minutes is not None:
        found.append(f"{_minutes(one)} expected minutes a year without a path")
    return "".join(f", {each}" for each in found)


def _value(of: Measure, value: float) -> str:
    return times_of(value) if of == "capacity" else FORMATS[of].format(value)


def _grown(of: Measured) -> str:
    return "" if of.growth_times is None else times_of(of.growth_times)


def _minutes(of: Measured) -> str:
    low, high = of.low_minutes or 0.0, of.high_minutes or 0.0
    return f"{high:,.2f}" if high - low < LEAST_SHOWN else f"{low:,.2f} to {high:,.2f}"


def _greedy(of: PlanAnswer) -> str:
    greedy = of.greedy
    if set(greedy.ids) == set(of.plan.ids):
        return "Choosing the best single candidate again and again finds the same plan."
    said = {
        "latency": f"saves {greedy.saves_ms:,.1f} ms",
        "reach": f"serves {greedy.latencies.served} demands",
        "survival": f"makes {greedy.measured.survival_pairs} pairs survive",
        "capacity": f"lets rates grow {_grown(greedy.measured)} times",
        "nines": f"has {_minutes(greedy.measured)} minutes",
        "cost": f"costs {range_of(greedy.cost)} MUSD" if greedy.cost else "costs an unknown sum",
    }[of.by]
    is_as_good = (greedy.latencies, greedy.measured, greedy.cost) == (
        of.plan.latencies,
        of.plan.measured,
        of.plan.cost,
    )
    built = joined_few(greedy.ids, MOST_NAMES) or "nothing"
    equal = " and is as good" if is_as_good else ""
    return f"Choosing the best single candidate again and again finds {built}, which {said}{equal}."


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


def singles_table(of: PlanAnswer) -> Table:
    """Each candidate alone, with what was measured of it."""
    measured = [name for name, shown in _columns(of.today_measured) if shown]
    heads = ("each alone", "saves ms", "new", *measured, "cost MUSD", "ms per MUSD", "best in")
    return Table(
        "",
        (*heads, "planned"),
        [_row(one, measured) for one in of.singles],
        frozenset(heads[1:]),
        spare=("planned", "ms per MUSD", "new", "best in"),
    )


def _columns(of: Measured) -> tuple[tuple[str, str], ...]:
    """Further measures with their heads; empty where they were not asked for."""
    return (
        ("pairs", "" if of.survival_pairs is None else f"{of.survival_pairs:,}"),
        ("growth", _grown(of)),
        (
            "highest use",
            "" if of.worst_utilization is None else f"{100 * of.worst_utilization:,.1f} %",
        ),
        ("min a year", "" if of.high_minutes is None else _minutes(of)),
    )


def _row(one: Building, measured: list[str]) -> tuple[str, ...]:
    return (
        one.id,
        f"{one.saves_ms:,.1f}",
        str(one.newly_served) if one.newly_served else "",
        *(shown for name, shown in _columns(one.measured) if name in measured),
        range_of(one.cost) if one.cost else "unknown",
        f"{one.saves_per_musd.low_ms_per_musd:.2f} to {one.saves_per_musd.high_ms_per_musd:.2f}"
        if one.saves_per_musd and one.saves_ms >= LEAST_SHOWN
        else "",
        "" if one.first_share is None else percent(one.first_share),
        "no: assumption" if one.origin == "assumption" else one.origin,
    )


def pareto_table(of: PlanAnswer) -> Table:
    """All plans that are not dominated."""
    by = list(of.pareto[0].values)
    rows = [
        (
            *(_value(name, one.values[name]) for name in by),
            str(one.equals) if one.equals else "",
            joined_few(one.ids, MOST_NAMES) if one.ids else "nothing",
        )
        for one in of.pareto
    ]
    heads = (*(UNITS[name] for name in by), "equal", "not dominated")
    return Table("", heads, rows, frozenset(heads[:-1]), spare=("equal",))


def before_after_table(of: PlanAnswer) -> Table:
    """RTTs, reach and further measures today, with the plan and with all candidates."""
    states = (
        ("today", of.today, of.today_measured),
        ("with the plan", of.plan.latencies, of.plan.measured),
        ("all built", of.everything, of.everything_measured),
    )
    measured = [name for name, shown in _columns(of.today_measured) if shown]
    heads = ("map", "median ms", "95 % ms", "maximum ms", "sum ms", "served", *measured)
    rows = [
        (
            name,
            *(f"{ms:,.1f}" for ms in (one.median_ms, one.p95_ms, one.maximum_ms, one.sum_ms)),
            f"{one.served} of {of.demands}",
            *(shown for head, shown in _columns(more) if head in measured),
        )
        for name, one, more in states
    ]
    return Table("Before and after", heads, rows, frozenset(heads[1:]))


def _gain(value: float, by: Measure) -> str:
    return f"{value:,.3f}" if by == "capacity" else f"{value:,.1f}"


def choices_table(of: Certainty, by: Measure) -> Table:
    """What each choice gives over the samples."""
    rows = [
        (
            joined_few(one.ids, MOST_NAMES) if one.ids else "nothing",
            percent(one.best_share),
            *(_gain(each, by) for each in (one.mean_gain, one.mean_regret, one.most_regret)),
        )
        for one in of.choices
    ]
    heads = ("choice", "best in", "mean gain", "mean regret", "max regret")
    return Table("", heads, rows, frozenset(heads[1:]))


def certain_sentences(of: Certainty, by: Measure) -> list[str]:
    """How often the plan is the best, and what it is worth to know."""
    unit = UNITS_OF_GAIN[by]
    varied = {
        "length": "lengths",
        "cost": "costs",
        "law": "interpretations of the law",
        "rates": "failure rates and repair times",
        "traffic": "background traffic",
        "demands": "rates of demands",
    }
    what = joined_few([varied[one] for one in of.varied], MOST_NAMES)
    best = joined_few(of.best_expected, MOST_NAMES) or "nothing"
    known = [one for one in of.information if one.gain > 0][:MOST_SHOWN]
    worth = "; ".join(f"{one.what} {one.gain:,.2f}" for one in known)
    return [
        (
            f"In {percent(of.best_share)} of {of.samples:,} samples of {what}, no other plan is "
            f"better; the best plan of each sample gains "
            f"{_gain(of.mean_regret, by)} more {unit} on average, and "
            f"{_gain(of.most_regret, by)} at most."
        ),
        (
            f"Highest mean gain: {best}. To know everything before the choice would add "
            f"{of.perfect_information:,.2f} {unit}."
        ),
        (
            f"Gain in {unit} from knowing a figure before the choice: {worth}."
            if worth
            else "No single figure is worth looking up before the choice."
        )
        + _held(of),
    ]


def _held(of: Certainty) -> str:
    if not of.held:
        return ""
    whose = f"{counted(len(of.held), 'demand')} ({few(of.held, MOST_HELD)})"
    return f" Not varied, since no interval is stated: the rates of {whose}."


def _emulated(
    of: PlanAnswer, emulated: EmulatedPlan, width: int | None, *, everything: bool
) -> str:
    changed = {one.demand for one in of.changed}
    rows = [
        (
            one.demand,
            _ms(one.today_predicted_ms),
            _ms(one.today_measured_ms),
            _ms(one.planned_predicted_ms),
            _ms(one.planned_measured_ms),
        )
        for one in emulated.demands
        if everything or one.demand in changed
    ]
    heads = (
        "measured RTT, ms",
        "today, predicted",
        "measured",
        "with plan, predicted",
        " measured",
    )
    table = render(heads, rows, frozenset(heads[1:]), width=width)
    folders = " and ".join(one.folder for one in emulated.runs)
    said = (
        f"Over all {len(emulated.demands)} demands, medians of probes differ from predictions by "
        f"up to {emulated.largest_error_ms:,.2f} ms. Results: {folders}."
    )
    return f"{table}\n\n{prose(said, width, '  ')}"


def _ms(value: float | None) -> str:
    return "no path" if value is None else f"{value:,.2f}"


def _certain(of: Certainty, by: Measure, width: int | None) -> str:
    *regret, known = [prose(one, width, "  ") for one in certain_sentences(of, by)]
    return "\n\n".join(["\n".join(regret), choices_table(of, by).told(width), known])


def range_of(cost: CostRange) -> str:
    """Both ends of a cost."""
    return f"{cost.low_musd:,.0f} to {cost.high_musd:,.0f}"


def notes(of: PlanAnswer) -> Iterator[str]:
    """Limits and assumptions of the answer."""
    assumed = sum(one.origin == "assumption" for one in of.singles)
    yield (
        f"The file {of.candidates} with {counted(len(of.singles), 'candidate')} decides the "
        f"answer; {assumed} of them are assumptions, without a known plan."
    )
    if of.failures is not None:
        yield (
            f"A pair survives if its demand has a lawful path while one of {of.failures} "
            "shared-risk groups, or fibres in none, has failed; any path counts, of any capacity."
        )
    if of.today_measured.high_minutes is not None:
        yield "Minutes are those of corridor availability after replanning, of drawn fibres alone."
    weight = "each demand has equal weight"
    if of.weigh == "traffic":
        weight = "each demand counts by its rate over the mean rate"
    yield f"RTTs are of the shortest lawful paths, by nominal delays; {weight}."
    if of.certainty is not None and "law" in of.certainty.varied:
        yield "All interpretations of the law are equally likely here, which no source states."
    if of.budget_musd is not None:
        yield "The high ends of costs together are within the budget."
    yield "Time to build and permits are not considered, nor what no objective asks for."
