"""Fonts in PDF files: each file of a font is read and reduced once in a process.

Matplotlib reads the whole font again for each figure, 0.3 s of CPU for a Chinese one. Here a first
subset has the letters of most figures, and the subset of one figure is taken from that. Tables that
choose and place glyphs are left out, since a PDF names each glyph and its place.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.backends import _backend_pdf_ps as backend
from matplotlib.font_manager import FontPath

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
