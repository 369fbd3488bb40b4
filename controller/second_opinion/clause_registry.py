"""All hard clauses that the second opinion knows: for each a function that objects to a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from corridor.controller.second_opinion.declared import (
    Plain,
    is_given,
    listed,
    names,
    refuse_others,
    short_form,
)
from corridor.controller.second_opinion.expressions import Reading, parsed
from corridor.controller.second_opinion.journey import Element, Journey
from corridor.controller.second_opinion.selectors import (
    EXCEPT,
    KEYS,
    Known,
    Places,
    has,
    is_excepted,
    selects,
    speaks_of,
    unserved,
)
from corridor.topologies.base.registry import Registry
from corridor.topologies.base.units import parse_duration_ns
from corridor.topologies.model.domains import DomainMap, domains_of
from corridor.topologies.model.topology import UNKNOWN_JURISDICTION, Fibre, Hub

WITHIN, UNKNOWN_OPERATOR, ANY_OF = "within", "unknown_operator", "any_of"
INSPECTED = "waypoints"
"""The clause that has packets go through gateways."""


class ClauseReader(NamedTuple):
    """How a clause is judged by this room."""

    key: str
    objection: Callable[[Any, Journey, Places], str]
    """From what a clause asks for: why a path is against it; empty where it is not, or not yet."""


def _confine(asked: Any, journey: Journey, places: Places) -> str:
    """Every hub is in, and every fibre certainly crosses only, some jurisdictions."""
    clause: Plain = asked if isinstance(asked, Mapping) else {WITHIN: asked}
    refuse_others(clause, (*KEYS, WITHIN, EXCEPT))
    for element in journey.elements:
        if is_excepted(clause, element, places) is True:
            continue
        if is_given(clause.get(WITHIN)) and not _stays(element, names(clause[WITHIN]), places):
            return f"{element.id} is not certainly within {', '.join(names(clause[WITHIN]))}"
        for key, value in clause.items():
            if key in (WITHIN, EXCEPT) or not speaks_of(key, element):
                continue
            if has(element, key, value, places) is not True:
                return f"{element.id} does not certainly have the {key} that is asked for"
    return ""


def _stays(element: Element, within: tuple[str, ...], places: Places) -> bool:
    if isinstance(element, Hub):
        return places.lies_in(element.located_in, within) is True
    met = (*element.crosses, *element.may_cross_codes)
    return all(places.lies_in(code, within) is True for code in met)


def _avoid(asked: Plain, journey: Journey, places: Places) -> str:
    """Nothing between the ends has any of some properties, or may have."""
    refuse_others(asked, (*KEYS, UNKNOWN_OPERATOR, ANY_OF, EXCEPT))
    between: list[Element] = [*journey.hubs_between, *journey.fibres]
    for element in between:
        if is_excepted(asked, element, places) is True:
            continue
        for key, value in asked.items():
            if key in (UNKNOWN_OPERATOR, ANY_OF, EXCEPT) or not speaks_of(key, element):
                continue
            if is_given(value) and _may_have(asked, element, key, value, places):
                return f"{element.id} is, or may be, of {key} {value}"
        for selector in listed(asked.get(ANY_OF)):
            if selects(selector, element, places) is not False:
                return f"{element.id} is, or may be, one of {selector}"
    return ""


def _may_have(asked: Plain, element: Element, key: str, value: Any, places: Places) -> bool:
    answer: Known = has(element, key, value, places)
    if answer is None and key == "operated_by" and asked.get(UNKNOWN_OPERATOR) == "accept":
        return False
    return answer is not False


def _terminate(asked: Any, journey: Journey, places: Places) -> str:
    """The last hub is in one of some jurisdictions."""
    only = names(short_form(asked, "only"))
    last = journey.hubs[-1]
    if journey.ended and places.lies_in(last.located_in, only) is not True:
        return f"it ends at {last.id}, which is not certainly in {', '.join(only)}"
    return ""


def _waypoints(asked: Sequence[Plain], journey: Journey, places: Places) -> str:
    """Packets go through gateways of some hubs, in an order, some before the border."""

    def serves(position: int, stop: Plain) -> bool:
        number, is_fibre = divmod(position, 2)
        if is_fibre or number not in journey.inspected:
            return False
        return selects(stop["any_of"], journey.hubs[number], places) is True

    late = unserved(asked, journey, places, serves)
    return f"waypoint {late} is not passed in time" if late else ""


def _hops(asked: Any, journey: Journey, _places: Places) -> str:
    """The path has at most this many fibres."""
    most = int(short_form(asked, "most"))
    count = len(journey.fibres)
    return f"{count} fibres are more than {most}" if count > most else ""


def _via(asked: Any, journey: Journey, places: Places) -> str:
    """The path goes by some hubs or fibres, in an order, some before the border."""
    stops = [_as_a_stop(one) for one in listed(short_form(asked, "stops"))]
    elements = list(journey.elements)

    def serves(position: int, stop: Plain) -> bool:
        return selects(stop[ANY_OF], elements[position], places) is True

    late = unserved(stops, journey, places, serves)
    return f"stop {late} is not passed in time" if late else ""


def _as_a_stop(written: Any) -> Plain:
    """A stop may be written as its selector alone."""
    return written if isinstance(written, dict) and ANY_OF in written else {ANY_OF: written}


def _no_return(asked: Any, journey: Journey, places: Places) -> str:
    """Once the path has left a region, it does not enter it again.

    Whether three elements, in this order, may be inside, outside and inside.
    """
    region = places.codes(names(short_form(asked, "to")))
    wanted = ["inside", "outside", "inside"]
    for element in journey.elements:
        if wanted[0] in _sides(element, region):
            wanted.pop(0)
            if not wanted:
                return f"at {element.id} it may be back in what it has left"
    return ""


def _sides(element: Element, region: frozenset[str]) -> set[str]:
    """``inside``, ``outside``, both where it is not known, and nothing of a fibre that is where
    its ends are."""
    both = {"inside", "outside"}
    if isinstance(element, Hub):
        if element.located_in == UNKNOWN_JURISDICTION:
            return both
        return {"inside"} if element.located_in in region else {"outside"}
    if not region.isdisjoint(element.crosses):
        return {"inside"}
    touched = {*element.crosses, *element.may_cross_codes}
    unknown = UNKNOWN_JURISDICTION in touched
    may_be_inside = unknown or not region.isdisjoint(element.may_cross_codes)
    return {
        *(["inside"] if may_be_inside else []),
        *(["outside"] if touched - region else []),
    }


def _path(asked: Any, journey: Journey, places: Places) -> str:
    """The whole path fits a regular expression over its hubs and fibres."""
    expression = str(short_form(asked, "expression"))
    reading = Reading(journey, places)
    fits = len(journey.hubs) in parsed(expression).ends(reading, 0)
    if fits or (not journey.ended and reading.ran_out):
        return ""
    return f"it does not fit {expression}"


def _borders(asked: Any, journey: Journey, places: Places) -> str:
    """The path crosses, or may cross, at most this many borders of jurisdictions."""
    most = int(short_form(asked, "most"))
    legs = zip(journey.fibres, pairwise(journey.hubs), strict=True)
    crossed = sum(_along(fibre, near, far, places) for fibre, (near, far) in legs)
    return f"{crossed} borders are more than {most}" if crossed > most else ""


def _along(fibre: Fibre, near: Hub, far: Hub, places: Places) -> int:
    """How many borders there may be between two hubs."""
    thirds = {*fibre.crosses, *fibre.may_cross_codes}
    if thirds:
        return len(thirds) + 1
    same = places.lies_in(near.located_in, (far.located_in,))
    return 0 if same and places.lies_in(far.located_in, (near.located_in,)) else 1


def _carriers(asked: Any, journey: Journey, places: Places) -> str:
    """Each end of a fibre, or each next to a border, certainly belongs to an allowed operator."""
    clause: Plain = asked if isinstance(asked, Mapping) else {"operators": asked}
    refuse_others(clause, ("operators", "at", "within", "unstated"))
    known = domains_of(journey.topology) if journey.topology else None
    for fibre in journey.fibres:
        for hub in (fibre.a, fibre.z):
            may = _may_run(clause, known, fibre, hub, places)
            if may is False or (may is None and clause.get("unstated") != "accept"):
                return f"{fibre.id} is not certainly run by an allowed operator at {hub}"
    return ""


def _may_run(
    clause: Plain, known: DomainMap | None, fibre: Fibre, hub: str, places: Places
) -> Known:
    """Whether an allowed operator runs an end, or the clause is not about that end."""
    end = known.known_end(fibre.id, hub) if known else None
    if known is None or end is None:
        return None
    operator, _, country = end.domain.partition("@")
    is_given_within = is_given(clause.get("within"))
    if is_given_within and places.lies_in(country, names(clause["within"])) is False:
        return True
    others = (known.domain(fibre.id, fibre.other_end(hub)), *known.at_hub[hub])
    met = {one.partition("@")[2] for one in others}
    if clause.get("at") == "border" and met == {country} != {UNKNOWN_JURISDICTION}:
        return True
    if end.basis not in ("published", "derived", "stated"):
        return None
    allowed, entry = names(clause["operators"]), known.operators.get(operator)
    if operator in allowed or (entry is not None and entry.name in allowed):
        return True
    homes = tuple(one for one in allowed if places.is_place(one))
    if not homes:
        return False
    return None if entry is None else places.lies_in(entry.country, homes)


def _max_one_way(asked: Any, journey: Journey, _places: Places) -> str:
    """The pure one-way delay of the path is within a budget."""
    late = journey.one_way_delay_ns > parse_duration_ns(asked)
    return f"{journey.one_way_delay_ns / 1e6:g} ms are more than {asked}" if late else ""


OBJECTIONS = Registry(
    "corridor.second_opinions",
    (
        ClauseReader("confine", _confine),
        ClauseReader("avoid", _avoid),
        ClauseReader("terminate", _terminate),
        ClauseReader(INSPECTED, _waypoints),
        ClauseReader("hops", _hops),
        ClauseReader("via", _via),
        ClauseReader("no_return", _no_return),
        ClauseReader("path", _path),
        ClauseReader("borders", _borders),
        ClauseReader("carriers", _carriers),
        ClauseReader("max_one_way", _max_one_way),
    ),
    of=ClauseReader,
)
"""By the names of clauses."""
