"""Guarantees of ``sovereignty`` with invented rates: ``python -m tests.benchmarks.corridor_rates``

The rates that demands of the corridor need are not known, so they are made up: by class, for
answers a tenth, and at most a quarter of the widest lawful path that every single cut leaves.
Says how full the fullest link is under every failure protected against (``--k``, ``--over``), and
how many guarantees are admitted, one after another in the order of the scenario: on the shortest
ways, and on ways chosen together for all. Then all claims are proven of the tables of these,
with what was admitted promised.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import groupby
from statistics import fmean

from corridor.controller.forwarding.compiler import compile_forwarding_graphs, gateways_of
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.intent.specification import KINDS, Direction, Specification
from corridor.controller.intent.worst_loads import problem_of
from corridor.controller.policy.model import Bandwidth
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.prover import prove, tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.controller.prover.exact_rates import asked
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.prover.verdicts import Verdict
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import Links
from corridor.controller.traffic_engineering.fit_rates import Served, with_feasible_paths
from corridor.controller.traffic_engineering.lower_bounds import fits_nowhere, least_fullest
from corridor.controller.traffic_engineering.objective import OBJECTIVES
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.topologies.model.routing import capacities_bps
from corridor.topologies.model.wiring import wire

MBIT = 10**6
RATES_MBIT = {
    "ai_bulk": 40,
    "xdc_train": 40,
    "dr": 20,
    "ckpt": 20,
    "render": 10,
    "science": 10,
    "infer": 5,
    "finance": 2,
}
ANSWERS = 10
"""Answers ask for this fraction."""
OF_WIDEST = 4


def rated(loaded: LoadedScenario, k: int, over: Sequence[str]) -> Specification:
    """The scenario with invented rates."""
    classes = {one.id: one.data_class for one in loaded.scenario.demands}
    bare = specify(loaded).model_copy(update={"k": k, "over": tuple(over)})
    wished = {}
    for one in bare.directions:
        asks = one.demand.id.removesuffix(".return")
        rate = RATES_MBIT[classes[asks]] * MBIT
        wished[one.demand.id] = rate if asks == one.demand.id else rate // ANSWERS
    every = with_rates(bare, wished)
    links = Links(every.topology)
    served = Served(every.topology, every.intents())
    spaces = selection_problem_of(served.graphs, served.builder, links).spaces
    most = {space.name: widest_left(space) // OF_WIDEST for space in spaces}
    return with_rates(bare, {name: min(wished[name], bps) for name, bps in most.items()})


def with_rates(specification: Specification, rates_bps: dict[str, int]) -> Specification:
    def rate(one: Direction) -> Bandwidth | None:
        bps = rates_bps.get(one.demand.id)
        return None if bps is None else Bandwidth.model_validate({"cir": f"{bps}bit"})

    directions = (
        one.model_copy(update={"bandwidth": rate(one)}) for one in specification.directions
    )
    return specification.model_copy(update={"directions": tuple(directions)})


def widest_left(space: PathSpace) -> int:
    """The width of the widest lawful path that is left after any single cut that leaves one."""
    bps, fibres = widest(space)
    left = (widest(space, 1 << fibre)[0] for fibre in fibres)
    return min([bps, *(one for one in left if one)])


def widest(space: PathSpace, dead: int = 0) -> tuple[int, tuple[int, ...]]:
    """With its fibres; 0 where there is none."""
    product, room_bps = space.product, space.links.capacity_bps
    start = product.entered(space.automaton.trip.src)
    assert start is not None
    queue: list[tuple[int, int, tuple[int, ...]]] = [(-max(room_bps), start, ())]
    settled: set[int] = set()
    while queue:
        minus, at, fibres = heappop(queue)
        if product.is_end(at):
            return -minus, fibres
        if at in settled:
            continue
        settled.add(at)
        for edge in product.edges(at):
            if not edge.bit & dead and edge.far not in settled:
                room = min(room_bps[link] for link in space.links.crossed(edge.sight))
                heappush(queue, (-min(-minus, room), edge.far, (*fibres, edge.number)))
    return 0, ()


class Admitting:
    """Guarantees admitted one after another, on paths that stay."""

    def __init__(self, specification: Specification) -> None:
        self.served = Served(specification.topology, specification.intents())
        graphs = self.served.graphs
        wiring = wire(specification.topology, gateways=gateways_of(graphs))
        tables = tables_of(
            compile_forwarding_graphs(wiring, specification.topology, graphs).program
        )
        explorer = Explorer(tables, wiring, specification.topology)
        self._asked = list(asked(explorer, [explorer.search(graph.intent) for graph in graphs]))
        self._room_bps = capacities_bps(specification.topology)

    def admitted(self) -> list[str]:
        found: list[str] = []
        for graph in self.served.graphs:
            if self._fits({*found, graph.intent.id}):
                found.append(graph.intent.id)
        return found

    def _fits(self, names: set[str]) -> bool:
        for one in self._asked:
            uses = [use for use in one.uses if use.demand in names]
            promises = {name: k for name, k in one.promises.items() if name in names}
            problem = problem_of(uses, one.elements, promises)
            for link, load in problem.loads.items():
                if load.worst_above(self._room_bps[link[0]], problem.rates) is not None:
                    return False
        return True


def fullest(served: Served) -> str:
    full = max((one.load_bps / one.limit_bps for one in served.too_full()), default=1.0)
    return f"{full:.3f}" if full > 1 else "not above 1"


def stretched(graph: ForwardingGraph) -> float:
    """The length of a primary path relative to its length alone."""
    assert isinstance(graph.route, PermittedPath)
    return graph.route.one_way_ns / (graph.route.one_way_ns - graph.room_ns)


def bounds(served: Served, failures: Iterable[Sequence[str]]) -> Iterator[str]:
    """The failures that no paths fit, with the minimum utilization of the fullest link; if there
    are none, that of the link in the worst single failure."""
    links = Links(served.topology)
    setting = selection_problem_of(served.graphs, served.builder, links, map(frozenset, failures))
    nowhere = fits_nowhere(setting, links.capacity_bps)
    if not nowhere:
        yield f"{least_fullest(setting, links.capacity_bps).fullest:.3f}"
    for failed, part in sorted(nowhere.items(), key=lambda one: (-one[1], sorted(one[0]))):
        yield f"{part:.3f} ({' and '.join(sorted(failed)) or 'while nothing fails'})"


def of(values: Iterable[str]) -> str:
    first, *more = values
    return f"{first}, {len(more)} more: {', '.join(more)}" if more else first


def lines(specification: Specification, objective: str) -> Iterator[tuple[str, str]]:
    shortest = Admitting(specification)
    rates = {one.demand.id: one.bandwidth.cir for one in specification.directions if one.bandwidth}
    yield "directions with rates", str(len(shortest.served.graphs))
    yield "links overloaded by the shortest paths", str(len(shortest.served.too_full()))
    yield "the fullest of them", fullest(shortest.served)
    yield "guarantees admitted on the shortest paths", str(len(shortest.admitted()))
    began, used = time.perf_counter(), time.process_time()
    chosen = with_feasible_paths(specification, objective)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    yield "choosing took", f"{wall:.0f} s, {cpu:.0f} s of CPU"
    together = Admitting(chosen)
    after = together.admitted()
    yield "guarantees admitted by joint path selection", str(len(after))
    yield "refused", ", ".join(sorted(rates.keys() - after)) or "none"
    every = [stretched(graph) for graph in together.served.graphs]
    yield (
        "primary paths that moved",
        str(sum(bool(graph.room_ns) for graph in together.served.graphs)),
    )
    yield "longer than alone, mean and most", f"{fmean(every):.3f} and {max(every):.2f} times"
    aside = shortest.served.too_large(shortest.served.sets())
    yield "more than any path has room for, even alone", ", ".join(sorted(aside)) or "none"
    for whose, served in (("", together.served), (" without those", together.served.but(aside))):
        full = served.too_full()
        yield f"links overloaded by joint path selection{whose}", str(len(full))
        yield f"the fullest of these{whose}", fullest(served)
        yield f"bounds for any routing{whose}", of(bounds(served, [one.failure for one in full]))
        if not aside:
            break
    final = with_rates(chosen, {name: rates[name] for name in after})
    yield "links overloaded with those admitted", str(len(Admitting(final).served.too_full()))
    yield from proven(final)


def proven(specification: Specification) -> Iterator[tuple[str, str]]:
    """Of all demands, with gateways."""
    topology, intents = specification.topology, specification.intents()
    builder = GraphBuilder(topology)
    graphs = [builder.graph(intent) for intent in intents]
    wiring = wire(topology, gateways=gateways_of(graphs))
    program = compile_forwarding_graphs(wiring, topology, graphs).program
    tables = tables_of(program)
    exact = examine(tables, wiring, topology, intents)
    for status, some in groupby(
        sorted(prove(tables, wiring, topology, intents, program, exact).verdicts, key=status_of),
        status_of,
    ):
        yield f"claims {status}", ", ".join(one.claim for one in some)
    yield "gateways", str(len(gateways_of(graphs)))


def status_of(verdict: Verdict) -> str:
    return verdict.status


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--k", type=int, default=1, help="how many fail at once")
    parser.add_argument("--over", nargs="+", default=list(KINDS), choices=KINDS, help="what fails")
    parser.add_argument("--objective", default="added-delay", choices=[*OBJECTIVES])
    args = parser.parse_args()
    specification = rated(load_scenario("sovereignty"), args.k, args.over)
    for name, value in lines(specification, args.objective):
        print(f"{name}: {value}", flush=True)


if __name__ == "__main__":
    main()
