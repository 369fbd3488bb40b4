"""Uncertainty of one demand's answer, and what reduces it, for ``corridor explain``. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.certainty import Lawful, price_ns, round_trip_ns, unruled
from corridor.controller.policy.semantics import ApplicablePolicies
from corridor.experiments.answers.certainty import (
    DemandUncertainty,
    about,
    certainty_of,
    certainty_summary,
    interval_summary,
)
from corridor.experiments.answers.certainty_summary import SamplesSummary
from corridor.experiments.answers.certainty_text import explained_certainty, tornado_text
from corridor.topologies.analysis.monte_carlo import (
    Influence,
    Interval,
    draw,
    influences,
    interval_of,
)
from corridor.topologies.base.codec import JsonObject, to_plain
from corridor.topologies.model.delay_model import DelayModel
from corridor.topologies.model.topology import Topology

DRAWS = 2000
"""Of one demand, more are cheap: shares are then sure to two points of a hundred."""


@dataclass(frozen=True)
class ExplainedCertainty:
    """Empty where the demand has no path."""

    of: SamplesSummary
    demand: DemandUncertainty | None
    influences: tuple[Influence, ...] | None
    """None where they were not asked for."""
    costs: Interval | None = None
    """What policies add, one way, on the same draws; None where there is no lawful path."""

    def to_json(self) -> JsonObject:
        if self.demand is None:
            return {"certainty": None}
        costs, moved = self.costs, self.influences
        said = {
            "of": to_plain(self.of),
            **to_plain(certainty_summary(self.demand)),
            **({} if costs is None else {"costs_one_way_ms": to_plain(interval_summary(costs))}),
            **({} if moved is None else {"influences": [asdict(one) for one in moved]}),
        }
        return {"certainty": said}

    def sections(self, width: int | None = None) -> tuple[str, ...]:
        """Of the text, in order."""
        if self.demand is None:
            return ()
        there, draws = self.demand.there, self.of.draws
        text = explained_certainty(there, self.costs, draws)
        if self.influences is None:
            return (text,)
        now = self.demand.rtt or there.taken
        return text, tornado_text(self.influences, now, draws, width)


def ask(
    topology: Topology,
    model: DelayModel,
    graph: ForwardingGraph,
    answers: ForwardingGraph | None,
    *,
    influences: bool,
) -> ExplainedCertainty:
    """Of a demand as it is served, with its answers if there are any."""
    lawful = Lawful(draw(topology, model, draws=DRAWS))
    said = about(lawful.ensemble, model)
    there = certainty_of(lawful, graph)
    if there is None:
        return ExplainedCertainty(said, None, None)
    back = None if answers is None else certainty_of(lawful, answers)
    demand = DemandUncertainty(there, back)
    found = _influences(lawful, demand) if influences else None
    return ExplainedCertainty(said, demand, found, _costs(lawful, graph.intent.applicable_policies))


def _costs(lawful: Lawful, applicable_policies: ApplicablePolicies) -> Interval | None:
    added = price_ns(
        lawful, [applicable_policies], [unruled(lawful.topology, applicable_policies.demand)]
    )
    known = added[~np.isnan(added)]
    return interval_of(known) if len(known) else None


def _influences(lawful: Lawful, demand: DemandUncertainty) -> tuple[Influence, ...]:
    there, back = demand.there, demand.back
    rtt_ns = there.taken_ns.astype(np.float64) if back is None else round_trip_ns(there, back)
    return influences(lawful.ensemble.inputs, rtt_ns, there.as_expected)
