"""What fails at once: each thing alone, by its number in ``Risks``, and sets of things, by numbers
behind those. Cases in sets are bits, and so are things that hubs find dead.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from corridor.controller.forwarding.shared_risks import Risks

type Failed = frozenset[str]
"""Names of what has failed."""


class Cases:
    """Those that rates are to fit under."""

    def __init__(self, risks: Risks, singles: int, sets: Iterable[Collection[str]] = ()) -> None:
        """``singles`` are failures as bits; ``sets`` name more of them."""
        self.risks = risks
        number = {name: at for at, name in enumerate(risks.names)}
        ranked = sorted({tuple(sorted(number[name] for name in one)) for one in sets})
        members = [(at,) for at in range(len(number))] + [one for one in ranked if len(one) > 1]
        self._members = members
        self._number = {frozenset(one): case for case, one in enumerate(members)}
        first = len(number)
        self._of: list[int] = [1 << at if singles >> at & 1 else 0 for at in range(first)]
        """By failure, the cases that it is in."""
        for case, some in enumerate(members[first:], start=first):
            for failure in some:
                self._of[failure] |= 1 << case
        self._known: dict[int, int] = {}
        self._dead: dict[int, int] = {}
        self.every = 0
        """All that are, as bits."""
        for cases in self._of:
            self.every |= cases

    @property
    def numbers(self) -> list[int]:
        return [*numbers_of(self.every)]

    def named(self, case: int) -> Failed:
        return frozenset(self.risks.names[failure] for failure in self._members[case])

    def number(self, failed: Collection[str]) -> int | None:
        """Of a case that is there; None while nothing fails."""
        names = self.risks.names
        return self._number[frozenset(map(names.index, failed))] if failed else None

    def of(self, failures: int) -> int:
        """The cases in which one of these has failed."""
        if failures not in self._known:
            cases = 0
            for failure in numbers_of(failures):
                cases |= self._of[failure]
            self._known[failures] = cases
        return self._known[failures]

    def taken_down(self, case: int) -> int:
        """Fibres."""
        taken = 0
        for failure in self._members[case]:
            taken |= self.risks.takes_down[failure]
        return taken

    def closed(self, case: int) -> frozenset[str]:
        """Hubs whose gateway alone has failed."""
        split = (name.partition(":") for name in self.named(case))
        return frozenset(name for kind, _, name in split if kind == "gateway")

    def dead(self, case: int) -> int:
        """All things that are, as hubs find them."""
        if case not in self._dead:
            fibres = len(self.risks.fibres)
            dead = sum(3 << 2 * fibre for fibre in numbers_of(self.taken_down(case)))
            for hub in self.closed(case):
                dead |= 1 << 2 * fibres + self.risks.hubs[hub]
            self._dead[case] = dead
        return self._dead[case]


class ByCase[T]:
    """What holds in some cases, with these as bits."""

    def __init__(self, of: Mapping[int, T]) -> None:
        self._of = of
        self.cases = sum(1 << case for case in of)

    def but(self, case: int, here: T) -> ByCase[T]:
        """The same, with another in one of these cases."""
        return ByCase({**self._of, case: here})

    def among(self, cases: int) -> Iterator[T]:
        """Of those of these cases in which something holds."""
        for case in numbers_of(self.cases & cases):
            yield self._of[case]


def numbers_of(mask: int) -> Iterator[int]:
    while mask:
        bit = mask & -mask
        yield bit.bit_length() - 1
        mask ^= bit
