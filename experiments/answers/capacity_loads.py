"""The rates of a scenario, and all that they may put on each fibre. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain

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
from corridor.controller.prover.exact_rates import Asked, Paid, asked, committed, guaranteed
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.traffic_engineering.utilization import Cases, Traffic, cases_of
from corridor.experiments.answers.capacity_document import Load
from corridor.experiments.plan.workloads import Offered, offered
from corridor.experiments.scenario.intents import intents_for
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.background import Background, Link
from corridor.topologies.model.routing import shared_links
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import wire

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

    def moves(self, k: int) -> bool:
        """Whether owners move background traffic under up to that many failures."""
        of = self.loaded.background
        return of is not None and of.moves and k <= 1

    def without(self, element: str) -> Background:
        """Return the background while one more thing is dead."""
        assert self.loaded.background is not None
        more, dead = failures_of(self.loaded.topology, [element]), self.dead
        return self.loaded.background.after(
            dead.links | more.links, dead.srlgs | more.srlgs, dead.hubs | more.hubs
        )

    def emulated_bps(self, gbps: float) -> int:
        """Rounded, and at least 1."""
        return max(1, round(gbps * 1e9 * self.loaded.topology.scaling.capacity_scale))

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
    paid = rate_of(load, served.offered)
    of = [one for one in served.searched.values() if paid(one) is not None]
    rates = dict(_rates(of, paid))
    kinds = {kind for one in of if one.promised.k for kind in one.promised.over}
    of_all = [with_background(one, served) for one in asked(served.explorer, of, paid)]
    background = {
        use.demand: use.cir_bps
        for one in of_all
        for use in one.uses
        if use.demand.startswith(BACKGROUND)
    }
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


@dataclass(frozen=True)
class _Circuits(Use):
    """Background traffic that is there by the marks of elements alone: of circuits that only pass a
    failed hub, which takes fibres of theirs from demands."""

    @property
    def alive(self) -> frozenset[str]:
        return self.up


@dataclass(frozen=True)
class _Flow:
    """A flow of background traffic, by the element that fails; an empty name if none does."""

    id: str
    links: tuple[Link, ...]
    bps: Mapping[str, int]

    def uses(self, names: frozenset[str]) -> Iterator[Use]:
        """Yield one for the usual rate, and one for each element that brings another. Without
        names, a failed fibre ends it.

        An element that is found dead, or alive, is marked: several may take down the same fibres,
        and differ in what else they take."""
        kind = _Circuits if names else Use
        usual = self.bps.get("", 0)
        others = {name for name in names if self.bps.get(name, 0) != usual}
        if usual:
            up = frozenset(map(_mark, others))
            yield kind(f"{BACKGROUND}{self.id}", usual, frozenset(), self.links, up)
        for name in sorted(others):
            if bps := self.bps.get(name, 0):
                yield kind(
                    f"{BACKGROUND}{self.id} without {name}",
                    bps,
                    frozenset([_mark(name)]),
                    self.links,
                    frozenset(map(_mark, others - {name})),
                )


def _mark(element: str) -> str:
    return f"failed {element}"


def with_background(one: Asked, served: Served) -> Asked:
    """Add background traffic, which has no promised rate.

    While one element fails, owners have moved it. If more may fail at once, what a failed fibre
    carried is dropped: there are too many cases."""
    if served.background is None:
        return one
    names = one.elements if served.moves(max(one.promises.values())) else ()
    when = {"": served.background} | {name: served.without(name) for name in names}
    bps: dict[tuple[str, tuple[Link, ...]], dict[str, int]] = {}
    for name, found in when.items():
        for flow in found.flows:
            bps.setdefault((flow.id, flow.links), {})[name] = served.emulated_bps(flow.gbps)
    topology = served.loaded.topology
    uses = [
        use
        for (name, links), rates in bps.items()
        for use in _Flow(name, (*links, *_shared(topology, links)), rates).uses(frozenset(names))
    ]
    return Asked(
        (*one.uses, *uses),
        {name: things | {_mark(name)} for name, things in one.elements.items()},
        {**one.promises, **{use.demand: 0 for use in uses}},
    )


def _shared(topology: Topology, links: Iterable[Link]) -> Iterator[Link]:
    return chain.from_iterable(shared_links(topology.fibre(name), hub) for name, hub in links)


def _rates(
    searched: list[Searched], rate_of: Callable[[Searched], Paid | None]
) -> Iterator[tuple[str, int]]:
    for one in searched:
        rate = rate_of(one)
        assert rate is not None
        yield rate.payer, rate.bps


def rate_of(load: Load, of_workloads: Offered) -> Callable[[Searched], Paid | None]:
    """Return the rate of a demand in one kind of load, and whose it is."""

    def peak(one: Searched) -> Paid | None:
        rates = guaranteed(one)
        return None if rates is None else Paid(rates.pir or rates.cir, one.intent.pays_as)

    def sent(one: Searched) -> Paid | None:
        bps = of_workloads.bps.get(one.intent.id)
        return None if bps is None else Paid(bps, one.intent.id)

    return {"committed": committed, "peak": peak, "offered": sent}[load]
