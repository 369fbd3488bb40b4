"""Demands that ask alike are ruled on, served and drawn together: with what each gets alone."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.forwarding.nodes import Node
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.certainty import Lawful
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.permitted_paths import NoPermittedPath
from corridor.controller.policy.semantics import PolicyLookup, rule
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.model.delay_model import shipped_model
from policy_lab import CLASSES, TODAY, corridor, demand, deny
from random_policies import networks, policy_lists

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
protections = st.builds(Protection, st.integers(0, 2), st.just(("link", "hub")))


@st.composite
def many(draw_: st.DrawFn):
    """A network, policies, and demands of which several are alike but for their names."""
    topology, listed = draw_(networks()), draw_(policy_lists())
    hubs = [one.id for one in topology.hubs]
    ends = draw_(
        st.lists(st.permutations(hubs).map(lambda names: names[:2]), min_size=1, max_size=3)
    )
    classes = draw_(st.lists(st.sampled_from(["general", "secret"]), min_size=3, max_size=3))
    asked = [
        demand(data_class, *pair).model_copy(update={"id": f"d{number}"})
        for number, (data_class, pair) in enumerate(
            (data_class, pair) for data_class in classes for pair in ends
        )
    ]
    return topology, PolicySet(name="lab", policies=tuple(listed), classes=CLASSES), asked


def whole(graph: ForwardingGraph):
    """A graph, and each of its decisions with those that follow: identity distinguishes nodes."""
    numbers: dict[int, int] = {}
    said = []

    def told(node: Node | None) -> int | None:
        if node is None:
            return None
        if id(node) not in numbers:
            follow = [told(node.otherwise), told(getattr(node, "then", None))]
            numbers[id(node)] = len(numbers)
            does = getattr(node, "fibre", None)
            said.append(
                (type(node), node.hub, node.automaton, node.state, node.phase, does, follow)
            )
        return numbers[id(node)]

    return replace(graph, first=None), told(graph.first), said


@FEW
@given(many())
def test_a_demand_is_ruled_on_as_if_it_were_alone(made):
    topology, policies, asked = made
    rulings = PolicyLookup(policies, topology, TODAY)
    for one in asked:
        assert rulings.on(one) == rule(policies, topology, one, TODAY)


@FEW
@given(many(), protections)
def test_a_demand_is_served_as_if_it_were_alone(made, protection):
    topology, policies, asked = made
    rulings, together = PolicyLookup(policies, topology, TODAY), GraphBuilder(topology)
    for one in asked:
        applicable_policies = rule(policies, topology, one, TODAY)
        alone = GraphBuilder(topology).graph(Intent(applicable_policies, protection=protection))
        found = together.graph(Intent(rulings.on(one), protection=protection))
        assert whole(found) == whole(alone)


@FEW
@given(many())
def test_demands_of_other_protection_are_not_served_alike(made):
    topology, policies, asked = made
    rulings, together = PolicyLookup(policies, topology, TODAY), GraphBuilder(topology)
    for k in (2, 0):
        intent = Intent(rulings.on(asked[0]), protection=Protection(k, ("link",)))
        assert whole(together.graph(intent)) == whole(GraphBuilder(topology).graph(intent))


@FEW
@given(many())
def test_a_demand_is_as_sure_as_if_it_were_alone(made):
    topology, policies, asked = made
    rulings, builder = PolicyLookup(policies, topology, TODAY), GraphBuilder(topology)
    ensemble = draw(topology, shipped_model(), draws=20)
    together = Lawful(ensemble)
    for one in asked:
        graph = builder.graph(Intent(rulings.on(one)))
        if isinstance(graph.route, NoPermittedPath):
            continue
        applicable_policies = rule(policies, topology, one, TODAY)
        found = together.certainty(rulings.on(one), graph.route.path)
        assert found == Lawful(ensemble).certainty(applicable_policies, graph.route.path)
        assert found.demand == one.id


def test_a_refusal_names_the_demand_that_is_refused():
    policies = PolicySet(name="lab", policies=(deny("D"),), classes=CLASSES)
    rulings = PolicyLookup(policies, corridor(), TODAY)
    for name in ("one", "other"):
        found = rulings.on(demand().model_copy(update={"id": name}))
        assert found.refusals[0].element == name
