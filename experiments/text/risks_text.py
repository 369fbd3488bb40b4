"""Registers of risks, repairs that wait for ships, and emulated years, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.experiments.availability.figures import Interval
from corridor.experiments.availability.repairs_answer import (
    ROUNDING,
    Estimate,
    RepairsAnswer,
    ShipsAnswer,
)
from corridor.experiments.availability.risk_effects import Detours, LostTraffic
from corridor.experiments.availability.risks_answer import Risk, RisksAnswer
from corridor.experiments.results.emulated_year import YearAnswer
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.availability_text import left_out, minutes, number, wrapped
from corridor.topologies.base.words import confidence_word, counted, joined_few

MOST_ROWS = 10
DEMANDS = ("demand", "at once (exact)", "at once (simulated)", "waiting adds", "nines")
SHIPS = ("repair ships", "ships", "repairs/year", "waited", "mean wait", "busy")
YEAR = ("demand", "outages", "computed", "measured", "reacting", "mean year")
FEW_SAMPLES = 20
HOUR_S = 3600


def told_repairs(of: RepairsAnswer, *, everything: bool = False, width: int | None = None) -> str:
    """What waiting for ships adds: sentences, a table of demands and one of ships."""
    count = len(of.demands) if everything else MOST_ROWS
    rows = [
        (
            one.demand,
            number(one.at_once),
            _estimate(one.simulated),
            _estimate(one.added),
            f"{one.nines:.1f}",
        )
        for one in of.demands[:count]
    ]
    more = len(of.demands) - len(rows)
    table = render(DEMANDS, rows, frozenset(DEMANDS[1:]), width=width) if rows else ""
    return "\n\n".join(
        filter(
            None,
            (
                wrapped(" ".join(_of_repairs(of)), width),
                table + (f"\n{more} more rows: use --all" if more else ""),
                render(SHIPS, [_ships(one) for one in of.ships], frozenset(SHIPS[1:]), width=width)
                if of.ships
                else "",
            ),
        )
    )


def _of_repairs(of: RepairsAnswer) -> Iterator[str]:
    yield (
        f"Repairs of {of.scenario} that wait for ships, policy set {of.policies} as of "
        f"{of.as_of}, climate {of.climate}: {of.samples * of.years:,} simulated years, "
        f"{of.repair_times} repair times. Minutes a year without a permitted path, with 90 % "
        "confidence intervals."
    )
    yield (
        f"Added over {counted(len(of.demands), 'demand')}: {number(of.at_once)} minutes if repairs "
        f"begin at once, by the exact method, and {_estimate(of.simulated)} by simulation. "
        f"Waiting for ships adds {_estimate(of.added)}."
    )
    if of.added.mean < ROUNDING:
        yield "So independence of repairs is no error here."
    elif of.differing < FEW_SAMPLES:
        yield (
            f"Only {counted(of.differing, 'sample')} of {of.samples} "
            f"{'has' if of.differing == 1 else 'have'} a difference, so this interval is a rough "
            "one: use more --years."
        )
    yield f"What is not explored is at most {number(of.not_explored)} minutes."


def _estimate(of: Estimate) -> str:
    if abs(of.mean) < ROUNDING and of.error < ROUNDING:
        return "0"
    return (
        f"{of.mean:,.3g} +- {of.error:.2g}"
        if of.mean < 1000
        else f"{of.mean:,.0f} +- {of.error:.2g}"
    )


def _ships(of: ShipsAnswer) -> tuple[str, ...]:
    return (
        of.id,
        str(of.ships),
        f"{of.repairs_a_year:.1f}",
        f"{of.waited:.1%}",
        f"{of.mean_wait_days:.2g} days",
        f"{of.busy:.0%}",
    )


def told_year(of: YearAnswer, *, everything: bool = False, width: int | None = None) -> str:
    """What a sampled year measured, next to what was computed."""
    count = len(of.demands) if everything else MOST_ROWS
    rows = [
        (
            one.demand,
            str(one.outages),
            _time(one.computed_s),
            _time(one.measured_s),
            f"{one.reacting_s:g} s",
            _time(one.expected_s),
        )
        for one in of.demands[:count]
    ]
    more = len(of.demands) - len(rows)
    table = render(YEAR, rows, frozenset(YEAR[1:]), width=width) if rows else ""
    parts = wrapped(" ".join(_of_year(of)), width), table
    return "\n\n".join(filter(None, parts)) + (f"\n{more} more rows: use --all" if more else "")


def _of_year(of: YearAnswer) -> Iterator[str]:
    merged = of.states - of.emulated
    emulated = (
        f"{of.emulated:,} of them were emulated, the others merged with these because no demand "
        "gains or loses its permitted path between them"
        if merged
        else "each was emulated"
    )
    yield (
        f"A year of {of.scenario}, sampled with seed {of.seed}, policy set {of.policies}, climate "
        f"{of.climate}: {counted(of.failures, 'failure')} and {of.states:,} states of the "
        f"network; {emulated}, for 4 s each."
    )
    yield (
        f"{counted(of.served, 'demand')} had {counted(of.outages, 'outage')}: "
        f"{_time(of.computed_s)} without a path computed, {_time(of.measured_s)} measured, "
        f"a difference of {abs(of.measured_s - of.computed_s):,.3g} s. "
        f"{counted(of.differing, 'pair')} of a state and a demand "
        f"{'differs' if of.differing == 1 else 'differ'}."
    )
    yield (
        f"Another {of.reacting_s:,.3g} s were lost while switches and controller reacted. A mean "
        f"year has {_time(of.expected_s)}."
    )
    closes = "closes" if of.account_closes else "does not close"
    yield (
        f"{counted(of.forbidden, 'forbidden packet')}; the account of all packets {closes}. The "
        f"run took {of.wall_s:,.0f} s; its folder is {of.folder}."
    )


def _time(seconds: float) -> str:
    return f"{seconds / HOUR_S:,.1f} h" if seconds >= HOUR_S else f"{seconds:,.0f} s"


MOST_RISKS, MOST_NAMED = 15, 2
HEADINGS = (
    *("element", "kind", "failures/year", "count", "repair", "FV", "Birnbaum", "minutes/year"),
    *("first", "detours meet", "affected"),
)
RIGHT = frozenset({"failures/year", "repair", "FV", "Birnbaum", "minutes/year", "first"})
TRAFFIC = ("element", "country", "Tbit-hours/year", "at once", "own", "bought", "repair")
TRAFFIC_RIGHT = frozenset({"Tbit-hours/year", "at once", "own", "bought", "repair"})
MOST_MET, MOST_OF_TRAFFIC = 4, 10
KINDS = {"wet": "wet segment", "land": "land span", "cause": "common cause"}
LEAST_SHARE, FEW_DAYS = 0.005, 2


def told(of: RisksAnswer, *, everything: bool = False, width: int | None = None) -> str:
    """Sentences, the register, and what is left out."""
    shown = of.risks if everything else of.risks[:MOST_RISKS]
    more = len(of.risks) - len(shown)
    parts = [
        wrapped(" ".join(_summary(of)), width),
        _register(shown, width) + (f"\n{more} more rows: use --all" if more else ""),
        wrapped(_key(of), width),
        _by_traffic(of, width, everything=everything),
        "\n".join(["Left out:", *left_out(of.missing, width)]),
    ]
    return "\n\n".join(filter(None, parts))


def _summary(of: RisksAnswer) -> Iterator[str]:
    tables = "the installed tables alone" if of.installed else "a controller that plans again"
    yield (
        f"Risks of {counted(of.demands, 'demand')} of {of.scenario}, policy set {of.policies} as "
        f"of {of.as_of}, with {tables}: rates of {of.climate_note}."
    )
    if not of.risks:
        yield "No failure that was explored leaves a demand without a path."
        return
    first = of.risks[0]
    yield (
        f"Expected minutes without a path, added over demands: "
        f"{minutes(of.demand_minutes_a_year)} a year. First is {first.id}, in {first.first:.0%} "
        f"of {of.samples:,} samples of the rates: without it {share(first.fussell_vesely)} of "
        "them would not occur."
    )


def _register(of: Sequence[Risk], width: int | None) -> str:
    rows = [
        (
            one.id,
            KINDS[one.kind],
            f"{one.failures_a_year.mean:.2g}",
            f"{one.basis} ({confidence_word(one.confidence)})",
            days(one.repair_days),
            share(one.fussell_vesely),
            f"{one.birnbaum.mean:.2g}",
            number(one.demand_minutes_a_year.mean),
            f"{one.first:.0%}",
            _detours(one.detours),
            joined_few(one.affected, MOST_NAMED),
        )
        for one in of
    ]
    spare = ("affected", "Birnbaum", "kind", "count", "first", "repair", "detours meet")
    return render(HEADINGS, rows, RIGHT, width=width, spare=spare) if rows else ""


def by_traffic(of: RisksAnswer) -> list[tuple[Risk, LostTraffic]]:
    """Risks with the Internet traffic of a country, those of published splits and of most
    Tbit-hours a year first."""
    pairs = [(one, lost) for one in of.risks for lost in one.traffic]
    return sorted(
        pairs, key=lambda pair: (pair[1].split != "published", -pair[1].tbit_hours_a_year.mean)
    )


def _by_traffic(of: RisksAnswer, width: int | None, *, everything: bool) -> str:
    every = by_traffic(of)
    if not every:
        return ""
    shown = every if everything else every[:MOST_OF_TRAFFIC]
    rows = [
        (
            risk.id,
            lost.country + ("*" if lost.split == "assumed" else ""),
            _interval(lost.tbit_hours_a_year),
            *(f"{gbps / 1000:.2f}" for gbps in (lost.at_once_gbps, lost.own_gbps)),
            f"{lost.bought_gbps / 1000:.2f}",
            days(risk.repair_days),
        )
        for risk, lost in shown
    ]
    more = len(every) - len(shown)
    heading = "Internet traffic without a path if the element alone has failed (busy hour, Tbit/s)"
    table = render(TRAFFIC, rows, TRAFFIC_RIGHT, width=width, spare=("repair", "own"))
    rest = f"\n{more} more rows: use --all" if more else ""
    key = (
        "Tbit-hours: expected Tbit/s times hours a year, with the 90 % interval of failure rates; "
        "the first day counts as own (owners have rerouted), later days as bought. *: the split by "
        "cable is our assumption."
    )
    return f"{heading}\n{table}{rest}\n{wrapped(key, width)}"


def _interval(of: Interval) -> str:
    return f"{number(of.mean)} ({number(of.low)}-{number(of.high)})"


def _detours(of: Detours) -> str:
    met = of.jurisdictions[:MOST_MET]
    more = len(of.jurisdictions) - len(met)
    said = [", ".join(met) + (f" +{more}" if more else "")] if met else []
    return "; ".join([*said, *([f"{of.stranded} without"] if of.stranded else [])])


def _key(of: RisksAnswer) -> str:
    other = f"{counted(of.without_effect, 'other part')} without effect. " if of.risks else ""
    return (
        f"{other}FV (Fussell-Vesely): share of the minutes that would not occur if it never "
        "failed; 90 % interval. Birnbaum: further demands without a path while it has failed. "
        "minutes/year: demand-minutes that would not occur. Shares overlap: do not add them. "
        "First: samples in which no other element saves more. "
        "Detours meet: jurisdictions of the next permitted paths (?: possible transit), and "
        "demands without one."
    )


def share(of: Interval) -> str:
    """Return a share with its 90 % interval."""
    if of.mean < LEAST_SHARE:
        return f"{of.mean:.1%}"
    return f"{of.mean:.0%} ({of.low:.0%} to {of.high:.0%})"


def days(of: Interval) -> str:
    """Return days, or hours if they are few."""
    return f"{of.mean * 24:.0f} h" if of.mean < FEW_DAYS else f"{of.mean:.0f} d"
