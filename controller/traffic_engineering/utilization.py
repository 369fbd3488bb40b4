"""How full each directed link is, while nothing fails, in the worst failure, and as traffic grows.

How often over traffic can grow: of a link that carries ``limit``, in a row where ``staying`` stays
and ``growing`` grows, all fits up to (limit - staying) / growing times. The minimum of these over
all rows is the link's, and the least over all links is where the network is full first.

What makes traffic fit that has grown is a minimum of capacity added, or of one demand lowered.

Capacity: a fibre carries both directions and a landing in both directions, so each needs the larger
of its two worst loads. Paths stay as they are, so each is needed and together they are enough: no
less capacity in all would do.

One demand: with its rate ``r`` on a link ``t`` times in addition to ``rest``, all fits up to (limit
- rest) / t; it is lowered to the minimum of these over all links and failures. It helps alone only
if it is on every link that is overloaded, whenever it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from corridor.controller.intent.values import Link, Use
from corridor.controller.intent.worst_loads import problem_of
from corridor.controller.prover.exact_rates import Asked
from corridor.topologies.base.arrays import Integers


@dataclass(frozen=True)
class LinkLoad:
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


def fullness(cases: Iterable[Cases], rates: Mapping[str, int]) -> tuple[LinkLoad, ...]:
    """The fullest first, then by name."""
    found = [_of(one, rates) for one in cases]
    return tuple(sorted(found, key=lambda one: (-one.share, one.link)))


def _of(one: Cases, rates: Mapping[str, int]) -> LinkLoad:
    row, load = largest(one, Traffic.of(rates), Fraction(1))
    return LinkLoad(
        one.fibre,
        one.hub,
        one.limit,
        int(one.loads(rates)[0]),
        int(load),
        one.failures[row],
        one.on_it(row),
    )


# All that may cross each directed link: which rates, how often, under which failures.

NEAR = 1e-9
"""Sums in doubles that differ by less, relatively, are compared as fractions."""


@dataclass(frozen=True, eq=False)
class Cases:
    """What may cross one directed link, a row for each set of rates that some failure brings."""

    fibre: str
    hub: str
    """The end from which the link is entered; of a capacity group, its direction."""
    limit: Fraction
    """What it can carry, in bit/s."""
    payers: tuple[str, ...]
    failures: tuple[tuple[str, ...], ...]
    """Of each row the first of the smallest failure sets; nothing fails in the first row."""
    times: Integers
    """How often each payer's rate crosses: a row for each of ``failures``."""

    @property
    def link(self) -> Link:
        return self.fibre, self.hub

    def on_it(self, row: int) -> tuple[str, ...]:
        """Whose rates cross in a row."""
        return tuple(self.payers[at] for at in np.flatnonzero(self.times[row]).tolist())

    def loads(self, rates: Mapping[str, int]) -> Integers:
        """In bit/s, by row; a payer without a rate sends nothing."""
        of = np.array([rates.get(payer, 0) for payer in self.payers], dtype=np.int64)
        loads: Integers = self.times @ of
        return loads

    def of(self, payer: str) -> Integers:
        """How often one payer's rate crosses, by row."""
        if payer in self.payers:
            times: Integers = self.times[:, self.payers.index(payer)]
            return times
        return np.zeros(len(self.failures), dtype=np.int64)


@dataclass(frozen=True)
class Traffic:
    """Rates in bit/s, by payer: what grows, and what stays."""

    growing: Mapping[str, int]
    staying: Mapping[str, int]

    @classmethod
    def of(cls, rates: Mapping[str, int], growing: Iterable[str] | None = None) -> Traffic:
        """All grows, if nothing is stated."""
        grows = set(rates if growing is None else growing)
        return cls(
            {name: bps for name, bps in rates.items() if name in grows},
            {name: bps for name, bps in rates.items() if name not in grows},
        )


def cases_of(asked: Iterable[Asked], limits: Mapping[str, Fraction]) -> tuple[Cases, ...]:
    """By link. ``limits`` are by fibre and capacity group, in each direction."""
    found: dict[Link, dict[frozenset[tuple[str, int]], tuple[str, ...]]] = {}
    for one in asked:
        for link, failure, times in _cases(one):
            found.setdefault(link, {}).setdefault(frozenset(times.items()), failure)
    return tuple(_laid_out(link, found[link], limits[link[0]]) for link in sorted(found))


def _cases(asked: Asked) -> Iterator[tuple[Link, tuple[str, ...], dict[str, int]]]:
    uses: list[Use] = sorted(asked.uses, key=lambda use: use.demand)
    problem = problem_of(uses, asked.elements, asked.promises)
    for link, load in problem.loads.items():
        for failure, times in load.cases():
            names = tuple(problem.elements[load.elements[one]] for one in failure)
            yield link, names, {problem.demands[one]: count for one, count in times.items()}


def _laid_out(
    link: Link, rows: Mapping[frozenset[tuple[str, int]], tuple[str, ...]], limit: Fraction
) -> Cases:
    payers = sorted({payer for row in rows for payer, _ in row})
    columns = {payer: column for column, payer in enumerate(payers)}
    times = np.zeros((len(rows), len(payers)), dtype=np.int64)
    for number, row in enumerate(rows):
        for payer, count in row:
            times[number, columns[payer]] = count
    return Cases(*link, limit, tuple(payers), tuple(rows.values()), times)


def with_limits(cases: Sequence[Cases], limits: Mapping[str, Fraction]) -> tuple[Cases, ...]:
    """The same over links that carry other rates."""
    return tuple(replace(one, limit=limits[one.fibre]) for one in cases)


def grown(times: Fraction, growing: int, staying: int) -> Fraction:
    return staying + times * growing


def largest(one: Cases, traffic: Traffic, times: Fraction) -> tuple[int, Fraction]:
    """The first row of those with the largest load when what grows has grown, and that load."""
    growing, staying = one.loads(traffic.growing), one.loads(traffic.staying)
    about = staying + float(times) * growing
    near = np.flatnonzero(about >= about.max() - NEAR * max(1.0, float(about.max())))
    exact = {row: grown(times, int(growing[row]), int(staying[row])) for row in near.tolist()}
    row = max(exact, key=lambda number: (exact[number], -number))
    return row, exact[row]


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
