"""Whether guaranteed rates fit every link under every failure that is protected against.

Forward fault correction (Liu et al., "Traffic Engineering with Forward Fault Correction",
SIGCOMM 2014) for paths that are fixed, with their detours: the load of a directed link is held
against its capacity under *every* set of up to k failed elements. The worst set is found exactly,
among the elements that move demands onto the link and as far as bounds leave any in question.

What does not fit is answered with the least change that makes it fit: rates lowered by a linear
program, whose rows (one for each failure set that a link cannot take) are added as they are found
to be broken; and, to compare, capacity added.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import combinations
from operator import or_
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from topologies.units import format_rate

type Link = tuple[str, str]
"""One direction of a fibre: the fibre, and the hub it is entered from."""

MOST_NAMED = 8
"""Demands and fibres that a refusal names; it counts the rest."""
AT_ONCE = 256
"""Failure sets that are looked at together: bounds memory."""
NO_DUAL = 1e-7
"""Dual values of these programs are fractions of small integers; less is rounding."""


@dataclass(frozen=True)
class Use:
    """One way that a demand's packets may take, and what must hold for them to take it.

    A demand's uses exclude each other: of any two, one presumes dead what the other presumes
    alive. A use need not deliver: one that ends in a drop loads the links crossed before.
    """

    demand: str
    cir_bps: int
    down: frozenset[str]
    """Fibres and gateways found dead on the way. What no element takes down never is."""
    links: tuple[Link, ...]
    """Directed links in the order they are crossed; one crossed twice carries the rate twice.
    Their fibres are alive."""
    up: frozenset[str] = frozenset()
    """What else was found alive: the gateways passed."""

    @property
    def alive(self) -> frozenset[str]:
        return self.up.union(fibre for fibre, _ in self.links)


@dataclass(frozen=True)
class Worst:
    """The largest load of a directed link, and what causes it."""

    fibre: str
    hub: str
    """The end from which the link is entered."""
    load_bps: int
    limit_bps: int
    """What may be promised of the capacity."""
    failure: tuple[str, ...]
    """As few elements as cause the load; among equals those that take down least, then by name."""
    demands: tuple[str, ...]
    """That are then on the link, promised or not; sorted."""

    @property
    def excess_bps(self) -> int:
        """What does not fit; negative where there is room."""
        return self.load_bps - self.limit_bps

    @property
    def fits(self) -> bool:
        return self.excess_bps <= 0


@dataclass(frozen=True)
class Lowered:
    """A demand whose rate has to be lower."""

    demand: str
    cir_bps: int
    to_bps: int

    def __str__(self) -> str:
        return f"{self.demand} from {format_rate(self.cir_bps)} to {format_rate(self.to_bps)}"


@dataclass(frozen=True)
class Added:
    """A fibre whose capacity, the same in both directions, has to be larger."""

    fibre: str
    capacity_bps: int
    add_bps: int

    def __str__(self) -> str:
        return f"{format_rate(self.add_bps)} to fibre {self.fibre}"


@dataclass(frozen=True)
class Admission:
    """Whether all fits and, if not, two ways to make it fit: either one is enough."""

    links: tuple[Worst, ...]
    """Every directed link that a use crosses, sorted."""
    lowered: tuple[Lowered, ...] = ()
    """Gives up the fewest bits per second in all, but for rounding down to whole ones; among
    equals rather those of large demands, then of those first by name. Sorted."""
    added: tuple[Added, ...] = ()
    """Adds the least capacity in all, at unchanged rates. Sorted."""

    @property
    def fits(self) -> bool:
        return all(link.fits for link in self.links)

    def refusal(self) -> str:
        """One line for the user, about the link that lacks most; empty when all fits."""
        full = [link for link in self.links if not link.fits]
        if not full:
            return ""
        worst = max(full, key=lambda link: link.excess_bps)
        capacity_bps = next(one.capacity_bps for one in self.added if one.fibre == worst.fibre)
        return (
            f"{format_rate(worst.load_bps)} do not fit fibre {worst.fibre} from {worst.hub} "
            f"({_of_capacity(worst.limit_bps, capacity_bps)}) {_when(worst.failure)}: "
            f"demands {_listed(worst.demands)}{_others(len(full) - 1)}; "
            f"least change: lower {_listed(self.lowered)}; or add {_listed(self.added)}"
        )


def _listed(things: Sequence[object]) -> str:
    more = f" and {len(things) - MOST_NAMED} more" if len(things) > MOST_NAMED else ""
    return ", ".join(str(thing) for thing in things[:MOST_NAMED]) + more


def _others(full: int) -> str:
    """Links that are too full besides the one named."""
    return f" ({full} more link{' is' if full == 1 else 's are'} too full)" if full else ""


def _of_capacity(limit_bps: int, capacity_bps: int) -> str:
    capacity = format_rate(capacity_bps)
    return capacity if limit_bps == capacity_bps else f"{format_rate(limit_bps)} of its {capacity}"


def _when(failure: tuple[str, ...]) -> str:
    if not failure:
        return "while nothing fails"
    return f"when {' and '.join(failure)} {'fails' if len(failure) == 1 else 'fail'}"


def admit(
    uses: Iterable[Use],
    capacity_bps: Mapping[str, int],
    elements: Mapping[str, Collection[str]],
    k: int | Mapping[str, int],
    headroom: float = 1.0,
) -> Admission:
    """Holds every directed link's worst load against its capacity.

    ``capacity_bps`` is by fibre, for each direction; ``headroom`` is the share of it that may be
    promised. ``elements`` names what fails as one, with the fibres and gateways that it takes
    down. ``k`` is how many fail at once, for all demands or by demand.

    A demand beyond its own k is promised nothing, yet its packets still flow: it counts wherever
    they do, like any other, and may be lowered. But a load counts only where some demand on the
    link is promised its rate under that failure: else no promise is broken.

    The order of nothing matters. Raises ValueError for uses of a demand that may hold at once or
    differ in rate, for a fibre without capacity and for a demand without k.
    """
    share = _share(headroom)
    problem = _problem(sorted(uses, key=lambda use: use.demand), elements, k)
    links = []
    for link in sorted(problem.loads):
        limit = math.floor(_capacity(capacity_bps, link[0]) * share)
        links.append(problem.worst(link, limit))
    if all(link.fits for link in links):
        return Admission(tuple(links))
    return Admission(tuple(links), _lowered(problem, links), _added(links, capacity_bps, share))


def _share(headroom: float) -> Fraction:
    """As it is written, so that nine tenths of ten are nine."""
    share = Fraction(str(headroom))
    if not 0 < share <= 1:
        raise ValueError(f"headroom is a share above 0 and up to 1, not {headroom}")
    return share


def _capacity(capacity_bps: Mapping[str, int], fibre: str) -> int:
    if fibre not in capacity_bps:
        raise ValueError(f"fibre {fibre} is used and has no capacity")
    return capacity_bps[fibre]


def _added(
    links: Iterable[Worst], capacity_bps: Mapping[str, int], share: Fraction
) -> tuple[Added, ...]:
    needed: dict[str, int] = {}
    for link in links:
        if not link.fits:
            load = math.ceil(link.load_bps / share)
            needed[link.fibre] = max(load, needed.get(link.fibre, 0))
    return tuple(
        Added(fibre, capacity_bps[fibre], load - capacity_bps[fibre])
        for fibre, load in sorted(needed.items())
    )


# From here on elements and demands are numbers, and sets of elements are bits of an integer.

type _Numbers = npt.NDArray[np.int64]
type _Flags = npt.NDArray[np.bool]


@dataclass(frozen=True)
class _Problem:
    demands: tuple[str, ...]
    """By name."""
    rates: _Numbers
    elements: tuple[str, ...]
    """Those that take down least first, then by name."""
    loads: Mapping[Link, _Load]

    def worst(self, link: Link, limit_bps: int) -> Worst:
        load = self.loads[link]
        load_bps, failure = load.worst(self.rates)
        failed = tuple(self.elements[load.elements[one]] for one in failure)
        here = tuple(self.demands[demand] for demand in load.crossings(failure))
        return Worst(*link, load_bps, limit_bps, failed, here)


def _problem(
    uses: list[Use], elements: Mapping[str, Collection[str]], k: int | Mapping[str, int]
) -> _Problem:
    rates = _rates(uses)
    promises = np.array([_promise(k, demand) for demand in rates], dtype=np.int64)
    most = int(promises.max(initial=0))
    names = tuple(sorted(elements, key=lambda name: (len(set(elements[name])), name)))
    numbers = {demand: number for number, demand in enumerate(rates)}
    parts: dict[Link, list[_Part]] = {link: [] for use in uses for link in use.links}
    for use, condition in _possible(uses, _takers(names, elements), most):
        terms = condition.terms((1 << len(names)) - 1)
        causes = reduce(or_, condition.needs, 0)
        for link, times in Counter(use.links).items():
            parts[link].append(_Part(numbers[use.demand], times, terms, causes))
    loads = {link: _Load(some, promises, most) for link, some in parts.items()}
    return _Problem(tuple(rates), np.array([*rates.values()], dtype=np.int64), names, loads)


def _rates(uses: list[Use]) -> dict[str, int]:
    rates: dict[str, int] = {}
    for use in uses:
        if use.cir_bps <= 0 or rates.setdefault(use.demand, use.cir_bps) != use.cir_bps:
            raise ValueError(f"demand {use.demand} needs one committed rate above zero")
    return rates


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
    """Sets of up to ``most`` elements that meet all needs, among them all the least."""
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


class _Load:
    """The load of one link under any failure set, exactly, in integers.

    It is a sum over sets of elements: of rate times count, where the failures lie within the set.
    Failures are rows of ``_inside``, whose columns are the sets.
    """

    def __init__(self, parts: list[_Part], promises: _Numbers, most: int) -> None:
        causes = reduce(or_, (part.causes for part in parts), 0)
        counts: dict[tuple[int, int], int] = {}
        brought: dict[int, int] = {}
        times: dict[int, int] = {}
        for demand, crossed, terms, some in parts:
            brought[demand] = brought.get(demand, 0) | some
            times[demand] = max(times.get(demand, 0), crossed)
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

    def worst(self, rates: _Numbers) -> tuple[int, tuple[int, ...]]:
        """The largest load while something is promised, and the first of the smallest causes."""
        found = self.worst_above(-1, rates)
        assert found is not None
        return found

    def worst_above(self, floor: int, rates: _Numbers) -> tuple[int, tuple[int, ...]] | None:
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

    def _weights(self, values: _Numbers) -> _Numbers:
        """Sums by set."""
        weights = np.zeros(self._inside.shape[1], dtype=np.int64)
        np.add.at(weights, self._set, values)
        return weights


def _membership(sets: Iterable[int], elements: Sequence[int]) -> _Flags:
    """A row for each element and a column for each set: whether the element is in the set."""
    columns = list(sets)
    size = (max(elements, default=0) + 8) // 8
    octets = b"".join((column & (1 << 8 * size) - 1).to_bytes(size, "little") for column in columns)
    bits = np.frombuffer(octets, dtype=np.uint8).reshape(len(columns), size)
    return np.unpackbits(bits, axis=1, bitorder="little").T[list(elements)].astype(np.bool)


def _distinct(rows: _Flags) -> list[int]:
    """The first of each group of equal rows: elements that do the same to a link."""
    first: dict[bytes, int] = {}
    for number, row in enumerate(rows):
        first.setdefault(row.tobytes(), number)
    return list(first.values())


class _Search:
    """Branch and bound over failure sets: what they add to smaller ones is no more than its
    elements can bring (``hopes``). Only sets that may beat the best so far are looked at, in order
    and by size, so the best that stays is the first of the smallest.
    """

    def __init__(self, inside: _Flags, weights: _Numbers, hopes: _Numbers, floor: int) -> None:
        unharmed = int(weights.sum())
        self.best = max(unharmed, floor)
        self.failure: tuple[int, ...] | None = () if unharmed > floor else None
        self._inside = inside
        self._weights = weights
        self._hopes = hopes
        # Not as a product of matrices: that would start threads, for which these are too small.
        self._pairs: _Numbers = np.einsum("er,fr->ef", inside * weights, inside.astype(np.int64))

    def try_all(self, size: int, promised: _Numbers) -> None:
        if size == 1:
            self._look_at(np.argwhere(self._pairs.diagonal() > self.best), promised)
            return
        for given in combinations(range(len(self._hopes)), size - 2):
            self._look_at(self._worth_a_look(given), promised)

    def _worth_a_look(self, given: tuple[int, ...]) -> _Numbers:
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

    def _look_at(self, failures: _Numbers, promised: _Numbers) -> None:
        for start in range(0, len(failures), AT_ONCE):
            some = failures[start : start + AT_ONCE]
            lies = reduce(np.logical_and, (self._inside[rows] for rows in some.T))
            loads = lies @ self._weights
            while loads[top := int(loads.argmax())] > self.best:
                if lies[top] @ promised > 0:
                    self.best = int(loads[top])
                    self.failure = tuple(some[top].tolist())
                loads[top] = -1


class _Row(NamedTuple):
    """The rates of these demands, times how often they cross a link, must not exceed its limit."""

    limit: int
    crossings: tuple[tuple[int, int], ...]

    def excess(self, rates: Sequence[int]) -> int:
        return sum(rates[demand] * times for demand, times in self.crossings) - self.limit


def _lowered(problem: _Problem, links: Iterable[Worst]) -> tuple[Lowered, ...]:
    """Adds rows until no failure set breaks any. Only a link that was too full can be again."""
    full = [
        (problem.loads[link.fibre, link.hub], link.limit_bps) for link in links if not link.fits
    ]
    cirs = problem.rates.tolist()
    rates = cirs
    rows: set[_Row] = set()
    while broken := {row for load, limit in full for row in _broken(load, limit, rates)}:
        rows |= broken
        rates = _least_lowering(sorted(rows), cirs)
    return tuple(
        Lowered(demand, cir, rate)
        for demand, cir, rate in zip(problem.demands, cirs, rates, strict=True)
        if rate < cir
    )


def _broken(load: _Load, limit: int, rates: list[int]) -> Iterator[_Row]:
    found = load.worst_above(limit, np.array(rates, dtype=np.int64))
    if found is not None:
        yield _Row(limit, tuple(load.crossings(found[1]).items()))


def _least_lowering(rows: list[_Row], cirs: list[int]) -> list[int]:
    """Rates that keep all rows with the least given up in all; larger demands first in order."""
    order = sorted(range(len(cirs)), key=lambda demand: (-cirs[demand], demand))
    column = {demand: number for number, demand in enumerate(order)}
    unit = max(cirs) / 1e5
    matrix = np.zeros((len(rows), len(cirs)))
    for line, row in zip(matrix, rows, strict=True):
        for demand, times in row.crossings:
            line[column[demand]] = times
    least = [row.excess(cirs) / unit for row in rows]
    given_up = _cheapest(matrix, least, [cirs[demand] / unit for demand in order])
    exact = [cirs[demand] - given_up[column[demand]] * unit for demand in range(len(cirs))]
    return _within(rows, [_whole(rate) for rate in exact])


def _cheapest(
    matrix: npt.NDArray[np.float64], least: list[float], most: list[float]
) -> list[float]:
    """At least ``least`` by rows and at most ``most`` each: the smallest sum; of these, one.

    The second program picks among the optima of the first, which by complementary slackness keep
    each row with a dual value tight and each variable with a reduced cost at its bound. Its
    prices are powers of e, no rational combination of which is zero (Lindemann, Weierstrass):
    so two vertices cannot cost the same.
    """
    from scipy.optimize import linprog

    precise = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
    count, bounds = len(most), [(0.0, upper) for upper in most]
    rows: dict[str, object] = {"A_ub": -matrix, "b_ub": [-value for value in least]}
    first = linprog(np.ones(count), **rows, bounds=bounds, options=precise)
    assert first.status == 0, first.message
    for number, upper in enumerate(most):
        if abs(first.lower.marginals[number]) > NO_DUAL:
            bounds[number] = (0.0, 0.0)
        elif abs(first.upper.marginals[number]) > NO_DUAL:
            bounds[number] = (upper, upper)
    tight = np.abs(first.ineqlin.marginals) > NO_DUAL
    rows |= {"A_eq": matrix[tight], "b_eq": np.array(least)[tight]}
    prices = np.exp(np.arange(count) / count)
    second = linprog(prices, **rows, bounds=bounds, options=precise)
    chosen = second if second.status == 0 else first
    return [float(value) for value in chosen.x]


def _whole(rate: float) -> int:
    """The whole number meant; of a rate between two the lower."""
    near = round(rate)
    return max(0, near if abs(rate - near) < 0.01 else math.floor(rate))


def _within(rows: list[_Row], rates: list[int]) -> list[int]:
    """Takes away what rounding left too much, a few bits per second."""
    for row in rows:
        for demand, times in row.crossings:
            if (excess := row.excess(rates)) > 0:
                rates[demand] -= min(rates[demand], -(-excess // times))
    return rates
