"""How often over traffic can grow, and what is full first then.

Of a link that carries ``limit``, in a row where ``staying`` stays and ``growing`` grows, all fits
up to (limit - staying) / growing times. The minimum of these over all rows is the link's, and the
least over all links is where the network is full first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from corridor.controller.intent.values import Link
from corridor.controller.traffic_engineering.utilization import NEAR, Cases, Traffic

ROUNDING = 1e-14
"""More than doubles err by, of what they are subtracted from: nearer quotients are compared as
fractions."""


@dataclass(frozen=True)
class Bound:
    """Up to how many times what there is now one directed link takes what grows."""

    times: Fraction
    """Below 1: it does not fit as it is. 0: not even without what grows."""
    fibre: str
    hub: str
    failure: tuple[str, ...]
    """Under which it is full first; nothing where that is while nothing fails."""
    payers: tuple[str, ...]
    """Whose rates are on it then; sorted."""

    @property
    def link(self) -> Link:
        return self.fibre, self.hub


def bounds(cases: Iterable[Cases], traffic: Traffic) -> tuple[Bound, ...]:
    """Of links that what grows comes to, and of those that are overloaded in any case: the one that
    is full first before all others, then by name."""
    found = (_bound(one, traffic) for one in cases)
    known = [one for one in found if one is not None]
    return tuple(sorted(known, key=lambda one: (one.times, one.link)))


def _bound(one: Cases, traffic: Traffic) -> Bound | None:
    growing, staying = one.loads(traffic.growing), one.loads(traffic.staying)
    limit = float(one.limit)
    with np.errstate(divide="ignore", invalid="ignore"):
        about = np.where(growing > 0, (limit - staying) / growing, np.inf)
    over = (growing == 0) & (staying > limit * (1 - NEAR))
    sure = [row for row in np.flatnonzero(over).tolist() if int(staying[row]) > one.limit]
    if sure:
        return _at(one, sure[0], Fraction(0))
    if not (growing > 0).any():
        return None
    wrong = ROUNDING * (limit + np.abs(staying)) / np.maximum(growing, 1)
    near = np.flatnonzero(about - wrong <= (about + wrong).min()).tolist()
    exact = {row: (one.limit - int(staying[row])) / int(growing[row]) for row in near}
    row = min(exact, key=lambda number: (exact[number], number))
    return _at(one, row, max(exact[row], Fraction(0)))


def _at(one: Cases, row: int, times: Fraction) -> Bound:
    return Bound(times, one.fibre, one.hub, one.failures[row], one.on_it(row))
