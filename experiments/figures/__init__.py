"""The figures of a run: what its law costs, what events did, what was measured, how it is carried.

Each is written into ``figures/``: by default as PNG, as wide as the text of a page. One as wide as
one of two columns has a name that ends in ``-column``. A figure without anything to show is left
out. Figures that only compare measurements with predictions are in ``figures/verification/``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from corridor.experiments.figures.kind import VERIFICATION, FigureKind
from corridor.experiments.figures.registry import KINDS, SUCCESSORS, kind_of
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.saving import ON_SCREEN, forget, save
from corridor.experiments.figures.style import TEXT, Width, style
from corridor.experiments.results.summary import Summary

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

    Raises:
        InputError: there is no figure of a name.
    """
    kinds = [kind_of(name) for name in names]
    (out_dir / "figures").mkdir(exist_ok=True)
    run = RunData(out_dir, summary)
    written: list[Path] = []
    suffixes = {one.suffix for one in widths}
    with style():
        for name in SUCCESSORS:
            for folder in ("figures", f"figures/{VERIFICATION}"):
                forget(out_dir / folder, name)
        for kind in kinds:
            forget(out_dir / "figures" / kind.folder, kind.name)
            for width in kind.widths:
                if width.suffix in suffixes:
                    written += _drawn(run, kind, width, formats)
    return written


def _drawn(run: RunData, kind: FigureKind, width: Width, formats: Sequence[str]) -> list[Path]:
    figure = kind.draw(run, width)
    if figure is None:
        return []
    folder = run.out_dir / "figures" / kind.folder
    folder.mkdir(exist_ok=True)
    return save(figure, folder, f"{kind.name}{width.suffix}", run.made_by, formats)
