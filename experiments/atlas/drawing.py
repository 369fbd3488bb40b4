"""A drawing as marks in one plane. Pages write it as SVG, figures by Matplotlib. Pure.

A look has its class on pages, whose style sheet takes the rules from here, and its colours on
paper, so that both show the same. Lengths of looks are CSS pixels, of which 96 are an inch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from corridor.experiments.atlas.atlas import Mark
from corridor.experiments.atlas.labels import Box
from corridor.experiments.atlas.land import land_path
from corridor.experiments.atlas.plane import XY, Line, svg_path

COLOURS: Mapping[str, str] = {
    "ink": "#000",
    "soft": "#3a3a3a",
    "bg": "#fff",
    "land": "#ecece6",
    "coast": "#b5b5ad",
    "fibre": "#777",
    "go": "#0b57b0",
    "free": "#a34700",
    "dead": "#b3001b",
}
"""By their names in ``page.css``, as a printed page has them."""


@dataclass(frozen=True)
class Look:
    """``line`` and ``fill`` are names of ``COLOURS`` or colours themselves; empty for none."""

    name: str
    """Classes of SVG."""
    line: str = ""
    fill: str = ""
    width: float = 1.0
    dash: tuple[float, ...] = ()
    opacity: float = 1.0

    @property
    def line_colour(self) -> str:
        return COLOURS.get(self.line, self.line) or "none"

    @property
    def fill_colour(self) -> str:
        return COLOURS.get(self.fill, self.fill) or "none"

    @property
    def css(self) -> str:
        """Its rule; the colours that a page has names for differ in the dark."""
        rules = {
            "fill": _css_colour(self.fill),
            "stroke": _css_colour(self.line),
            "stroke-width": f"{self.width:g}" if self.line else "",
            "stroke-dasharray": " ".join(f"{one:g}" for one in self.dash),
            "opacity": f"{self.opacity:g}" if self.opacity < 1 else "",
        }
        said = "; ".join(f"{name}: {value}" for name, value in rules.items() if value)
        return f".{'.'.join(self.name.split())} {{ {said}; }}"


def _css_colour(name: str) -> str:
    return f"var(--{name})" if name in COLOURS else name or "none"


@dataclass(frozen=True)
class Lines:
    """One thing of one or more parts; it may have a title, which a pointer shows."""

    look: Look
    parts: Sequence[Line]
    title: str = ""


@dataclass(frozen=True)
class Area:
    """Closed rings."""

    look: Look
    rings: Sequence[Line]


@dataclass(frozen=True)
class Symbol:
    look: Look
    mark: Mark
    at: XY


@dataclass(frozen=True)
class Text:
    lines: tuple[str, ...]
    box: Box
    is_bold: bool = False
    leader: Line = ()
    """From what it names, where something else is about as near."""
    ends_at_mark: bool = False
    """Whether it is left of what it names."""


type AnyMark = Lines | Area | Symbol | Text


@dataclass(frozen=True)
class Drawing:
    """``layers`` are by name, from the lowest to the topmost."""

    view: Box
    """What is shown of the plane; marks may be beyond it."""
    layers: Mapping[str, Sequence[AnyMark]]

    @property
    def marks(self) -> Iterable[AnyMark]:
        return (mark for layer in self.layers.values() for mark in layer)

    def of_layers(self, *names: str) -> list[AnyMark]:
        """The marks of some layers, in that order."""
        return [mark for name in names for mark in self.layers[name]]

    @property
    def texts(self) -> list[Text]:
        return [mark for mark in self.marks if isinstance(mark, Text)]


# Marks as SVG, for pages: classes instead of colours, which the style sheet has.

BASELINE = 0.2
"""Of a line's height, from its lower edge to its letters."""


def svg(marks: Iterable[AnyMark], prefix: str = "") -> str:
    """Marks in their order. With a prefix, each line has it and its number as its id, and each
    symbol its number as ``data-h``."""
    return "".join(_written(mark, number, prefix) for number, mark in enumerate(marks))


def _written(mark: AnyMark, number: int, prefix: str) -> str:
    match mark:
        case Area(look, rings):
            return f'<path class="{look.name}" d="{land_path(rings)}"/>'
        case Lines(look, parts, title):
            told = f"><title>{escape(title)}</title></path>" if title else "/>"
            one = f' id="{prefix}{number}"' if prefix else ""
            return f'<path class="{look.name}"{one} d="{svg_path(parts)}"{told}'
        case Symbol(look, shape, (x, y)):
            one = f' data-h="{number}"' if prefix else ""
            moved = f'transform="translate({x:.1f} {y:.1f})"'
            return f'<g class="{look.name}"{one} {moved}><path d="{shape.path}"/></g>'
        case Text(lines, box, _, leader, ends_at_mark):
            high = (box.bottom - box.top) / len(lines)
            line = f'<path class="leader" d="{svg_path([leader])}"/>' if leader else ""
            # A browser's text may be wider than its box: it then grows away from the mark.
            x, end = (box.right, ' text-anchor="end"') if ends_at_mark else (box.left, "")
            return line + "".join(
                f'<text x="{x:.1f}" y="{box.top + (at + 1 - BASELINE) * high:.1f}"{end}>'
                f"{escape(one)}</text>"
                for at, one in enumerate(lines)
            )
