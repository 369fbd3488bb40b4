"""A kind of figure: its name, and what draws it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.style import COLUMN, TEXT, Width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERIFICATION = "verification"


@dataclass(frozen=True)
class FigureKind:
    name: str
    draw: Callable[[RunData, Width], Figure | None]
    """None where a run has nothing to show: the figure does not apply to it."""
    folder: str = ""
    """In ``figures/``; ``VERIFICATION`` if it only shows that the emulator does what its model
    says."""
    widths: tuple[Width, ...] = (TEXT, COLUMN)
