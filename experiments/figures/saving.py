"""Figures as files: the same bytes for the same data, each with what it was made of and by.

Figures of a run, or of what is computed without one: prices of policy sets, or utilization.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends import _backend_pdf_ps as backend
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_mixed import MixedModeRenderer
from matplotlib.backends.backend_pgf import RendererPgf
from matplotlib.figure import Figure
from matplotlib.font_manager import FontPath, FontProperties, weight_dict
from matplotlib.text import Text

from corridor.experiments.answers.capacity_document import MAP_FILE, read_capacity
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.figures.capacity import capacity
from corridor.experiments.figures.data import made_by
from corridor.experiments.figures.price import price_figure
from corridor.experiments.figures.style import TEXT, WIDTHS, Width, lay_out, one_warning, style
from corridor.experiments.figures.vega import save_vega
from corridor.experiments.pages.report import PRICES, read_prices
from corridor.topologies.base.bounded_file import RESULT, is_file, read_json
from corridor.topologies.base.codec import read_document
from corridor.topologies.base.whole_file import replacing
from corridor.topologies.base.words import can_set, escaped

# Fonts in PDF files: each file of a font is read and reduced once in a process.
#
# Matplotlib reads the whole font again for each figure, 0.3 s of CPU for a Chinese one. Here a
# first subset has the letters of most figures, and the subset of one figure is taken from that.
# Tables that choose and place glyphs are left out, since a PDF names each glyph and its place.

MOST_USED = (
    *(*range(0x20, 0x180), *range(0x370, 0x400), *range(0x2010, 0x2040)),
    *(*range(0x2190, 0x2194), 0x2212, 0x2248, 0x2264, 0x2265),
)
"""Latin and Greek letters, dashes, arrows and signs of arithmetic: in the first subset before any
figure needs them."""
LAYOUT = ("GSUB", "GPOS", "GDEF", "BASE", "JSTF", "MATH", "kern", "vhea", "vmtx", "VORG")
OTHERS = ("FFTM", "PfEd", "BDF", "meta", "MERG", "TSIV", "Zapf", "xref", "trak", "ltag")


@dataclass(frozen=True)
class _Reduced:
    octets: bytes
    numbers: Mapping[int, int]
    """The number of each glyph that is left, by its number in the whole font."""


_reduced: dict[str, _Reduced] = {}


@contextlib.contextmanager
def fonts_read_once() -> Iterator[None]:
    """Within it Matplotlib takes its subsets of fonts from here: it has no setting for that."""
    its_own = backend.get_glyphs_subset
    backend.get_glyphs_subset = _subset
    try:
        yield
    finally:
        backend.get_glyphs_subset = its_own


@contextlib.contextmanager
def _subset(fontfile: FontPath, glyphs: Iterable[int]) -> Iterator[backend.SubsetResults]:
    """As Matplotlib's function of this purpose: an open font, and the numbers of its glyphs."""
    wanted = set(glyphs)
    whole = _reduced_to(fontfile, wanted)
    with subset.load_font(io.BytesIO(whole.octets), _options(), lazy=True) as font:
        last = _cut(font, {whole.numbers[one] for one in wanted})
        numbers = {one: last[whole.numbers[one]] for one in wanted}
        yield backend.SubsetResults(font, numbers)


def _reduced_to(fontfile: FontPath, wanted: set[int]) -> _Reduced:
    """The first subset of a font; made again where a figure has letters that are not in it."""
    name = f"{fontfile}:{fontfile.face_index}"
    known = _reduced.get(name)
    if known is None or not wanted <= known.numbers.keys():
        octets = io.BytesIO()
        with subset.load_font(fontfile, _options(fontfile.face_index)) as font:
            cmap, order = font.getBestCmap(), font.getReverseGlyphMap()
            used = {order[cmap[code]] for code in MOST_USED if code in cmap}
            numbers = _cut(font, wanted | used | set(known.numbers if known else ()))
            font.save(octets, reorderTables=False)
        known = _reduced[name] = _Reduced(octets.getvalue(), numbers)
    return known


def _options(face: int = -1) -> subset.Options:
    options = subset.Options(glyph_names=True, recommended_glyphs=True)
    options.drop_tables += [*LAYOUT, *OTHERS]
    options.font_number = face
    return options


def _cut(font: TTFont, glyphs: set[int]) -> dict[int, int]:
    """Leave these glyphs in a font; their numbers in it."""
    cutter = subset.Subsetter(options=_options())
    cutter.populate(gids=glyphs)
    cutter.subset(font)
    return {one: cutter.glyph_index_map[one] for one in glyphs}


# A figure as PGF, for ``\input`` in a LaTeX document: its texts are set in the document's font.
#
# Matplotlib's own writer asks LaTeX how wide texts are, and passes texts on as LaTeX. Here no LaTeX
# is needed, and texts stay what they are; those that LaTeX cannot set are drawn as outlines.

type IsMath = bool | Literal["TeX"]
BOLD_FROM = 600
LINE = 1.2
"""Of a text's size, to the next line; each text has one."""
HEADER = """%% {name}
%% {made_by}
%%
%% In LaTeX: \\usepackage{{pgf}}, then \\input{{{name}.pgf}}
"""


def save_pgf(figure: Figure, path: Path, name: str, made_by: str) -> None:
    """Of a figure that is laid out."""
    text = io.StringIO()
    text.write(HEADER.format(name=name, made_by=" ".join(made_by.split())))
    width_in, height_in = (float(one) for one in figure.get_size_inches())
    size = rf"\pgfqpoint{{{width_in:f}in}}{{{height_in:f}in}}"
    text.write(
        "\\begingroup%\n\\makeatletter%\n\\begin{pgfpicture}%\n"
        f"\\pgfpathrectangle{{\\pgfpointorigin}}{{{size}}}%\n"
        "\\pgfusepath{use as bounding box, clip}%\n"
    )
    renderer = _Renderer(figure, text)
    mixed = MixedModeRenderer(figure, width_in, height_in, figure.dpi, renderer)
    figure.draw(cast(RendererBase, mixed))
    text.write("\\end{pgfpicture}%\n\\makeatother%\n\\endgroup%\n")
    path.write_text(text.getvalue(), encoding="utf-8")


class _Renderer(RendererPgf):
    """Measures texts as the other formats do."""

    def __init__(self, figure: Figure, to: io.StringIO) -> None:
        super().__init__(figure, to)
        self._measures = FigureCanvasAgg(figure).get_renderer()

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: IsMath
    ) -> tuple[float, float, float]:
        found: tuple[float, float, float]
        found = self._measures.get_text_width_height_descent(s, prop, ismath)
        return found

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: IsMath = False,
        mtext: Text | None = None,
    ) -> None:
        if not can_set(s):
            self._draw_text_as_path(  # type: ignore[attr-defined]  # stubs leave it out
                gc, x, y, s, prop, angle, ismath, mtext
            )
            return
        size_pt = prop.get_size_in_points()
        bold = r"\bfseries" if _weight(prop) >= BOLD_FROM else ""
        colour = ",".join(f"{one:f}" for one in tuple(gc.get_rgb())[:3])
        place = self._place(x, y, angle, mtext)
        self.fh.write(
            "\\begin{pgfscope}%\n"
            f"\\definecolor{{textcolor}}{{rgb}}{{{colour}}}%\n"
            f"\\pgftext[{place}]{{\\color{{textcolor}}"
            f"\\fontsize{{{size_pt:f}}}{{{LINE * size_pt:f}}}{bold}\\selectfont {escaped(s)}}}%\n"
            "\\end{pgfscope}%\n"
        )

    def _place(self, x: float, y: float, angle: float, mtext: Text | None) -> str:
        """Where LaTeX hangs a text: at the point that it was aligned to, since its width differs
        from the one that was measured."""
        aligned = ("left", "base")
        if mtext is not None and (angle == 0 or mtext.get_rotation_mode() == "anchor"):
            x, y = mtext.get_transform().transform(mtext.get_unitless_position())
            aligned = (
                {"left": "left", "right": "right"}.get(mtext.get_horizontalalignment(), ""),
                {"top": "top", "bottom": "bottom", "baseline": "base"}.get(
                    mtext.get_verticalalignment(), ""
                ),
            )
        turned = (f"rotate={angle:f}",) if angle else ()
        at = (f"x={x / self.dpi:f}in", f"y={y / self.dpi:f}in")
        return ",".join(part for part in (*at, *aligned, *turned) if part)


def _weight(prop: FontProperties) -> int:
    weight = prop.get_weight()
    return weight if isinstance(weight, int) else int(weight_dict[weight])


def _save_pdf(figure: Figure, path: Path, name: str, made_by: str) -> None:
    said = {"CreationDate": None, "Title": name, "Subject": made_by}
    with fonts_read_once():
        figure.savefig(path, metadata=said)


def _save_png(figure: Figure, path: Path, name: str, made_by: str) -> None:
    figure.savefig(path, metadata={"Title": name, "Description": made_by})


def _save_svg(figure: Figure, path: Path, name: str, made_by: str) -> None:
    said = {"Date": None, "Title": name, "Description": made_by}
    figure.savefig(path, metadata=said)


SAVERS: Mapping[str, Callable[[Figure, Path, str, str], None]] = {
    "pdf": _save_pdf,
    "png": _save_png,
    "svg": _save_svg,
    "pgf": save_pgf,
    "vega": save_vega,
}
ENDINGS: Mapping[str, str] = {one: one for one in SAVERS} | {"vega": "vl.json"}
"""Of files, by format."""
FORMATS = tuple(SAVERS)
ON_SCREEN = ("png",)


def forget(folder: Path, name: str) -> None:
    """Remove the files of a figure that was drawn before, of every format and width."""
    for width in WIDTHS.values():
        for ending in ENDINGS.values():
            (folder / f"{name}{width.suffix}.{ending}").unlink(missing_ok=True)


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
    made = {one: folder / f"{name}.{ENDINGS[one]}" for one in formats}
    with one_warning():
        for one, path in made.items():
            with replacing(path) as draft:
                SAVERS[one](figure, draft, name, made_by)
    return list(made.values())


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
