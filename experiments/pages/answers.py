"""What is computed of the demands of a run: the cost of policies, the effect of cuts, and how
certain that is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.account.summary import CutsSummary, HitSummary, Summary
from corridor.experiments.answers.demand_parts import UncertaintySummary
from corridor.experiments.answers.document import Answers, CauseEntry, Clause, CutEntry
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.answers.price import Total
from corridor.experiments.answers.price_causes import BASES
from corridor.experiments.pages.claims import caveat_of
from corridor.experiments.pages.demands import Asked
from corridor.experiments.pages.words import KINDS, OF_FIBRES, extra
from corridor.topologies.base.words import counted, joined

CERTAIN = (
    "Confident rules are legal texts that were read, and rules that the policy set states as its "
    "own. The other costs rest on interpretations, on our assumptions, or on uncertain texts."
)


TAKES = ("kept back", "delay")


NO_PERMIT = "a permit: another legal basis may provide one (corridor price searches for it)"
NOTHING_FOUND = "no effective single change found"


@dataclass(frozen=True)
class Cost:
    """One demand that pays."""

    number: int
    demand: Asked
    clauses: Sequence[Clause]
    """Those that cost it time, of the path there."""
    causes: Sequence[CauseEntry]
    """Those that keep it back, or cost it or its answers time."""

    @property
    def helps(self) -> Sequence[str]:
        """What would let it go."""
        wants_permit = any(one.basis == "no permit" for one in self.causes)
        return self.demand.under[0].remedies or [NO_PERMIT if wants_permit else NOTHING_FOUND]


@dataclass(frozen=True)
class Costs:
    title: str
    said: Sequence[str]
    paying: Sequence[Cost]
    kept: Sequence[Cost]
    rest: str
    totals: Sequence[tuple[str, Total]]
    """By confident rules alone, and by all rules."""
    bases: Mapping[str, str]


def costs_of(answers: Answers, demands: Sequence[Asked]) -> Costs:
    every = [
        Cost(
            number,
            one,
            [clause for clause in one.under[0].clauses if clause.costs_ms],
            [cause for cause in one.under[0].causes if cause.costs in TAKES],
        )
        for number, one in enumerate(demands)
    ]
    kept = [one for one in every if one.demand.under[0].is_kept_back]
    paying = sorted(
        (one for one in every if one not in kept and one.demand.under[0].is_costly),
        key=lambda one: -(one.demand.under[0].extra_ms or 0),
    )
    rest = len(demands) - len(kept) - len(paying)
    return Costs(
        title="Cost of the policies",
        said=_said(demands, answers.against),
        paying=paying,
        kept=kept,
        rest=_rest(rest),
        totals=[
            ("confident rules only", answers.totals.by_certain_rules),
            ("all rules", answers.totals.with_readings),
        ],
        bases=BASES,
    )


def _rest(number: int) -> str:
    if number == 1:
        return "The other demand has no added cost."
    return f"The other {number} demands have no added cost." if number else ""


def _said(demands: Sequence[Asked], against: str) -> list[str]:
    added = [one.under[0].extra_ms for one in demands]
    both = [one for one in added if one is not None]
    if not both:
        return []
    beside = "no policy set" if against == NO_POLICIES else f"policy set {against}"
    more = f"{extra(median(both))} ms to the median RTT and {extra(max(both))} ms at most"
    served = f"{counted(len(both), 'served demand')}"
    return [f"Compared with {beside}, the policies add {more} ({served}). {CERTAIN}"]


# What each cut does to whom: computed for the whole map, measured where a run cut.

AT_ONCE = (
    "Rerouted locally: the switches use an installed detour, so packets are lost only until the "
    "failure is detected. Other demands have an outage until the controller has rerouted them."
)
ENDS = (
    "The row of a hub counts demands that cross the hub. Demands that start or end there are not "
    "counted."
)


@dataclass
class _Fates:
    """Of the demands that one element's failure meets."""

    at_once: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    more_ms: float = 0.0
    dearest: str = ""

    @property
    def met(self) -> int:
        return len(self.at_once) + len(self.again) + len(self.lost)


@dataclass(frozen=True)
class CutRow:
    """One element that may fail."""

    kind: str
    name: str
    fibres: str
    """Numbers of the fibres that are dead then."""
    met: int
    at_once: int
    again: Sequence[str]
    """Demands that are out until the controller chose again."""
    lost: Sequence[str]
    """Demands that it disconnects."""
    more_ms: float
    """What the longest new path takes more than the old, one way."""
    dearest: str


@dataclass(frozen=True)
class Cuts:
    title: str
    said: Sequence[str]
    rows: Sequence[CutRow]
    """Those that put some demand out."""
    bridged: Sequence[CutRow]
    """Those that the switches bridge for all."""
    measured: Sequence[tuple[str, HitSummary]]
    """Event and hit: what events put whom out, for how long, in addition to what was predicted."""
    swept: CutsSummary | None
    """``cuts`` of the summary: fibres cut one after another."""


def cuts_of(
    demands: Sequence[Asked], summary: Summary | None, fibres: Mapping[str, Sequence[int]]
) -> Cuts:
    rows = sorted(_rows(demands, fibres), key=lambda one: (-len(one.lost), -one.met, one.name))
    telling = [row for row in rows if row.lost or row.again]
    said = []
    if rows:
        stopping = sum(bool(row.lost) for row in rows)
        said.append(
            f"{counted(len(rows), 'element')} of the map affect at least one demand. "
            f"{stopping} of them disconnect a demand if they fail, and "
            f"{len(rows) - len(telling)} are rerouted locally for all demands."
        )
        said += [AT_ONCE, ENDS]
    measured = [
        (f"{event.id}: {event.kind} {event.what}", hit)
        for event in ((summary.events or ()) if summary else ())
        for hit in event.hits
    ]
    measured.sort(key=lambda pair: -pair[1].out_ms)
    return Cuts(
        "Effect of failures",
        said,
        telling,
        [row for row in rows if row not in telling],
        measured,
        summary.cuts if summary else None,
    )


def _rows(demands: Iterable[Asked], fibres: Mapping[str, Sequence[int]]) -> list[CutRow]:
    found: dict[str, _Fates] = {}
    for one in demands:
        for cut in one.cuts:
            for name in cut.dead:
                _add(found.setdefault(name, _Fates()), one, cut)
    return [_row(name, fates, fibres) for name, fates in found.items()]


def _add(fates: _Fates, of: Asked, cut: CutEntry) -> None:
    at_once = cut.at_once if cut.delivered else None
    after = cut.again or at_once
    if after is None:
        fates.lost.append(of.id)
        return
    (fates.at_once if at_once else fates.again).append(of.id)
    before = of.under[0].path
    more_ms = after.one_way_ms - before.one_way_ms if before else 0.0
    if more_ms > fates.more_ms:
        fates.more_ms, fates.dearest = more_ms, of.id


def _row(name: str, fates: _Fates, fibres: Mapping[str, Sequence[int]]) -> CutRow:
    kind, _, bare = name.partition(":")
    return CutRow(
        kind=KINDS.get(kind, kind),
        name=bare,
        fibres=" ".join(str(one) for one in fibres.get(bare, ())) if kind in OF_FIBRES else "",
        met=fates.met,
        at_once=len(fates.at_once),
        again=fates.again,
        lost=fates.lost,
        more_ms=fates.more_ms,
        dearest=fates.dearest,
    )


# How certain answers are: near ties, intervals, readings, what is assumed.


@dataclass(frozen=True)
class Tie:
    number: int
    demand: Asked
    sets: Sequence[tuple[str, float]]
    """Jurisdictions, and the share of draws that meet them."""
    more_ms: float | None
    """Until the next set of jurisdictions, one way."""


@dataclass(frozen=True)
class UncertaintySection:
    title: str
    said: Sequence[str]
    ties: Sequence[Tie]
    has_map: bool


def sureness_of(
    demands: Sequence[Asked], summary: Summary | None, where: MapDocument | None
) -> UncertaintySection:
    every = [(n, one, one.under[0].certainty) for n, one in enumerate(demands)]
    told = [(n, one, sure) for n, one, sure in every if sure is not None]
    ties = [_tie(n, one, sure) for n, one, sure in told if sure.near_tie]
    said = [*_draws(summary, len(told), len(ties)), *_uncertain(demands), *_assumed(where, summary)]
    said.append(
        "Most fibre lengths are derived, not published. Monte Carlo samples vary lengths and "
        "constants. They do not include missing cables or cables closed to a customer."
    )
    return UncertaintySection("Uncertainty", said, ties, has_map=where is not None)


def _tie(number: int, of: Asked, sure: UncertaintySummary) -> Tie:
    after = sure.next_set
    return Tie(
        number,
        of,
        [(" ".join(one.of), one.share) for one in sure.sets],
        after.more_one_way_ms if after else None,
    )


def _draws(summary: Summary | None, told: int, ties: int) -> list[str]:
    draws = summary.certainty if summary else None
    if not draws or not told:
        return []
    share = f"{draws.near_tie_share * 100:g} %"
    maps = f"Each answer was computed for {draws.draws} Monte Carlo samples of the map."
    near = f"{counted(ties, 'demand')} of {told} are near ties: in at least {share} of the samples"
    return [f"{maps} {near} the shortest path crosses other jurisdictions."]


def _uncertain(demands: Sequence[Asked]) -> list[str]:
    unsure = sorted(
        {
            f"{clause.policy} {clause.clause}{caveat_of(clause)}"
            for one in demands
            for clause in one.under[0].clauses
            if clause.costs_ms and caveat_of(clause)
        }
    )
    if not unsure:
        return []
    return [f"These clauses add delay and are not confident text of law: {joined(unsure)}."]


def _assumed(where: MapDocument | None, summary: Summary | None) -> list[str]:
    said = []
    if where is not None:
        fibres = where.fibres
        capacity = sum(one.capacity_assumed for one in fibres)
        doubtful = sum(one.status != "in-service" for one in fibres)
        may = sum(bool(one.may_cross) for one in fibres)
        said.append(
            f"Of {counted(len(fibres), 'fibre')}, {capacity} have an assumed capacity, "
            f"{doubtful} may not be in service, and for {may}, transit through further waters or "
            "countries is possible but not documented (marked with a ?)."
        )
    unjudged = sum(bool(one.not_judged) for one in (summary.demands if summary else ()))
    if unjudged:
        said.append(
            f"Not covered by the policy set: {counted(unjudged, 'demand')} or reverse demands. "
            "This is not a statement about law."
        )
    return said
