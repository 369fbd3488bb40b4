"""Replays of outages in sentences and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.replays.document import (
    Comparison,
    Kind,
    Place,
    Replay,
    Replays,
    SeriesComparison,
    State,
    Totals,
)
from corridor.experiments.replays.outages import Range
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, joined
from corridor.traffic.background import REACTIONS

ALL = ("outage", "begin", "systems", "figures", "checks", "within", "inputs", "remarks", "error")
FIGURES = (
    *("figure", "where", "day", "published", "none", "own", "bought", "interval", "verdict"),
    "same",
)
STATES = ("country", "after", "demand", "cut", "unserved", "RTT", "loss", "same")
NUMBERS = frozenset({*ALL[3:], *FIGURES[2:8], *STATES[2:]})
NO = "-"
KINDS: dict[Kind, str] = {
    "check": "",
    "input": " (the model was fitted to them, or they are in its data)",
    "remark": " (a weak source, or not independent of the model)",
}


def table_of_replays(of: Replays, width: int | None = None) -> str:
    """Return one row for each outage, and the totals."""
    rows = [
        (
            one.id,
            one.begin[:10],
            ", ".join(dict.fromkeys(cut.system for cut in one.cuts)),
            str(one.totals.figures),
            *_counts(one.totals),
            share(one.totals.median_error),
        )
        for one in of.replays
    ]
    spare = ("systems", "begin", "remarks", "inputs", "figures", "error")
    table = render(ALL, rows, NUMBERS, width=width, spare=spare, wrap="systems")
    reasons = [f"  {number}  {reason}" for reason, number in of.totals.reasons.items()]
    return "\n".join((table, "", *totals_lines(of.totals), "Cannot be computed:", *reasons))


def _counts(of: Totals) -> tuple[str, str, str, str]:
    """Return the compared checks, those within, and the compared inputs and remarks."""
    check, given, remark = (of.by_kind[kind] for kind in KINDS)
    return str(check.compared), str(check.within), str(given.compared), str(remark.compared)


def totals_lines(of: Totals) -> Iterator[str]:
    """Yield checks, inputs and remarks within their interval, how stable checks are, the error."""
    if not of.figures:
        yield "Nothing was published of this outage."
        return
    yield (
        f"{counted(of.figures, 'published figure')}: {of.compared} compared, {of.not_computed} "
        "cannot be computed. Only checks can judge the model."
    )
    yield from (_kind(of, kind, note) for kind, note in KINDS.items())
    if of.steady is not None:
        yield (
            f"Of the checks, {of.steady} agree in at least 80 % of the samples and lie within; "
            f"{of.steadily_off} are off in at least 80 %."
        )
    if of.median_error is not None:
        yield f"Median error of {counted(of.errors, 'check')}: {share(of.median_error)}."


def _kind(of: Totals, kind: Kind, note: str) -> str:
    tally = of.by_kind[kind]
    return f"  {kind + 's:':8} {tally.within} of {tally.compared} within the interval{note}"


def replay_text(of: Replay, width: int | None = None) -> str:
    """Return one replay: what was cut, each state, each figure, series, reasons and sources."""
    parts = [
        "\n".join(_head(of)),
        _states(of, width),
        _figures(of, width),
        "\n".join(line for one in of.series for line in _series(one)),
        "\n".join(_remarks(of)),
        "\n".join(f"source {key}: {title}" for key, title in of.sources.items()),
    ]
    return "\n\n".join(filter(None, parts))


def _head(of: Replay) -> Iterator[str]:
    until = f" to {of.end}" if of.end else ", end not known"
    yield f"{of.title}: {of.begin}{until}. Market of {of.market}, {_samples(of)}."
    for cut in of.cuts:
        yield f"  {cut.system} at {cut.at}: {joined(cut.segments) or 'no capacity in the data'}"
    if of.note:
        yield of.note
    yield from totals_lines(of.totals)


def _samples(of: Replay) -> str:
    if not of.samples:
        return "no random traffic matrices"
    return f"{of.samples} random traffic matrices (seed {of.seed})"


def _states(of: Replay, width: int | None) -> str:
    if not of.states:
        return ""
    rows = [_state(one) for one in of.states]
    spare = ("same", "demand", "RTT", "loss")
    return "Rates in Gbit/s\n" + render(STATES, rows, NUMBERS, width=width, spare=spare)


def _state(of: State) -> tuple[str, ...]:
    before, now = (number(one) for one in (of.rtt_before_ms, of.rtt_ms))
    return (
        of.country,
        of.after,
        *(number(one) for one in (of.demand_gbps, of.lost_gbps, of.unserved_gbps)),
        f"{before} -> {now} ms",
        NO if of.loss_percent is None else f"{number(of.loss_percent)} %",
        share(of.steady),
    )


def _figures(of: Replay, width: int | None) -> str:
    if not of.comparisons:
        return ""
    rows = [_figure(one) for one in of.comparisons]
    spare = ("same", "day", "where", "interval", "none", "bought", "own", "published")
    return render(FIGURES, rows, NUMBERS, width=width, spare=spare, wrap="verdict")


def _figure(of: Comparison) -> tuple[str, ...]:
    unit = f" {of.unit}" if of.unit else ""
    published = NO if of.published is None else f"{_change(of.published_before, of.published)}"
    return (
        of.id,
        place_text(of.place),
        number(of.day),
        f"{published}{unit if of.published else ''}",
        *(number(of.by_reaction.get(one)) for one in REACTIONS),
        NO
        if of.interval is None
        else f"{'rise ' if of.judged == 'rise' else ''}{between(of.interval)}",
        verdict_text(of),
        share(of.agreement),
    )


def _change(before: Range | None, value: Range) -> str:
    return between(value) if before is None else f"{between(before)} -> {between(value)}"


def place_text(of: Place) -> str:
    """Return whose figure it is: ``PK ptcl imewe``."""
    named = filter(None, (of.country, of.owner, of.system, of.direction))
    return " ".join(named) or "region"


def verdict_text(of: Comparison) -> str:
    """Return the verdict of a figure, with the difference and what limits it."""
    text = _verdict(of)
    if of.input:
        return f"{text} (an input)"
    return text if of.check or of.off is None else f"{text} (remark)"


def _verdict(of: Comparison) -> str:
    if of.verdict == "within":
        return "within the interval"
    if of.verdict == "not-published":
        return "not published"
    if of.verdict == "not-computed":
        return f"cannot be computed: {of.reason}"
    rise = "rise " if of.judged == "rise" else ""
    error = "" if of.error is None else f" ({share(of.error)})"
    return f"{rise}off by {number(of.off)} {of.unit}{error}"


def _series(of: SeriesComparison) -> Iterator[str]:
    yield f"{of.title}: {counted(len(of.points), 'interval')} compared."
    for name, one, unit in (
        ("RTT", of.rtt_ms, "ms"),
        ("RTT above the baseline", of.rtt_rise_ms, "ms"),
        ("RTT above the baseline, within the outage", of.rtt_rise_cut_ms, "ms"),
        ("loss", of.loss_percent, "points"),
        ("loss, within the outage", of.loss_cut_percent, "points"),
    ):
        yield (
            f"  {name}: median absolute error {number(one.median)} {unit}, "
            f"worst {number(one.worst)} {unit} at {one.worst_at}"
        )


def _remarks(of: Replay) -> Iterator[str]:
    for one in of.comparisons:
        if one.text:
            yield f"{one.id}: {one.text} ({joined(one.sources)})."
        elif one.because:
            yield f"{one.id}: {one.because} ({joined(one.sources)})."


def between(of: Range) -> str:
    """Return ``1300``, or ``190-300``."""
    if of.low == of.high:
        return number(of.low)
    return f"{number(of.low)}{' to ' if of.low < 0 else '-'}{number(of.high)}"


def number(of: float | None) -> str:
    """Return a number with three digits, at most one after the point from 10 on."""
    if of is None:
        return NO
    if abs(of) >= 1000:
        return f"{of:,.0f}"
    return f"{of:.1f}".removesuffix(".0") if abs(of) >= 10 else f"{of + 0.0:.3g}"


def share(of: float | None) -> str:
    """Return a share in whole percent."""
    return NO if of is None else f"{100 * of:.0f} %"
