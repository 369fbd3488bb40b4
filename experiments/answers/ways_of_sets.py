"""``ways.json`` beside prices: the map, and which way each demand takes under which set. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from corridor.controller.explain.clauses import forbidding
from corridor.controller.explain.path_summary import passage_of, shortest_passage
from corridor.controller.explain.references import grounds, references
from corridor.controller.policy.model import PolicySet
from corridor.experiments.answers.document import Way, way
from corridor.experiments.answers.map_document import map_document
from corridor.experiments.results.price_sets import Laid, Served
from corridor.topologies.base.codec import JsonObject, to_plain

SCHEMA = 2
WAYS_FILE = "ways.json"


def ways_document(laid: Laid, against: PolicySet, sets: Sequence[PolicySet]) -> JsonObject:
    """``free`` is the shortest way whatever policies say; those under sets are the least lawful
    ones, as prices have them, in the order of ``sets``."""
    before = laid.under(against)
    under = [laid.under(policies) for policies in sets]
    return {
        "schema": SCHEMA,
        "as_of": str(laid.as_of),
        "against": against.name,
        "sets": [policies.name for policies in sets],
        "map": map_document(laid.ways.topology),
        "demands": [
            _demand(laid, was, sets, each) for was, *each in zip(before, *under, strict=True)
        ],
    }


def _demand(
    laid: Laid, was: Served, sets: Sequence[PolicySet], each: Sequence[Served]
) -> JsonObject:
    demand = was.demand
    free = shortest_passage(laid.ways.topology, demand.src, demand.dst)
    return {
        "id": demand.id,
        "free": way(free),
        "against": _way(laid, was),
        "round_trip_ms": None if was.round_trip_ns is None else was.round_trip_ns / 1e6,
        "sets": [
            _under(laid, policies, served) for policies, served in zip(sets, each, strict=True)
        ],
    }


def _under(laid: Laid, policies: PolicySet, served: Served) -> JsonObject:
    there = served.ways[0]
    permit = there.automaton.permit if there else None
    return {
        "way": _way(laid, served),
        "why": "; ".join(_blocked_by(laid, policies, served)),
        "permit": permit.id if permit else None,
        "legal": [to_plain(one) for one in references(permit, laid.as_of)] if permit else [],
    }


def _blocked_by(laid: Laid, policies: PolicySet, served: Served) -> Iterator[str]:
    """What forbids a demand or its answers, whatever the other set does; empty if both go."""
    for ruling, way_taken in zip(served.rulings, served.ways, strict=True):
        if way_taken is None:
            died = forbidding(ruling, policies.known_groups)
            yield from map(str, grounds(died, policies, laid.as_of))


def _way(laid: Laid, served: Served) -> Way | None:
    there = served.ways[0]
    return None if there is None else way(passage_of(laid.ways.topology, there.path))
