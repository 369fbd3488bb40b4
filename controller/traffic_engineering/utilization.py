"""How full each directed link is while nothing fails, and in the worst failure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from corridor.controller.intent.values import Link
from corridor.controller.traffic_engineering.utilization_cases import Cases, Traffic, largest


@dataclass(frozen=True)
class Fullness:
    """Of one directed link; rates in bit/s."""

    fibre: str
    hub: str
    limit: Fraction
    usual_bps: int
    """While nothing fails."""
    worst_bps: int
    failure: tuple[str, ...]
    """As few elements as cause the worst load; nothing where it is the usual one."""
    payers: tuple[str, ...]
    """Whose rates are on it then; sorted."""

    @property
    def link(self) -> Link:
        return self.fibre, self.hub

    @property
    def share(self) -> Fraction:
        """Of what it can carry, in the worst failure; above 1 where that does not fit."""
        return self.worst_bps / self.limit

    @property
    def usual_share(self) -> Fraction:
        return self.usual_bps / self.limit

    @property
    def room(self) -> Fraction:
        """In bit/s; negative where it does not fit."""
        return self.limit - self.worst_bps


def fullness(cases: Iterable[Cases], rates: Mapping[str, int]) -> tuple[Fullness, ...]:
    """The fullest first, then by name."""
    found = [_of(one, rates) for one in cases]
    return tuple(sorted(found, key=lambda one: (-one.share, one.link)))


def _of(one: Cases, rates: Mapping[str, int]) -> Fullness:
    row, load = largest(one, Traffic.of(rates), Fraction(1))
    return Fullness(
        one.fibre,
        one.hub,
        one.limit,
        int(one.loads(rates)[0]),
        int(load),
        one.failures[row],
        one.on_it(row),
    )
