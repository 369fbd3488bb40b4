"""The rates of a scenario, and all that they may put on each fibre. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import Literal

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.intent.specification import failures_of
from corridor.controller.intent.values import Use
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_outcomes import Searched
from corridor.controller.prover.exact_rates import Paid, asked, committed, guaranteed
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.traffic_engineering.utilization import Cases, Traffic, cases_of
from corridor.experiments.plan.offered import Offered, offered
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.background import Background
from corridor.topologies.model.sharing import shared_links
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire

Load = Literal["committed", "peak", "offered"]
BACKGROUND = "background "
"""Before the id of background traffic, where else the id of a demand stands."""


@dataclass(frozen=True)
class Loads:
    """One load of a scenario."""

    load: Load
    rates: Mapping[str, int]
    """In bit/s as emulated, by whose they are."""
    cases: tuple[Cases, ...]
    """Of links that demands may cross."""
    k: int
    over: tuple[str, ...]
    background: Mapping[str, int] = field(default_factory=dict)
    """Rates of background traffic in bit/s as emulated; it is among the payers of ``cases``."""
    without_demands: tuple[Cases, ...] = ()
    """Of links that only background traffic crosses."""

    def traffic(self, growing: Iterable[str] | None = None) -> Traffic:
        """Return what grows (by default all demands) and what stays, the background included."""
        of = Traffic.of(self.rates, growing)
        return replace(of, staying={**of.staying, **self.background})


@dataclass(frozen=True)
class Served:
    """A scenario's demands as they are served while given things are dead."""

    loaded: LoadedScenario
    dead: Failures
    graphs: Mapping[str, ForwardingGraph]
    """By demand, their own answers among them."""
    explorer: Explorer
    background: Background | None = None
    """With what owners of cut fibres have moved to others."""

    @cached_property
    def offered(self) -> Offered:
        return offered(self.loaded, self.graphs)

    @cached_property
    def searched(self) -> dict[str, Searched]:
        """Of those with any rate, by demand."""
        return {
            name: self.explorer.search(graph.intent)
            for name, graph in self.graphs.items()
            if graph.permit and (graph.intent.guarantee(graph.permit) or name in self.offered.bps)
        }

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        """Those that it has, the first asked for first."""
        rates = [found for one in self.searched.values() if (found := guaranteed(one))]
        has_peaks = any(one.pir and one.pir > one.cir for one in rates)
        known: tuple[tuple[Load, bool], ...] = (
            ("committed", bool(rates)),
            ("peak", has_peaks),
            ("offered", bool(self.offered.bps)),
        )
        return tuple(load for load, there in known if there)

    @property
    def without_path(self) -> tuple[str, ...]:
        """Demands with a separate rate, or of a workload, that nothing lets go."""
        sending = {name for one in self.loaded.workloads for name in one.demands}
        return tuple(
            name
            for name, graph in self.graphs.items()
            if not name.endswith(RETURN)
            and graph.permit is None
            and (graph.intent.bandwidth or graph.intent.aggregate or name in sending)
        )

    def widest(self, demand: str, limits: Mapping[str, Fraction]) -> Fraction | None:
        """Capacity of the narrowest fibre on its path of highest capacity; None if not a demand."""
        if demand not in self.graphs:
            return None
        topology, intent = self.loaded.topology, self.graphs[demand].intent
        low, widths = 0, sorted({_width(topology, one.id, limits) for one in topology.fibres})
        high = len(widths)
        while high - low > 1:
            middle = (low + high) // 2
            narrow = {
                one.id for one in topology.fibres
                if _width(topology, one.id, limits) < widths[middle]
            }  # fmt: skip
            failures = Failures(
                self.dead.links | narrow, self.dead.srlgs, self.dead.hubs, self.dead.gateways
            )
            (graph,) = build_forwarding_graphs(topology, [intent], failures)
            low, high = (middle, high) if graph.permit else (low, middle)
        return widths[low]


def _width(topology: Topology, fibre: str, limits: Mapping[str, Fraction]) -> Fraction:
    """Of a fibre with what it shares."""
    known = topology.fibre(fibre)
    return min([limits[fibre], *(limits[group] for group, _ in shared_links(known, known.a))])


def serve(loaded: LoadedScenario, dead: Collection[str] = ()) -> Served:
    """Planned and compiled, without what is dead. Raises InputError for what there is not."""
    failures, background = failures_of(loaded.topology, dead), None
    if loaded.background is not None:
        background = loaded.background.after(failures.links, failures.srlgs, failures.hubs)
        loaded = loaded.model_copy(update={"topology": background.on(loaded.topology)})
    topology = loaded.topology
    graphs = build_forwarding_graphs(topology, intents_for(loaded), failures)
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    explorer = Explorer(tables_of(program), wiring, topology, failures)
    of = {graph.intent.id: graph for graph in graphs}
    return Served(loaded, failures, of, explorer, background)


def loads_of(served: Served, load: Load, limits: Mapping[str, Fraction]) -> Loads:
    rate_of = _rate_of(load, served.offered)
    of = [one for one in served.searched.values() if rate_of(one) is not None]
    rates = dict(_rates(of, rate_of))
    kinds = {kind for one in of if one.promised.k for kind in one.promised.over}
    uses = _background_uses(served)
    background = {use.demand: use.cir_bps for use in uses}
    of_all = (
        one._replace(
            uses=(*one.uses, *uses), promises={**one.promises, **dict.fromkeys(background, 0)}
        )
        for one in asked(served.explorer, of, rate_of)
    )
    cases = cases_of(of_all, limits)
    return Loads(
        load,
        rates,
        tuple(one for one in cases if not background.keys() >= set(one.payers)),
        max((one.promised.k for one in of), default=0),
        tuple(sorted(kinds)),
        background,
        tuple(one for one in cases if background.keys() >= set(one.payers)),
    )


def _background_uses(served: Served) -> tuple[Use, ...]:
    """Background traffic as rates that no failure moves: a failed fibre of its path stops it."""
    if served.background is None:
        return ()
    topology = served.loaded.topology
    return tuple(
        Use(
            f"{BACKGROUND}{flow.id}",
            max(1, round(flow.gbps * 1e9 * topology.scaling.capacity_scale)),
            down=frozenset(),
            links=(
                *flow.links,
                *chain.from_iterable(
                    shared_links(topology.fibre(name), hub) for name, hub in flow.links
                ),
            ),
        )
        for flow in served.background.flows
    )


def _rates(
    searched: list[Searched], rate_of: Callable[[Searched], Paid | None]
) -> Iterator[tuple[str, int]]:
    for one in searched:
        rate = rate_of(one)
        assert rate is not None
        yield rate.payer, rate.bps


def _rate_of(load: Load, of_workloads: Offered) -> Callable[[Searched], Paid | None]:
    def peak(one: Searched) -> Paid | None:
        rates = guaranteed(one)
        return None if rates is None else Paid(rates.pir or rates.cir, one.intent.pays_as)

    def sent(one: Searched) -> Paid | None:
        bps = of_workloads.bps.get(one.intent.id)
        return None if bps is None else Paid(bps, one.intent.id)

    return {"committed": committed, "peak": peak, "offered": sent}[load]
