"""How sure answers are, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.controller.uncertainty.certainty import NEAR_TIE, Certainty
from corridor.experiments.results.certainty import Certainties
from corridor.experiments.results.columns import render
from corridor.topologies.uncertainty.intervals import Influence, Interval

MOST_INFLUENCES = 8


def near_ties_text(found: Certainties, width: int | None = None) -> str:
    """A line on all demands, and a row for each whose jurisdictions are a near tie."""
    near, count = found.near_ties, len(found.demands)
    draws = found.draws["draws"]
    says = (
        f"{len(near)} of {count} demands with a path are near ties under {draws} draws of the map: "
        f"another set of jurisdictions is crossed in {NEAR_TIE:.0%} of them or more"
    )
    if not near:
        return says
    rows = []
    for name in near:
        one = found.demands[name]
        there, rtt = one.there, one.rtt
        rows.append((name, str(rtt or there.taken), f"{there.set_share:.0%}", *_next(there)))
    headings = ("near tie", "RTT, 90 %", "as now", "next set", "one way")
    table = render(headings, rows, frozenset({"as now", "one way"}), width=width, wrap="next set")
    return f"{table}\n\n{says}"


def _next(there: Certainty) -> tuple[str, str]:
    """What the next set lacks and adds, and how far away it is."""
    if there.margin is None:
        return "", ""
    crossed, other = there.crosses, there.margin.jurisdictions
    lacks = [f"-{code}" for code in crossed if code not in other]
    adds = [f"+{code}" for code in other if code not in crossed]
    return " ".join([*lacks, *adds]), f"{there.margin.one_way_ns / 1e6:+.2f} ms"


def explained_certainty(there: Certainty, costs: Interval | None, draws: int) -> str:
    """Of one direction of one demand, in sentences."""
    lines = [f"How sure, by {draws} draws of the map (90 % intervals, one way):"]
    lines += [f"  {line}" for line in _sentences(there)]
    if costs is not None and costs.high_ms:
        lines.append(f"  policies cost {costs}, with them less without on each draw")
    return "\n".join(lines)


def _sentences(there: Certainty) -> Iterator[str]:
    yield f"{there.taken} by this path, the shortest lawful one in {there.path_share:.0%} of draws"
    near = ": a near tie" if there.near_tie else ""
    yield f"the shortest lawful path crosses {_set(there.crosses)} in {there.set_share:.0%}{near}"
    expected = frozenset(there.crosses)
    others = [one for one in there.sets if frozenset(one.of) != expected]
    for other in others[:2]:
        yield f"  and {_set(other.of)} in {other.share:.0%}"
    if there.margin is not None:
        more = f"{there.margin.one_way_ns / 1e6:.2f} ms"
        yield f"the next set, {_set(there.margin.jurisdictions)}, is {more} away"
    if there.blocked_share:
        yield f"in {there.blocked_share:.0%} no lawful path keeps its delay budget"


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
    headings = ("known exactly", "explains of RTT", "90 % would span", "explains of law")
    table = render(headings, rows, frozenset(headings[1:]), width=width, spare=headings[2:3])
    head = f"What to look up next, by {draws} draws: the round trip spans {now.width_ms:.1f} ms now"
    return f"{head}\n{table}"
