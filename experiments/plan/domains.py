"""A plan whose tables controllers of domains install, each those of its own switches. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from corridor.controller.domains.composition import Domains
from corridor.controller.domains.in_memory import agreed, installed, paths, whole_path
from corridor.controller.domains.segments import labels_of
from corridor.controller.forwarding.compiler import gateways_of
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph
from corridor.controller.forwarding.program import Program
from corridor.controller.intent.intent import Intent
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.phase import Phase
from corridor.experiments.plan.domain_values import (
    DirectionByDomains,
    DomainFibre,
    PlannedDomain,
    PlannedDomains,
)
from corridor.experiments.plan.policies import assessments
from corridor.experiments.plan.values import Assessment, Gateway, Plan
from corridor.experiments.scenario.intents import Intended
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.experiments.scenario.served_by_domains import unserved
from corridor.topologies.base.errors import InputError
from corridor.topologies.model.domains import DomainMap, HomeDomains


def by_domains(plan: Plan, loaded: LoadedScenario, intended: Intended) -> Plan:
    """Return the plan with the tables that its domains agree on.

    Raises InputError where domains agree on another path than one controller: of the same delay.
    """
    specification, graphs = intended.specification, intended.graphs
    controllers = agreed(specification, plan.wiring)
    found = {number: whole_path(parts) for number, parts in paths(controllers).items()}
    for number, graph in enumerate(graphs, 1):
        path = None if isinstance(graph.route, NoPermittedPath) else graph.route.path
        if path != found.get(number):
            raise InputError(
                f"domains agree on another path for {graph.intent.id} than one controller: "
                "several paths have the same delay",
                "give their fibres different lengths, or remove domains under controller",
                loaded.document.file,
            )
    tables = installed(controllers)
    rules: list[dict[str, object]] = [{}]
    rules += [{"policies": one.policies} for one in loaded.events if one.policies]
    rules += [
        {"as_of": date.fromisoformat(one.what)} for one in loaded.events if one.kind.of == "day"
    ]
    program = Program(tuple(tables[one.hub] for one in plan.program.switches), plan.program.links)
    intents = tuple(graph.intent for graph in graphs)
    return replace(
        plan,
        program=program,
        gateways=_gateways(plan, [specification.model_copy(update=one).intents() for one in rules])
        if plan.follows
        else assessments(gateways_of(graphs), program, plan.wiring, intents),
        domains=_planned(loaded, graphs),
    )


def _gateways(plan: Plan, rules: Sequence[Sequence[Intent]]) -> tuple[Gateway, ...]:
    """What gateways let through, by any of these rules: all labels that a version may give."""
    passed = []
    for number, of in enumerate(zip(*rules, strict=True), 1):
        automata = (each for one in of for each in one.applicable_policies.automata)
        if not any(one.clause.gateways() for each in automata for one in each.clauses):
            continue
        src, dst = (plan.wiring.host(name).ip(of[0].family) for name in of[0].hosts)
        passed += [
            Assessment(label, of[0].id, src, dst)
            for epoch in (0, 1)
            for phase in Phase
            for label in labels_of(number, epoch, phase)
        ]
    labels = tuple(passed)
    return tuple(Gateway(one.hub, labels) for one in plan.wiring.hubs if one.gateway is not None)


def _planned(loaded: LoadedScenario, graphs: tuple[ForwardingGraph, ...]) -> PlannedDomains:
    known = HomeDomains(loaded.topology)
    domains = Domains(known)
    hubs = {
        one: tuple(sorted(hub for hub, home in known.home.items() if home == one))
        for one in known.domains
    }
    return PlannedDomains(
        domains=tuple(PlannedDomain(one, known.name(one), hubs[one]) for one in known.domains),
        fibres=tuple(_fibres(known)),
        directions=tuple(_direction(graph, domains) for graph in graphs),
        unserved=unserved(loaded.policies),
    )


def _fibres(known: HomeDomains) -> Iterator[DomainFibre]:
    """Those between homes of hubs; who runs an end of a fibre may be another domain, which hands
    over to the home there."""
    stated = DomainMap(known.topology)
    for fibre in known.topology.fibres:
        if not known.is_shared(fibre):
            continue
        places = [
            stated.hand_over(hub, known.home[hub], stated.domain(fibre.id, end))
            for hub in fibre.ends
            for end in fibre.ends
        ]
        state = next((one.state for one in places if one is not None), "assumed")
        ends = (known.home[fibre.a], known.home[fibre.z])
        yield DomainFibre(fibre.id, fibre.ends, ends, state)


def _direction(graph: ForwardingGraph, domains: Domains) -> DirectionByDomains:
    agreement = domains.agree(graph.intent.applicable_policies)
    home, route = domains.map.home, agreement.route
    hubs = route.path.hubs if route else ()
    between = zip(route.path.fibres if route else (), hubs, hubs[1:], strict=False)
    return DirectionByDomains(
        id=graph.intent.id,
        domains=tuple(home[one.hubs[0]] for one in route.segments) if route else (),
        handed_over=tuple(fibre for fibre, near, far in between if home[near] != home[far]),
        numbers=agreement.disclosed.numbers,
        rounds=agreement.disclosed.rounds,
    )
