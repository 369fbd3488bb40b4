"""What a large program leaves out, so that it is solved soon: columns and rows that have not been
used for some rounds. A column comes back when prices ask for it again, a row when it is broken.
"""

from __future__ import annotations

from collections.abc import Iterable

MANY = 5000
"""In smaller programs nothing rests."""
ROUNDS = 8
"""Without use, after which something rests."""


class Resting:
    """Of columns, or of rows, by number."""

    def __init__(self) -> None:
        self._used: dict[int, int] = {}
        """The rounds in which they were of use at last, or came."""
        self._resting: set[int] = set()
        self._round = 0

    def __contains__(self, number: int) -> bool:
        return number in self._resting

    def woken(self, number: int) -> bool:
        """Whether it rested, or was not there; it does not rest now."""
        is_new = number in self._resting or number not in self._used
        self._resting.discard(number)
        self._used[number] = self._round
        return is_new

    def after_round(self, in_use: Iterable[int]) -> list[int]:
        """What goes to rest after a round in which these were of use."""
        self._round += 1
        self._used.update(dict.fromkeys(in_use, self._round))
        awake = len(self._used) - len(self._resting)
        if awake <= MANY:
            return []
        oldest = self._round - ROUNDS
        found = [
            number
            for number, last in self._used.items()
            if last < oldest and number not in self._resting
        ]
        self._resting.update(found)
        return found
