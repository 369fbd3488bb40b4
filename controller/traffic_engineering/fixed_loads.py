"""What demands load that keep their paths, in every case: fixed, whatever others choose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from corridor.controller.traffic_engineering.candidate_paths import Space
from corridor.controller.traffic_engineering.candidate_values import Way


class Kept(NamedTuple):
    """A path that stays, with a rate."""

    payer: str
    """Whose rate it is: of several demands together it counts once on a link."""
    space: Space
    """What its demand could choose from."""
    way: Way


class Fixed:
    """The sum of loads of paths that stay, in bit/s by link."""

    def __init__(self, kept: Iterable[Kept] = ()) -> None:
        self.kept = tuple(kept)
        self.always: Counter[int] = Counter()
        """While nothing fails."""
        self.more: dict[int, Counter[int]] = {}
        """By case, what that adds, or takes away."""
        of_payer: dict[str, list[Kept]] = {}
        for one in self.kept:
            of_payer.setdefault(one.payer, []).append(one)
        for some in of_payer.values():
            self._add(some)

    def under(self, case: int | None) -> Mapping[int, int]:
        if case not in self.more:
            return self.always
        both = Counter(self.always)
        both.update(self.more[case])
        return both

    def _add(self, some: Sequence[Kept]) -> None:
        """The load of one rate: on each link, that of the path that crosses it most often."""
        always = _most(some, None)
        self.always.update(always)
        for case in {case for one in some for case in one.way.loads}:
            more = self.more.setdefault(case, Counter())
            more.update(_most(some, case))
            more.subtract(always)


def _most(some: Iterable[Kept], case: int | None) -> Mapping[int, int]:
    most: dict[int, int] = {}
    for one in some:
        for link, times in one.way.under(case).items():
            most[link] = max(most.get(link, 0), times * one.space.rate_bps)
    return most


NOTHING_FIXED = Fixed()
