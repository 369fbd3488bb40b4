"""The minimum that makes traffic fit that has grown: capacity added, or one demand lowered.

Capacity: a fibre carries both directions and a landing in both directions, so each needs the larger
of its two worst loads. Paths stay as they are, so each is needed and together they are enough: no
less capacity in all would do.

One demand: with its rate ``r`` on a link ``t`` times in addition to ``rest``, all fits up to (limit
- rest) / t; it is lowered to the minimum of these over all links and failures. It helps alone only
if it is on every link that is overloaded, whenever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from corridor.controller.traffic_engineering.utilization import (
    NEAR,
    Cases,
    Traffic,
    grown,
    largest,
)


@dataclass(frozen=True)
class Raise:
    """A fibre or capacity group that has to carry more, in each direction; in bit/s."""

    fibre: str
    limit: Fraction
    add: Fraction


@dataclass(frozen=True)
class Lowering:
    """A rate as it is before growth, and what it has to be lowered to before it grows; in bit/s."""

    payer: str
    bps: int
    to: Fraction

    @property
    def less(self) -> Fraction:
        return self.bps - self.to


def raises(cases: Iterable[Cases], traffic: Traffic, times: Fraction) -> tuple[Raise, ...]:
    """What has to be added so that all fits when what grows has grown; by name."""
    needed: dict[str, tuple[Fraction, Fraction]] = {}
    for one in cases:
        _, load = largest(one, traffic, times)
        before = needed.get(one.fibre, (one.limit, Fraction(0)))[1]
        needed[one.fibre] = one.limit, max(load, before)
    return tuple(
        Raise(fibre, limit, load - limit)
        for fibre, (limit, load) in sorted(needed.items())
        if load > limit
    )


def lowerings(cases: Sequence[Cases], traffic: Traffic, times: Fraction) -> tuple[Lowering, ...]:
    """Each rate whose lowering alone is enough, the smallest reduction first, then by name; none
    where all fits."""
    helping = _helping(cases, traffic, times)
    rates = {**traffic.growing, **traffic.staying}
    found = [
        Lowering(payer, rates[payer], to)
        for payer in sorted(helping or ())
        if (to := _lowered(cases, traffic, times, payer)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.less, one.payer)))


def _helping(cases: Iterable[Cases], traffic: Traffic, times: Fraction) -> set[str] | None:
    """Whose rates are on every link that is overloaded, whenever it is; None where none is."""
    helping: set[str] | None = None
    for one in cases:
        for row in _full(one, traffic, times):
            on_it = set(one.on_it(row))
            helping = on_it if helping is None else helping & on_it
    return helping


def _full(one: Cases, traffic: Traffic, times: Fraction) -> Iterator[int]:
    growing, staying = one.loads(traffic.growing), one.loads(traffic.staying)
    about = staying + float(times) * growing
    for row in np.flatnonzero(about > float(one.limit) * (1 - NEAR)).tolist():
        if grown(times, int(growing[row]), int(staying[row])) > one.limit:
            yield row


def _lowered(
    cases: Iterable[Cases], traffic: Traffic, times: Fraction, payer: str
) -> Fraction | None:
    """Before it grows; None where not even its end is enough."""
    own = times if payer in traffic.growing else Fraction(1)
    others = _without(traffic, payer)
    least: Fraction | None = None
    for one in cases:
        crossed = one.of(payer)
        rows = np.flatnonzero(crossed).tolist()
        growing, staying = one.loads(others.growing), one.loads(others.staying)
        for row in rows:
            rest = grown(times, int(growing[row]), int(staying[row]))
            to = (one.limit - rest) / (int(crossed[row]) * own)
            least = to if least is None else min(least, to)
    return None if least is None or least < 0 else least


def _without(traffic: Traffic, payer: str) -> Traffic:
    def kept(rates: Mapping[str, int]) -> Mapping[str, int]:
        return {name: bps for name, bps in rates.items() if name != payer}

    return Traffic(kept(traffic.growing), kept(traffic.staying))
