"""What a page shows of a demand, under one policy set or several. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from corridor.controller.explain.path_summary import Reference
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import DemandSummary, Summary
from corridor.experiments.answers.demand_parts import (
    AnycastSummary,
    UncertaintySummary,
    anycast_said,
)
from corridor.experiments.answers.document import (
    Answers,
    CauseEntry,
    Clause,
    CutEntry,
    DemandAnswer,
)
from corridor.experiments.answers.map_document import MapDocument, PathDocument
from corridor.experiments.answers.outcome import Outcome, outcome_of
from corridor.experiments.answers.price_causes import Cause
from corridor.experiments.pages.words import permit_word
from corridor.experiments.text.demand_table import typical_ms, undisturbed_rtt_ms
from corridor.topologies.base.words import counted, is_longer, joined

"""An object of ``answers.json``, ``summary.json`` or ``price.json``."""


@dataclass(frozen=True)
class Under:
    """One demand under one policy set. Times in ms; None where there is no such thing."""

    state: Outcome
    permit: str
    why: str
    """Why it is blocked, or what it lacks."""
    legal: Sequence[Reference] = ()
    path: PathDocument | None = None
    round_trip_ms: float | None = None
    extra_ms: float | None = None
    interval_ms: Sequence[float] | None = None
    certain_ms: float | None = None
    """What rules that are certain add; the rest is by readings."""
    kept_by_certain_rules: bool = False
    clauses: Sequence[Clause] = ()
    """Those that bind the path there, with what each costs."""
    priced: Sequence[Cause] = ()
    """Clauses of a price, which states no cost of a single one."""
    causes: Sequence[CauseEntry] = ()
    """Those that take something from it or its answers."""
    remedies: Sequence[str] = ()
    measured_ms: float | None = None
    """The median round trip."""
    measured_one_way_ms: float | None = None
    certainty: UncertaintySummary | None = None
    single_points: Sequence[str] = ()

    @property
    def said(self) -> str:
        return self.state.word

    @property
    def is_kept_back(self) -> bool:
        return not self.state.is_served

    @property
    def is_costly(self) -> bool:
        return self.is_kept_back or is_longer(self.extra_ms)


@dataclass(frozen=True)
class Asked:
    """One demand."""

    id: str
    data: str
    src: str
    dst: str
    free: PathDocument | None
    """The shortest path without policies."""
    free_round_trip_ms: float | None
    under: Sequence[Under]
    """By policy set."""
    cuts: Sequence[CutEntry] = ()
    """The outcome of it under the first set while something is dead."""
    anycast: str = ""
    """Which hub serves it, where it may go to any of several; empty elsewhere."""


def of_answers(answers: Answers, summary: Summary | None) -> list[Asked]:
    """The demands of ``answers.json``, with what ``summary.json`` measured of them."""
    measured = {} if summary is None else {one.of.id: one for one in _undisturbed(summary)}
    policies = answers.policies
    return [_asked(one, measured.get(one.id), policies) for one in answers.demands]


def of_summary(summary: Summary) -> list[Asked]:
    """Of a run that left no ``answers.json``: what was measured, without what would be."""
    return [_measured_only(one, summary.policies) for one in _undisturbed(summary)]


@dataclass(frozen=True)
class _Undisturbed:
    """What was measured of a demand before events changed it: medians."""

    of: DemandSummary
    rtt_ms: float | None
    one_way_ms: float | None
    """None where events changed the demand."""


def _undisturbed(summary: Summary) -> Iterator[_Undisturbed]:
    before_ms = undisturbed_rtt_ms(summary)
    for one in summary.demands:
        median_ms, both = before_ms[one.id], one.one_way_ms
        same = both is not None and median_ms == typical_ms(one.rtt_ms)
        yield _Undisturbed(one, median_ms, typical_ms(both.forward) if both and same else None)


def _asked(of: DemandAnswer, measured: _Undisturbed | None, policies: str) -> Asked:
    under = Under(
        state=of.outcome(policies),
        permit=permit_word(of.permit),
        legal=of.legal,
        path=of.lawful,
        round_trip_ms=of.round_trip_ms.lawful,
        extra_ms=of.extra_ms,
        interval_ms=of.extra_interval_ms,
        certain_ms=of.certain_extra_ms,
        kept_by_certain_rules=of.kept_back_by_certain_rules,
        why=of.why,
        clauses=of.clauses,
        causes=of.causes,
        remedies=of.remedies,
        measured_ms=measured.rtt_ms if measured else None,
        measured_one_way_ms=measured.one_way_ms if measured else None,
        certainty=of.certainty or (measured.of.certainty if measured else None),
        single_points=of.single_points,
    )
    return Asked(
        id=of.id,
        data=of.data,
        src=of.src,
        dst=of.dst,
        free=of.free,
        free_round_trip_ms=of.round_trip_ms.free,
        under=(under,),
        cuts=of.cuts,
        anycast=_anycast(of.anycast),
    )


def _measured_only(measured: _Undisturbed, policies: str) -> Asked:
    of = measured.of
    under = Under(
        state=outcome_of(
            of.status, is_checked=policies != NO_POLICIES, is_covered=not of.not_judged
        ),
        permit=permit_word(of.permit),
        why=of.why,
        measured_ms=measured.rtt_ms,
        measured_one_way_ms=measured.one_way_ms,
        certainty=of.certainty,
    )
    ends = of.id, of.data, of.src, of.dst
    return Asked(*ends, None, None, (under,), anycast=_anycast(of.anycast))


def _anycast(found: AnycastSummary | None) -> str:
    return anycast_said(found) if found else ""


def flagship(demands: Sequence[Asked]) -> tuple[int, int]:
    """The numbers of the demand and of the set that a page shows first: the most delayed one, else
    one that only the set blocks, else one that lost protection or is blocked, else the first."""

    def rank(place: tuple[int, int]) -> tuple[float, bool, bool, bool]:
        one = demands[place[0]]
        under = one.under[place[1]]
        blocked, reachable = under.is_kept_back, one.free is not None
        return under.extra_ms or 0.0, blocked and reachable, bool(under.single_points), blocked

    places = [(number, of) for number, one in enumerate(demands) for of in range(len(one.under))]
    return max(places, key=rank, default=(0, 0))


def law_key(of: Reference) -> str:
    """What tells a rule of law from others: its id, or free text that has none."""
    return of.id or of.citation


def references(demands: Iterable[Asked]) -> list[Reference]:
    """Every rule of law that is cited, each once, in the order in which it comes up."""
    found: dict[str, Reference] = {}
    for demand in demands:
        for under in demand.under:
            cited = (under.clauses, under.causes, under.priced)
            of_clauses = (law for each in cited for one in each for law in one.legal)
            for law in (*under.legal, *of_clauses):
                found.setdefault(law_key(law), law)
    return list(found.values())


# The table of all demands: where each may go, how long it takes, and why. Pure.


@dataclass(frozen=True)
class DemandTable:
    title: str
    said: str
    demands: Sequence[Asked]
    names: Mapping[str, str]
    """Of hubs, by id; short."""
    has_map: bool


def demand_table(demands: Sequence[Asked], where: MapDocument | None) -> DemandTable:
    """Of a map, if there is one."""
    names = {one: one for demand in demands for one in (demand.src, demand.dst)}
    names |= {hub.id: hub.short_name for hub in where.hubs} if where else {}
    counts = Counter(one.under[0].state for one in demands)
    longer = counts.pop(Outcome.LONGER, 0)
    counts[Outcome.PERMITTED] += longer
    parts = [f"{counts[one]} {one.word}" for one in Outcome if counts[one]]
    if longer:
        parts[0] += f" ({longer} on a longer path)"
    said = f"{counted(len(demands), 'demand')}: {joined(parts)}. Counts include reverse demands."
    return DemandTable("All demands", said, demands, names, where is not None)
