"""Figures of an answer of capacity that is of no run: on the map, and as rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from corridor.experiments.atlas import map_of_answers
from corridor.experiments.figures.capacity_map import capacity_map
from corridor.experiments.figures.capacity_use import capacity_use
from corridor.experiments.figures.saving import save
from corridor.experiments.figures.style import COLUMN, TEXT, style

if TYPE_CHECKING:
    from corridor.experiments.answers.capacity_answer import CapacityAnswer
    from corridor.experiments.answers.map_document import MapDocument


def draw_capacity(
    folder: Path, of: CapacityAnswer, where: MapDocument, made_by: str = ""
) -> list[Path]:
    """``capacity`` and ``capacity-map``, each as wide as a page's text and as a column."""
    data, written = map_of_answers({"map": where}), list[Path]()
    with style():
        for width in (TEXT, COLUMN):
            for name, figure in (
                ("capacity", capacity_use(of, width)),
                ("capacity-map", capacity_map(of, data, width)),
            ):
                written += save(figure, folder, f"{name}{width.suffix}", made_by)
    return written
