"""Two maps side by side, as text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from corridor.experiments.terminal.columns import render
from corridor.topologies.analysis.compared import OF_POLICIES, MapsCompared, RoundTrip
from corridor.topologies.base.words import counted, few

MOST_NAMED, MOST_CHANGES, MOST_PAIRS = 12, 40, 15
NO_PATH = "no path"


def told(found: MapsCompared, names: tuple[str, str], width: int | None) -> str:
    """What only one has, what differs, then the pairs of hubs whose shortest path differs most."""
    parts = ["\n".join([f"{names[0]} -> {names[1]}", *_apart(found, names)])]
    if found.changes:
        shown = found.changes[:MOST_CHANGES]
        rows = [(one.of, one.what, f"{one.one} -> {one.other}") for one in shown]
        parts.append(render(("in both", "what", "differs"), rows, width=width, wrap="differs"))
        parts += [_more(len(found.changes), len(shown), "difference")]
    if any(one.what in OF_POLICIES for one in found.changes):
        parts.append(
            "policies depend on some of these attributes, so permitted paths may differ, too: "
            "compare two scenarios on these maps"
        )
    parts.append(_pairs(found))
    if found.round_trips:
        shown_trips = found.round_trips[:MOST_PAIRS]
        trips = [(f"{one.a} - {one.z}", *_times(one)) for one in shown_trips]
        heads = ("hubs", *names, "difference")
        parts.append(render(heads, trips, frozenset(heads[1:]), width=width))
        parts += [_more(len(found.round_trips), len(shown_trips), "pair")]
    return "\n\n".join(filter(None, parts))


def _apart(found: MapsCompared, names: tuple[str, str]) -> Iterator[str]:
    for what, apart in (("hub", found.hubs), ("fibre", found.fibres)):
        for name, only in zip(names, apart, strict=True):
            if only:
                yield f"only {name} has {counted(len(only), what)}: {few(only, MOST_NAMED)}"


def _more(every: int, shown: int, what: str) -> str:
    return f"and {counted(every - shown, what)} more: --json has all" if every > shown else ""


def _pairs(found: MapsCompared) -> str:
    apart = len(found.round_trips)
    of = counted(found.pairs, "pair")
    return f"the shortest RTT (ms) differs for {apart} of {of} of hubs that are in both maps"


def _times(one: RoundTrip) -> tuple[str, str, str]:
    times = [NO_PATH if ms is None else f"{ms:.1f}" for ms in (one.one_ms, one.other_ms)]
    both = one.one_ms is not None and one.other_ms is not None
    return times[0], times[1], f"{one.more_ms:+.1f}" if both else ""
