"""The worst load of a link, exactly.

Elements and demands are numbers here, and sets of elements are the bits of an integer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import batched, combinations
from operator import or_
from typing import NamedTuple

import numpy as np

from corridor.controller.intent.values import Link, Use, Worst
from corridor.topologies.base.arrays import Flags, Integers

MOST_TERMS = 10_000
"""Of one rate on one link, where several demands share it."""
AT_ONCE = 256
"""Failure sets that are looked at together: bounds memory."""


@dataclass(frozen=True)
class Problem:
    demands: tuple[str, ...]
    """By name."""
    rates: Integers
    elements: tuple[str, ...]
    """Those that take down least first, then by name."""
    loads: Mapping[Link, Load]

    def worst(self, link: Link, limit_bps: int) -> Worst:
        load = self.loads[link]
        load_bps, failure = load.worst(self.rates)
        failed = tuple(self.elements[load.elements[one]] for one in failure)
        here = tuple(self.demands[demand] for demand in load.crossings(failure))
        return Worst(*link, load_bps, limit_bps, failed, here)


def problem_of(
    uses: list[Use], elements: Mapping[str, Collection[str]], k: int | Mapping[str, int]
) -> Problem:
    rates = _rates(uses)
    kept = _promises(uses, k)
    promises = np.array([kept[payer] for payer in rates], dtype=np.int64)
    most = int(promises.max(initial=0))
    names = tuple(sorted(elements, key=lambda name: (len(set(elements[name])), name)))
    numbers = {payer: number for number, payer in enumerate(rates)}
    everything = (1 << len(names)) - 1
    parts: dict[Link, list[_Part]] = {link: [] for use in uses for link in use.links}
    together: dict[tuple[Link, int], list[_Member]] = {}
    for use, condition in _possible(uses, _takers(names, elements), most):
        terms = condition.terms(everything)
        causes = reduce(or_, condition.needs, 0)
        for link, times in Counter(use.links).items():
            number = numbers[use.pays_as]
            if use.payer:
                member = _Member(use.demand, times, terms, causes)
                together.setdefault((link, number), []).append(member)
            else:
                parts[link].append(_Part(number, times, terms, causes, times))
    for (link, number), members in together.items():
        parts[link] += _once(number, members, everything)
    loads = {link: Load(some, promises, most) for link, some in parts.items()}
    return Problem(tuple(rates), np.array([*rates.values()], dtype=np.int64), names, loads)


def _rates(uses: list[Use]) -> dict[str, int]:
    """By name of who pays, sorted."""
    rates: dict[str, int] = {}
    for use in uses:
        if use.cir_bps <= 0 or rates.setdefault(use.pays_as, use.cir_bps) != use.cir_bps:
            raise ValueError(f"demand {use.pays_as} needs one committed rate above zero")
    return dict(sorted(rates.items()))


def _promises(uses: Iterable[Use], k: int | Mapping[str, int]) -> dict[str, int]:
    """How many failures each rate is promised under: as many as any demand is that it is of."""
    kept: dict[str, int] = {}
    for use in uses:
        kept[use.pays_as] = max(kept.get(use.pays_as, 0), _promise(k, use.demand))
    return kept


def _promise(k: int | Mapping[str, int], demand: str) -> int:
    promise = k if isinstance(k, int) else k.get(demand, -1)
    if promise < 0:
        raise ValueError(f"demand {demand} needs a k of zero or more")
    return promise


def _takers(names: Iterable[str], elements: Mapping[str, Collection[str]]) -> dict[str, int]:
    """For each fibre and gateway the elements that take it down."""
    takers: dict[str, int] = {}
    for number, name in enumerate(names):
        for taken in elements[name]:
            takers[taken] = takers.get(taken, 0) | 1 << number
    return takers


class _Condition(NamedTuple):
    """What must have failed for a use to be taken, and what must not."""

    needs: tuple[int, ...]
    """Of each of these sets one element."""
    spoilers: int

    def terms(self, everything: int) -> Mapping[int, int]:
        """Sets of elements and their counts: of those in which a failure set lies, the counts add
        up to 1 if the use is taken under it, else to 0 (inclusion and exclusion over the needs).
        """
        terms = {everything & ~self.spoilers: 1}
        for need in self.needs:
            for within, count in tuple(terms.items()):
                terms[within & ~need] = terms.get(within & ~need, 0) - count
        return terms


def _possible(
    uses: list[Use], takers: Mapping[str, int], most: int
) -> Iterator[tuple[Use, _Condition]]:
    """The uses that up to ``most`` failures may bring about. Raises where two are not exclusive."""
    bits = {thing: 1 << number for number, thing in enumerate(takers)}
    demand, known = "", [(0, 0)]
    for use in uses:
        use_alive = use.alive
        condition = _condition(use.down, use_alive, takers, most)
        if condition is None:
            continue
        if use.demand != demand:
            demand, known = use.demand, []
        down, alive = (sum(bits.get(one, 0) for one in some) for some in (use.down, use_alive))
        if not all(down & others_alive or other & alive for other, others_alive in known):
            raise ValueError(f"two uses of demand {demand} may hold at once")
        known.append((down, alive))
        yield use, condition


def _condition(
    down: Iterable[str], alive: Iterable[str], takers: Mapping[str, int], most: int
) -> _Condition | None:
    """None where more would have to fail."""
    spoilers = reduce(or_, (takers.get(one, 0) for one in alive), 0)
    needs = _least({takers.get(one, 0) & ~spoilers for one in down})
    if len(needs) <= most and all(needs):
        return _Condition(needs, spoilers)
    covers = list(_covers(needs, most))
    if not covers:
        return None
    useful = reduce(or_, covers)
    return _Condition(_least({need & useful for need in needs}), spoilers)


def _least(needs: set[int]) -> tuple[int, ...]:
    """Without those that hold another: where that is met, so are they."""
    if len(needs) < 2:
        return tuple(needs)
    least = (need for need in needs if not any(other & need == other != need for other in needs))
    return tuple(sorted(least))


def _covers(needs: tuple[int, ...], most: int) -> Iterator[int]:
    """Sets of up to ``most`` elements that meet all needs, including all minimal ones."""
    if not needs:
        yield 0
    elif most:
        for bit in _bits(needs[0]):
            rest = tuple(need for need in needs[1:] if not need & bit)
            yield from (bit | cover for cover in _covers(rest, most - 1))


def _bits(members: int) -> Iterator[int]:
    while members:
        bit = members & -members
        yield bit
        members ^= bit


class _Part(NamedTuple):
    """What one use puts on one link."""

    demand: int
    times: int
    terms: Mapping[int, int]
    causes: int
    """The elements that help to bring it about."""
    most: int
    """How often the demand crosses the link at most."""


class _Member(NamedTuple):
    """What one use of a demand puts on one link, whose rate is of several demands together."""

    demand: str
    times: int
    terms: Mapping[int, int]
    causes: int


def _once(number: int, members: Sequence[_Member], everything: int) -> Iterator[_Part]:
    """What several demands with one rate put on a link: as much as the one that crosses it most
    often. So the rate counts once where any crosses it, and again where any does so twice."""
    causes = reduce(or_, (member.causes for member in members), 0)
    most = max(member.times for member in members)
    for times in range(1, most + 1):
        crossing: dict[str, dict[int, int]] = {}
        for member in members:
            if member.times >= times:
                of = crossing.setdefault(member.demand, {})
                for within, count in member.terms.items():
                    of[within] = of.get(within, 0) + count
        yield _Part(number, 1, _any(crossing.values(), everything), causes, most)


def _any(terms: Iterable[Mapping[int, int]], everything: int) -> Mapping[int, int]:
    """For a value that is 1 if any of its terms is 1: 1 minus the product of their complements.
    With too many terms, the value counts as always 1: no load is reported too low."""
    none = {everything: 1}
    for some in terms:
        lacks = {within: -count for within, count in some.items()}
        lacks[everything] = lacks.get(everything, 0) + 1
        product: dict[int, int] = {}
        for within, count in none.items():
            for other, times in lacks.items():
                common = within & other
                product[common] = product.get(common, 0) + count * times
        none = {within: count for within, count in product.items() if count}
        if len(none) > MOST_TERMS:
            return {everything: 1}
    found = {within: -count for within, count in none.items()}
    found[everything] = found.get(everything, 0) + 1
    return {within: count for within, count in found.items() if count}


class Load:
    """The load of one link under any failure set, exactly, in integers.

    It is a sum over sets of elements: of rate times count, where the failures lie within the set.
    Failures are rows of ``_inside``, whose columns are the sets.
    """

    def __init__(self, parts: list[_Part], promises: Integers, most: int) -> None:
        causes = reduce(or_, (part.causes for part in parts), 0)
        counts: dict[tuple[int, int], int] = {}
        brought: dict[int, int] = {}
        times: dict[int, int] = {}
        for demand, crossed, terms, some, most_often in parts:
            brought[demand] = brought.get(demand, 0) | some
            times[demand] = max(times.get(demand, 0), most_often)
            for within, count in terms.items():
                key = (within & causes, demand)
                counts[key] = counts.get(key, 0) + count * crossed
        entries = [(*key, count) for key, count in counts.items() if count]
        sets: dict[int, int] = {}
        numbers = [sets.setdefault(within, len(sets)) for within, _, _ in entries]
        elements = [bit.bit_length() - 1 for bit in _bits(causes)]
        inside = _membership(sets, elements)
        kept = _distinct(inside)
        self.elements = [elements[row] for row in kept]
        self._most = most
        self._inside = inside[kept]
        self._set = np.array(numbers, dtype=np.int64)
        self._demand = np.array([demand for _, demand, _ in entries], dtype=np.int64)
        self._count = np.array([count for _, _, count in entries], dtype=np.int64)
        self._promise = promises[self._demand]
        self._bringers = _membership(brought.values(), self.elements).T
        self._brought = np.array([*brought], dtype=np.int64)
        self._times = np.array([*times.values()], dtype=np.int64)

    def crossings(self, failure: tuple[int, ...]) -> dict[int, int]:
        """How often each demand crosses the link, of those that do, by number."""
        lies = self._inside[list(failure)].all(axis=0)[self._set]
        crossings: Counter[int] = Counter()
        for demand, count in zip(self._demand[lies], self._count[lies], strict=True):
            crossings[int(demand)] += int(count)
        return {demand: times for demand, times in sorted(crossings.items()) if times}

    def cases(self) -> Iterator[tuple[tuple[int, ...], dict[int, int]]]:
        """What may cross the link under failures under which something on it is promised, each
        once: the first of the smallest failure sets, and how often each demand crosses then. First
        that while nothing fails."""
        demands, columns = np.unique(self._demand, return_inverse=True)
        counts = np.zeros((self._inside.shape[1], len(demands)), dtype=np.int64)
        np.add.at(counts, (self._set, columns), self._count)
        promises = np.zeros(len(demands), dtype=np.int64)
        promises[columns] = self._promise
        known: set[bytes] = set()
        for size in range(self._most + 1):
            promised = promises >= size
            for failures in batched(combinations(range(len(self.elements)), size), AT_ONCE):
                rows = np.array(failures, dtype=np.int64).reshape(len(failures), size)
                crossed = self._inside[rows].all(axis=1) @ counts
                due = crossed[:, promised].any(axis=1) if size else np.ones(len(rows), dtype=bool)
                for number in np.flatnonzero(due):
                    row = crossed[number]
                    if (key := row.tobytes()) not in known:
                        known.add(key)
                        found = zip(demands.tolist(), row.tolist(), strict=True)
                        yield failures[number], {one: times for one, times in found if times}

    def worst(self, rates: Integers) -> tuple[int, tuple[int, ...]]:
        """The largest load while something is promised, and the first of the smallest causes."""
        found = self.worst_above(-1, rates)
        assert found is not None
        return found

    def worst_above(self, floor: int, rates: Integers) -> tuple[int, tuple[int, ...]] | None:
        """The same, if it is larger than ``floor``: quicker to tell."""
        search = _Search(
            self._inside,
            self._weights(self._count * rates[self._demand]),
            (self._times * rates[self._brought]) @ self._bringers,
            floor,
        )
        for size in range(1, self._most + 1):
            search.try_all(size, self._weights(self._count * (self._promise >= size)))
        return None if search.failure is None else (search.best, search.failure)

    def together(self, limit_bps: int, rates: Integers, most: int) -> list[tuple[int, ...]]:
        """Two failures each, under which the load is larger than that and than under either alone,
        while a rate is promised: up to ``most`` pairs with the largest load."""
        if self._most < 2:
            return []
        loads = self._pairs(self._count * rates[self._demand])
        due = self._pairs(self._count * (self._promise >= 2))
        alone = loads.diagonal()
        above = (loads > limit_bps) & (loads > alone) & (loads > alone[:, None]) & (due > 0)
        pairs = np.argwhere(np.triu(above, 1))
        order = np.argsort(-loads[pairs[:, 0], pairs[:, 1]], kind="stable")[:most]
        return [(int(one), int(other)) for one, other in pairs[order]]

    def _pairs(self, values: Integers) -> Integers:
        """Under each two elements."""
        inside = self._inside
        pairs: Integers = np.einsum(
            "er,fr->ef", inside * self._weights(values), inside.astype(np.int64)
        )
        return pairs

    def _weights(self, values: Integers) -> Integers:
        """Sums by set."""
        weights = np.zeros(self._inside.shape[1], dtype=np.int64)
        np.add.at(weights, self._set, values)
        return weights


def _membership(sets: Iterable[int], elements: Sequence[int]) -> Flags:
    """A row for each element and a column for each set: whether the element is in the set."""
    columns = list(sets)
    size = (max(elements, default=0) + 8) // 8
    octets = b"".join((column & (1 << 8 * size) - 1).to_bytes(size, "little") for column in columns)
    bits = np.frombuffer(octets, dtype=np.uint8).reshape(len(columns), size)
    return np.unpackbits(bits, axis=1, bitorder="little").T[list(elements)].astype(np.bool)


def _distinct(rows: Flags) -> list[int]:
    """The first of each group of equal rows: elements that do the same to a link."""
    first: dict[bytes, int] = {}
    for number, row in enumerate(rows):
        first.setdefault(row.tobytes(), number)
    return list(first.values())


class _Search:
    """Branch and bound over failure sets: a set adds no more to smaller ones than its
    elements can bring (``hopes``). Only sets that may beat the best so far are looked at, in order
    and by size, so the best that stays is the first of the smallest.
    """

    def __init__(self, inside: Flags, weights: Integers, hopes: Integers, floor: int) -> None:
        unharmed = int(weights.sum())
        self.best = max(unharmed, floor)
        self.failure: tuple[int, ...] | None = () if unharmed > floor else None
        self._inside = inside
        self._weights = weights
        self._hopes = hopes
        # Not as a product of matrices: that would start threads, for which these are too small.
        self._pairs: Integers = np.einsum("er,fr->ef", inside * weights, inside.astype(np.int64))

    def try_all(self, size: int, promised: Integers) -> None:
        if size == 1:
            self._look_at(np.argwhere(self._pairs.diagonal() > self.best), promised)
            return
        for given in combinations(range(len(self._hopes)), size - 2):
            self._look_at(self._worth_a_look(given), promised)

    def _worth_a_look(self, given: tuple[int, ...]) -> Integers:
        """The given elements with each two later ones."""
        start = given[-1] + 1 if given else 0
        hopes = self._hopes[start:]
        hope = self._hopes[list(given)].sum()
        bound = self._pairs[start:, start:] + hope
        for one in given:
            without = self._pairs[one, start:] + (hope - self._hopes[one])
            bound = np.minimum(bound, without[:, None] + hopes)
            bound = np.minimum(bound, without + hopes[:, None])
        pairs = np.argwhere(np.triu(bound > self.best, 1)) + start
        return np.hstack([np.tile(given, (len(pairs), 1)).astype(np.int64), pairs])

    def _look_at(self, failures: Integers, promised: Integers) -> None:
        for start in range(0, len(failures), AT_ONCE):
            some = failures[start : start + AT_ONCE]
            lies = reduce(np.logical_and, (self._inside[rows] for rows in some.T))
            loads = lies @ self._weights
            while loads[top := int(loads.argmax())] > self.best:
                if lies[top] @ promised > 0:
                    self.best = int(loads[top])
                    self.failure = tuple(some[top].tolist())
                loads[top] = -1
