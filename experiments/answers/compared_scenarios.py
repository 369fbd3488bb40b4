"""Two scenarios side by side: demands that are permitted, their paths and round trips. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price_sets import PricedScenario, Served, alone
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, few, has_moved, is_longer

BLOCKED = Outcome.BLOCKED.word
HEADINGS = ("demand", "RTT ms", "more ms", "path")
MOST_NAMED = 12


@dataclass(frozen=True)
class DemandInOne:
    """A demand of one scenario in isolation, over the shortest permitted path of the model."""

    rtt_ms: float | None
    """None: the demand or its answers are blocked."""
    path: tuple[str, ...]
    """Hubs of the demand's own direction."""
    is_covered: bool
    """The policy set says something about the demand and its answers."""


@dataclass(frozen=True)
class DemandInBoth:
    """A demand that both scenarios have."""

    demand: str
    one: DemandInOne
    other: DemandInOne

    @property
    def more_ms(self) -> float | None:
        """None where either scenario blocks the demand."""
        if self.one.rtt_ms is None or self.other.rtt_ms is None:
            return None
        return self.other.rtt_ms - self.one.rtt_ms

    @property
    def differs(self) -> bool:
        same_answer = (self.one.rtt_ms is None) == (self.other.rtt_ms is None)
        same_path = self.one.path == self.other.path
        same_cover = self.one.is_covered == self.other.is_covered
        return not (same_answer and same_path and same_cover) or has_moved(self.more_ms)


@dataclass(frozen=True)
class ScenariosCompared:
    """The answers of two scenarios before a run, each demand in isolation."""

    only: tuple[tuple[str, ...], tuple[str, ...]]
    """Demands that only the first has, and only the second."""
    demands: tuple[DemandInBoth, ...]


def compare_scenarios(one: LoadedScenario, other: LoadedScenario) -> ScenariosCompared:
    first, second = _served(one), _served(other)
    return ScenariosCompared(
        only=(
            tuple(name for name in first if name not in second),
            tuple(name for name in second if name not in first),
        ),
        demands=tuple(
            DemandInBoth(name, first[name], second[name]) for name in first if name in second
        ),
    )


def _served(loaded: LoadedScenario) -> dict[str, DemandInOne]:
    found = PricedScenario.of(alone(loaded)).under(loaded.policies)
    return {served.demand.id: _demand(served) for served in found}


def _demand(served: Served) -> DemandInOne:
    rtt_ns, there = served.round_trip_ns, served.paths[0]
    is_covered = all(applicable_policies.is_judged for applicable_policies in served.rulings)
    if rtt_ns is None or there is None:
        return DemandInOne(None, (), is_covered)
    return DemandInOne(rtt_ns / 1e6, there.path.hubs, is_covered)


def told(found: ScenariosCompared, names: tuple[str, str], width: int | None) -> str:
    """A sentence, then a row for each demand that differs."""
    shown = [one for one in found.demands if one.differs]
    lines = [f"{names[0]} -> {names[1]}"]
    for name, only in zip(names, found.only, strict=True):
        if only:
            demands = counted(len(only), "demand")
            lines.append(f"only {name} has {demands}: {few(only, MOST_NAMED)}")
    lines.append(_sentence(found.demands))
    lines.append("by the model, each demand alone: without failures, protection and shared rates")
    if not shown:
        return "\n".join(lines)
    right = frozenset({"RTT ms", "more ms"})
    table = render(HEADINGS, [_row(one) for one in shown], right, width=width, wrap="path")
    return "\n".join(lines) + f"\n\n{table}"


def _sentence(demands: Sequence[DemandInBoth]) -> str:
    counts = {
        "blocked only by the second": sum(
            one.one.rtt_ms is not None and one.other.rtt_ms is None for one in demands
        ),
        "blocked only by the first": sum(
            one.one.rtt_ms is None and one.other.rtt_ms is not None for one in demands
        ),
        "slower in the second": sum(is_longer(one.more_ms) for one in demands),
        "faster in the second": sum(is_longer(-(one.more_ms or 0.0)) for one in demands),
        "on another path": sum(
            one.more_ms is not None and one.one.path != one.other.path for one in demands
        ),
        "alike": sum(not one.differs for one in demands),
    }
    parts = [f"{count} {what}" for what, count in counts.items() if count]
    return (
        f"{counted(len(demands), 'demand')} in both{':' * bool(parts)} {', '.join(parts)}".rstrip()
    )


def _row(one: DemandInBoth) -> Sequence[str]:
    times = [
        Outcome.BLOCKED.word if of.rtt_ms is None else f"{of.rtt_ms:.1f}"
        for of in (one.one, one.other)
    ]
    rtt = times[0] if times[0] == times[1] else " -> ".join(times)
    more = "" if one.more_ms is None else f"{one.more_ms:+.1f}"
    paths = [" ".join(of.path) for of in (one.one, one.other)]
    path = paths[0] if paths[0] == paths[1] else " -> ".join(each or "none" for each in paths)
    cover = [", not covered by the policy set" * (not of.is_covered) for of in (one.one, one.other)]
    if cover[0] != cover[1]:
        path += f" ({'first' if cover[0] else 'second'}{cover[0] or cover[1]})"
    return one.demand, rtt, more, path
