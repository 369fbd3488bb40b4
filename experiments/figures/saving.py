"""Figures as files: the same bytes for the same data, each with what it was made of and by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from corridor.experiments.figures.pdf_fonts import fonts_read_once
from corridor.experiments.figures.pgf import save_pgf
from corridor.experiments.figures.style import WIDTHS, lay_out, one_warning
from corridor.topologies.base.whole_file import replacing


def _save_pdf(figure: Figure, path: Path, name: str, made_by: str) -> None:
    said: dict[str, Any] = {"CreationDate": None, "Title": name, "Subject": made_by}
    with fonts_read_once():
        figure.savefig(path, metadata=said)


def _save_png(figure: Figure, path: Path, name: str, made_by: str) -> None:
    figure.savefig(path, metadata={"Title": name, "Description": made_by})


def _save_svg(figure: Figure, path: Path, name: str, made_by: str) -> None:
    said: dict[str, Any] = {"Date": None, "Title": name, "Description": made_by}
    figure.savefig(path, metadata=said)


SAVERS: Mapping[str, Callable[[Figure, Path, str, str], None]] = {
    "pdf": _save_pdf,
    "png": _save_png,
    "svg": _save_svg,
    "pgf": save_pgf,
}
FORMATS = tuple(SAVERS)
ON_SCREEN = ("png",)


def forget(folder: Path, name: str) -> None:
    """Remove the files of a figure that was drawn before, of every format and width."""
    for width in WIDTHS.values():
        for suffix in FORMATS:
            (folder / f"{name}{width.suffix}.{suffix}").unlink(missing_ok=True)


def save(
    figure: Figure,
    folder: Path,
    name: str,
    made_by: str = "",
    formats: Sequence[str] = ON_SCREEN,
) -> list[Path]:
    """Write ``name.pdf`` and others, laid out alike and without the time of writing.

    ``made_by``, what is told in each file of where it comes from, is one line.
    """
    lay_out(figure)
    made = [folder / f"{name}.{one}" for one in formats]
    with one_warning():
        for path in made:
            with replacing(path) as draft:
                SAVERS[path.suffix[1:]](figure, draft, name, made_by)
    return made
