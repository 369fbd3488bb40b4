"""How certain answers are: near ties, intervals, readings, what is assumed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.certainty_summary import UncertaintySummary
from corridor.experiments.answers.map_document import MapDocument
from corridor.experiments.pages.claims import caveat_of
from corridor.experiments.pages.demands import Asked
from corridor.topologies.base.words import counted, joined


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
