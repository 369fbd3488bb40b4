"""A planned day with events in sentences and a table of moves. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.placement.day_documents import Day, DayMove, DayPeriod
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, few, percent

MOST_MOVES = 40
HEADS = ("job", "jobs", "at h", "from", "to", "state TB", "MWh left", "before", "after", "RTT ms")
NUMBERS = frozenset({"jobs", "at h", "state TB", "MWh left", "before", "after"})


def day_sentences(of: Day, unit: str, currency: str) -> Iterator[str]:
    """The result of the day, each event, and what is counted."""
    interval = ""
    if of.tco2_low is not None and of.tco2_high is not None and unit == "tCO2":
        interval = f" ({of.tco2_low:,.1f} to {of.tco2_high:,.1f} with all factors at one end)"
    power = of.cost is not None and currency and unit != currency
    cost = f" Cost of power: {of.cost:,.0f} {currency}." if power else ""
    yield (
        f"The day with events: {of.total:,.1f} {unit}{interval}; without events "
        f"{of.undisturbed:,.1f}.{cost} {_moves(of)}"
    )
    for one in of.periods[1:]:
        yield from _event(one, of, unit)
    sent = f"{of.sent_bytes / 1e12:,.1f} TB are sent"
    wan = (
        "" if of.wan_mwh is None else f"; energy of the network {of.wan_mwh:,.1f} MWh, in no total"
    )
    yield (
        f"{sent}{wan}. Events are not known in advance: each changes the rest of the day. A "
        f"running job moves only if it saves {percent(of.least_saving)} of what is left of it, or "
        "if power does not suffice."
    )


def day_table(of: Day, unit: str, width: int | None) -> str:
    """Moves; empty without any."""
    if not of.moves:
        return ""
    rows = [_row(one) for one in of.moves[:MOST_MOVES]]
    left = len(of.moves) - len(rows)
    more = f"\n{counted(left, 'more move')}: --json has them." if left else ""
    head = f"Moves; before and after are of what is left to compute, in {unit}:\n"
    return head + render(HEADS, rows, NUMBERS, width=width, spare=("state TB", "RTT ms")) + more


def _moves(of: Day) -> str:
    if not of.moves:
        return "No running job moves."
    jobs = sum(one.jobs for one in of.moves)
    octets = sum(one.state_bytes for one in of.moves)
    return f"{counted(round(jobs), 'move')} of running jobs with {octets / 1e12:,.1f} TB of state."


def _event(one: DayPeriod, of: Day, unit: str) -> Iterator[str]:
    names = ", ".join(
        f"{name} ({because})" for name, because in zip(one.events, one.because, strict=True)
    )
    yield f"From {one.from_h} h on: {names}."
    if not one.left_mwh:
        yield "  Nothing is left to compute."
        return
    stays = f"does not fit if no running job moves ({one.why_not.rpartition('; ')[2]})"
    if one.stays is not None and one.stays_bound is not None:
        gap = one.stays - one.stays_bound
        stays = f"is {one.stays:,.1f} {unit} if no running job moves (gap {gap:,.2g})"
    moved = sorted({move.to_hub for move in of.moves if move.at_h == one.from_h})
    to = f", to {few(moved, 4)}" if moved else ""
    yield (
        f"  What is left was {one.before_events:,.1f} {unit} before. With the new values it "
        f"{stays} and {one.value:,.1f} {unit} as placed again (gap {one.gap:,.2g}){to}. Mean RTT: "
        f"{one.mean_rtt_before_ms:.1f} ms before, {one.mean_rtt_ms:.1f} ms after."
    )


def _row(one: DayMove) -> tuple[str, ...]:
    return (
        one.job,
        f"{one.jobs:,.4g}",
        str(one.at_h),
        one.from_hub,
        one.to_hub,
        f"{one.state_bytes / 1e12:,.3g}",
        f"{one.it_mwh:,.1f}",
        f"{one.before:,.1f}",
        f"{one.after:,.1f}",
        f"{one.rtt_before_ms:.1f} -> {one.rtt_ms:.1f}",
    )
