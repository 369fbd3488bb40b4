"""``answers.json``: what a scenario comes to under its policies, before anything is measured. Pure.

docs/results.md says what each key holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from corridor.controller.explain import Explanation
from corridor.controller.explain.clauses import ClauseCost
from corridor.controller.explain.outages import Outage
from corridor.controller.explain.path_summary import Passage
from corridor.controller.explain.references import Reference
from corridor.controller.policy.routes import Remedy
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.gathering import Gathered
from corridor.experiments.answers.map_document import MapDocument, map_document
from corridor.experiments.answers.words import ms
from corridor.experiments.results.anycast_text import AnycastSummary, anycast_json
from corridor.experiments.results.certainty import certainty_json
from corridor.experiments.results.price import DemandPrice
from corridor.experiments.results.price_causes import Cause
from corridor.experiments.results.summary import CertaintySummary
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.codec import JsonObject, to_plain

ANSWERS_FILE = "answers.json"
"""In the folder of a run."""
ANSWERS_SCHEMA = 2
MOST_REMEDIES = 4


class Way(TypedDict):
    """A path one way; ``phases`` is empty where no policy was asked."""

    hubs: list[str]
    fibres: list[str]
    one_way_ms: float
    length_km: float
    crosses: list[str]
    may_cross: list[str]
    gateways: list[str]
    phases: list[str]


class Law(TypedDict):
    """``id`` and ``address`` are empty for free text, or where none is known."""

    id: str
    citation: str
    address: str
    confidence: str
    status: str


class Clause(TypedDict):
    """A hard clause that binds the way in force, and what it alone costs one way."""

    policy: str
    clause: str
    says: str
    kind: str | None
    """``text``, ``interpretation`` or ``assumption``; None for the set's own rule."""
    confidence: str
    costs_ms: float
    legal: list[Law]


class CauseEntry(TypedDict):
    """A clause that takes something from the demand or its answers: ``Cause`` says what."""

    costs: str
    policy: str
    clause: str
    reason: str
    basis: str
    confidence: str
    legal: list[Law]


class CutEntry(TypedDict):
    """What one failure that its packets meet does. ``again`` is what the controller then plans."""

    dead: list[str]
    found_at: str
    protected: bool
    delivered: bool
    at_once: Way | None
    again: Way | None


class RoundTrip(TypedDict):
    """In ms, of fibres and terminals: the shortest there is, and the least lawful one."""

    free: float | None
    lawful: float | None


_Classed = TypedDict("_Classed", {"class": str})


class DemandAnswer(_Classed):
    id: str
    data: str
    src: str
    dst: str
    status: str
    permit: str | None
    judged: bool
    legal: list[Law]
    free: Way | None
    lawful: Way | None
    why: str
    anycast: AnycastSummary | None
    """Where it may go to any of several hubs: ``dst`` is the one that serves it."""
    clauses: list[Clause]
    causes: list[CauseEntry]
    remedies: list[str]
    round_trip_ms: RoundTrip
    kept_back: bool
    """Or its answers are."""
    kept_back_by_certain_rules: bool
    extra_ms: float | None
    extra_interval_ms: list[float] | None
    """The middle 90 % of Monte Carlo samples of the map."""
    extra_median_ms: float | None
    """Of those samples."""
    extra_percentile: float | None
    """Of ``extra_ms`` among those samples, from 0 to 1."""
    certain_extra_ms: float | None
    single_points: list[str]
    lost_protection: list[str]
    cuts: list[CutEntry]
    certainty: CertaintySummary | None


class Answers(TypedDict):
    schema: int
    asked: str
    """What commands take for the same: the scenario as its user named it, with options that change
    what it means; empty for what they do if nothing is said."""
    scenario: str
    title: str
    policies: str
    as_of: str
    against: str
    law_of: list[str]
    """Jurisdictions whose data the set has rules for, as far as demands are of such data."""
    protect: int
    """How many failures the switches are to bridge, beside what permits ask for."""
    readings: list[str]
    """Restricts and denies of the set that are not certain."""
    map: MapDocument
    demands: list[DemandAnswer]
    totals: dict[str, JsonObject]


def document(of: Gathered, asked: str) -> Answers:
    loaded = of.loaded
    return {
        "schema": ANSWERS_SCHEMA,
        "asked": asked,
        "scenario": loaded.scenario.name,
        "title": loaded.scenario.title,
        "policies": loaded.policies.name,
        "as_of": str(loaded.as_of),
        "against": NO_POLICIES,
        "law_of": _law_of(loaded),
        "protect": loaded.scenario.protect.k,
        "readings": list(of.priced.readings),
        "map": map_document(loaded.topology),
        "demands": [_demand(of, one) for one in loaded.scenario.demands],
        "totals": {
            "by_certain_rules": to_plain(of.priced.by_certain_rules),
            "with_readings": to_plain(of.priced.with_readings),
        },
    }


def _law_of(loaded: LoadedScenario) -> list[str]:
    scenario = loaded.scenario
    used = {name for one in scenario.demands for name in (one.data, one.returns)}
    classes = (one for one in loaded.policies.classes if one.id in used)
    return sorted({origin for one in classes for origin in one.origin})


def _demand(of: Gathered, demand: Demand) -> DemandAnswer:
    found, priced = of.explained[demand.id], of.prices[demand.id]
    certainty = of.certain.demands.get(demand.id)
    whole, certain = priced.with_readings, priced.by_certain_rules
    return {
        "id": demand.id,
        "class": demand.data_class,
        "data": found.data_class,
        "src": demand.src,
        "dst": demand.dst,
        "status": found.status,
        "permit": found.permit.policy if found.permit else None,
        "judged": not priced.not_judged,
        "legal": _laws(found.permit.legal) if found.permit else [],
        "free": way(found.shortest),
        "lawful": way(found.passage),
        "why": _why(found),
        "anycast": anycast_json(demand.anycast),
        "clauses": [_clause(one) for one in found.clauses],
        "causes": [_cause(one) for one in priced.causes],
        "remedies": [_remedy(one) for one in found.remedies[:MOST_REMEDIES]],
        "round_trip_ms": {
            "free": 2 * found.shortest.one_way_ns / 1e6 if found.shortest else None,
            "lawful": priced.round_trip_ms,
        },
        "kept_back": whole.kept_back,
        "kept_back_by_certain_rules": certain.kept_back,
        "extra_ms": whole.extra_ms,
        "extra_interval_ms": _interval(priced),
        "extra_median_ms": priced.certainty.interval.median_ms if priced.certainty else None,
        "extra_percentile": priced.certainty.percentile if priced.certainty else None,
        "certain_extra_ms": certain.extra_ms,
        "single_points": list(priced.single_points),
        "lost_protection": list(whole.lost),
        "cuts": [_cut(one) for one in found.outages],
        "certainty": None if certainty is None else certainty_json(certainty),
    }


def _why(found: Explanation) -> str:
    """What keeps it back, or what of it is not had."""
    if found.passage is None:
        return "; ".join(str(one) for one in found.forbids_shortest)
    return "; ".join(found.lacks)


def _remedy(of: Remedy) -> str:
    return f"{of.kind} {of.what} (opens {ms(of.one_way_ns / 1e6)} one way)"


def _interval(priced: DemandPrice) -> list[float] | None:
    of = priced.certainty
    return None if of is None else [of.interval.low_ms, of.interval.high_ms]


def way(of: Passage | None) -> Way | None:
    if of is None:
        return None
    return {
        "hubs": list(of.hubs),
        "fibres": list(of.fibres),
        "one_way_ms": of.one_way_ns / 1e6,
        "length_km": of.length_km,
        "crosses": list(of.crosses),
        "may_cross": list(of.may_cross),
        "gateways": list(of.gateways),
        "phases": list(of.phases),
    }


def _laws(of: Iterable[Reference]) -> list[Law]:
    return [
        {
            "id": one.id,
            "citation": one.citation,
            "address": one.address,
            "confidence": one.confidence,
            "status": one.status,
        }
        for one in of
    ]


def _clause(of: ClauseCost) -> Clause:
    return {
        "policy": of.policy,
        "clause": of.clause,
        "says": of.says,
        "kind": of.kind,
        "confidence": of.confidence,
        "costs_ms": of.costs_ns / 1e6,
        "legal": _laws(of.legal),
    }


def _cause(of: Cause) -> CauseEntry:
    return {
        "costs": of.costs,
        "policy": of.policy,
        "clause": of.clause,
        "reason": of.reason,
        "basis": of.basis,
        "confidence": of.confidence,
        "legal": _laws(of.legal),
    }


def _cut(of: Outage) -> CutEntry:
    return {
        "dead": list(of.dead),
        "found_at": of.found_at,
        "protected": of.protected,
        "delivered": of.delivered,
        "at_once": way(of.at_once),
        "again": way(of.again.passage),
    }
