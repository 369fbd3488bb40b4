"""Two scenarios, or two policy sets on one, side by side: permitted demands, paths, round trips.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price import cost
from corridor.experiments.answers.price_sets import PricedScenario, Served, alone
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, few, has_moved, is_longer

BLOCKED = Outcome.BLOCKED.word
HEADINGS = ("demand", "RTT ms", "more ms", "path")
RIGHT = frozenset({"RTT ms", "more ms"})
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


def scenarios_told(found: ScenariosCompared, names: tuple[str, str], width: int | None) -> str:
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
    table = render(HEADINGS, [_row(one) for one in shown], RIGHT, width=width, wrap="path")
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


def _change(both: Iterable[str]) -> str:
    """One text if both are equal."""
    one, other = both
    return one if one == other else f"{one or 'none'} -> {other or 'none'}"


def _row(one: DemandInBoth) -> Sequence[str]:
    rtt = _change(
        BLOCKED if of.rtt_ms is None else f"{of.rtt_ms:.1f}" for of in (one.one, one.other)
    )
    more = "" if one.more_ms is None else f"{one.more_ms:+.1f}"
    path = _change(" ".join(of.path) for of in (one.one, one.other))
    cover = [", not covered by the policy set" * (not of.is_covered) for of in (one.one, one.other)]
    if cover[0] != cover[1]:
        path += f" ({'first' if cover[0] else 'second'}{cover[0] or cover[1]})"
    return one.demand, rtt, more, path


# Two policy sets on one scenario: which demands either serves, and how fast.

OF_SETS = ("demand", "data", "RTT ms", "more ms", "covered", "no backup path", "backup regained")
SPARE = ("backup regained", "data", "no backup path", "covered")


@dataclass(frozen=True)
class DemandUnderBoth:
    """RTTs are by the model, over the shortest permitted path; None of a blocked demand."""

    demand: str
    data: str
    one_ms: float | None
    other_ms: float | None
    one_not_judged: tuple[str, ...]
    other_not_judged: tuple[str, ...]
    lost: tuple[str, ...]
    """Elements whose failure leaves no permitted path, under the other set only."""
    regained: tuple[str, ...]
    """The reverse."""

    @property
    def differs(self) -> bool:
        if self.one_ms is None or self.other_ms is None:
            return self.one_ms != self.other_ms
        moved = has_moved(self.other_ms - self.one_ms)
        judged = self.one_not_judged != self.other_not_judged
        return moved or judged or bool(self.lost or self.regained)


def compare_sets(
    laid: PricedScenario, one: PolicySet, other: PolicySet
) -> tuple[DemandUnderBoth, ...]:
    both = zip(laid.under(one), laid.under(other), strict=True)
    return tuple(_under_both(before, after) for before, after in both)


def _under_both(before: Served, after: Served) -> DemandUnderBoth:
    found = cost(before, after)
    return DemandUnderBoth(
        demand=before.demand.id,
        data=before.demand.data_class,
        one_ms=_ms(before),
        other_ms=_ms(after),
        one_not_judged=before.not_judged,
        other_not_judged=after.not_judged,
        lost=found.lost,
        regained=found.regained,
    )


def _ms(of: Served) -> float | None:
    return None if of.round_trip_ns is None else of.round_trip_ns / 1e6


def sets_told(found: Sequence[DemandUnderBoth], width: int | None) -> str:
    """In a sentence, then a line a demand that differs."""
    shown = [one for one in found if one.differs]
    said = _sets_sentence(found)
    if not shown:
        return said
    rows = [_set_row(one) for one in shown]
    table = render(OF_SETS, rows, RIGHT, width=width, spare=SPARE, wrap="no backup path")
    return f"{said}\n\n{table}"


def _sets_sentence(found: Sequence[DemandUnderBoth]) -> str:
    closed = sum(one.one_ms is not None and one.other_ms is None for one in found)
    opened = sum(one.one_ms is None and one.other_ms is not None for one in found)
    moved = [
        one.other_ms - one.one_ms
        for one in found
        if one.one_ms is not None and one.other_ms is not None
    ]
    slower = sum(is_longer(ms) for ms in moved)
    faster = sum(is_longer(-ms) for ms in moved)
    parts = [
        f"{closed} then {BLOCKED}" if closed else "",
        f"{opened} newly served" if opened else "",
        f"{slower} slower (by up to {max(moved):.3g} ms)" if slower else "",
        f"{faster} faster (by up to {-min(moved):.3g} ms)" if faster else "",
    ]
    same = sum(not one.differs for one in found)
    parts = [*filter(None, parts), f"{same} the same"]
    return f"{counted(len(found), 'demand')}: {', '.join(parts)}"


def _set_row(one: DemandUnderBoth) -> Sequence[str]:
    both = one.one_ms is not None and one.other_ms is not None
    more = f"{one.other_ms - one.one_ms:+.1f}" if both else ""  # type: ignore[operator]
    rtt = _change(BLOCKED if ms is None else f"{ms:.1f}" for ms in (one.one_ms, one.other_ms))
    covered = ["no" if parts else "yes" for parts in (one.one_not_judged, one.other_not_judged)]
    said = " -> ".join(covered) if covered[0] != covered[1] else ""
    return one.demand, one.data, rtt, more, said, " ".join(one.lost), " ".join(one.regained)
