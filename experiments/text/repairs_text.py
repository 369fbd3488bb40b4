"""Repairs that wait for ships, and an emulated year, in sentences and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.availability.repairs_answer import (
    ROUNDING,
    Estimate,
    RepairsAnswer,
    ShipsAnswer,
)
from corridor.experiments.results.emulated_year import YearAnswer
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.availability_text import number, wrapped
from corridor.topologies.base.words import counted

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
