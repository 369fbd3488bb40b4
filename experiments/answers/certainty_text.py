"""The uncertainty of answers, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.controller.policy.certainty import NEAR_TIE, PathUncertainty
from corridor.experiments.answers.certainty import PathUncertainties
from corridor.experiments.terminal.columns import render
from corridor.topologies.analysis.monte_carlo import DRAWS, Influence, Interval
from corridor.topologies.base.words import more_ms

MOST_INFLUENCES = 8


def near_ties_text(found: PathUncertainties, width: int | None = None) -> str:
    """A line on all demands, and a row for each whose jurisdictions are a near tie."""
    near, count = found.near_ties, len(found.demands)
    draws = found.draws.draws
    says = (
        f"{len(near)} of {count} served demands are near ties: their shortest path crosses other "
        f"jurisdictions in at least {NEAR_TIE:.0%} of {draws} Monte Carlo samples of the map"
    )
    if not near:
        return says
    rows = []
    for name in near:
        one = found.demands[name]
        there, rtt = one.there, one.rtt
        rows.append((name, str(rtt or there.taken), f"{there.set_share:.0%}", *_next(there)))
    headings = (
        "near tie",
        "RTT 90 % interval",
        "same jurisdictions",
        "alternative",
        "added one-way delay",
    )
    table = render(
        headings, rows, frozenset({*headings[2:3], headings[4]}), width=width, wrap=headings[3]
    )
    return f"{says}\n\n{table}\nalternative: + enters, - avoids a jurisdiction"


def _next(there: PathUncertainty) -> tuple[str, str]:
    """Jurisdictions that the next set removes and adds, and its additional delay."""
    if there.margin is None:
        return "", ""
    crossed, other = there.crosses, there.margin.jurisdictions
    lacks = [f"-{code}" for code in crossed if code not in other]
    adds = [f"+{code}" for code in other if code not in crossed]
    return " ".join([*lacks, *adds]), more_ms(there.margin.one_way_ns / 1e6, 2)


def explained_certainty(there: PathUncertainty, costs: Interval | None, draws: int) -> str:
    """Of one direction of one demand, in sentences."""
    lines = [f"Uncertainty ({draws} Monte Carlo samples, one-way delay, 90 % intervals):"]
    lines += [f"  {line}" for line in _sentences(there)]
    if draws != DRAWS:
        lines.append(f"  check and run use {DRAWS} samples, so their shares differ slightly")
    if costs is not None and costs.high_ms:
        lines.append(f"  policies add {costs} (90 % interval)")
    return "\n".join(lines)


def _sentences(there: PathUncertainty) -> Iterator[str]:
    yield (
        f"{there.taken} on this path; in {there.path_share:.0%} of samples it is the shortest "
        "permitted path"
    )
    near = " (near tie)" if there.near_tie else ""
    yield (
        f"the shortest permitted path crosses {_set(there.crosses)} in {there.set_share:.0%} of "
        f"samples{near}"
    )
    expected = frozenset(there.crosses)
    others = [one for one in there.sets if frozenset(one.of) != expected]
    for other in others[:2]:
        yield f"  and {_set(other.of)} in {other.share:.0%}"
    if there.margin is not None:
        more = more_ms(there.margin.one_way_ns / 1e6, 2)
        yield f"next alternative {_set(there.margin.jurisdictions)}: {more}"
    if there.blocked_share:
        yield f"in {there.blocked_share:.0%} of samples no permitted path meets the delay bound"


def _set(codes: Sequence[str]) -> str:
    return " ".join(codes)


def tornado_text(
    influences: Sequence[Influence], now: Interval, draws: int, width: int | None = None
) -> str:
    """Which input, known exactly, would narrow the answer most."""
    rows = [
        (
            one.input,
            f"{one.variance_share:.0%}",
            f"{one.width_ms:.1f} ms",
            f"{one.set_share:.0%}",
        )
        for one in influences[:MOST_INFLUENCES]
    ]
    headings = (
        "input",
        "share of RTT variance",
        "spread if known",
        "share of jurisdiction changes",
    )
    table = render(headings, rows, frozenset(headings[1:]), width=width, spare=headings[2:3])
    head = (
        f"Sensitivity ({draws} samples): the 90 % interval of the RTT is {now.width_ms:.1f} ms wide"
    )
    legend = "spread if known: width of this interval if the input were known exactly"
    return f"{head}\n{table}\n{legend}"
