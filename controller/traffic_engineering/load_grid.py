"""Cases and links as a grid: a row for what is while nothing fails, and one for each case; a column
for each link. Its cells are numbered row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from corridor.controller.traffic_engineering.directed_links import Load
from corridor.controller.traffic_engineering.failure_cases import numbers_of

type Numbers = npt.NDArray[np.int64]
type Case = int | None
"""By number; None while nothing fails."""

type Cells = npt.NDArray[np.int32]
"""Numbers of cells, and how often each is taken: there are many."""

NONE: Cells = np.zeros(0, dtype=np.int32)


class Takes(NamedTuple):
    """How often a part of a path crosses links."""

    links: Numbers
    times: Numbers
    """Of these, whatever happens."""
    cells: Cells
    changes: Cells
    """And how much more often, in cases."""


class Grid:
    def __init__(self, cases: Collection[int], links: int) -> None:
        self.links = links
        self.cases: tuple[Case, ...] = (None, *cases)
        self._row = {case: row for row, case in enumerate(self.cases)}
        self.all = frozenset(self.cases)
        self._rows: dict[int, Numbers] = {}

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.cases), self.links

    @property
    def size(self) -> int:
        return len(self.cases) * self.links

    def row(self, case: Case) -> int:
        return self._row[case]

    def rows(self, cases: int) -> Numbers:
        """Of cases as bits."""
        if cases not in self._rows:
            found = [self._row[case] for case in numbers_of(cases)]
            self._rows[cases] = np.array(found, dtype=np.int64)
        return self._rows[cases]

    def at(self, cell: int) -> tuple[Case, int]:
        """Its case and its link."""
        row, link = divmod(cell, self.links)
        return self.cases[row], link

    def takes(self, always: Load, changed: Iterable[tuple[Numbers, Load, int]]) -> Takes:
        """``changed`` are rows with what is loaded there in addition, so often; no cell comes
        twice."""
        links, times = _numbers(always)
        cells, changes = [NONE], [NONE]
        for rows, load, sign in changed:
            some, of = _numbers(load)
            cells.append((rows[:, None] * self.links + some).ravel().astype(np.int32))
            changes.append(np.tile((of * sign).astype(np.int32), len(rows)))
        return Takes(links, times, np.concatenate(cells), np.concatenate(changes))


def _numbers(load: Mapping[int, int]) -> tuple[Numbers, Numbers]:
    count = len(load)
    links = np.fromiter(load.keys(), dtype=np.int64, count=count)
    return links, np.fromiter(load.values(), dtype=np.int64, count=count)
