"""A state of the network that returns costs nothing again, and changes nothing."""

from random import Random

import pytest

from corridor.controller.forwarding.compiler import GraphBuilder, build_forwarding_graphs
from corridor.controller.forwarding.forwarding_graph import Earlier
from corridor.controller.forwarding.nodes import is_alike
from corridor.controller.intent.intent import Intent
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover.session import Session
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.memory import forget
from fake_switches import Lab
from policy_lab import applicable_policies, demand, fibre, hub, network, permit
from reconciler_lab import NO_EXPORT, policies, specification, wiring

CUT = Failures(links=frozenset({"kunming-karachi"}))


def test_paths_after_a_repair_are_those_from_before(monkeypatch):
    asked, topology = specification().intents(), specification().topology
    forget()
    before, made = build_forwarding_graphs(topology, asked), []
    real = GraphBuilder.graph
    monkeypatch.setattr(
        GraphBuilder, "graph", lambda builder, *more: made.append(1) or real(builder, *more)
    )
    detours = build_forwarding_graphs(topology, specification().intents(), CUT)
    assert detours != before
    assert made
    made.clear()
    assert build_forwarding_graphs(topology, specification().intents()) == before
    assert not made


def test_paths_of_demands_on_which_other_policies_rule_alike_are_not_planned_again(monkeypatch):
    forget()
    before = deployments.stand(DesiredState(specification()), wiring(), 0)
    other = specification().model_copy(update={"policies": policies(NO_EXPORT)})
    made, real = [], GraphBuilder.graph
    monkeypatch.setattr(
        GraphBuilder,
        "graph",
        lambda builder, one, *more: made.append(one) or real(builder, one, *more),
    )
    after = deployments.following(before, DesiredState(other), wiring())
    assert {one.demand.data_class for one in made} == {"export"}
    kept = [one.intent is was.intent for one, was in zip(after.graphs, before.graphs, strict=True)]
    assert kept.count(True) == len(kept) - len(made)
    forget()
    fresh = deployments.stand(DesiredState(other), wiring(), 0, after.compiled.seats)
    assert [one.route for one in fresh.graphs] == [one.route for one in after.graphs]
    assert fresh.program == after.program


def test_nothing_is_planned_or_proven_where_nothing_else_is_known(monkeypatch):
    """A controller that has just started follows once, and finds nothing new."""
    lab = Lab(DesiredState(specification()), wiring())
    lab.connect()
    lab.run(0.1)
    asked = []
    monkeypatch.setattr(deployments, "stand", lambda *_: asked.append("planned"))
    monkeypatch.setattr(Session, "prove", lambda *_: asked.append("proven"))
    stands = lab.deployer.deployment
    assert stands is not None
    lab.run(5)
    assert lab.deployer.deployment == stands
    assert not asked
    assert not lab.events("error", "update")


def plan_both(topology, intents, known, before):
    """Paths that are planned from nothing, and those that use earlier ones again."""
    forget()
    fresh = build_forwarding_graphs(topology, intents, known)
    forget()
    return fresh, build_forwarding_graphs(topology, intents, known, before)


def served(graph):
    longer = graph.spent_ns, graph.apart_ns, graph.room_ns
    return graph.intent, graph.route, graph.automaton, graph.protection, longer


@pytest.mark.parametrize("seed", range(3))
def test_paths_that_use_nothing_that_failed_are_those_that_are_planned_again(seed):
    asked, chance = specify(load_scenario("pan-asia")), Random(seed)
    topology, intents = asked.topology, asked.intents()
    fibres, hubs = ([one.id for one in some] for some in (topology.fibres, topology.hubs))
    known, used = Failures(), 0
    graphs, _ = plan_both(topology, intents, known, None)
    for _ in range(8):
        links, gateways = known.links, known.gateways
        match chance.randrange(6):
            case 0:
                links = frozenset(chance.sample(sorted(links), len(links) // 2))
            case 1:
                gateways = frozenset(chance.sample(hubs, chance.randrange(2)))
            case _:
                links |= {*chance.sample(fibres, chance.randint(1, 3))}
        before, known = Earlier(known, graphs), Failures(links=links, gateways=gateways)
        kept = {id(graph) for graph in graphs}
        fresh, graphs = plan_both(topology, intents, known, before)
        assert [*map(served, fresh)] == [*map(served, graphs)]
        assert all(
            is_alike(one.first, other.first) for one, other in zip(fresh, graphs, strict=True)
        )
        used += sum(id(graph) in kept for graph in graphs)
    assert used > 100


def test_a_longer_path_that_only_a_failure_lets_be_found_is_found():
    """The search for a protected path leaves paths out, and another failure may change which."""

    def sea(ends, ms):
        return fibre(ends, 1).model_copy(
            update={"one_way_delay_ns": round(ms * 1e6), "medium": "submarine"}
        )

    def land(ends, ms):
        return fibre(ends, 1).model_copy(update={"one_way_delay_ns": round(ms * 1e6)})

    fibres = [sea("s-x", 1.8), land("x-d", 0.1), sea("s-t", 1.95), land("t-d", 0.05)]
    fibres += [sea("s-q", 1), land("q-y", 1), land("s-w", 1.5), land("w-y", 1), land("y-d", 1)]
    fibres += [land("y-z", 5), land("z-d", 5)]
    topology = network([hub(name, "CN") for name in "sdxtqwyz"], fibres)
    asked = permit(
        "A",
        preference=1,
        hard={"max_one_way": "5.5ms"},
        soft={"one_way": "4ms", "protect": {"k": 1, "over": ["link"]}},
        on_soft_failure=["drop_protect"],
    )
    other = permit("B", preference=2, hard={"avoid": {"medium": "submarine"}})
    intents = [
        Intent(applicable_policies(asked, other, about=demand(src="s", dst="d"), on=topology))
    ]
    graphs, _ = plan_both(topology, intents, Failures(), None)
    cut = Failures(links=frozenset({"s-q"}))
    fresh, again = plan_both(topology, intents, cut, Earlier(Failures(), graphs))
    assert [*map(served, fresh)] == [*map(served, again)]
    assert fresh[0].route.path.hubs == ("s", "w", "y", "d")


def test_tables_after_a_repair_are_the_objects_from_before():
    """So they compare at once."""
    before = deployments.stand(DesiredState(specification()), wiring(), 0)
    cut = deployments.following(before, DesiredState(specification(), CUT), wiring())
    again = deployments.following(cut, before.known, wiring())
    for old, new in zip(before.program.switches, again.program.switches, strict=True):
        assert {*map(id, old.flows)} == {*map(id, new.flows)}
