"""The figures of a run: what its law costs, what events did, what was measured, how it is carried.

Each is written into ``figures/``: by default as PNG, as wide as the text of a page. One as wide as
one of two columns has a name that ends in ``-column``. A figure without anything to show is left
out.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corridor.experiments.account.summary import Summary
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.registry import KINDS
from corridor.experiments.figures.saving import ON_SCREEN, forget, save
from corridor.experiments.figures.style import TEXT, Width, style

NAMES = tuple(KINDS)


def draw_figures(
    out_dir: Path,
    summary: Summary,
    names: Sequence[str] = NAMES,
    formats: Sequence[str] = ON_SCREEN,
    widths: Sequence[Width] = (TEXT,),
) -> list[Path]:
    """Draw the figures of a result folder and return the files written.

    Figures of an earlier call are removed, whatever their format and width.
    """
    folder = out_dir / "figures"
    folder.mkdir(exist_ok=True)
    run = RunData(out_dir, summary)
    written: list[Path] = []
    with style():
        for name in names:
            forget(folder, name)
            for width in widths:
                figure = KINDS[name].draw(run, width)
                if figure is not None:
                    written += save(figure, folder, f"{name}{width.suffix}", run.made_by, formats)
    return written
