"""Things by the headers they are about, so that of many only those are asked that may matter.

Each thing has conditions in the order of cutting. They are kept as a tree: a level for each
condition, a branch for each value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from controller.program import Value
from controller.prover.headers import Box, Condition, in_order, outside

type Known = Callable[[str], Value | None]
"""What a field holds, or None where that differs between the headers asked about."""
FEW = 8
"""Up to so many things it takes as long to look at them all."""


@dataclass(slots=True)
class _Branch[Thing]:
    ends: list[tuple[int, Thing]] = field(default_factory=list)
    """Those without further conditions, with their places among all."""
    all: list[tuple[int, Thing]] = field(default_factory=list)
    """Those, and all that are further on."""
    by_field: dict[str, dict[Value, _Branch[Thing]]] = field(default_factory=dict)

    def towards(self, condition: Condition) -> _Branch[Thing]:
        name, value = condition
        by_value = self.by_field.setdefault(name, {})
        if value not in by_value:
            by_value[value] = _Branch()
        return by_value[value]


class Sieve[Thing]:
    """Things found by what is known of headers, always in the order in which they were given."""

    def __init__(self, things: Iterable[tuple[Iterable[Condition], Thing]]) -> None:
        self._root: _Branch[Thing] = _Branch()
        for place, (conditions, thing) in enumerate(things):
            branch = self._root
            branch.all.append((place, thing))
            for condition in conditions:
                branch = branch.towards(condition)
                branch.all.append((place, thing))
            branch.ends.append((place, thing))

    @classmethod
    def of_boxes(cls, things: Iterable[tuple[Box, Thing]]) -> Sieve[Thing]:
        """By what boxes say that fields hold, whatever they say that fields do not hold."""
        return cls((in_order(headers.equal), thing) for headers, thing in things)

    def cutting(self, known: Known) -> list[Thing]:
        """Those that cut the headers: all but where the first condition that does not hold of all
        the headers holds of none."""
        found: list[tuple[int, Thing]] = []
        waiting = [self._root]
        while waiting:
            branch = waiting.pop()
            found += branch.ends
            for name, by_value in branch.by_field.items():
                value = known(name)
                if value is None:
                    for further in by_value.values():
                        found += further.all
                elif value in by_value:
                    waiting.append(by_value[value])
        return _in_place(found)

    def fitting(self, known: Known) -> list[Thing]:
        """Those none of whose conditions is known not to hold."""
        return self.fitting_any([known])

    def fitting_any(self, each: Iterable[Known]) -> list[Thing]:
        """Those that fit some of the headers."""
        found: dict[int, Thing] = {}
        waiting = [(self._root, known) for known in each]
        while waiting:
            branch, known = waiting.pop()
            found.update(branch.ends)
            for name, by_value in branch.by_field.items():
                value = known(name)
                if value is None:
                    waiting += [(further, known) for further in by_value.values()]
                elif value in by_value:
                    waiting.append((by_value[value], known))
        return _in_place([*found.items()])


class Allowed:
    """Boxes without ``unequal``, and what is left of headers without them all."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self._boxes = Sieve.of_boxes((one, one) for one in boxes)

    def outside(self, headers: Box) -> tuple[Box, ...]:
        return outside(headers, self._boxes.cutting(headers.known.get))


def _in_place[Thing](found: list[tuple[int, Thing]]) -> list[Thing]:
    found.sort(key=_place)
    return [thing for _, thing in found]


def _place(entry: tuple[int, object]) -> int:
    return entry[0]
