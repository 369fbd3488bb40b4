"""Marks as SVG, for pages: classes instead of colours, which the style sheet has. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from corridor.experiments.atlas.drawing import AnyMark, Area, Lines, Symbol, Text
from corridor.experiments.atlas.land import land_path
from corridor.experiments.atlas.plane import svg_path

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
