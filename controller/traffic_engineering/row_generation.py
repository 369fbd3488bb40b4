"""The rows of a program: cells of the grid, which come as they are broken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from corridor.controller.traffic_engineering.load_grid import Numbers
from corridor.controller.traffic_engineering.sparse_program import Resting


class Rows:
    def __init__(self, size: int) -> None:
        """``size`` is that of the grid."""
        self.cells: list[int] = []
        """Of each row."""
        self.at: Numbers = np.full(size, -1)
        """By cell its row; below zero where it has none."""
        self._resting = Resting()

    def __len__(self) -> int:
        return len(self.cells)

    def add(self, cells: Sequence[int]) -> None:
        self._place(cells)
        for cell in cells:
            self._resting.woken(cell)

    def after_round(self, in_use: Iterable[int]) -> None:
        """Leave out cells that have not been of use for long."""
        if self._resting.after_round(in_use):
            self.at[self.cells] = -1
            cells = [cell for cell in self.cells if cell not in self._resting]
            self.cells = []
            self._place(cells)

    def _place(self, cells: Sequence[int]) -> None:
        """Behind those that are there."""
        self.at[cells] = np.arange(len(self.cells), len(self.cells) + len(cells))
        self.cells += cells
