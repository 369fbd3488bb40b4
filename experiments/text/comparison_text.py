"""Two runs or two maps side by side: classes of data, demands, hubs and fibres. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.account.workload_summary import ClassSummary
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.demand_table import typical_ms
from corridor.experiments.text.verdict import OPENINGS
from corridor.experiments.text.workload_text import in_order, middle, named
from corridor.topologies.analysis.compared import OF_POLICIES, MapsCompared, RoundTrip
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.words import counted, duration, few, has_moved
from corridor.traffic.measures.statistics import Bounds

CLASS_HEADINGS = (
    "application class",
    "period",
    "in time",
    "p50",
    "p99",
    "RTT p50",
    "RTT p99",
    "lost",
)
EVERYTHING = "whole run"
CLASS_SPARE = ("RTT p50", "p99")
"""Where a terminal is too narrow for all."""


class ClassPair(NamedTuple):
    """A class in a part of the run: what it came to in either."""

    data_class: str
    when: str
    one: ClassSummary | None
    other: ClassSummary | None


def class_pairs(one: Summary, other: Summary) -> list[ClassPair]:
    """Of all classes of either, a part of the run after another; parts of the same name belong
    together. Raises InputError where a run had no workloads."""
    parts = [_parts(of) for of in (one, other)]
    whens = list(dict.fromkeys(when for of in parts for when in of))
    names = dict.fromkeys(found.class_ for of in parts for found in of[EVERYTHING])
    waited = sorted(names, key=lambda name: _is_background(name, *parts))
    return [
        ClassPair(name, when, *(_find(of.get(when, []), name) for of in parts))
        for name in waited
        for when in whens
    ]


def told_runs(one: Summary, other: Summary, names: tuple[str, str]) -> str:
    """What either is of; under a user-supplied controller also what is proven of its tables."""
    runs = f"{_run_told(one, names[0])}\n-> {_run_told(other, names[1])}"
    if not any(of.controller for of in (one, other)):
        return runs
    held = [f"{name}: {_verified(of)}" for of, name in zip((one, other), names, strict=True)]
    return "\n".join([runs, *held])


def _verified(of: Summary) -> str:
    told = (line for line in of.verdict if line.startswith(OPENINGS))
    return next(told, "the verification is not recorded")


def classes_compared(one: Summary, other: Summary, width: int | None) -> str:
    """A line a class and part of the run; what differs between both stands before and after an
    arrow."""
    rows = []
    last = ""
    for pair in class_pairs(one, other):
        if not any(_has_any(of) for of in (pair.one, pair.other)):
            continue
        cells = [_class_cells(of) for of in (pair.one, pair.other)]
        shown = "" if pair.data_class == last else pair.data_class
        rows.append((shown, pair.when, *map(_change, *cells)))
        last = pair.data_class
    return render(
        CLASS_HEADINGS, rows, frozenset(CLASS_HEADINGS[2:]), width=width, spare=CLASS_SPARE
    )


def classes_as_json(one: Summary, other: Summary) -> list[JsonObject]:
    return [
        {
            "class": pair.data_class,
            "when": pair.when,
            "one": to_plain(pair.one),
            "other": to_plain(pair.other),
        }
        for pair in class_pairs(one, other)
    ]


def _run_told(of: Summary, name: str) -> str:
    by = f", controlled by {of.controller} (user-supplied)" if of.controller else ""
    return f"{name}: {of.scenario}, policy set {of.policies}, seed {of.seed}{by}"


def _parts(of: Summary) -> dict[str, Sequence[ClassSummary]]:
    found = of.workloads
    if found is None:
        raise InputError(
            f'the run of "{of.scenario}" had no workloads',
            "compare two runs of ai-corridor, or of a scenario with workloads",
        )
    stretches = in_order(found.stretches)
    return {
        EVERYTHING: found.classes,
        **{named(one, stretches): one.classes for one in stretches},
    }


def _find(classes: Sequence[ClassSummary], name: str) -> ClassSummary | None:
    return next((one for one in classes if one.class_ == name), None)


def _is_background(name: str, *parts: dict[str, Sequence[ClassSummary]]) -> bool:
    found = [_find(of[EVERYTHING], name) for of in parts]
    return all(one.background for one in found if one is not None)


def _has_any(of: ClassSummary | None) -> bool:
    return of is not None and bool(of.rounds or of.probes.sent)


def _class_cells(of: ClassSummary | None) -> tuple[str, ...]:
    return tuple(_figures(of)) if of is not None else ("",) * (len(CLASS_HEADINGS) - 2)


def _figures(of: ClassSummary) -> Iterator[str]:
    took, probes = of.completion_ms, of.probes
    yield f"{of.met}/{of.deadlines}" if of.deadlines else ""
    yield middle(of)
    for value in (took.p99, probes.rtt_ms.p50, probes.rtt_ms.p99):
        yield "" if value is None else duration(value)
    yield f"{probes.lost / probes.sent:.1%}" if probes.sent else ""


def _change(one: str, other: str) -> str:
    return one if one == other else f"{one or '-'} -> {other or '-'}"


# Demands of two runs side by side: how each is served, what its probes took and lost.

HEADINGS = ("demand", "status", "RTT p50", "RTT p99", "lost", "path")
RIGHT = frozenset({"RTT p50", "RTT p99", "lost"})
SPARE = ("path", "RTT p99")
CHANCE_LINE = "one run each; ~: the 95 % intervals of the two medians overlap"


class DemandPair(NamedTuple):
    """A demand in two runs; None where a run has none of that name."""

    demand: str
    one: DemandSummary | None
    other: DemandSummary | None

    @property
    def differs(self) -> bool:
        if self.one is None or self.other is None:
            return True
        return self.one.status != self.other.status or self.is_measured_otherwise

    @property
    def is_measured_otherwise(self) -> bool:
        """Whether path, round trip or the share of lost packets differ; a round trip differs if the
        median or the 99th percentile changes by what is shown."""
        one, other = self.one, self.other
        if one is None or other is None:
            return True
        return (
            one.path != other.path
            or (one.rtt_ms is None) != (other.rtt_ms is None)
            or any(map(has_moved, _changes_ms(one, other)))
            or one.lost * other.sent != other.lost * one.sent
        )

    @property
    def may_be_chance(self) -> bool | None:
        """Whether the intervals of both medians have values in common; None where one has none."""
        one, other = _median_within(self.one), _median_within(self.other)
        if one is None or other is None:
            return None
        return one[0] <= other[1] and other[0] <= one[1]


def _changes_ms(one: DemandSummary, other: DemandSummary) -> Iterator[float]:
    """Of the median, or the mean of few samples, and of the 99th percentile."""
    first, second = one.rtt_ms, other.rtt_ms
    if first is None or second is None:
        return
    for before, after in (
        (typical_ms(first), typical_ms(second)),
        (first.p99, second.p99),
    ):
        if before is not None and after is not None:
            yield after - before


def demand_pairs(one: Summary, other: Summary) -> list[DemandPair]:
    """Of all demands of either, those of the first first."""
    first, second = ({each.id: each for each in of.demands} for of in (one, other))
    return [DemandPair(name, first.get(name), second.get(name)) for name in {**first, **second}]


def demands_compared(one: Summary, other: Summary, width: int | None) -> str:
    """A line a demand that differs."""
    every = demand_pairs(one, other)
    shown = [pair for pair in every if pair.differs]
    same = len(every) - len(shown)
    said = [f"{counted(same, 'demand')} the same in both"] if same else []
    if not shown:
        return "\n".join(said)
    table = render(HEADINGS, [_row(pair) for pair in shown], RIGHT, width=width, spare=SPARE)
    return "\n".join([table, "", *said, CHANCE_LINE])


def demands_as_json(one: Summary, other: Summary) -> list[JsonObject]:
    return [
        {
            "demand": pair.demand,
            "differs": pair.differs,
            "median_may_be_chance": pair.may_be_chance,
            "one": _demand_plain(pair.one),
            "other": _demand_plain(pair.other),
        }
        for pair in demand_pairs(one, other)
    ]


def _demand_plain(of: DemandSummary | None) -> JsonObject | None:
    if of is None:
        return None
    return {
        "status": of.status,
        "path": of.path,
        "rtt_ms": to_plain(of.rtt_ms),
        "sent": of.sent,
        "lost": of.lost,
    }


def _median_within(of: DemandSummary | None) -> Bounds:
    return None if of is None or of.sample is None else of.sample.rtt_ms.get("p50")


def _cells(of: DemandSummary | None) -> Sequence[str]:
    if of is None:
        return ("-",) * (len(HEADINGS) - 1)
    times = (of.rtt_ms.p50, of.rtt_ms.p99) if of.rtt_ms is not None else (None, None)
    return (
        of.status,
        *("-" if ms is None else duration(ms) for ms in times),
        f"{of.lost / of.sent:.1%}" if of.sent else "-",
        " ".join(of.path) or "-",
    )


def _row(pair: DemandPair) -> Sequence[str]:
    cells = [
        one if one == other else f"{one} -> {other}"
        for one, other in zip(_cells(pair.one), _cells(pair.other), strict=True)
    ]
    if pair.may_be_chance and "->" in cells[1]:
        cells[1] = f"~ {cells[1]}"
    return (pair.demand, *cells)


# Two maps side by side, as text.

MOST_NAMED, MOST_CHANGES, MOST_PAIRS = 12, 40, 15
NO_PATH = "no path"


def maps_compared(found: MapsCompared, names: tuple[str, str], width: int | None) -> str:
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
    parts.append(_pairs_sentence(found))
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


def _pairs_sentence(found: MapsCompared) -> str:
    apart = len(found.round_trips)
    of = counted(found.pairs, "pair")
    return f"the shortest RTT (ms) differs for {apart} of {of} of hubs that are in both maps"


def _times(one: RoundTrip) -> tuple[str, str, str]:
    times = [NO_PATH if ms is None else f"{ms:.1f}" for ms in (one.one_ms, one.other_ms)]
    both = one.one_ms is not None and one.other_ms is not None
    return times[0], times[1], f"{one.more_ms:+.1f}" if both else ""
