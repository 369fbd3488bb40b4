"""Demands of two runs side by side: how each is served, what its probes took and lost. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.terminal.columns import render
from corridor.experiments.text.short_table import typical_ms
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.base.words import counted, duration, has_moved
from corridor.traffic.measures.statistics import Bounds

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


def as_json(one: Summary, other: Summary) -> list[JsonObject]:
    return [
        {
            "demand": pair.demand,
            "differs": pair.differs,
            "median_may_be_chance": pair.may_be_chance,
            "one": _plain(pair.one),
            "other": _plain(pair.other),
        }
        for pair in demand_pairs(one, other)
    ]


def _plain(of: DemandSummary | None) -> JsonObject | None:
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
