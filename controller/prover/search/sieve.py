"""Things by the headers they are about, so that of many only those are asked that may matter.

Each thing has conditions in the order of cutting. They are kept as a tree: a level for each
condition, a branch for each value, down to where few are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import NamedTuple

from corridor.controller.forwarding.program import Value
from corridor.controller.prover.search.headers import Box, Condition, in_order, outside

type DesiredState = Callable[[str], Value | None]
"""What a field holds, or None where that differs between the headers asked about."""
FEW = 8
"""Up to this number of things it takes as long to look at them all."""


class _Entry[Thing](NamedTuple):
    place: int
    """Among all things."""
    conditions: tuple[Condition, ...]
    thing: Thing

    def cuts(self, known: DesiredState, depth: int) -> bool:
        for name, value in self.conditions[depth:]:
            held = known(name)
            if held != value:
                return held is None
        return True

    def fits(self, known: DesiredState, depth: int) -> bool:
        return all(known(name) in (None, value) for name, value in self.conditions[depth:])


@dataclass(slots=True)
class _Branch[Thing]:
    """Things whose conditions are alike up to a depth."""

    depth: int
    all: list[_Entry[Thing]] = field(default_factory=list)
    ends: list[_Entry[Thing]] | None = None
    """Those without further conditions, once there are too many to look at them all."""
    by_field: dict[str, dict[Value, _Branch[Thing]]] = field(default_factory=dict)

    def add(self, entry: _Entry[Thing]) -> None:
        self.all.append(entry)
        if self.ends is not None:
            self._part(entry, self.ends)
        elif len(self.all) > FEW:
            self.ends = []
            for one in self.all:
                self._part(one, self.ends)

    def _part(self, entry: _Entry[Thing], ends: list[_Entry[Thing]]) -> None:
        if len(entry.conditions) == self.depth:
            ends.append(entry)
            return
        name, value = entry.conditions[self.depth]
        by_value = self.by_field.setdefault(name, {})
        if value not in by_value:
            by_value[value] = _Branch(self.depth + 1)
        by_value[value].add(entry)


class Sieve[Thing]:
    """Things found by what is known of headers, always in the order in which they were given."""

    def __init__(self, things: Iterable[tuple[Iterable[Condition], Thing]]) -> None:
        self._root: _Branch[Thing] = _Branch(0)
        for place, (conditions, thing) in enumerate(things):
            self._root.add(_Entry(place, tuple(conditions), thing))

    @classmethod
    def of_boxes(cls, things: Iterable[tuple[Box, Thing]]) -> Sieve[Thing]:
        """By what boxes say that fields hold, whatever they say that fields do not hold."""
        return cls((in_order(headers.equal), thing) for headers, thing in things)

    def cutting(self, known: DesiredState) -> list[Thing]:
        """Those that cut the headers: all but where the first condition that does not hold of all
        the headers holds of none."""
        found: list[_Entry[Thing]] = []
        waiting = [self._root]
        while waiting:
            branch = waiting.pop()
            if branch.ends is None:
                found += [one for one in branch.all if one.cuts(known, branch.depth)]
                continue
            found += branch.ends
            for name, by_value in branch.by_field.items():
                value = known(name)
                if value is None:
                    for further in by_value.values():
                        found += further.all
                elif value in by_value:
                    waiting.append(by_value[value])
        return _in_place(found)

    def fitting(self, known: DesiredState) -> list[Thing]:
        """Those none of whose conditions is known not to hold."""
        return self.fitting_any([known])

    def fitting_any(self, each: Iterable[DesiredState]) -> list[Thing]:
        """Those that fit some of the headers."""
        found = {entry.place: entry for known in each for entry in self._fitting(known)}
        return _in_place([*found.values()])

    def _fitting(self, known: DesiredState) -> Iterator[_Entry[Thing]]:
        waiting = [self._root]
        while waiting:
            branch = waiting.pop()
            if branch.ends is None:
                yield from (one for one in branch.all if one.fits(known, branch.depth))
                continue
            yield from branch.ends
            for name, by_value in branch.by_field.items():
                value = known(name)
                if value is None:
                    waiting += by_value.values()
                elif value in by_value:
                    waiting.append(by_value[value])


class Allowed:
    """Boxes without ``unequal``, and what is left of headers without them all."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._boxes = Sieve.of_boxes((one, one) for one in boxes)

    def outside(self, headers: Box) -> tuple[Box, ...]:
        return outside(headers, self._boxes.cutting(headers.known.get))


def _in_place[Thing](found: list[_Entry[Thing]]) -> list[Thing]:
    found.sort(key=itemgetter(0))
    return [entry.thing for entry in found]
