"""What a value is to be: ``< 120 ms``. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_BOUND = re.compile(
    r"\s*(?P<sign><=?|>=?)\s*(?P<value>-?[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>[A-Za-z/%]*)\s*"
)


class Bound(NamedTuple):
    below: bool
    inclusive: bool
    limit: float
    unit: str
    """Empty where it is not said: the measure's."""

    def holds(self, value: float) -> bool:
        if value == self.limit:
            return self.inclusive
        return (value < self.limit) is self.below


def parse_bound(text: str) -> Bound:
    """Raises ValueError for what is none."""
    found = _BOUND.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is not a bound: write for example "< 120 ms"')
    sign = found["sign"]
    limit = float(found["value"])
    return Bound(sign.startswith("<"), sign.endswith("="), limit, found["unit"])
