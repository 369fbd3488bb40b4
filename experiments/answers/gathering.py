"""Computed values of a scenario, without measured ones: gathered once for all reports.

Pure. The reference corridor's 62 demands take about 3 s of a processor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from corridor.controller.explain import Explanation, explain
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.policy.certainty import Lawful
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.certainty import PathUncertainties, certainties
from corridor.experiments.answers.price import DemandPrice, SetPrice, price
from corridor.experiments.answers.price_sets import PricedScenario
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.base.progress import counting
from corridor.topologies.model.delay_model import DelayModel


@dataclass(frozen=True)
class Gathered:
    """Of one scenario under its policies, on its day."""

    loaded: LoadedScenario
    graphs: Mapping[str, ForwardingGraph]
    """By demand, their own answers among them, as they are planned while nothing has failed."""
    certain: PathUncertainties
    priced: SetPrice
    """Against no law; paths that the law leaves, whatever else is asked for."""

    @cached_property
    def explained(self) -> Mapping[str, Explanation]:
        """By demand, without answers."""
        loaded, graphs = self.loaded, self.graphs
        return {
            one.id: explain(
                graphs[one.id], loaded.policies, loaded.as_of, graphs.get(f"{one.id}{RETURN}")
            )
            for one in counting(loaded.scenario.demands, "demands explained")
        }

    @cached_property
    def prices(self) -> Mapping[str, DemandPrice]:
        return {one.demand: one for one in self.priced.demands}


def gather(loaded: LoadedScenario, model: DelayModel, intended: Intended | None = None) -> Gathered:
    """Everything computed; a caller that has what is ``intended`` passes it."""
    graphs = (intended or Intended.of(loaded)).graphs
    laid = PricedScenario.of(loaded)
    lawful = Lawful(draw(loaded.topology, model), laid.paths.product)
    certain = certainties(loaded, model, graphs=graphs, lawful=lawful)
    priced = price(
        laid,
        loaded.policies,
        load_policies(NO_POLICIES, loaded.topology),
        search_changes=False,
        search_values=False,
        lawful=lawful,
    )
    return Gathered(
        loaded=loaded,
        graphs={graph.intent.id: graph for graph in graphs},
        certain=certain,
        priced=priced,
    )
