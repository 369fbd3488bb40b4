"""How figures look, and the fonts of their letters.

Everything is legible printed in grey at text width: series differ by line, mark
and lightness, never by hue alone, and no letter is smaller than 7 pt.

Letters of any script are shown: DejaVu Sans comes with Matplotlib, and Noto is used where Debian's
packages are installed. Matplotlib shapes text itself and looks for each letter in one family after
another. Fonts are given to it by their files: its own list of fonts is of the day it was made.
"""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypedDict

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text
from matplotlib.typing import DrawStyleType, LineStyleType, MarkerType, RcKeyType

LATIN = "DejaVu Sans"
NOTO = Path("/usr/share/fonts")


@dataclass(frozen=True)
class Script:
    """Where letters of a script are found."""

    name: str
    first: str
    last: str
    family: str
    files: tuple[str, ...]
    package: str
    leads: bool = False
    """Whether its font comes before the Latin one in texts that have the script: Arabic letters of
    two fonts do not join, and DejaVu Sans has only some of those that Urdu needs."""


SCRIPTS = (
    Script(
        *("Chinese", "\u2e80", "\u9fff", "Noto Sans CJK SC"),
        files=("opentype/noto/NotoSansCJK-Regular.ttc", "opentype/noto/NotoSansCJK-Bold.ttc"),
        package="fonts-noto-cjk",
    ),
    Script(
        *("Thai", "\u0e00", "\u0e7f", "Noto Sans Thai"),
        files=("truetype/noto/NotoSansThai-Regular.ttf", "truetype/noto/NotoSansThai-Bold.ttf"),
        package="fonts-noto-core",
    ),
    Script(
        *("Arabic and Urdu", "\u0600", "\u06ff", "Noto Naskh Arabic"),
        files=(
            "truetype/noto/NotoNaskhArabic-Regular.ttf",
            "truetype/noto/NotoNaskhArabic-Bold.ttf",
        ),
        package="fonts-noto-core",
        leads=True,
    ),
)


class LettersLacking(UserWarning):
    """Letters that no font of this machine has: names both, and the package that has them."""


def families(text: str) -> list[str]:
    """Of what fonts a text is to be set, the first that has a letter decides."""
    found = [script for script in SCRIPTS if _has(text, script) and _installed(script)]
    leading = [script.family for script in found if script.leads]
    return [*leading, LATIN, *(script.family for script in found if not script.leads)]


def can_be_set(text: str) -> bool:
    return not lacking([text])


def lacking(texts: Iterable[str]) -> str:
    """Which letters no font has, and what to install for them; empty if there are none."""
    letters = sorted(
        {letter for text in texts for letter in text if letter > "\u007f" and not _drawn(letter)}
    )
    if not letters:
        return ""
    packages = sorted(
        {script.package for script in SCRIPTS for one in letters if _has(one, script)}
    )
    told = "".join(letters[:12]) + ("…" if len(letters) > 12 else "")
    advice = f"install {' '.join(packages)}" if packages else "no package we know of has them"
    return f"no font here has {told}: {advice}"


def set_fonts(figure: Figure) -> None:
    """Gives each text of another script its fonts."""
    for text in figure.findobj(Text):
        if not text.get_text().isascii():
            text.set_fontfamily(families(text.get_text()))


def _has(text: str, script: Script) -> bool:
    return any(script.first <= letter <= script.last for letter in text)


@cache
def _installed(script: Script) -> bool:
    """Whether its regular font is here; from then on Matplotlib knows of it."""
    files = [NOTO / file for file in script.files]
    for path in files:
        if path.exists():
            font_manager.fontManager.addfont(path)
    return files[0].exists()


@cache
def _drawn(letter: str) -> bool:
    """Whether any font of ours has a letter."""
    paths: Sequence[str | Path] = [_latin()]
    paths = [*paths, *(NOTO / script.files[0] for script in SCRIPTS if _installed(script))]
    return any(_font(str(path)).get_char_index(ord(letter)) for path in paths)


@cache
def _font(path: str) -> FT2Font:
    return FT2Font(path)


@cache
def _latin() -> str:
    return str(font_manager.findfont(LATIN, fallback_to_default=False))


SMALL_PT = 7
PNG_DPI = 150
LINE_IN = 0.135
"""Of a caption, and of a second line of a title."""
CAPTION_IN = 0.22
TITLE_IN = 0.26
KEY_IN, KEY_LINE_IN = 0.2, 0.165
"""Of the first line of a key, and of each further one."""
EDGE_IN = 0.05
SOFT = "0.45"


class LineStyle(TypedDict, total=False):
    """Arguments of Matplotlib for lines and marks."""

    color: str
    linestyle: LineStyleType
    linewidth: float
    drawstyle: DrawStyleType
    marker: MarkerType
    markersize: float
    markerfacecolor: str
    markeredgecolor: str
    markeredgewidth: float
    zorder: float


class PatchStyle(TypedDict, total=False):
    """Arguments of Matplotlib for areas."""

    facecolor: str
    edgecolor: str
    linestyle: LineStyleType
    linewidth: float
    alpha: float
    hatch: str


class BoxStyle(PatchStyle, total=False):
    """Arguments of Matplotlib for the box behind a text."""

    pad: float


BACKING: BoxStyle = {"facecolor": "w", "edgecolor": "none", "pad": 0.4, "alpha": 0.8}
"""Behind texts that lines pass below; an outline would make paths of letters."""


@dataclass(frozen=True)
class Width:
    """How wide a figure is on paper; ``suffix`` is part of its files' names."""

    suffix: str
    inches: float
    title_pt: float

    @property
    def is_narrow(self) -> bool:
        return self.inches < 5


TEXT = Width("", 6.9, 9)
"""As wide as the text of a page."""
COLUMN = Width("-column", 3.35, 8)
"""As wide as one of two columns."""
WIDTHS: Mapping[str, Width] = {"text": TEXT, "column": COLUMN}
"""By their names on the command line."""

RC: dict[RcKeyType, object] = {
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
    "text.parse_math": False,
    "svg.hashsalt": "corridor",
}


type Key = Sequence[tuple[Artist, str]]
"""Marks or lines, and what they mean."""


@dataclass(frozen=True)
class Series:
    """One line, mark and colour; the lightness of neighbours differs too."""

    colour: str
    line: LineStyleType
    mark: str


SERIES = (
    Series("#000000", "-", "o"),
    Series("#0072b2", (0, (5, 1.5)), "s"),
    Series("#d55e00", (0, (1, 1)), "^"),
    Series("#3a7d5c", (0, (6, 1.5, 1, 1.5)), "D"),
    Series("#8a5a9e", (0, (3, 1, 1, 1, 1, 1)), "v"),
    Series("#808080", (0, (9, 2)), "P"),
)


def _fill(grey: str, hatch: str = "") -> PatchStyle:
    return {"facecolor": grey, "hatch": hatch, "edgecolor": "k", "linewidth": 0.5}


FILLS = (
    _fill("0.25"),
    _fill("0.75"),
    _fill("0.95", "////"),
    _fill("0.55", "||||"),
    _fill("0.85", "\\\\\\\\"),
    _fill("white", "xxxx"),
    _fill("0.65", "----"),
    _fill("0.9", "++++"),
    _fill("0.45", "xx"),
)
"""Of parts of a bar, distinguished in grey. Hatches are of lines: LaTeX draws each dot of a dotted
one as its own curve, which takes minutes."""


def as_patch(look: LineStyle) -> PatchStyle:
    """Of a line, for ``stairs``, which draws a patch: it has an edge where a line has a colour."""
    return {
        "edgecolor": look.get("color", "k"),
        "linewidth": look.get("linewidth", 1.0),
        "linestyle": look.get("linestyle", "-"),
    }


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Our settings and no others, whatever the user's matplotlibrc says; undone afterwards."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(RC)
        yield


@dataclass(frozen=True)
class Sheet:
    """A figure, and how much of it title and key take above, and the caption below."""

    figure: Figure
    above_in: float
    below_in: float


def new_figure(
    title: str, caption: str, body_in: float, width: Width = TEXT, key: Key = ()
) -> Figure:
    """A figure whose axes leave room for its title and key above and its caption below."""
    sheet = new_sheet(title, caption, body_in, width, key)
    height_in = float(sheet.figure.get_size_inches()[1])
    below, above = sheet.below_in / height_in, sheet.above_in / height_in
    sheet.figure.set_layout_engine(ConstrainedLayoutEngine(rect=(0, below, 1, 1 - below - above)))
    return sheet.figure


def new_sheet(title: str, caption: str, body_in: float, width: Width = TEXT, *keys: Key) -> Sheet:
    """A figure with ``body_in`` between its title and keys above and its caption below; each is
    broken into as many lines as it needs."""
    scratch = Figure(dpi=PNG_DPI)
    room_pt = (width.inches - 2 * EDGE_IN) * 72
    titles = broken(scratch, title, width.title_pt, room_pt, weight="bold")
    captions = broken(scratch, caption, SMALL_PT, room_pt)
    shaped = [(key, _columns(scratch, key, room_pt)) for key in keys if key]
    title_in = TITLE_IN + (LINE_IN + 0.01) * (len(titles) - 1)
    above_in = title_in + sum(_key_in(key, columns) for key, columns in shaped)
    below_in = CAPTION_IN + LINE_IN * (len(captions) - 1)
    height_in = above_in + body_in + below_in
    figure = Figure(figsize=(width.inches, height_in), dpi=PNG_DPI)
    left, top, bottom = EDGE_IN / width.inches, 1 - EDGE_IN / height_in, EDGE_IN / height_in
    above, below = "\n".join(titles), "\n".join(captions)
    bold = figure.text(left, top, above, linespacing=1.15, va="top", fontsize=width.title_pt)
    bold.set_fontweight("bold")
    figure.text(left, bottom, below, linespacing=1.2, va="bottom", fontsize=SMALL_PT, color="0.3")
    down_in = title_in
    for key, columns in shaped:
        _add_key(figure, key, columns, down_in)
        down_in += _key_in(key, columns)
    return Sheet(figure, above_in, below_in)


def broken(
    figure: Figure, text: str, size_pt: float, room_pt: float, weight: str = "normal"
) -> list[str]:
    """A text in lines that are no wider than there is room; a word that is stays whole."""
    lines: list[str] = []
    for word in re.split(BREAK, text):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_pt(figure, [longer], size_pt, weight) > room_pt:
            lines.append(word)
        else:
            lines[-1:] = [longer]
    return lines


BREAK = r" (?!·|(?:ms|s|µs|%|Mbit/s)(?:\W|$))"
"""Not between a number and its unit, nor before a dot that ends a part."""
HANDLE_PT, BETWEEN_PT = 18.0, 11.0
"""Of a key: what stands before a name, and between two columns."""


def _key_in(key: Key, columns: int) -> float:
    return KEY_IN + KEY_LINE_IN * (-(-len(key) // columns) - 1)


def _columns(figure: Figure, key: Key, room_pt: float) -> int:
    """The most in which all entries of a key are next to each other without leaving the figure."""
    wide = [width_pt(figure, [name], SMALL_PT + 0.5) + HANDLE_PT for _, name in key]
    for columns in range(len(key), 1, -1):
        each = [max(part) for part in np.array_split(wide, columns)]
        if sum(each) + BETWEEN_PT * (len(each) - 1) <= room_pt:
            return columns
    return 1


def _add_key(figure: Figure, key: Key, columns: int, below_in: float) -> None:
    """A line or more of what is what, so far below the upper edge."""
    width_in, height_in = figure.get_size_inches()
    figure.legend(
        *zip(*key, strict=True),
        loc="upper right",
        bbox_to_anchor=(1 - 0.07 / width_in, 1 - below_in / height_in),
        borderpad=0,
        borderaxespad=0,
        ncols=columns,
        columnspacing=1.5,
        handletextpad=0.3,
        labelspacing=0.55,
    )


def lay_out(figure: Figure) -> None:
    """Settle where everything goes and of what fonts, for every format alike; a letter that no
    font has is told of in a warning and across the figure."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_ticklabels()  # makes them, so that they can be given fonts
    set_fonts(figure)
    if figure.get_layout_engine() is not None:
        with one_warning():
            figure.draw_without_rendering()
    message = lacking(text.get_text() for text in figure.findobj(Text))
    if message:
        warnings.warn(message, LettersLacking, stacklevel=2)
        figure.text(0.5, 0.5, message, ha="center", fontsize=SMALL_PT, backgroundcolor="w")
    figure.set_layout_engine("none")


@contextlib.contextmanager
def one_warning() -> Iterator[None]:
    """Ours, which says what to do, instead of one of Matplotlib's for each letter."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        yield


def width_pt(figure: Figure, texts: Iterable[str], size_pt: float, weight: str = "normal") -> float:
    """The width of the widest of some lines, in points."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    with one_warning():
        widths = [
            renderer.get_text_width_height_descent(
                text, FontProperties(family=families(text), size=size_pt, weight=weight), False
            )[0]
            for text in texts
        ]
    return float(max(widths, default=0.0) * 72 / figure.dpi)
