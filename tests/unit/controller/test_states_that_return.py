"""A state of the network that returns costs nothing again, and changes nothing."""

from corridor.controller.deployment import deployments
from corridor.controller.deployment.deployments import DesiredState
from corridor.controller.forwarding.compiler import TreeBuilder, plan_ways
from corridor.controller.policy.failures import Failures
from corridor.controller.prover.session import Session
from corridor.topologies.base.remembered import forget
from fake_switches import Lab
from reconciler_lab import specification, wiring

CUT = Failures(links=frozenset({"kunming-karachi"}))


def test_paths_after_a_repair_are_those_from_before(monkeypatch):
    asked, topology = specification().intents(), specification().topology
    forget()
    before, made = plan_ways(topology, asked), []
    real = TreeBuilder.way
    monkeypatch.setattr(
        TreeBuilder, "way", lambda builder, *more: made.append(1) or real(builder, *more)
    )
    detours = plan_ways(topology, specification().intents(), CUT)
    assert detours != before
    assert made
    made.clear()
    assert plan_ways(topology, specification().intents()) == before
    assert not made


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
