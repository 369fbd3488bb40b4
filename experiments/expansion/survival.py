"""Which demands keep a lawful path while something has failed, by the candidates built. Pure.

A failure takes down a shared-risk group, or a fibre that is in none. Failures are those of the map
with all candidates: a candidate that is not built has nothing to lose. So another candidate never
removes a path, and the paths that matter are found by labels, as those of delay are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from corridor.experiments.expansion.columns import Column
from corridor.experiments.expansion.problem import Problem


class Rescue(NamedTuple):
    """Pairs of a demand and a failure that the same candidates make survive."""

    pairs: int
    directions: tuple[tuple[Column, ...], ...]
    """Of each direction that has no path without candidates, the paths over candidates."""

    def works(self, chosen: frozenset[str], longer_ns: Mapping[str, int]) -> bool:
        """Whether these candidates give each direction a path."""
        return all(
            any(
                chosen.issuperset(one.uses) and one.one_way_ns(longer_ns) is not None
                for one in columns
            )
            for columns in self.directions
        )


class Surviving(NamedTuple):
    """What survives while a set of gateways is open."""

    base: int
    """Pairs that survive without candidate fibres."""
    rescues: tuple[Rescue, ...]


class Survival:
    """Pairs of a demand and a failure in which the demand has a lawful path both ways."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._known: dict[frozenset[str], Surviving] = {}

    @cached_property
    def failures(self) -> dict[str, tuple[str, ...]]:
        """By shared-risk group, or fibre in none, the fibres that go down."""
        whole = self._problem.candidates.built(self._problem.fibres)
        groups = {name: [one.id for one in whole.fibres_in_srlg(name)] for name in whole.srlgs}
        alone = {one.id: [one.id] for one in whole.fibres if not one.srlgs}
        return {name: tuple(fibres) for name, fibres in {**groups, **alone}.items()}

    @property
    def pairs(self) -> int:
        """All pairs of a demand and a failure."""
        return len(self.failures) * (len(self._problem.demands) // 2)

    def count(self, names: Collection[str], longer_ns: Mapping[str, int]) -> int:
        """Return the pairs that survive with a set of candidates."""
        chosen = frozenset(names)
        of = self.surviving(chosen.intersection(self._problem.gateways))
        return of.base + sum(one.pairs for one in of.rescues if one.works(chosen, longer_ns))

    def with_everything(self) -> int:
        """Return the pairs that survive with all candidates: no plan has more."""
        search, directions = self._problem.searched(
            frozenset(self._problem.gateways), shortest=False
        )
        return sum(
            all(search.shortest_ns(one, with_all=True, dead=dead) is not None for one in pair)
            for dead in map(search.mask, self.failures.values())
            for pair in zip(directions[::2], directions[1::2], strict=True)
        )

    def surviving(self, opened: frozenset[str]) -> Surviving:
        """Return what survives while gateways are open, by candidate fibres."""
        if opened not in self._known:
            self._known[opened] = self._search(opened)
        return self._known[opened]

    def _search(self, opened: frozenset[str]) -> Surviving:
        search, directions = self._problem.searched(opened)
        most = self._problem.most_fibres(opened)
        base, found = 0, dict[object, Rescue]()
        for fibres in self.failures.values():
            dead = search.mask(fibres)
            for pair in zip(directions[::2], directions[1::2], strict=True):
                lost = [
                    one
                    for one in pair
                    if search.shortest_ns(one, with_all=False, dead=dead) is None
                ]
                if not lost:
                    base += 1
                elif all(
                    search.shortest_ns(one, with_all=True, dead=dead) is not None for one in lost
                ):
                    columns = (search.columns(one, most, dead=dead) for one in lost)
                    asked = [tuple(_least(self._problem.asked(one, opened))) for one in columns]
                    if all(asked):
                        _add(found, asked)
        return Surviving(base, tuple(found.values()))


def _add(found: dict[object, Rescue], directions: Sequence[tuple[Column, ...]]) -> None:
    """Count one more pair that needs what others need."""
    key = frozenset(frozenset((tuple(one.uses.items()), one.within_ns) for one in columns)
                    for columns in directions)  # fmt: skip
    pairs = found[key].pairs if key in found else 0
    found[key] = Rescue(pairs + 1, tuple(directions))


def _least(columns: Iterable[Column]) -> Iterable[Column]:
    """Without paths that use more candidates than another that has no budget."""
    kept: list[Column] = []
    for one in sorted(columns, key=lambda column: len(column.uses)):
        names = set(one.uses)
        if not any(other.budget_ns is None and names.issuperset(other.uses) for other in kept):
            kept.append(one)
    return kept
