"""What each set of candidates would give the demands of a scenario. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from corridor.controller.intent.specification import Specification
from corridor.controller.policy.semantics import ApplicablePolicies, PolicyLookup
from corridor.experiments.expansion.candidates import Candidates, Range
from corridor.experiments.expansion.columns import Column, ColumnSearch
from corridor.topologies.base.errors import InputError
from corridor.topologies.model import delay
from corridor.topologies.model.topology import Topology

MOST_GATEWAY_SETS = 512
MOST_SETS = 20_000
EQUAL_MUSD = 1e-6
"""Sums of costs that differ by less are equal: a budget may be spent to the last dollar."""


class Directions(NamedTuple):
    """The directions of all demands while a set of gateways is open."""

    base_ns: tuple[int | None, ...]
    """One-way delay without any candidate fibre; None without a lawful path."""
    columns: tuple[tuple[Column, ...], ...]
    """Paths over candidate fibres that are faster, or the only ones."""

    @property
    def keys(self) -> tuple[object, frozenset[object]]:
        """Delays without candidates, and the paths: to be compared."""
        paths = (
            (number, tuple(one.uses.items()), one.least_ns, one.budget_ns)
            for number, columns in enumerate(self.columns)
            for one in columns
        )
        return self.base_ns, frozenset(paths)


class Outcome(NamedTuple):
    """What a set of candidates gives."""

    one_way_ns: tuple[int | None, ...]
    """By direction: a demand's requests, then its answers."""

    @property
    def rtts_ns(self) -> tuple[int | None, ...]:
        """By demand; None without a lawful path for both directions."""
        pairs = zip(self.one_way_ns[::2], self.one_way_ns[1::2], strict=True)
        return tuple(None if a is None or b is None else a + b for a, b in pairs)


@dataclass(frozen=True)
class Limits:
    """What may be built."""

    most: int | None
    """Number of candidates."""
    budget_musd: float | None
    """For the high ends of their costs together."""
    asks_cost: bool = False
    """Whether costs are compared."""
    seconds: float = 120.0
    """For each program that is solved."""

    @property
    def needs_costs(self) -> bool:
        """Whether the cost of each candidate has to be known."""
        return self.asks_cost or self.budget_musd is not None


class Problem:
    """Which candidates there are, and what each set of them would give."""

    def __init__(self, asked: Specification, candidates: Candidates, limits: Limits) -> None:
        """Search all columns.

        Raises:
            InputError: Costs are unknown that a budget needs, or there are too many sets of
                gateways.
        """
        self.candidates = candidates
        self.limits = limits
        self._asked = asked
        self.demands = tuple(one.demand for one in asked.directions)
        self.fibres = tuple(one.id for one in candidates.file.fibres)
        self.gateways = tuple(one.id for one in candidates.file.gateways)
        self.costs = self._costs()
        self._lengths = self._fibre_lengths()
        self.by_gateways = {opened: self._directions(opened) for opened in self._gateway_sets()}

    @cached_property
    def openings(self) -> tuple[frozenset[str], ...]:
        """Sets of gateways, without those in which one gateway changes no path of any demand."""
        keys = {opened: of.keys for opened, of in self.by_gateways.items()}

        def adds_nothing(opened: frozenset[str]) -> bool:
            bases = (opened - {one} for one in opened)
            return any(
                before == after and old.issuperset(new)
                for base in bases
                if base in keys
                for (before, old), (after, new) in [(keys[base], keys[opened])]
            )

        return tuple(one for one in keys if not adds_nothing(one))

    @property
    def served(self) -> tuple[bool, ...]:
        """By demand, whether it has a lawful path both ways today."""
        return served_now(self.by_gateways[frozenset()].base_ns)

    @cached_property
    def nominal(self) -> dict[str, int]:
        """By candidate fibre, the delay that its written length adds to the shortest, in ns."""
        return self.longer({})

    def longer(self, factors: Mapping[str, float]) -> dict[str, int]:
        """The same for other lengths: factors of the written ones, 1 where none is given."""
        found = {}
        for one in self.candidates.file.fibres:
            km, given_ns = self._lengths[one.id]
            low, now = one.length_factor.low, factors.get(one.id, 1.0)
            if given_ns is None:
                found[one.id] = delay.one_way_delay_ns(km * now) - delay.one_way_delay_ns(km * low)
            else:
                found[one.id] = round(given_ns * now) - round(given_ns * low)
        return found

    def fits(self, names: Collection[str]) -> bool:
        """Whether a set of candidates is within the limits."""
        most, budget = self.limits.most, self.limits.budget_musd
        if most is not None and len(names) > most:
            return False
        return budget is None or self.cost_musd(names) <= budget + EQUAL_MUSD

    def cost_musd(self, names: Iterable[str]) -> float:
        """Return the high ends of costs together. Raises KeyError where one is unknown."""
        return sum(self.costs[name].high for name in names)

    def may_fit(self, names: Collection[str]) -> bool:
        """Whether a set of candidates is within the limits at the low ends of costs, or is a single
        one: these are compared at any cost."""
        most, budget = self.limits.most, self.limits.budget_musd
        if len(names) > 1 and most is not None and len(names) > most:
            return False
        if len(names) == 1 or budget is None:
            return True
        return sum(self.costs[name].low for name in names) <= budget + EQUAL_MUSD

    def sets(self, *, at_low_costs: bool = False) -> list[tuple[str, ...]]:
        """Return all sets of candidates within the limits, small ones first.

        Raises:
            InputError: Candidates make more than 20,000 sets.
        """
        names, most = (*self.fibres, *self.gateways), self._most
        if not self.are_few:
            raise InputError(
                f"{len(names)} candidates make {self._count:,} sets of up to {most}, which are "
                f"compared one by one: more than {MOST_SETS:,}",
                "leave some out with --leave-out, or build fewer with --next",
            )
        fits = self.may_fit if at_low_costs else self.fits
        sizes = range(most + 1)
        return [one for n in sizes for one in itertools.combinations(names, n) if fits(one)]

    @property
    def are_few(self) -> bool:
        """Whether all sets can be compared one by one."""
        return self._count <= MOST_SETS

    @property
    def _most(self) -> int:
        many = len(self.fibres) + len(self.gateways)
        return many if self.limits.most is None else min(self.limits.most, many)

    @property
    def _count(self) -> int:
        many = len(self.fibres) + len(self.gateways)
        return sum(math.comb(many, size) for size in range(self._most + 1))

    def most_fibres(self, opened: Collection[str]) -> int:
        """Return how many candidate fibres may be built while gateways are open."""
        most = self.limits.most
        return len(self.fibres) if most is None else max(0, most - len(opened))

    def asked(self, columns: Iterable[Column], opened: Collection[str]) -> tuple[Column, ...]:
        """Return the columns that are within the limits while gateways are open."""
        return tuple(one for one in columns if self.may_fit((*opened, *one.uses)))

    def outcome(self, names: Iterable[str], longer_ns: Mapping[str, int] | None = None) -> Outcome:
        """Return what a set of candidates gives; at written lengths unless others are stated."""
        chosen = frozenset(names)
        added = self.nominal if longer_ns is None else longer_ns
        opened = chosen.intersection(self.gateways)
        of = self.by_gateways[opened]
        found = []
        for base, columns in zip(of.base_ns, of.columns, strict=True):
            taken = [one.one_way_ns(added) for one in columns if chosen.issuperset(one.uses)]
            found.append(min((ns for ns in (base, *taken) if ns is not None), default=None))
        return Outcome(tuple(found))

    def everything(self) -> Outcome:
        """Return what all candidates together give: no plan can give more."""
        search, directions = self.searched(frozenset(self.gateways), shortest=False)
        return Outcome(tuple(search.shortest_ns(one, with_all=True) for one in directions))

    def searched(
        self, opened: frozenset[str], *, shortest: bool = True
    ) -> tuple[ColumnSearch, list[ApplicablePolicies]]:
        """Return the search on the map with all fibres while gateways are open, and the
        applicable policies of each direction."""
        topology = self.candidates.built((*self.fibres, *opened), shortest=shortest)
        lookup = PolicyLookup(self._asked.policies, topology, self._asked.as_of)
        return ColumnSearch(topology, self.fibres), [lookup.on(one) for one in self.demands]

    def _directions(self, opened: frozenset[str]) -> Directions:
        search, directions = self.searched(opened)
        base: list[int | None] = []
        columns: list[tuple[Column, ...]] = []
        most = self.most_fibres(opened)
        for one in directions:
            least = search.shortest_ns(one, with_all=False)
            base.append(least)
            found = search.columns(one, most, least) if self.fibres and most else []
            columns.append(self.asked(found, opened))
        return Directions(tuple(base), tuple(columns))

    def _gateway_sets(self) -> list[frozenset[str]]:
        most = len(self.gateways) if self.limits.most is None else self.limits.most
        sets = (
            frozenset(some)
            for count in range(min(most, len(self.gateways)) + 1)
            for some in itertools.combinations(self.gateways, count)
        )
        found = list(itertools.islice(filter(self.may_fit, sets), MOST_GATEWAY_SETS + 1))
        if len(found) > MOST_GATEWAY_SETS:
            raise InputError(
                f"{len(self.gateways)} candidate gateways make more than {MOST_GATEWAY_SETS} sets",
                "leave some out with --leave-out, or build fewer with --next",
            )
        return found

    def _costs(self) -> dict[str, Range]:
        """By candidate, where it is known; a budget and a lowest cost need all."""
        found = {
            one.id: one.cost_musd for one in self.candidates.file.all if one.cost_musd is not None
        }
        unknown = [one.id for one in self.candidates.file.all if one.id not in found]
        if self.limits.needs_costs and unknown:
            asking = "a comparison of costs" if self.limits.budget_musd is None else "a budget"
            raise InputError(
                f"{asking} needs costs, and these have none: {', '.join(unknown)}",
                "state cost_musd in a file of candidates, or leave them out with --leave-out",
            )
        return found

    def _fibre_lengths(self) -> dict[str, tuple[float, int | None]]:
        """Written length in km, and the delay in ns where the file gives one."""
        topology: Topology = self.candidates.built(self.fibres)
        fibres = [topology.fibre(name) for name in self.fibres]
        return {
            one.id: (one.length_km, one.one_way_delay_ns if one.delay_basis == "given" else None)
            for one in fibres
        }


def served_now(base: Sequence[int | None]) -> tuple[bool, ...]:
    """By demand, whether both directions have a lawful path today."""
    return tuple(
        a is not None and b is not None for a, b in zip(base[::2], base[1::2], strict=True)
    )
