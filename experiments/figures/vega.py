"""A figure as a Vega-Lite 5 specification, with its values in it: for notebooks and web pages.

Marks are read from the figure after its layout, in the coordinates of its axes: lines, points,
rules, bars, areas and texts. So every figure has a specification, also those of installed packages.
Hatches have no equivalent; bars keep their shades. Axes become a column of views, those next to
each other a row; axes behind others become marks of these, because views do not overlap.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import cast

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import Collection, LineCollection, PathCollection
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter
from matplotlib.transforms import Transform
from matplotlib.typing import ColorType
from numpy.typing import ArrayLike, NDArray

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
PX_PER_IN = 96
PX_PER_PT = PX_PER_IN / 72
SHAPES: Mapping[str, str] = {
    "o": "circle",
    ".": "circle",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "D": "diamond",
    "d": "diamond",
    "P": "cross",
    "x": "M-.5,-.5L.5,.5M.5,-.5L-.5,.5",
    "+": "M-.5,0L.5,0M0,-.5L0,.5",
    "|": "M0,-.5L0,.5",
    "_": "M-.5,0L.5,0",
}
"""Of Vega's symbols, or as SVG paths; others become circles."""
STEPS: Mapping[str, str] = {
    "steps": "step-before",
    "steps-pre": "step-before",
    "steps-post": "step-after",
    "steps-mid": "step",
}
HIDDEN = ("None", "none", "", " ")
"""Styles of lines and marks that are not drawn."""
DIGITS = 9

type Plain = dict[str, object]
type Points = NDArray[np.float64]


def save_vega(figure: Figure, path: Path, name: str, made_by: str) -> None:
    """Write a figure, after its layout, as a Vega-Lite 5 specification with its data."""
    text = json.dumps(specification(figure, name, made_by), ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def specification(figure: Figure, name: str, made_by: str) -> Plain:
    """The title is the first text of the figure; the others, and ``made_by``, are described."""
    said = [text.get_text().split("\n") for text in figure.texts]
    title, more = (said or [[name]])[0], [line for lines in said[1:] for line in lines]
    behind = _behind(figure)
    rows = [
        [_view(axes, behind, is_first=not number) for axes in row]
        for number, row in enumerate(_rows(figure, behind))
    ]
    views = [row[0] if len(row) == 1 else {"hconcat": row} for row in rows]
    return {
        "$schema": SCHEMA,
        "name": name,
        "description": " · ".join(filter(None, [" ".join(title), " ".join(more), made_by])),
        "title": {"text": title, "subtitle": more, "anchor": "start"},
        "config": {"view": {"stroke": None}, "axis": {"grid": True, "gridColor": "#dbdbdb"}},
        "spacing": 12,
        "vconcat": [_key(figure), *views] if _keys(figure) else views,
    }


def _behind(figure: Figure) -> list[Axes]:
    """Axes that others lie within."""
    boxes = {axes: axes.get_position() for axes in figure.axes if axes.get_visible()}
    return [
        axes
        for axes, box in boxes.items()
        if any(
            box.contains((other.x0 + other.x1) / 2, (other.y0 + other.y1) / 2)
            and other.height < box.height
            for other in boxes.values()
        )
    ]


def _rows(figure: Figure, behind: Sequence[Axes]) -> Iterator[list[Axes]]:
    """Axes from the top, those of one height next to each other."""

    def top(axes: Axes) -> float:
        return -round(float(axes.get_position().y1), 3)

    def left(axes: Axes) -> float:
        return float(axes.get_position().x0)

    ordered = sorted(
        (axes for axes in figure.axes if axes.get_visible() and axes not in behind), key=top
    )
    for _, row in groupby(ordered, key=top):
        yield sorted(row, key=left)


def _keys(figure: Figure) -> list[tuple[Artist, str]]:
    """What marks mean, of all keys of the figure and its axes."""
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    found = {
        text.get_text(): handle
        for legend in legends
        if legend is not None
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True)
    }
    return [(handle, text) for text, handle in found.items() if handle is not None]


def _key(figure: Figure) -> Plain:
    """A view without marks that has the legend."""
    keys = _keys(figure)
    scale = {"domain": [text for _, text in keys], "range": [_key_colour(one) for one, _ in keys]}
    legend = {"title": None, "orient": "top", "columns": 2, "labelLimit": 0, "symbolType": "square"}
    colour = {"field": "name", "type": "nominal", "scale": scale, "legend": legend}
    return {
        "data": {"values": [{"name": text} for _, text in keys]},
        "width": 1,
        "height": 1,
        "mark": {"type": "point", "filled": True, "opacity": 0},
        "encoding": {"color": colour},
    }


def _key_colour(handle: Artist) -> str:
    if isinstance(handle, Line2D):
        is_line = handle.get_linestyle() not in HIDDEN
        return _hex(handle.get_color() if is_line else handle.get_markeredgecolor())
    if isinstance(handle, Patch):
        face = handle.get_facecolor()
        return _hex(face if to_rgba(face)[3] else handle.get_edgecolor())
    if isinstance(handle, Collection):
        colours = [*handle.get_facecolor(), *handle.get_edgecolor()]
        return _hex(colours[0]) if colours else "#000000"
    return "#000000"


def _hex(colour: ColorType) -> str:
    return to_hex(to_rgba(colour))


def _view(axes: Axes, behind: Sequence[Axes], *, is_first: bool) -> Plain:
    """With the areas behind it; lines and texts behind all views are in the first."""
    box = axes.get_window_extent()
    scale = PX_PER_IN / axes.get_figure(root=True).dpi  # type: ignore[union-attr]  # it has one
    shared = [
        mark
        for other in behind
        for artist in _artists(other)
        if is_first or _is_area(artist)
        for mark in _mark(axes, artist)
    ]
    own = sorted(((one.get_zorder(), one) for one in _artists(axes)), key=lambda both: both[0])
    marks = shared + [mark for _, artist in own for mark in _mark(axes, artist)]
    encoding = {side: _axis(axes, side) for side in ("x", "y")}
    return {
        "width": round(box.width * scale),
        "height": round(box.height * scale),
        **({"title": {"text": axes.get_title(), "anchor": "start"}} if axes.get_title() else {}),
        "encoding": encoding,
        "layer": marks or [{"data": {"values": []}, "mark": "point"}],
        "resolve": {"scale": {"x": "shared", "y": "shared"}},
    }


def _axis(axes: Axes, side: str) -> Plain:
    """The encoding that all marks of a view share."""
    axis = axes.xaxis if side == "x" else axes.yaxis
    low, high = axes.get_xlim() if side == "x" else axes.get_ylim()
    scale: Plain = {"type": axis.get_scale(), "domain": _numbers(sorted((low, high)))}
    scale |= {"nice": False, "zero": False} | ({"reverse": True} if low > high else {})
    if not (axes.axison and axis.get_visible()):
        return _encoded(side, scale, None)
    at = [float(one) for one in axis.get_majorticklocs() if min(low, high) <= one <= max(low, high)]
    places = _numbers(at)
    look: Plain = {"title": axis.get_label_text() or None, "values": places}
    if isinstance(axis.get_major_formatter(), FixedFormatter | FuncFormatter):
        names = axis.get_major_formatter().format_ticks(at)
        # Compares numbers: as keys, JavaScript and Python write large and small ones differently.
        expression = f"{json.dumps(names, ensure_ascii=False)}[indexof({places}, datum.value)]"
        look |= {"labelExpr": expression, "labelLimit": 0}
    return _encoded(side, scale, look)


def _encoded(side: str, scale: Plain, look: Plain | None) -> Plain:
    return {"field": side, "type": "quantitative", "scale": scale, "axis": look}


def _is_area(artist: Artist) -> bool:
    is_line = isinstance(artist, LineCollection | PathCollection)
    return isinstance(artist, Patch | Collection) and not is_line


def _artists(axes: Axes) -> list[Artist]:
    found = (*axes.patches, *axes.collections, *axes.lines, *axes.texts)
    return [one for one in found if one.get_visible()]


def _mark(axes: Axes, artist: Artist) -> Iterator[Plain]:
    match artist:
        case Line2D():
            yield from _line(axes, artist)
        case LineCollection():
            yield from _segments(axes, artist)
        case PathCollection():
            yield from _points(axes, artist)
        case Collection():
            yield from _areas(axes, artist)
        case Patch():
            look = _fill(artist.get_facecolor(), artist.get_edgecolor(), artist.get_linewidth())
            look |= _dashed(getattr(artist, "_dash_pattern", (0, None))[1])
            for ring in artist.get_path().to_polygons(closed_only=False):
                yield _area(_placed(axes, artist.get_transform(), ring), look)
        case Text():
            yield from _text(axes, artist)


def _placed(axes: Axes, transform: Transform, points: ArrayLike) -> Points:
    """Coordinates of the axes, whatever the coordinates of an artist are."""
    given = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    return np.asarray((transform - axes.transData).transform(given))


def _line(axes: Axes, line: Line2D) -> Iterator[Plain]:
    points = _placed(axes, line.get_transform(), line.get_xydata())
    values = [{**one, "n": at} for at, one in enumerate(_values(points))]
    named = {} if str(line.get_label()).startswith("_") else {"description": str(line.get_label())}
    if line.get_linestyle() not in HIDDEN and len(values) > 1:
        look = {
            "type": "line",
            "interpolate": STEPS.get(line.get_drawstyle(), "linear"),
            **_stroke(line.get_color(), line.get_linewidth(), line.get_alpha()),
            **_dashed(getattr(line, "_dash_pattern", (0, None))[1]),
            **named,
        }
        order = {"order": {"field": "n", "type": "quantitative"}}
        yield {"data": {"values": values}, "mark": look, "encoding": order}
    shape = line.get_marker()
    if shape not in (*HIDDEN, None):
        every = line.get_markevery()
        marked = values if every is None else [values[at] for at in _indices(every, len(values))]
        symbol = _symbol(str(shape), line.get_markersize(), line.get_markerfacecolor(), line)
        yield {"data": {"values": marked}, "mark": symbol | named}


def _indices(every: object, count: int) -> Sequence[int]:
    if isinstance(every, int):
        return range(0, count, every)
    return [at for at in every if at < count] if isinstance(every, list) else range(count)


def _symbol(shape: str, size_pt: float, colour: ColorType, line: Line2D) -> Plain:
    is_filled = shape not in "x+|_" and to_rgba(colour)[3] > 0
    return {
        "type": "point",
        "shape": SHAPES.get(shape, "circle"),
        "size": _number((size_pt * PX_PER_PT) ** 2),
        "fill": _hex(colour) if is_filled else "transparent",
        "stroke": _hex(line.get_markeredgecolor()),
        "strokeWidth": _number(line.get_markeredgewidth() * PX_PER_PT),
        "opacity": 1,
    }


def _segments(axes: Axes, lines: LineCollection) -> Iterator[Plain]:
    """Such as ``hlines`` and bars of errors."""
    colours, widths = _colours(lines.get_color()), np.atleast_1d(lines.get_linewidth())
    styles = cast(Sequence[tuple[float, Sequence[float] | None]], lines.get_linestyle())
    for at, segment in enumerate(lines.get_segments()):
        points = _values(_placed(axes, lines.get_transform(), segment))
        look = {
            "type": "line",
            **_stroke(colours[at % len(colours)], float(widths[at % len(widths)]), None),
            **_dashed(styles[at % len(styles)][1]),
        }
        values = [{**one, "n": n} for n, one in enumerate(points)]
        order = {"order": {"field": "n", "type": "quantitative"}}
        yield {"data": {"values": values}, "mark": look, "encoding": order}


def _points(axes: Axes, points: PathCollection) -> Iterator[Plain]:
    places = _placed(axes, points.get_offset_transform(), points.get_offsets())
    colours, sizes = _colours(points.get_facecolor()), np.atleast_1d(points.get_sizes())
    look = {
        "type": "point",
        "filled": len(colours) > 0,
        "color": _hex(colours[0] if len(colours) else _colours(points.get_edgecolor())[0]),
        "size": _number(float(sizes[0]) * PX_PER_PT**2),
        "opacity": 1,
    }
    yield {"data": {"values": _values(places)}, "mark": look}


def _colours(of: ColorType | Sequence[ColorType]) -> Sequence[ColorType]:
    """Of a collection, which has a row of numbers for each."""
    return cast(Sequence[ColorType], of)


def _areas(axes: Axes, areas: Collection) -> Iterator[Plain]:
    faces, edges = _colours(areas.get_facecolor()), _colours(areas.get_edgecolor())
    none = (0.0, 0.0, 0.0, 0.0)
    for at, path in enumerate(areas.get_paths()):
        look = _fill(
            faces[at % len(faces)] if len(faces) else none,
            edges[at % len(edges)] if len(edges) else none,
            float(np.atleast_1d(areas.get_linewidth())[0]),
        )
        for ring in path.to_polygons(closed_only=False):
            yield _area(_placed(axes, areas.get_transform(), ring), look)


def _area(points: Points, look: Plain) -> Plain:
    values = [{**one, "n": at} for at, one in enumerate(_values(points))]
    order = {"order": {"field": "n", "type": "quantitative"}}
    return {"data": {"values": values}, "mark": look, "encoding": order}


def _fill(face: ColorType, edge: ColorType, width_pt: float) -> Plain:
    """A closed line that is filled: Vega-Lite has no polygon in coordinates of axes."""
    inside, outside = to_rgba(face), to_rgba(edge)
    look: Plain = {"type": "line", "filled": False, "clip": True}
    if inside[3]:
        look |= {"interpolate": "linear-closed", "fill": to_hex(inside)}
        look |= {"fillOpacity": _number(inside[3])}
    if not outside[3] or not width_pt:
        return look | {"strokeWidth": 0}
    return look | _stroke(edge, width_pt, None)


def _text(axes: Axes, text: Text) -> Iterator[Plain]:
    """Where its left end is."""
    if not text.get_text():
        return
    box = text.get_window_extent()
    middle = [[box.x0, (box.y0 + box.y1) / 2]]
    places = np.asarray(axes.transData.inverted().transform(middle))
    look = {
        "type": "text",
        "align": "left",
        "baseline": "middle",
        "fontSize": _number(float(text.get_fontsize()) * PX_PER_PT),
        "color": _hex(text.get_color()),
        "fontWeight": "bold" if text.get_fontweight() in ("bold", 700) else "normal",
        "lineBreak": "\n",
        "text": text.get_text(),
    }
    yield {"data": {"values": _values(places)}, "mark": look}


def _stroke(colour: ColorType, width_pt: float, alpha: float | None) -> Plain:
    opacity = to_rgba(colour)[3] * (1.0 if alpha is None else alpha)
    return {
        "stroke": _hex(colour),
        "strokeWidth": _number(width_pt * PX_PER_PT),
        "strokeOpacity": _number(opacity),
    }


def _dashed(pattern: Sequence[float] | None) -> Plain:
    return {"strokeDash": _numbers(pattern)} if pattern else {}


def _values(points: Points) -> list[Plain]:
    return [{"x": _number(x), "y": _number(y)} for x, y in points]


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [_number(one) for one in values]


def _number(value: float) -> float | None:
    """None, where a line is broken."""
    return float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
