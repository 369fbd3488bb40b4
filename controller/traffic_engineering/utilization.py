"""How full each directed link is while nothing fails, and in the worst failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from corridor.controller.intent.values import Link, Use
from corridor.controller.intent.worst_loads import Numbers, problem_of
from corridor.controller.prover.exact_rates import Asked


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
    times: Numbers
    """How often each payer's rate crosses: a row for each of ``failures``."""

    @property
    def link(self) -> Link:
        return self.fibre, self.hub

    def on_it(self, row: int) -> tuple[str, ...]:
        """Whose rates cross in a row."""
        return tuple(self.payers[at] for at in np.flatnonzero(self.times[row]).tolist())

    def loads(self, rates: Mapping[str, int]) -> Numbers:
        """In bit/s, by row; a payer without a rate sends nothing."""
        of = np.array([rates.get(payer, 0) for payer in self.payers], dtype=np.int64)
        loads: Numbers = self.times @ of
        return loads

    def of(self, payer: str) -> Numbers:
        """How often one payer's rate crosses, by row."""
        if payer in self.payers:
            times: Numbers = self.times[:, self.payers.index(payer)]
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
