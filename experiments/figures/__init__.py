"""The figures of a run: what its law costs, what events did, what was measured, how it is carried.

Each is written into ``figures/``, by default as PDF and PNG, as wide as a page's text and, under a
name with ``-column``, as one of two columns. A figure without anything to show is left out. Those
that only show that measurements agree with predictions are in ``figures/verification/``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from corridor.experiments.figures import data
from corridor.experiments.figures.kind import FigureKind
from corridor.experiments.figures.registry import KINDS
from corridor.experiments.figures.run_data import RunData
from corridor.experiments.figures.saving import FORMATS, ON_PAPER_AND_SCREEN, save
from corridor.experiments.figures.style import Width, style
from corridor.experiments.results.summary import Summary

NAMES = tuple(KINDS)


def draw_figures(
    out_dir: Path,
    summary: Summary,
    names: Sequence[str] = NAMES,
    places: Mapping[str, data.Place] | None = None,
    formats: Sequence[str] = ON_PAPER_AND_SCREEN,
) -> list[Path]:
    """Draw what is in a result folder; returns the files written.

    ``places`` are those of ``data.read_places``, for who has read them already.
    """
    (out_dir / "figures").mkdir(exist_ok=True)
    run = RunData(out_dir, summary, places)
    written: list[Path] = []
    with style():
        for kind in (KINDS[name] for name in names):
            _forget(out_dir, kind)
            for width in kind.widths:
                written += _drawn(run, kind, width, formats)
    return written


def _drawn(run: RunData, kind: FigureKind, width: Width, formats: Sequence[str]) -> list[Path]:
    figure = kind.draw(run, width)
    if figure is None:
        return []
    folder = run.out_dir / "figures" / kind.folder
    folder.mkdir(exist_ok=True)
    return save(figure, folder, f"{kind.name}{width.suffix}", run.made_by, formats)


def _forget(out_dir: Path, kind: FigureKind) -> None:
    """A figure of an earlier drawing does not stay."""
    for width in kind.widths:
        for suffix in FORMATS:
            path = out_dir / "figures" / kind.folder / f"{kind.name}{width.suffix}.{suffix}"
            path.unlink(missing_ok=True)
