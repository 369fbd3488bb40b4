"""A state of the network that returns costs nothing again, and changes nothing."""

from corridor.controller.forwarding.compiler import TreeBuilder, plan_ways
from corridor.controller.policy.failures import Failures
from corridor.topologies.base.remembered import forget
from reconciler_lab import specification

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
