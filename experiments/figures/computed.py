"""Figures of what is computed without a run: prices of policy sets, or how full fibres are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from corridor.experiments.answers.capacity_document import MAP_FILE, read_capacity
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.figures.capacity import capacity
from corridor.experiments.figures.data import made_by
from corridor.experiments.figures.price import price_figure
from corridor.experiments.figures.saving import ON_SCREEN, forget, save
from corridor.experiments.figures.style import TEXT, Width, style
from corridor.experiments.pages.report import PRICES, read_prices
from corridor.topologies.base.bounded_file import RESULT, is_file, read_json
from corridor.topologies.base.codec import read_document

NAMES = PRICE, CAPACITY = "price", "capacity"


def draw_computed(
    out_dir: Path, formats: Sequence[str] = ON_SCREEN, widths: Sequence[Width] = (TEXT,)
) -> list[Path]:
    """Draw what ``price --out`` or ``capacity --out`` left in a folder; return the files.

    Figures of an earlier call are removed, whatever their format and width.
    """
    folder, written = out_dir / "figures", list[Path]()
    figures = _prices if is_file(out_dir / PRICES) else _capacity
    with style():
        drawn = [(width, each) for width in widths for each in figures(out_dir, width)]
        for name in NAMES:
            forget(folder, name)
        for width, (name, figure) in drawn:
            folder.mkdir(exist_ok=True)
            written += save(figure, folder, f"{name}{width.suffix}", made_by(out_dir), formats)
    return written


def _prices(out_dir: Path, width: Width) -> Iterable[tuple[str, Figure]]:
    figure = price_figure(read_prices(out_dir).sets, width)
    return [(PRICE, figure)] if figure is not None else []


def _capacity(out_dir: Path, width: Width) -> Iterable[tuple[str, Figure]]:
    found = read_capacity(out_dir)
    if found is None:
        return []
    path = out_dir / MAP_FILE
    where = read_document(MapDocument, read_json(path, RESULT), str(path), "ask again, with --out")
    return [(CAPACITY, capacity(found, where, width))]
