"""Two policy sets on one scenario: which demands either serves, and how fast. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.outcome import Outcome
from corridor.experiments.answers.price import cost
from corridor.experiments.answers.price_sets import PricedScenario, Served
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.words import counted, has_moved, is_longer

BLOCKED = Outcome.BLOCKED.word
HEADINGS = ("demand", "data", "RTT ms", "more ms", "covered", "no backup path", "backup regained")
RIGHT = frozenset({"RTT ms", "more ms"})
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
    return tuple(_demand(before, after) for before, after in both)


def _demand(before: Served, after: Served) -> DemandUnderBoth:
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


def told(found: Sequence[DemandUnderBoth], width: int | None) -> str:
    """In a sentence, then a line a demand that differs."""
    shown = [one for one in found if one.differs]
    said = _sentence(found)
    if not shown:
        return said
    rows = [_row(one) for one in shown]
    table = render(HEADINGS, rows, RIGHT, width=width, spare=SPARE, wrap="no backup path")
    return f"{said}\n\n{table}"


def _sentence(found: Sequence[DemandUnderBoth]) -> str:
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


def _row(one: DemandUnderBoth) -> Sequence[str]:
    times = [
        Outcome.BLOCKED.word if ms is None else f"{ms:.1f}" for ms in (one.one_ms, one.other_ms)
    ]
    both = one.one_ms is not None and one.other_ms is not None
    more = f"{one.other_ms - one.one_ms:+.1f}" if both else ""  # type: ignore[operator]
    rtt = times[0] if times[0] == times[1] else " -> ".join(times)
    covered = ["no" if parts else "yes" for parts in (one.one_not_judged, one.other_not_judged)]
    said = " -> ".join(covered) if covered[0] != covered[1] else ""
    return one.demand, one.data, rtt, more, said, " ".join(one.lost), " ".join(one.regained)
