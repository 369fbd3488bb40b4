"""The map as marks: land, fibres, paths of a demand, how full fibres are, hubs and names. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from corridor.experiments.answers.capacity_document import CapacityAnswer, LinkUtilisation
from corridor.experiments.answers.map_document import HubEntry
from corridor.experiments.atlas.atlas import Atlas, DrawnHub, Mark, cross, disc
from corridor.experiments.atlas.drawing import Area, Drawing, Lines, Look, Symbol, Text
from corridor.experiments.atlas.labels import (
    Box,
    Label,
    PlacedLabel,
    is_crossed,
    place_labels,
    text_width_em,
)
from corridor.experiments.atlas.plane import XY, Line
from corridor.experiments.text import capacity_text

LAND = Look("land", "coast", "land", 0.8)
FIBRES = {
    "terrestrial": Look("f terrestrial", "fibre", width=1.1),
    "submarine": Look("f submarine", "fibre", width=1.1, dash=(6, 3)),
    "aerial": Look("f aerial", "fibre", width=1.1, dash=(1, 3)),
}
MEDIA = {"terrestrial": "land", "submarine": "sea", "aerial": "radio"}
"""Their names in keys."""
LOAD = Look("load", "soft", width=4.8, opacity=0.55)
"""Of a fibre at full load."""
LAWFUL = Look("o lawful", "go", width=4.5)
BACK = Look("o lawful back", "bg", width=1.6)
FREE = Look("o free", "free", width=3.0, dash=(1, 7))
DEAD = Look("o dead", "dead", width=6.0, dash=(1, 8))
AFTER = Look("o after", "ink", width=2.3, dash=(8, 6))
FULL = (
    (0.0, "carries nothing", Look("u u0", "fibre", width=1.0, opacity=0.55)),
    (0.5, "up to 50 %", Look("u u1", "go", width=1.8, opacity=0.6)),
    (0.8, "to 80 %", Look("u u2", "go", width=3.0)),
    (1.0, "to 100 %", Look("u u3", "free", width=4.2)),
    (float("inf"), "overloaded", Look("u u4", "dead", width=6.0)),
)
"""How full a fibre is at most, in words, and how it is drawn: the fuller, the wider."""
FLOWS = (
    (0.0, "no jobs", Look("u u0", "fibre", width=1.0, opacity=0.55)),
    (10.0, "up to 10 Gbit/s of jobs", Look("u u1", "go", width=1.8, opacity=0.6)),
    (100.0, "to 100 Gbit/s", Look("u u2", "go", width=3.0)),
    (float("inf"), "more", Look("u u3", "free", width=4.2)),
)
"""What jobs send over a fibre, in words, and how it is drawn, as ``FULL`` is."""
POWER = Look("mw", "ink", "free", 0.8, opacity=0.5)
"""A disc whose area is the power of a hub."""
LARGEST_DISC = 0.028
"""Its radius at the hub with most power, as a share of the width of the view."""
FILLS = {
    "circle": "#c8102e",
    "square": "#0a7d3c",
    "triangle": "#8a6d00",
    "diamond": "#5a3ea8",
    "star": "#c2559d",
    "triangle down": "#00797d",
    "cross": "#7a4a1e",
    "pentagon": "#3c5a8a",
}
"""Of hubs, by the shape of their jurisdiction."""
CROSS = Look("x", "bg", "dead", 1.2)
CUT = cross("cut", 6.2, 1.5, turn_deg=45)
LEAST_VIEW, FLATTEST = (90.0, 60.0), 0.5
"""Of paths: how wide and high they are at least, and how high for their width."""
MOST_NAMED = 6
"""Of the fullest fibres, whose hubs are named first."""


def hub_class(shape: str) -> str:
    return shape.replace(" ", "-")


def hub_look(mark: Mark) -> Look:
    return Look(f"h {hub_class(mark.name)}", "ink", FILLS.get(mark.name, "bg"), 1.2)


def rules() -> str:
    """Of style sheets, for the looks above."""
    looks = (
        *(LAND, *FIBRES.values(), LAWFUL, BACK, FREE, DEAD, POWER),
        *(look for _, _, look in FULL),
    )
    shapes = (f".{hub_class(name)} path {{ fill: {fill}; }}" for name, fill in FILLS.items())
    return "\n".join([*(look.css for look in looks), *shapes])


@dataclass(frozen=True)
class DrawnPath:
    look: Look
    fibres: Sequence[str]


@dataclass(frozen=True)
class Names:
    """How hubs are named: in letters so high, those in ``view``, first the ``first``. The leading
    ones, as many as are ``due``, rather cover a mark than are left out; ``among`` leaves out all
    others."""

    height: float
    view: Box
    first: Sequence[str] = ()
    due: int = 0
    among: Collection[str] | None = None
    text: Callable[[HubEntry], str] = lambda hub: hub.short_name
    """May have two lines."""
    width: Callable[[str], float] | None = None
    """Measures a line; without it widths are about right."""
    mark: float = 4.5
    clear: float = 0.0
    """What is kept clear around marks of cuts."""


def path_drawing(
    drawn: Atlas,
    paths: Sequence[DrawnPath],
    names: Names,
    loads: Mapping[str, float] | None = None,
    cut: Iterable[str] = (),
) -> Drawing:
    """The map with paths in front; ``loads`` are shares of what fibres can carry, ``cut`` are the
    fibres to be marked as cut."""
    over = [mark for path in paths for mark in _path(drawn, path)]
    crosses = [Symbol(CROSS, CUT, middle(drawn, name)) for name in cut if name in drawn.fibres]
    return _drawing(
        drawn,
        [Lines(FIBRES[one.fibre.medium], one.parts) for one in drawn.fibres.values()],
        [*_loads(drawn, loads or {}), *over],
        names,
        crosses,
    )


def whole(drawn: Atlas) -> Box:
    """The view of a whole map."""
    return Box(0.0, 0.0, round(drawn.frame.width, 1), round(drawn.frame.height, 1))


def around(drawn: Atlas, paths: Sequence[DrawnPath], hubs: Iterable[str] = ()) -> Box:
    """The view of paths and hubs with room around them, not beyond the map; of none, the whole
    map."""
    points = [drawn.hubs[one].xy for one in hubs if one in drawn.hubs]
    points += [
        point
        for path in paths
        for one in path.fibres
        for part in drawn.fibres[one].parts
        for point in part
    ]
    if not points:
        return whole(drawn)
    (left, right), (top, bottom) = (
        _stretched(min(axis), max(axis), least)
        for axis, least in zip(zip(*points, strict=True), LEAST_VIEW, strict=True)
    )
    flat = max(0.0, FLATTEST * (right - left) - (bottom - top)) / 2
    every = whole(drawn)
    return Box(
        *(max(left, every.left), max(top - flat, every.top)),
        *(min(right, every.right), min(bottom + flat, every.bottom)),
    )


def _stretched(low: float, high: float, least: float) -> tuple[float, float]:
    more = 0.125 * max(least, high - low) + 15 + max(0.0, least - (high - low)) / 2
    return low - more, high + more


def full_drawing(of: CapacityAnswer, drawn: Atlas, names: Names) -> Drawing:
    """Each fibre as full as its fuller direction is in its worst failure; fuller ones above."""
    full = by_fibre(of)
    fibres = sorted(
        (
            (band_of(full.get(name)), Lines(FULL[band_of(full.get(name))][2], one.parts, said))
            for name, one in drawn.fibres.items()
            for said in [_full_said(name, full.get(name))]
        ),
        key=lambda pair: pair[0],
    )
    return _drawing(drawn, [one for _, one in fibres], (), names)


def flow_drawing(
    drawn: Atlas, gbps: Mapping[str, float], mw: Mapping[str, float], names: Names
) -> Drawing:
    """Fibres as wide as what jobs send over them, and discs for the power of hubs."""

    def line(name: str, parts: Sequence[Line]) -> Lines:
        rate = gbps.get(name, 0.0)
        look = next(look for most, _, look in FLOWS if rate <= most)
        return Lines(look, parts, f"{name}: {rate:,.1f} Gbit/s of jobs" if rate else name)

    ordered = sorted(drawn.fibres, key=lambda name: gbps.get(name, 0.0))
    drawing = _drawing(drawn, [line(one, drawn.fibres[one].parts) for one in ordered], (), names)
    unit = LARGEST_DISC * names.view.width / max(mw.values(), default=1.0) ** 0.5
    discs = [
        Symbol(POWER, disc(unit * power**0.5), drawn.hubs[hub].xy) for hub, power in mw.items()
    ]
    return replace(drawing, layers={**drawing.layers, "power": discs})


def view_of_flows(drawn: Atlas, gbps: Mapping[str, float], mw: Collection[str]) -> Box:
    """The part of the map with flows and hubs that compute."""
    at_hubs = [one.fibre.id for one in drawn.fibres.values() if {one.fibre.a, one.fibre.z} & {*mw}]
    used = [one for one, rate in gbps.items() if rate and one in drawn.fibres]
    return around(drawn, [DrawnPath(LAWFUL, used or at_hubs)], mw)


def by_fibre(of: CapacityAnswer) -> dict[str, LinkUtilisation]:
    """The fuller direction of each; landings are not fibres."""
    found: dict[str, LinkUtilisation] = {}
    for one in of.links:
        found.setdefault(one.fibre, one)
    return found


def fullest_ends(of: CapacityAnswer, drawn: Atlas) -> list[str]:
    """Hubs of the fullest fibres, to be named first."""
    fullest = [drawn.fibres[one.fibre].fibre for one in of.links if one.fibre in drawn.fibres]
    pairs = [(one.a, one.z) for one in fullest[:MOST_NAMED]]
    return list(dict.fromkeys(hub for pair in pairs for hub in pair))


def band_of(one: LinkUtilisation | None) -> int:
    share = one.share if one else 0.0
    return next(number for number, (most, _, _) in enumerate(FULL) if share <= most)


def _full_said(name: str, one: LinkUtilisation | None) -> str:
    if one is None:
        return f"{name}: carries nothing"
    when = capacity_text.failure_said(one.failure)
    return f"{name} from {one.hub}: {capacity_text.percent(one.share)}, {when} failing"


def middle(drawn: Atlas, fibre: str) -> XY:
    line = drawn.fibres[fibre].parts[0]
    (ax, ay), (zx, zy) = line[(len(line) - 1) // 2], line[(len(line) - 1) // 2 + 1]
    return (ax + zx) / 2, (ay + zy) / 2


def _path(drawn: Atlas, path: DrawnPath) -> Iterable[Lines]:
    """A fibre that it passes again on its way back has a light line in it."""
    for number, name in enumerate(path.fibres):
        again = path.look is LAWFUL and name in path.fibres[:number]
        yield Lines(BACK if again else path.look, drawn.fibres[name].parts)


def _loads(drawn: Atlas, loads: Mapping[str, float]) -> Iterable[Lines]:
    for name, share in loads.items():
        if name in drawn.fibres:
            wide = 0.8 + (LOAD.width - 0.8) * min(1.0, share)
            look = Look(LOAD.name, LOAD.line, width=round(wide, 2), opacity=LOAD.opacity)
            yield Lines(look, drawn.fibres[name].parts)


def _drawing(
    drawn: Atlas,
    fibres: Sequence[Lines],
    over: Sequence[Lines],
    names: Names,
    crosses: Sequence[Symbol] = (),
) -> Drawing:
    lines = [part for one in over for part in one.parts]
    return Drawing(
        names.view,
        {
            "land": [Area(LAND, drawn.land)],
            "fibres": fibres,
            "over": over,
            "hubs": [_symbol(hub) for hub in drawn.hubs.values()],
            "cuts": crosses,
            "names": _texts(drawn, names, [one.at for one in crosses], lines),
        },
    )


def _symbol(hub: DrawnHub) -> Symbol:
    return Symbol(hub_look(hub.mark), hub.mark, hub.xy)


def _texts(drawn: Atlas, names: Names, clear: Iterable[XY], lines: Sequence[Line]) -> list[Text]:
    """Names that have room next to marks and each other; paths count as eight fibres. A name of
    several lines that would still cover a path keeps its first line alone."""
    due = names.first[: names.due]
    clear = list(clear)
    short: set[str] = set()

    def text(hub: HubEntry) -> str:
        written = names.text(hub)
        return written.partition("\n")[0] if hub.id in short else written

    of = replace(names, text=text)
    while True:
        found = placed(drawn, of, clear, [*lines] * 8)
        long = {one.label.id for one in found if one.label.lines > 1 and is_crossed(one.box, lines)}
        if not long:
            break
        short |= long
    return [
        Text(
            tuple(text(drawn.hubs[one.label.id].hub).split("\n")),
            one.box,
            one.label.id in due,
            one.leader if one.is_ambiguous else (),
            one.box.right <= one.label.x,
        )
        for one in found
    ]


def placed(
    drawn: Atlas, names: Names, clear: Iterable[XY] = (), lines: Sequence[Line] = ()
) -> list[PlacedLabel]:
    """Names of hubs from the first named on, then by rank. Points are kept ``clear``; ``lines``,
    as fibres, are better not covered."""
    first = {hub: number for number, hub in enumerate(names.first)}
    order = sorted(
        (hub for hub in drawn.hubs.values() if _is_named(hub, names)),
        key=lambda hub: (first.get(hub.hub.id, len(first)), hub.rank),
    )
    others = [(hub.xy, names.mark) for hub in drawn.hubs.values() if not _is_named(hub, names)]
    all_lines = [part for fibre in drawn.fibres.values() for part in fibre.parts]
    labels = [_label(hub, names) for hub in order]
    covered = [(point, names.clear) for point in clear]
    return place_labels(labels, names.view, others, [*all_lines, *lines], covered)


def _is_named(hub: DrawnHub, names: Names) -> bool:
    is_chosen = names.among is None or hub.hub.id in names.among
    return is_chosen and names.view.has(hub.xy)


def _label(hub: DrawnHub, names: Names) -> Label:
    texts = names.text(hub.hub).split("\n")
    wide = names.width or (lambda text: names.height * text_width_em(text))
    return Label(
        hub.hub.id,
        *hub.xy,
        width=max(map(wide, texts)),
        height=names.height * len(texts),
        mark=names.mark,
        lines=len(texts),
        is_due=hub.hub.id in names.first[: names.due],
    )
