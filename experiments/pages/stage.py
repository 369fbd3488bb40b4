"""The map of a page with its demand in front: what the template draws, with a script or without."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from corridor.controller.explain.path_summary import Reference
from corridor.experiments.answers.document import Clause, CutEntry
from corridor.experiments.answers.map_document import (
    FibreEntry,
    HubEntry,
    MapDocument,
    PathDocument,
)
from corridor.experiments.answers.outcome import OF_STATUS, Outcome
from corridor.experiments.answers.price_causes import Cause
from corridor.experiments.atlas import Atlas, atlas
from corridor.experiments.atlas.drawing import Drawing, Symbol, svg
from corridor.experiments.atlas.land import source
from corridor.experiments.atlas.map_drawing import (
    DEAD,
    FIBRES,
    FREE,
    LAWFUL,
    MEDIA,
    DrawnPath,
    Names,
    hub_look,
    path_drawing,
    whole,
)
from corridor.experiments.pages.claims import caveat_of, safe_address
from corridor.experiments.pages.demands import Asked, Under, flagship, law_key, references
from corridor.experiments.pages.words import (
    KINDS,
    OF_FIBRES,
    fibres_by_name,
    language,
    ms,
)
from corridor.topologies.base.codec import JsonObject
from corridor.topologies.base.words import confidence_word

# What the script of a page knows, as small as it can be: paths, places and law by their numbers.
#
# Keys are short since there are thousands of them; ``templates/map.js`` and ``app.js`` read them.

COSTS = {
    "kept back": "blocked by",
    "no way around": "lost protection by",
    "width": "lower capacity by",
}
NO_PATH = -1
WITHOUT = "Without policies"
DECIMALS = 2


class Numbered[Value: Hashable]:
    """Values by the number of their first use."""

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}

    def of(self, value: Value) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> list[Value]:
        return list(self._numbers)


class Model:
    """Of one map and its demands under ``sets``."""

    def __init__(
        self,
        where: MapDocument,
        drawn: Atlas,
        demands: Sequence[Asked],
        sets: Sequence[str],
        first: tuple[int, int],
        base: str = WITHOUT,
    ) -> None:
        self._hubs = {hub.id: number for number, hub in enumerate(where.hubs)}
        self._fibres = {fibre.id: number for number, fibre in enumerate(where.fibres)}
        self._fibres_of = fibres_by_name(where)
        self._law = {law_key(law): n for n, law in enumerate(references(demands))}
        self._paths = Numbered[str]()
        # Paths get their numbers while demands are told.
        told = [self._demand(one) for one in demands]
        self.document: JsonObject = {
            "view": list(drawn.view_box[2:]),
            "names": dict(where.jurisdictions),
            "said": {one.value: one.word for one in Outcome},
            "outcomes": {status: one.value for status, one in OF_STATUS.items()},
            "base": base,
            "sets": list(sets),
            "chosen": first[0],
            "set": first[1],
            "hubs": [_hub(hub, drawn.hubs[hub.id].xy) for hub in where.hubs],
            "fibres": [self._fibre(fibre) for fibre in where.fibres],
            "law": [_law(one) for one in references(demands)],
            "paths": [json.loads(path) for path in self._paths.values],
            "demands": told,
        }

    def _fibre(self, of: FibreEntry) -> JsonObject:
        plain: JsonObject = {
            "id": of.id,
            "a": self._hubs[of.a],
            "z": self._hubs[of.z],
            "m": of.medium,
            "km": round(of.length_km),
            "ms": _short(of.one_way_ms),
        }
        more = {
            "sys": of.system,
            "x": " ".join(of.crosses),
            "may": " ".join(of.may_cross),
            "st": "" if of.status == "in-service" else of.status,
        }
        return plain | {name: value for name, value in more.items() if value}

    def _demand(self, of: Asked) -> JsonObject:
        return {
            "id": of.id,
            "data": of.data,
            "s": self._hubs[of.src],
            "z": self._hubs[of.dst],
            "free": self._path(of.free),
            "rtt": _short(of.free_round_trip_ms),
            "by": [self._under(one) for one in of.under],
            "cuts": [self._cut(one) for one in of.cuts],
        }

    def _under(self, of: Under) -> JsonObject:
        plain: JsonObject = {"st": of.state, "w": self._path(of.path)}
        more: JsonObject = {
            "rtt": _short(of.round_trip_ms),
            "permit": of.permit,
            "law": [self._law[law_key(one)] for one in of.legal],
            "extra": _short(of.extra_ms),
            "in": None if of.interval_ms is None else [_short(one) for one in of.interval_ms],
            "sure": _short(of.certain_ms),
            "got": _short(of.measured_ms),
            "got1": _short(of.measured_one_way_ms),
            "why": of.why,
            "cl": [
                *(self._clause(one) for one in of.clauses if one.costs_ms != 0),
                *map(self._priced, of.priced),
            ],
        }
        if of.certainty is not None:
            interval = of.certainty.rtt_ms
            more |= {"tie": int(of.certainty.near_tie)}
            if interval is not None:
                more |= {"rin": [_short(interval.low), _short(interval.high)]}
        return plain | {name: value for name, value in more.items() if value not in (None, "", [])}

    def _clause(self, of: Clause) -> list[object]:
        return self._named(of, _short(of.costs_ms))

    def _priced(self, of: Cause) -> list[object]:
        return self._named(of, COSTS.get(of.costs, "longer by"))

    def _named(self, of: Clause | Cause, cost: object) -> list[object]:
        law = [self._law[law_key(one)] for one in of.legal]
        name = f"{of.policy} {of.clause}"
        return [name, cost, caveat_of(of).strip(" ()") or "confident", law]

    def _cut(self, of: CutEntry) -> list[object]:
        """Names of what is dead, its fibres; the path at once, and the one chosen again."""
        dead = [one.partition(":") for one in of.dead]
        kind, _, name = dead[0]
        return [
            [" ".join((KINDS.get(kind, kind), name)) for kind, _, name in dead],
            self._fibres_of.get(name, []) if kind in OF_FIBRES else [],
            self._path(of.at_once if of.delivered else None),
            self._path(of.again),
        ]

    def _path(self, of: PathDocument | None) -> int:
        """The number of a path; paths are kept as JSON, which can be distinguished."""
        if of is None:
            return NO_PATH
        fibres = [self._fibres[one] for one in of.fibres]
        gateways = [self._hubs[one] for one in of.gateways]
        crosses, may = " ".join(of.crosses), " ".join(of.may_cross)
        path = [self._hubs[of.hubs[0]], fibres, _short(of.one_way_ms), crosses, may, gateways]
        return self._paths.of(json.dumps(path))


def _hub(of: HubEntry, place: tuple[float, float]) -> JsonObject:
    plain: JsonObject = {
        "id": of.id,
        "name": of.name,
        "j": of.jurisdiction,
        "role": of.role,
        "xy": [round(one, 1) for one in place],
    }
    if of.local_name:
        lang = language(of.local_name, of.jurisdiction)
        plain |= {"local": of.local_name, "lang": lang}
    return plain


def _law(of: Reference) -> list[str]:
    caveats = [confidence_word(one) for one in (of.status, of.confidence) if one not in FINE]
    return [of.id, of.citation, safe_address(of.address), ", ".join(caveats)]


FINE = ("in-force", "confident", "")


def _short(value: float | None) -> float | None:
    """A number to hundredths, as an integer where it is one."""
    if value is None:
        return None
    rounded = round(value, DECIMALS)
    return int(rounded) if rounded == int(rounded) else rounded


def as_text(document: JsonObject) -> str:
    """JSON that no parser of HTML takes for the end of its element."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


# The map itself, as the template draws it.

LABEL_UNITS = 14.0
"""Height of names on the whole map, where no script places them."""


@dataclass(frozen=True)
class Option:
    number: int
    text: str


@dataclass(frozen=True)
class Group:
    """Demands from one jurisdiction."""

    name: str
    demands: Sequence[Option]


@dataclass(frozen=True)
class Stage:
    width: float
    height: float
    layers: Mapping[str, Markup]
    """Of the map, as SVG, by name."""
    lines: Sequence[tuple[str, str]]
    """Of the key: classes, and what they mean."""
    key: Sequence[tuple[str, Markup]]
    """Of the key: jurisdictions and their marks."""
    sets: Sequence[str]
    groups: Sequence[Group]
    chosen: int
    chosen_set: int
    has_cuts: bool
    shown: str
    """Which demand that is, in words."""
    credits: str
    model: str


def stage_of(
    where: MapDocument,
    demands: Sequence[Asked],
    sets: Sequence[str],
    lawful: str = "path under policies",
    base: str = WITHOUT,
) -> Stage:
    """Of a map; ``sets`` are the names of those that demands are under."""
    drawn = atlas(where)
    first = flagship(demands)
    chosen, of_set = first
    model = Model(where, drawn, demands, sets, first, base)
    paths = _paths(demands[chosen], of_set) if demands else []
    drawing = path_drawing(drawn, paths, Names(LABEL_UNITS, whole(drawn)))
    return Stage(
        width=drawing.view.width,
        height=drawing.view.height,
        layers=layers_of(drawing),
        lines=[
            *((LAWFUL.name, lawful), (FREE.name, base), (DEAD.name, "cut")),
            *((FIBRES[name].name, MEDIA[name]) for name in ("terrestrial", "submarine")),
        ],
        key=hub_key(drawn),
        sets=sets,
        groups=_groups(where, demands),
        chosen=chosen,
        chosen_set=of_set,
        has_cuts=any(one.cuts for one in demands),
        shown=_shown(demands[chosen], sets, of_set) if demands else "no demand",
        credits=f"{source()}. No borders of states are drawn.",
        model=as_text(model.document),
    )


def layers_of(drawing: Drawing) -> dict[str, Markup]:
    """Fibres have numbers as ids, and hubs as data, for the script."""
    prefixes = {"fibres": "f", "hubs": "h"}
    return {
        name: Markup(svg(marks, prefixes.get(name, "")))  # noqa: S704 - our own marks, escaped
        for name, marks in drawing.layers.items()
    }


def hub_key(drawn: Atlas) -> list[tuple[str, Markup]]:
    """Jurisdictions, and their marks as SVG."""
    shown = [(name, svg([Symbol(hub_look(mark), mark, (0.0, 0.0))])) for name, mark in drawn.key]
    return [(name, Markup(drawn)) for name, drawn in shown]  # noqa: S704 - our own marks


def _paths(of: Asked, of_set: int) -> list[DrawnPath]:
    """Its path under policies and the one without, above it."""
    both = ((LAWFUL, of.under[of_set].path), (FREE, of.free))
    return [DrawnPath(look, path.fibres) for look, path in both if path]


def _groups(where: MapDocument, demands: Sequence[Asked]) -> list[Group]:
    """By the jurisdiction where they begin; numbers are those of all demands."""
    names: Mapping[str, str] = where.jurisdictions
    begins = {hub.id: names[hub.jurisdiction] for hub in where.hubs}

    def key(number: int) -> str:
        return begins[demands[number].src]

    ordered = sorted(range(len(demands)), key=key)
    return [
        Group(name, [Option(number, _option(demands[number])) for number in numbers])
        for name, numbers in groupby(ordered, key)
    ]


def _option(of: Asked) -> str:
    (first, *others) = of.under
    if others or first.state in (Outcome.PERMITTED, Outcome.SERVED):
        return of.id
    return f"{of.id} ({first.said})"


def _shown(of: Asked, sets: Sequence[str], of_set: int) -> str:
    under = of.under[of_set]
    name = f"{of.id} under {sets[of_set]}" if len(sets) > 1 else of.id
    if under.is_kept_back:
        return f"{name}, {under.said}"
    return (
        f"{name}, {ms(under.round_trip_ms)} ms round trip under policies, "
        f"{ms(of.free_round_trip_ms)} ms without"
    )
