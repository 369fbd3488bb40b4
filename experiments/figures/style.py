"""How figures look, and a save that gives the same bytes for the same data.

Everything is legible printed in grey at text width: series differ by line, mark
and lightness, never by hue alone, and no letter is smaller than 7 pt.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.layout_engine import ConstrainedLayoutEngine

TEXT_WIDTH_IN = 6.5
SMALL_PT = 7
PNG_DPI = 150
CAPTION_IN = 0.22
TITLE_IN = 0.26
KEY_IN = 0.2
SOFT = "0.45"

RC: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 7.5,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "0.86",
    "grid.linewidth": 0.5,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "lines.markersize": 4.5,
    "pdf.fonttype": 42,
    "figure.constrained_layout.h_pad": 0.05,
    "figure.constrained_layout.w_pad": 0.05,
    "figure.constrained_layout.wspace": 0.06,
    "text.hinting": "none",
    "svg.hashsalt": "corridor",
}


@dataclass(frozen=True)
class Series:
    """One line, mark and colour; the lightness of neighbours differs too."""

    colour: str
    line: Any
    mark: str


SERIES = (
    Series("#000000", "-", "o"),
    Series("#0072b2", (0, (5, 1.5)), "s"),
    Series("#d55e00", (0, (1, 1)), "^"),
    Series("#3a7d5c", (0, (6, 1.5, 1, 1.5)), "D"),
    Series("#8a5a9e", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Series("#808080", (0, (9, 2)), "P"),
)


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Our settings and no others, whatever the user's matplotlibrc says; undone afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


def new_figure(
    title: str,
    caption: str,
    height_in: float,
    width_in: float = TEXT_WIDTH_IN,
    key: Sequence[tuple[Any, str]] = (),
) -> Figure:
    """A figure whose axes leave room for its title and key above and its caption below."""
    below = CAPTION_IN / height_in
    above = (TITLE_IN + (KEY_IN if key else 0)) / height_in
    layout = ConstrainedLayoutEngine(rect=(0, below, 1, 1 - below - above))
    figure = Figure(figsize=(width_in, height_in), dpi=PNG_DPI, layout=layout)
    figure.text(
        0.05 / width_in, 1 - 0.05 / height_in, title, va="top", fontsize=9, fontweight="bold"
    )
    figure.text(0.05 / width_in, 0.05 / height_in, caption, fontsize=SMALL_PT, color="0.3")
    if key:
        add_key(figure, key, TITLE_IN)
    return figure


def add_key(figure: Figure, key: Sequence[tuple[Any, str]], below_in: float) -> None:
    """A line of what is what, so far below the upper edge."""
    width_in, height_in = figure.get_size_inches()
    figure.legend(
        *zip(*key, strict=True),
        loc="upper right",
        bbox_to_anchor=(1 - 0.07 / width_in, 1 - below_in / height_in),
        borderpad=0,
        borderaxespad=0,
        ncols=len(key),
        columnspacing=1.5,
        handletextpad=0.3,
    )


def lay_out(figure: Figure) -> None:
    """Settle where everything goes, for every format alike."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """Write ``name.pdf`` and ``name.png``, laid out alike and without the time of writing."""
    lay_out(figure)
    pdf, png = folder / f"{name}.pdf", folder / f"{name}.png"
    figure.savefig(pdf, metadata={"CreationDate": None, "Title": name})
    figure.savefig(png)
    return [pdf, png]


def warm_up() -> None:
    """Have ready what the first figure of a process waits for: writers of files, fonts."""
    with style():
        figure = new_figure("Ready", "ready", 1.0)
        figure.add_subplot()
        lay_out(figure)
        for suffix in ("pdf", "png"):
            figure.savefig(io.BytesIO(), format=suffix)


def width_pt(figure: Figure, texts: Iterable[str], size_pt: float) -> float:
    """The width of the widest of some lines, in points."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    font = FontProperties(size=size_pt)
    widths = [renderer.get_text_width_height_descent(text, font, False)[0] for text in texts]
    return float(max(widths, default=0.0) * 72 / figure.dpi)
