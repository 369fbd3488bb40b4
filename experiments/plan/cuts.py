"""The part of a plan that cuts each fibre in turn, and what is expected to come of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.program import Program
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_search import Explorer
from corridor.experiments.plan.prediction import one_way_ns
from corridor.experiments.plan.timeline import quickened
from corridor.experiments.plan.traffic import Schedule, stamp_hosts
from corridor.experiments.plan.values import Change, Cut, Expectation, PlannedDemand
from corridor.experiments.scenario.lines import lines
from corridor.experiments.scenario.options import CutOptions
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.cut import CUT, MEND, SILENCE
from corridor.topologies.model.fault_kind import ALL_FIBRES, QUICKEN_NS, SLOW
from corridor.topologies.model.line import Line
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring
from corridor.traffic.agents import jobs
from corridor.traffic.packets.template import FrameTemplate

LEAD_NS, TAIL_NS = 100_000_000, 100_000_000
"""Probes before the cut and after the repair."""
SETTLED_NS = 100_000_000
"""After a cut: longer than any outage that fast failover may leave."""
SETTLE_NS, SETTLE_WITH_BFD_NS = 500_000_000, 5_000_000_000


def plan_cuts(
    loaded: LoadedScenario,
    demands: Sequence[PlannedDemand],
    graphs: Sequence[ForwardingGraph],
    program: Program,
    wiring: Wiring,
    *,
    after_ns: int,
) -> tuple[Cut, ...]:
    """Cuts one after another from ``after_ns`` on; ``graphs`` belong to demands and answers.

    What is expected of a cut is what the prover says that the tables do when just this fails.
    """
    options = loaded.scenario.cuts
    if options is None:
        return ()
    settle_ns = options.settle
    if settle_ns is None:
        settle_ns = SETTLE_WITH_BFD_NS if loaded.scenario.network.bfd else SETTLE_NS
    cuts, start_ns = [], after_ns + (2 * QUICKEN_NS if options.silent else 0)
    explorer = Explorer(tables_of(program), wiring, loaded.topology)
    for fibre in _fibres(loaded, options):
        crossing = tuple(_expectations(fibre, loaded, demands, graphs, explorer))
        longest_ns = max((one.rtt_ns or 0 for one in crossing), default=0)
        # Long enough for some probes to go and come back by the longest detour.
        outage_ns = max(options.outage, 2 * SETTLED_NS + longest_ns)
        repair_ns = start_ns + LEAD_NS + outage_ns
        cut = Cut(
            fibre=fibre,
            silent=options.silent,
            start_ns=start_ns,
            cut_ns=start_ns + LEAD_NS,
            repair_ns=repair_ns,
            end_ns=repair_ns + TAIL_NS,
            interval_ns=options.interval,
            others_interval_ns=options.others,
            crossing=crossing,
        )
        cuts.append(cut)
        start_ns = repair_ns + max(TAIL_NS, settle_ns)
    return tuple(cuts)


def cut_faults(cuts: Iterable[Cut]) -> Iterator[Change]:
    """Cuts and mendings. Where they are silent, BFD is quick on the fibre to be cut only: each
    session costs wall time by the packet, and elsewhere nothing fails."""
    for number, cut in enumerate(cuts):
        if cut.silent and not number:
            yield Change(cut.start_ns - 2 * QUICKEN_NS, SLOW, ALL_FIBRES)
        if cut.silent:
            yield from quickened(cut.start_ns - QUICKEN_NS, cut.fibre)
        yield Change(cut.cut_ns, SILENCE if cut.silent else CUT, cut.fibre)
        yield Change(cut.repair_ns, MEND, cut.fibre)
        if cut.silent:
            yield Change(cut.repair_ns, SLOW, cut.fibre)


def cut_phases(
    cuts: Iterable[Cut],
    loaded: LoadedScenario,
    wiring: Wiring,
    templates: dict[str, FrameTemplate],
) -> Iterator[jobs.Phase]:
    """Every demand is probed through every cut, those that cross the fibre closely."""
    demands = loaded.scenario.demands
    for cut in cuts:
        close = {expected.demand for expected in cut.crossing}
        schedules = []
        for number in range(len(demands)):
            interval_ns = cut.interval_ns if number in close else cut.others_interval_ns
            count = (cut.end_ns - cut.start_ns) // interval_ns
            schedules.append(Schedule(interval_ns, count))
        hosts = stamp_hosts(demands, schedules, wiring, templates)
        yield jobs.Phase(cut.phase, cut.start_ns, hosts)


def _fibres(loaded: LoadedScenario, options: CutOptions) -> tuple[str, ...]:
    if options.fibres == "all":
        return tuple(fibre.id for fibre in loaded.topology.fibres)
    return options.fibres


def _expectations(
    fibre: str,
    loaded: LoadedScenario,
    demands: Sequence[PlannedDemand],
    graphs: Sequence[ForwardingGraph],
    explorer: Explorer,
) -> Iterator[Expectation]:
    scenario, topology = loaded.scenario, loaded.topology
    on_fibres = lines(scenario.network, topology)
    for demand, there, back in zip(demands, graphs[::2], graphs[1::2], strict=True):
        if not (_crosses(there, fibre) or _crosses(back, fibre)):
            continue
        size = (scenario.demands[demand.index].probe or scenario.probe).size
        parts = [
            _detour_ns(graph.intent, fibre, explorer, size, on_fibres) for graph in (there, back)
        ]
        known = [part for part in parts if part is not None]
        answered_ns = demand.predicted_forward_ns or 0
        back_ns = _reach_ns(back, fibre, topology, size)
        yield Expectation(
            demand=demand.index,
            rtt_ns=sum(known) if len(known) == len(parts) else None,
            there_ns=_reach_ns(there, fibre, topology, size),
            back_ns=None if back_ns is None else answered_ns + back_ns,
        )


def _crosses(graph: ForwardingGraph, fibre: str) -> bool:
    return not isinstance(graph.route, NoPermittedPath) and fibre in graph.route.path.fibres


def _reach_ns(graph: ForwardingGraph, fibre: str, topology: Topology, size: int) -> int | None:
    """From sending a frame until it comes to a fibre of its path."""
    if not _crosses(graph, fibre) or isinstance(graph.route, NoPermittedPath):
        return None
    path = graph.route.path
    hops = path.fibres.index(fibre)
    return one_way_ns(topology, Path(path.hubs[: hops + 1], path.fibres[:hops]), size)


def _detour_ns(
    intent: Intent, fibre: str, explorer: Explorer, size: int, on_fibres: Mapping[str, Line]
) -> int | None:
    outcome = explorer.follow(intent, Failures(links=frozenset([fibre])))
    if not outcome.delivered:
        return None
    return one_way_ns(explorer.topology, Path(outcome.hubs, outcome.fibres), size, on_fibres)
