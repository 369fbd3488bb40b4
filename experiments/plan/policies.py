"""The part of a plan that policies decide: the path of each demand, or why it has none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from corridor.controller.forwarding.compiler import still_shared
from corridor.controller.forwarding.disjoint import Sharing
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.forwarding.program import Program, Table
from corridor.controller.intent.intent import KINDS, Intent
from corridor.controller.policy.model import RETURN, PolicySet
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_rates import admissions
from corridor.controller.prover.exact_search import Explorer
from corridor.controller.traffic_engineering.relaxation import unmet_constraints
from corridor.experiments.plan.prediction import (
    LABEL_BYTES,
    NO_LINES,
    bottleneck_bps,
    one_way_ns,
)
from corridor.experiments.plan.values import Assessment, Gateway, PlannedDemand
from corridor.experiments.scenario.demands import Demand
from corridor.experiments.scenario.options import ProbeOptions
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.base.words import few
from corridor.topologies.model.line import Line
from corridor.topologies.model.routing import crossed_jurisdictions, possible_jurisdictions
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import GATEWAY_OUT_PORT, Wiring

BITS = 8
MOST_SHARED = 4
LITTLE = 1e-3
NO_CHOICE = "no selection of paths fits them"
NO_CHOICE_BESIDE = (
    "demands of aggregates, and those that are to be disjoint, keep their paths, and no selection "
    "for the others fits next to them"
)


def planned(
    number: int,
    demand: Demand,
    probe: ProbeOptions,
    there: ForwardingGraph,
    back: ForwardingGraph,
    topology: Topology,
    *,
    share: float | None,
    tcp: bool,
    lines: Mapping[str, Line] = NO_LINES,
) -> PlannedDemand:
    """A demand as it will be served: ``there`` is its path, ``back`` that of its answers; with the
    ``share`` of its bottleneck that it streams at, if any, and whether it sends by ``tcp``."""
    route = there.route if not isinstance(there.route, NoPermittedPath) else None
    bottleneck = bottleneck_bps(topology, route.path) if route else None
    permit = there.permit
    return PlannedDemand(
        index=number,
        id=demand.id,
        data_class=demand.data_class,
        src=demand.src,
        dst=demand.dst,
        src_host=demand.src_host or "",
        dst_host=demand.dst_host or "",
        ipv6=demand.family == "ipv6",
        status=there.status,
        data=there.intent.demand.data_class,
        returns=back.intent.demand.data_class,
        permit=permit.id if permit else "",
        legal_ref=permit.legal_ref if permit else (),
        why=_why(there, back),
        hubs=route.path.hubs if route else (),
        phases=route.phases if route else (),
        fibres=route.path.fibres if route else (),
        crosses=crossed_jurisdictions(topology, route.path) if route else (),
        predicted_forward_ns=_one_way_ns(topology, there, probe.size, lines),
        predicted_backward_ns=_one_way_ns(topology, back, probe.size, lines),
        bottleneck_bps=bottleneck,
        probes=probe.count,
        probe_bps=(probe.size + LABEL_BYTES) * BITS * NS_PER_S // probe.interval,
        stream_bps=None if share is None or bottleneck is None else round(bottleneck * share),
        tcp=bool(tcp and route),
        not_judged=tuple(
            name for name, graph in (("data", there), ("answers", back)) if _unjudged(graph)
        ),
        lacks=(
            *map(str, unmet_constraints(there)),
            *(f"of its answers, {lack}" for lack in unmet_constraints(back)),
        ),
        may_cross=possible_jurisdictions(topology, route.path) if route else (),
        assumed=_assumed(topology, route.path.fibres) if route else (),
        anycast=demand.anycast,
        apart_ns=there.apart_ns + back.apart_ns,
        room_ns=there.room_ns + back.room_ns,
        clipped=(clipped := _clipped(topology, there, back)),
        fitting_scale=topology.fitting_scale(map(topology.fibre, clipped)),
    )


def _assumed(topology: Topology, fibres: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in fibres if topology.fibre(name).known_gbps is None)


def _clipped(topology: Topology, *graphs: ForwardingGraph) -> tuple[str, ...]:
    routes = (graph.route for graph in graphs if not isinstance(graph.route, NoPermittedPath))
    crossed = {topology.fibre(name) for route in routes for name in route.path.fibres}
    return tuple(sorted(one.id for one in crossed if topology.emulated_rate(one).is_bound))


def names_gateways(policies: PolicySet) -> bool:
    """Whether anything is to pass a gateway."""
    return any(clause.gateways() for one in policies.policies for clause in one.hard.clauses())


def possible_gateways(topology: Topology, of: Iterable[PolicySet]) -> frozenset[str]:
    """Hubs that may come to need a gateway: those that have one on the map, and those that
    policies take as waypoints."""
    chosen = [
        (where, policies.known_groups)
        for policies in of
        for policy in policies.policies
        for clause in policy.hard.clauses()
        for where in clause.gateways()
    ]
    return frozenset(
        hub.id
        for hub in topology.hubs
        if hub.intl_gateway or any(one.selects(hub, groups) is True for one, groups in chosen)
    )


def refuse_misfits(
    program: Program,
    wiring: Wiring,
    topology: Topology,
    graphs: Iterable[ForwardingGraph],
    *,
    chooses: bool = False,
) -> None:
    """Raises InputError where guaranteed rates do not fit, with the smallest change that helps, and
    whether other paths could; ``chooses`` says whether such paths were looked for."""
    guaranteed = [
        graph for graph in graphs if graph.permit and graph.intent.guarantee(graph.permit)
    ]
    if not guaranteed:
        return
    explorer = Explorer(tables_of(program), wiring, topology)
    searched = [explorer.search(graph.intent) for graph in guaranteed]
    for admission in admissions(explorer, searched):
        if not admission.fits:
            alone = _too_large(topology, guaranteed)
            other = _of_other_paths(topology, guaranteed, admission.worst.failure, chooses=chooses)
            raise InputError(admission.refusal(), "; ".join(filter(None, (alone, other))))


def _too_large(topology: Topology, guaranteed: Sequence[ForwardingGraph]) -> str:
    """Of demands that would not fit if no one else had rates."""
    # numpy is dear to import
    from corridor.controller.traffic_engineering.candidate_values import Links
    from corridor.controller.traffic_engineering.selection_setting import pairs_of, too_large

    builder = GraphBuilder(topology)
    found = too_large(guaranteed, builder, Links(topology), pairs_of(guaranteed, builder) or ())
    if not found:
        return ""
    name, failed = min(found.items(), key=lambda one: (len(one[1]), one[0]))
    more = f", and so do {len(found) - 1} more" if len(found) > 1 else ""
    when = f" when {' and '.join(sorted(failed))} fail{'s' * (len(failed) == 1)}" if failed else ""
    return f"{name} requests a higher rate than any of its paths can carry{when}, even alone{more}"


def _of_other_paths(
    topology: Topology,
    guaranteed: Sequence[ForwardingGraph],
    failure: Sequence[str],
    *,
    chooses: bool,
) -> str:
    # numpy is dear to import
    from corridor.controller.traffic_engineering.lower_bounds import minimum_in

    least = minimum_in(topology, guaranteed, failure)
    if least is None:
        return ""
    for part, whose in ((least.anyhow, NO_CHOICE), (least.beside, NO_CHOICE_BESIDE)):
        if part > 1 + LITTLE:
            return (
                f"{whose}, by the permits in use: some fibre must then carry {part:.2f} times "
                "its capacity, or more"
            )
    if chooses:
        return "the search found no paths that fit; some may exist"
    return "other paths may have enough capacity: objective: added-delay searches for them"


def refuse_shared(loaded: LoadedScenario, graphs: Iterable[ForwardingGraph]) -> None:
    """Raises InputError where demands that are to be disjoint are not, with what they share."""
    found = still_shared(loaded.topology, graphs)
    if found:
        worst = min(found, key=lambda one: len(one.shared))
        kinds = ", ".join(kind for kind in KINDS if kind in worst.over)
        raise loaded.document.error(
            f"demands {worst.one} and {worst.other} are to share no {kinds}, and no such paths "
            f"were found: the smallest shared set found is {few(worst.shared, MOST_SHARED)}",
            "disjoint",
            _group(loaded, worst),
            hint="remove a kind from over, add a fibre to the map, or use other policies",
        )


def _group(loaded: LoadedScenario, shared: Sharing) -> int:
    """The first group that asks that these two share nothing."""
    both = {name.removesuffix(RETURN) for name in (shared.one, shared.other)}
    groups = enumerate(loaded.scenario.disjoint)
    return next((number for number, group in groups if both.issubset(group.demands)), 0)


def assessments(
    hubs: Iterable[str], program: Program, wiring: Wiring, intents: Sequence[Intent]
) -> tuple[Gateway, ...]:
    """What each gateway lets through: the labels its switch takes back from it."""
    tables = {switch.hub: switch for switch in program.switches}
    found = []
    for hub in sorted(hubs):
        passed = []
        for flow in tables[hub].flows:
            fields = dict(flow.match)
            if flow.table == Table.SWITCH and fields.get("in_port") == GATEWAY_OUT_PORT:
                intent = intents[flow.policy - 1]
                src, dst = (wiring.host(name).ip(intent.family) for name in intent.hosts)
                passed.append(Assessment(int(fields["mpls_label"]), intent.id, src, dst))
        found.append(Gateway(hub, tuple(passed)))
    return tuple(found)


def _unjudged(graph: ForwardingGraph) -> bool:
    return (
        not isinstance(graph.route, NoPermittedPath)
        and not graph.intent.applicable_policies.is_judged
    )


def _why(there: ForwardingGraph, back: ForwardingGraph) -> str:
    if isinstance(there.route, NoPermittedPath):
        return str(there.route)
    return f"its answers are {back.route}" if isinstance(back.route, NoPermittedPath) else ""


def _one_way_ns(
    topology: Topology, graph: ForwardingGraph, frame_bytes: int, lines: Mapping[str, Line]
) -> int | None:
    if isinstance(graph.route, NoPermittedPath):
        return None
    return one_way_ns(topology, graph.route.path, frame_bytes, lines)
