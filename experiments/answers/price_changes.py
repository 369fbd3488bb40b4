"""What would lower a price most: the best single change of each kind. Pure.

A clause lifted, another legal basis, a gateway at one more hub, a fibre more: each is tried, and
the row is priced again. No change is made automatically. The search is bounded: gateways and
fibres are tried at the hubs of the paths there were and are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Literal

from corridor.controller.policy.clauses.elements import Where
from corridor.controller.policy.model import Demand, Policy, PolicySet
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.price_paths import PricedPaths
from corridor.experiments.answers.price_sets import (
    PricedScenario,
    Served,
    with_fibre,
    with_gateway,
)
from corridor.topologies.model.topology import Topology, great_circle_km

Kind = Literal["lift", "basis", "gateway", "fibre"]
MOST_FIBRES = 8
MOST_FIBRE_KM = 3000.0
"""Of the straight line between its ends."""

type Pair = tuple[Served, Served]
"""One demand before and after."""


@dataclass(frozen=True)
class Worth:
    """How much of a row's price is left."""

    kept_back: int
    extra_ns: int
    lost: int
    """Single points of failure, counted for each demand."""


@dataclass(frozen=True)
class Change:
    """One change, and what it takes off a row."""

    kind: Kind
    what: str
    opens: int
    """Demands that are not blocked any more."""
    saves_ms: float
    """Of round trips, added up."""
    regains: int
    """Paths around a failure."""
    of: Worth
    """What there is to take off."""

    @property
    def share(self) -> float:
        """Of the price: each kind of cost counts alike."""
        return (
            _part(self.opens, self.of.kept_back)
            + _part(self.saves_ms * 1e6, self.of.extra_ns)
            + _part(self.regains, self.of.lost)
        )


class Changes:
    """Of one set. Maps that were searched are kept."""

    def __init__(self, laid: PricedScenario, policies: PolicySet) -> None:
        self._laid = laid
        self._policies = policies

    def of(self, row: Sequence[Pair]) -> tuple[Change, ...]:
        """The best of each kind for the demands of one row that pay; those that do not help, or
        that keep something else back, are left out."""
        paying = [_Paying(before, after) for before, after in row]
        paying = [one for one in paying if one.worth != _NOTHING]
        if not paying:
            return ()
        now = _added(one.worth for one in paying)
        found = []
        each: tuple[tuple[Kind, Iterator[tuple[str, Worth]]], ...] = (
            ("lift", self._lifts(paying)),
            ("basis", self._bases(paying)),
            ("gateway", self._gateways(paying)),
            ("fibre", self._fibres(paying)),
        )
        for kind, tried in each:
            better = [_change(kind, what, now, then) for what, then in tried]
            best = max(better, key=lambda one: (one.share, one.what), default=None)
            if best is not None and best.share > LEAST_SHARE:
                found.append(best)
        return tuple(sorted(found, key=lambda one: -one.share))

    def _lifts(self, row: Sequence[_Paying]) -> Iterator[tuple[str, Worth]]:
        paths = self._laid.paths
        for names in _liftable(row):
            left = (one.left(one.without(names), paths) for one in row)
            yield " and ".join(f"{policy} {clause}" for policy, clause in names), _added(left)
        for deny in sorted({one.id for of in row for one in of.denies}):
            kept = tuple(one for one in self._policies.policies if one.id != deny)
            lifted = self._policies.model_copy(update={"policies": kept})
            rule_again = self._laid.ruled
            yield deny, _added(one.left(rule_again(lifted, one.pair, paths), paths) for one in row)

    def _bases(self, row: Sequence[_Paying]) -> Iterator[tuple[str, Worth]]:
        known = {entry.id: entry for entry in self._policies.classes}
        mine = known.get(row[0].after.demand.data_class)
        paths = self._laid.paths
        for other in known.values():
            if mine is None or other.id == mine.id:
                continue
            if (other.origin, other.sensitivity) == (mine.origin, mine.sensitivity):
                pairs = [(one, _of_class(one.pair, mine.id, other.id)) for one in row]
                left = (
                    one.left(self._laid.ruled(self._policies, pair, paths), paths)
                    for one, pair in pairs
                )
                yield f"{other.basis} (class {other.id})", _added(left)

    def _gateways(self, row: Sequence[_Paying]) -> Iterator[tuple[str, Worth]]:
        if not any(_asks_for_gateways(one.after.rulings) for one in row):
            return
        topology = self._laid.paths.topology
        for hub in sorted(_hubs(row)):
            if not topology.hub(hub).intl_gateway:
                paths = self._laid.variant(f"gateway:{hub}", with_gateway, hub)
                left = (one.left(self._with_gateway(one, hub, paths), paths) for one in row)
                yield hub, _added(left)

    def _fibres(self, row: Sequence[_Paying]) -> Iterator[tuple[str, Worth]]:
        topology = self._laid.paths.topology
        for km, a, z in sorted(_spans(topology, row))[:MOST_FIBRES]:
            paths = self._laid.variant(f"fibre:{a}:{z}", with_fibre, a, z)
            left = (one.left(one.after.rulings, paths) for one in row)
            yield f"{a}-{z} ({km:,.0f} km apart)", _added(left)

    def _with_gateway(
        self, one: _Paying, hub: str, paths: PricedPaths
    ) -> tuple[ApplicablePolicies, ApplicablePolicies]:
        """Policies are asked again only where an end of the demand is another hub now."""
        if hub in (one.after.demand.src, one.after.demand.dst):
            return self._laid.ruled(self._policies, one.pair, paths)
        return one.after.rulings


@dataclass(frozen=True)
class _Paying:
    """One demand that has less after than before."""

    before: Served
    after: Served

    @property
    def pair(self) -> tuple[Demand, Demand]:
        return self.after.demand, self.after.answers

    @property
    def denies(self) -> tuple[Policy, ...]:
        return tuple(
            one for applicable_policies in self.after.rulings for one in applicable_policies.denies
        )

    @cached_property
    def lost(self) -> tuple[str, ...]:
        both = self.before.is_answered and self.after.is_answered
        return tuple(self.after.single_points - self.before.single_points) if both else ()

    @cached_property
    def worth(self) -> Worth:
        was_ns, now_ns = self.before.round_trip_ns, self.after.round_trip_ns
        extra_ns = 0 if was_ns is None or now_ns is None else max(0, now_ns - was_ns)
        return Worth(int(was_ns is not None and now_ns is None), extra_ns, len(self.lost))

    def without(
        self, names: Sequence[tuple[str, str]]
    ) -> tuple[ApplicablePolicies, ApplicablePolicies]:
        """Its rulings while these clauses of these policies are lifted."""
        there, back = self.after.rulings
        return _without(there, names), _without(back, names)

    def left(
        self, rulings: tuple[ApplicablePolicies, ApplicablePolicies], paths: PricedPaths
    ) -> Worth:
        """What is left to pay under other rulings on a map."""
        each_ns = [paths.least_ns(applicable_policies) for applicable_policies in rulings]
        if None in each_ns:
            return replace(self.worth, kept_back=1)
        if self.worth.kept_back:
            return _NOTHING
        total_ns = sum(one_way_ns or 0 for one_way_ns in each_ns)
        lost = sum(
            any(
                paths.around(applicable_policies.automata, name) is None
                for applicable_policies in rulings
            )
            for name in self.lost
        )
        return Worth(0, max(0, total_ns - (self.before.round_trip_ns or 0)), lost)


LEAST_SHARE = 0.005
_NOTHING = Worth(0, 0, 0)


def _added(each: Iterable[Worth]) -> Worth:
    parts = [*each]
    return Worth(
        sum(one.kept_back for one in parts),
        sum(one.extra_ns for one in parts),
        sum(one.lost for one in parts),
    )


def _change(kind: Kind, what: str, now: Worth, then: Worth) -> Change:
    saves_ms = (now.extra_ns - then.extra_ns) / 1e6
    return Change(kind, what, now.kept_back - then.kept_back, saves_ms, now.lost - then.lost, now)


def _part(taken: float, of: float) -> float:
    return taken / of if of else 0.0


def _liftable(row: Sequence[_Paying]) -> list[tuple[tuple[str, str], ...]]:
    """Each clause alone, and those of a pair of policies that end in -OUT and -IN."""
    names = {
        name
        for one in row
        for applicable_policies in one.after.rulings
        for automaton in applicable_policies.automata
        for name in automaton.clause_names()
    }
    pairs = [
        ((policy, clause), (twin, clause))
        for policy, clause in sorted(names)
        if policy.endswith("-OUT") and ((twin := f"{policy[:-4]}-IN"), clause) in names
    ]
    return [*((name,) for name in sorted(names)), *pairs]


def _without(
    applicable_policies: ApplicablePolicies, names: Iterable[tuple[str, str]]
) -> ApplicablePolicies:
    automata = applicable_policies.automata
    for policy, clause in names:
        automata = tuple(one.without(policy, clause) for one in automata)
    return replace(applicable_policies, automata=automata)


def _of_class(pair: tuple[Demand, Demand], mine: str, other: str) -> tuple[Demand, Demand]:
    """The demand and its answers with another class in place of ``mine``."""
    there, back = (
        one.model_copy(update={"data_class": other}) if one.data_class == mine else one
        for one in pair
    )
    return there, back


def _asks_for_gateways(rulings: Iterable[ApplicablePolicies]) -> bool:
    asked = (
        where
        for applicable_policies in rulings
        for automaton in applicable_policies.automata
        for bound in automaton.clauses
        for where in bound.clause.gateways()
    )
    return any(where == Where(gateway=True) for where in asked)


def _hubs(row: Sequence[_Paying]) -> set[str]:
    """Of all paths before and after."""
    paths = (taken for one in row for of in (one.before, one.after) for taken in of.paths if taken)
    return {hub for taken in paths for hub in taken.path.hubs}


def _spans(topology: Topology, row: Sequence[_Paying]) -> Iterator[tuple[float, str, str]]:
    """Pairs of hubs on one path of a demand that pays, with their distance."""
    seen = set()
    for one in row:
        for taken in one.after.paths:
            for a, z in combinations(dict.fromkeys(taken.path.hubs if taken else ()), 2):
                km = great_circle_km(topology.hub(a).place, topology.hub(z).place)
                span = (min(a, z), max(a, z))
                if km <= MOST_FIBRE_KM and span not in seen:
                    seen.add(span)
                    yield km, *span
