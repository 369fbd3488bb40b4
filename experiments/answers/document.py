"""``answers.json``: what a scenario comes to under its policies, before anything is measured. Pure.

docs/results.md says what each key holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from corridor.controller.explain import Explanation
from corridor.controller.explain.clauses import ClauseCost
from corridor.controller.explain.explanation import Outage
from corridor.controller.explain.path_summary import Reference
from corridor.controller.policy.clauses.clause import StatementKind
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.certainty import certainty_summary
from corridor.experiments.answers.demand_parts import (
    AnycastSummary,
    UncertaintySummary,
    anycast_summary,
)
from corridor.experiments.answers.gathering import Gathered
from corridor.experiments.answers.internet_cut import InternetCut, figures_of, internet_cut
from corridor.experiments.answers.map_document import (
    MapDocument,
    PathDocument,
    map_document,
    path_document,
)
from corridor.experiments.answers.outcome import Outcome, outcome_of
from corridor.experiments.answers.price import DemandPrice, Total
from corridor.experiments.answers.price_causes import Basis, Cause
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.codec import OMIT_EMPTY, Document
from corridor.topologies.model.topology import Confidence

ANSWERS_FILE = "answers.json"
"""In the folder of a run."""
ANSWERS_SCHEMA = 2
MOST_REMEDIES = 4
ELEMENTS = {"cut": "link", "group": "srlg", "hub": "hub"}
"""By kinds of events: what they cut."""


@dataclass(frozen=True, kw_only=True)
class Clause:
    """A hard clause that changes the path in force, and the one-way delay that it adds."""

    policy: str
    clause: str
    says: str
    kind: StatementKind | None
    """``text``, ``interpretation`` or ``assumption``; None for the set's own rule."""
    confidence: Confidence
    costs_ms: float
    legal: tuple[Reference, ...]


@dataclass(frozen=True, kw_only=True)
class CauseEntry:
    """A clause that takes something from the demand or its answers: ``Cause`` says what."""

    costs: str
    policy: str
    clause: str
    reason: str
    basis: Basis
    confidence: Confidence
    legal: tuple[Reference, ...]


@dataclass(frozen=True, kw_only=True)
class CutEntry:
    """What one failure that its packets meet does. ``again`` is what the controller then plans."""

    dead: tuple[str, ...]
    found_at: str
    protected: bool
    delivered: bool
    at_once: PathDocument | None
    again: PathDocument | None


@dataclass(frozen=True, kw_only=True)
class RoundTrip:
    """In ms, of fibres and terminals: unconstrained, and over the shortest permitted path."""

    free: float | None
    lawful: float | None


@dataclass(frozen=True, kw_only=True)
class DemandAnswer:
    id: str
    class_: str
    data: str
    src: str
    dst: str
    status: str
    permit: str | None
    judged: bool
    legal: tuple[Reference, ...]
    free: PathDocument | None
    lawful: PathDocument | None
    why: str
    anycast: AnycastSummary | None
    """Where it may go to any of several hubs: ``dst`` is the one that serves it."""
    clauses: tuple[Clause, ...]
    causes: tuple[CauseEntry, ...]
    remedies: tuple[str, ...]
    round_trip_ms: RoundTrip
    kept_back: bool
    """Or its answers are."""
    kept_back_by_certain_rules: bool
    extra_ms: float | None
    extra_interval_ms: tuple[float, ...] | None
    """The middle 90 % of Monte Carlo samples of the map."""
    extra_median_ms: float | None
    """Of those samples."""
    extra_percentile: float | None
    """Of ``extra_ms`` among those samples, from 0 to 1."""
    certain_extra_ms: float | None
    single_points: tuple[str, ...]
    lost_protection: tuple[str, ...]
    cuts: tuple[CutEntry, ...]
    certainty: UncertaintySummary | None

    def outcome(self, policies: str) -> Outcome:
        """Return the outcome of the demand and its answers under a policy set."""
        status = "BLOCKED" if self.kept_back else self.status
        return outcome_of(
            "DOWN" if self.round_trip_ms.lawful is None and not self.kept_back else status,
            is_checked=policies != NO_POLICIES,
            is_covered=self.judged,
            extra_ms=self.extra_ms,
        )


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What the policies cost all demands."""

    by_certain_rules: Total
    with_readings: Total


@dataclass(frozen=True, kw_only=True)
class EventOnInternet:
    """A cut of the timeline, as if it lasted: each event alone."""

    event: str
    cut: InternetCut


@dataclass(frozen=True, kw_only=True)
class Answers(Document):
    schema: int
    asked: str
    """What commands take for the same: the scenario as its user named it, with options that change
    what it means; empty for what they do if nothing is stated."""
    scenario: str
    title: str
    policies: str
    as_of: str
    against: str
    law_of: tuple[str, ...]
    """Jurisdictions whose data the set has rules for, as far as demands are of such data."""
    protect: int
    """How many failures the switches are to bridge, in addition to what permits ask for."""
    readings: tuple[str, ...]
    """Restricts and denies of the set that are not certain."""
    map: MapDocument
    demands: tuple[DemandAnswer, ...]
    totals: Totals
    internet: tuple[EventOnInternet, ...] = field(default=(), metadata=OMIT_EMPTY)
    """Events of the timeline that take background Internet traffic: computed, never emulated."""


def document(of: Gathered, asked: str) -> Answers:
    loaded = of.loaded
    return Answers(
        schema=ANSWERS_SCHEMA,
        asked=asked,
        scenario=loaded.scenario.name,
        title=loaded.scenario.title,
        policies=loaded.policies.name,
        as_of=str(loaded.as_of),
        against=NO_POLICIES,
        law_of=_law_of(loaded),
        protect=loaded.scenario.protect.k,
        readings=of.priced.readings,
        map=map_document(loaded.topology),
        demands=tuple(_demand(of, one) for one in loaded.scenario.demands),
        totals=Totals(
            by_certain_rules=of.priced.by_certain_rules, with_readings=of.priced.with_readings
        ),
        internet=tuple(internet_of(loaded)),
    )


def internet_of(loaded: LoadedScenario) -> Iterator[EventOnInternet]:
    """Yield the cuts of the timeline that take background traffic."""
    related, day = figures_of(loaded)
    for event in loaded.events:
        if event.kind.key in ELEMENTS:
            named = (f"{ELEMENTS[event.kind.key]}:{event.what}",)
            found = internet_cut(related, named, day, by_direction=False)
            if found is not None and found.countries:
                yield EventOnInternet(event=event.id, cut=found)


def _law_of(loaded: LoadedScenario) -> tuple[str, ...]:
    scenario = loaded.scenario
    used = {name for one in scenario.demands for name in (one.data, one.returns)}
    classes = (one for one in loaded.policies.classes if one.id in used)
    return tuple(sorted({origin for one in classes for origin in one.origin}))


def _demand(of: Gathered, demand: Demand) -> DemandAnswer:
    found, priced = of.explained[demand.id], of.prices[demand.id]
    certainty = of.certain.demands.get(demand.id)
    whole, certain = priced.with_readings, priced.by_certain_rules
    return DemandAnswer(
        id=demand.id,
        class_=demand.data_class,
        data=found.data_class,
        src=demand.src,
        dst=demand.dst,
        status=found.status,
        permit=found.permit.policy if found.permit else None,
        judged=not priced.not_judged,
        legal=found.permit.legal if found.permit else (),
        free=path_document(found.shortest),
        lawful=path_document(found.passage),
        why=_why(found),
        anycast=anycast_summary(demand.anycast),
        clauses=tuple(_clause(one) for one in found.clauses),
        causes=tuple(_cause(one) for one in priced.causes),
        remedies=tuple(str(one) for one in found.remedies[:MOST_REMEDIES]),
        round_trip_ms=RoundTrip(
            free=2 * found.shortest.one_way_ns / 1e6 if found.shortest else None,
            lawful=priced.round_trip_ms,
        ),
        kept_back=whole.kept_back,
        kept_back_by_certain_rules=certain.kept_back,
        extra_ms=whole.extra_ms,
        extra_interval_ms=_interval(priced),
        extra_median_ms=priced.certainty.interval.median_ms if priced.certainty else None,
        extra_percentile=priced.certainty.percentile if priced.certainty else None,
        certain_extra_ms=certain.extra_ms,
        single_points=priced.single_points,
        lost_protection=whole.lost,
        cuts=tuple(_cut(one) for one in found.outages),
        certainty=None if certainty is None else certainty_summary(certainty),
    )


def _why(found: Explanation) -> str:
    """What blocks the demand, or which of its requirements are not satisfied."""
    if found.passage is None:
        return "; ".join(str(one) for one in found.forbids_shortest)
    return "; ".join(found.lacks)


def _interval(priced: DemandPrice) -> tuple[float, ...] | None:
    of = priced.certainty
    return None if of is None else (of.interval.low_ms, of.interval.high_ms)


def _clause(of: ClauseCost) -> Clause:
    return Clause(
        policy=of.policy,
        clause=of.clause,
        says=of.says,
        kind=of.kind,
        confidence=of.confidence,
        costs_ms=of.costs_ns / 1e6,
        legal=of.legal,
    )


def _cause(of: Cause) -> CauseEntry:
    return CauseEntry(
        costs=of.costs,
        policy=of.policy,
        clause=of.clause,
        reason=of.reason,
        basis=of.basis,
        confidence=of.confidence,
        legal=of.legal,
    )


def _cut(of: Outage) -> CutEntry:
    return CutEntry(
        dead=of.dead,
        found_at=of.found_at,
        protected=of.protected,
        delivered=of.delivered,
        at_once=path_document(of.at_once),
        again=path_document(of.again.passage),
    )
