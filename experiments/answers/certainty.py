"""Uncertainty of a scenario's answers: RTTs, paths, jurisdictions in samples of its map.

Pure, and independent of runs: it uses the map and the policies, not measurements. Delays are of
propagation and terminals, without the time that bits take at emulated rates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.controller.forwarding.compiler import build_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.policy.certainty import (
    NEAR_TIE,
    Lawful,
    PathUncertainty,
    Share,
    round_trip_ns,
)
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.experiments.answers.demand_parts import (
    CertaintiesDocument,
    IntervalSummary,
    NextSetSummary,
    SamplesSummary,
    SharedSummary,
    UncertaintySummary,
)
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.monte_carlo import (
    DRAWS,
    SEED,
    Ensemble,
    Interval,
    draw,
    interval_of,
)
from corridor.topologies.base.progress import counting
from corridor.topologies.model.delay_model import DelayModel, shipped_model

CERTAINTY_SCHEMA = 1
CERTAINTY_FILE = "certainty.json"
"""In the folder ``raw`` of a run."""
MOST_SHARES = 5
"""Of sets and paths that are kept; the rest is what is missing to 1."""


@dataclass(frozen=True)
class DemandUncertainty:
    """A demand there, with its answers where they have a path."""

    there: PathUncertainty
    back: PathUncertainty | None

    @property
    def rtt(self) -> Interval | None:
        if self.back is None:
            return None
        return interval_of(round_trip_ns(self.there, self.back))


@dataclass(frozen=True)
class PathUncertainties:
    """Of the demands that have a path, by id, in the order of the scenario."""

    draws: SamplesSummary
    demands: dict[str, DemandUncertainty]

    @property
    def document(self) -> CertaintiesDocument:
        demands = {name: certainty_summary(one) for name, one in self.demands.items()}
        return CertaintiesDocument(of=self.draws, demands=demands)

    @property
    def near_ties(self) -> tuple[str, ...]:
        return tuple(name for name, one in self.demands.items() if one.there.near_tie)


def certainties(
    loaded: LoadedScenario,
    model: DelayModel | None = None,
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    graphs: Sequence[ForwardingGraph] | None = None,
    lawful: Lawful | None = None,
) -> PathUncertainties:
    """Of every demand of a scenario; 62 demands and 200 draws take 2 s of a processor, less where
    its ``graphs`` are planned already, or ``lawful`` has samples of its map."""
    model = model or shipped_model()
    if lawful is None:
        lawful = Lawful(draw(loaded.topology, model, draws=draws, seed=seed))
    if graphs is None:
        graphs = build_forwarding_graphs(loaded.topology, intents_for(loaded))
    found = {}
    pairs = tuple(zip(graphs[::2], graphs[1::2], strict=True))
    for there, back in counting(pairs, "demands sampled"):
        forward = certainty_of(lawful, there)
        if forward is not None:
            found[there.intent.id] = DemandUncertainty(forward, certainty_of(lawful, back))
    return PathUncertainties(about(lawful.ensemble, model), found)


def certainty_of(lawful: Lawful, graph: ForwardingGraph) -> PathUncertainty | None:
    """Of one direction as it is served; None where it has no path."""
    if isinstance(graph.route, NoPermittedPath):
        return None
    return lawful.certainty(
        graph.intent.applicable_policies, trace_packet(graph, lawful.topology).path
    )


def about(ensemble: Ensemble, model: DelayModel) -> SamplesSummary:
    return SamplesSummary(
        schema=CERTAINTY_SCHEMA,
        delay_model=model.name,
        draws=ensemble.draws,
        seed=ensemble.seed,
        confidence=0.9,
        near_tie_share=NEAR_TIE,
    )


def certainty_summary(one: DemandUncertainty) -> UncertaintySummary:
    """As ``summary.json`` and ``check --json`` have it."""
    there, rtt = one.there, one.rtt
    return UncertaintySummary(
        rtt_ms=None if rtt is None else interval_summary(rtt),
        one_way_ms=interval_summary(there.taken),
        path_share=round(there.path_share, 4),
        set_share=round(there.set_share, 4),
        sets=_shares(there.sets),
        paths=_shares(there.paths),
        blocked_share=round(there.blocked_share, 4),
        next_set=_next_set(there),
        near_tie=there.near_tie,
    )


def interval_summary(of: Interval) -> IntervalSummary:
    return IntervalSummary(low=of.low_ms, median=of.median_ms, high=of.high_ms)


def _shares(of: Sequence[Share]) -> tuple[SharedSummary, ...]:
    return tuple(SharedSummary(of=one.of, share=round(one.share, 4)) for one in of[:MOST_SHARES])


def _next_set(there: PathUncertainty) -> NextSetSummary | None:
    if there.margin is None:
        return None
    more_ms = round(there.margin.one_way_ns / 1e6, 4)
    return NextSetSummary(crosses=there.margin.jurisdictions, more_one_way_ms=more_ms)
