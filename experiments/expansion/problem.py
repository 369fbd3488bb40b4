"""What each set of candidates would give the demands of a scenario. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from corridor.controller.intent.specification import Specification
from corridor.controller.policy.semantics import ApplicablePolicies, PolicyLookup
from corridor.experiments.expansion.candidates import Candidates
from corridor.experiments.expansion.columns import Column, ColumnSearch
from corridor.topologies.base.errors import InputError
from corridor.topologies.model import delay
from corridor.topologies.model.topology import Topology

MOST_GATEWAY_SETS = 512


class Directions(NamedTuple):
    """The directions of all demands while a set of gateways is open."""

    base_ns: tuple[int | None, ...]
    """One-way delay without any candidate fibre; None without a lawful path."""
    columns: tuple[tuple[Column, ...], ...]
    """Paths over candidate fibres that are faster, or the only ones."""


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
        self.costs_musd = self._costs()
        self._lengths = self._fibre_lengths()
        self.by_gateways = {opened: self._directions(opened) for opened in self._gateway_sets()}

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
        return budget is None or sum(self.costs_musd[name] for name in names) <= budget

    def _is_asked(self, names: Collection[str]) -> bool:
        """Whether it fits, or is a single candidate: these are compared at any cost."""
        return len(names) == 1 or self.fits(names)

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
        topology = self.candidates.built((*self.fibres, *self.gateways))
        search = ColumnSearch(topology, self.fibres)
        found = (search.shortest_ns(one, with_all=True) for one in self._applicable(topology))
        return Outcome(tuple(found))

    def _directions(self, opened: frozenset[str]) -> Directions:
        topology = self.candidates.built((*self.fibres, *opened), shortest=True)
        search = ColumnSearch(topology, self.fibres)
        base: list[int | None] = []
        columns: list[tuple[Column, ...]] = []
        for one in self._applicable(topology):
            least = search.shortest_ns(one, with_all=False)
            base.append(least)
            most = len(self.fibres) if self.limits.most is None else self.limits.most - len(opened)
            found = search.columns(one, most, least) if self.fibres and most else []
            columns.append(tuple(each for each in found if self._is_asked((*opened, *each.uses))))
        return Directions(tuple(base), tuple(columns))

    def _applicable(self, topology: Topology) -> Iterator[ApplicablePolicies]:
        lookup = PolicyLookup(self._asked.policies, topology, self._asked.as_of)
        return (lookup.on(demand) for demand in self.demands)

    def _gateway_sets(self) -> list[frozenset[str]]:
        most = len(self.gateways) if self.limits.most is None else self.limits.most
        sets = (
            frozenset(some)
            for count in range(min(most, len(self.gateways)) + 1)
            for some in itertools.combinations(self.gateways, count)
        )
        found = list(itertools.islice(filter(self._is_asked, sets), MOST_GATEWAY_SETS + 1))
        if len(found) > MOST_GATEWAY_SETS:
            raise InputError(
                f"{len(self.gateways)} candidate gateways make more than {MOST_GATEWAY_SETS} sets",
                "leave some out with --leave-out, or build fewer with --next",
            )
        return found

    def _costs(self) -> dict[str, float]:
        """By candidate, the high end of its cost, where a budget asks for it."""
        if self.limits.budget_musd is None:
            return {}
        unknown = [one.id for one in self.candidates.file.all if one.cost_musd is None]
        if unknown:
            raise InputError(
                f"a budget needs costs, and these have none: {', '.join(unknown)}",
                "state cost_musd in a file of candidates, or leave them out with --leave-out",
            )
        return {
            one.id: one.cost_musd.high
            for one in self.candidates.file.all
            if one.cost_musd is not None
        }

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
