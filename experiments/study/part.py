"""A part of a study's cells, as a batch system asks for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """One of this many, counted from 1."""

    number: int
    of: int

    def among[One](self, every: Sequence[One]) -> Sequence[One]:
        """Every n-th of them: parts take about equally long."""
        return every[self.number - 1 :: self.of]
