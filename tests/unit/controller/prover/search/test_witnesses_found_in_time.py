"""What each policy keeps data from is found without a search for each policy."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from corridor.controller.intent.intent import Intent
from corridor.controller.prover.search import declared_demands as module
from corridor.controller.prover.search.declared_network import Network
from policy_lab import applicable_policies, corridor, permit, restrict
from prover_worlds import compiled, worlds

FEW = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def found_for(net):
    network = Network(net.tables, net.wiring, net.topology, net.intents)
    return list(module.witnesses(network.demands))


@FEW
@given(worlds())
def test_no_witness_is_missed(net):
    found, quick = found_for(net), module.deciding
    try:
        module.deciding = lambda automaton, _topology: frozenset(
            owner for owner, _ in automaton.clause_names()
        )
        assert found_for(net) == found
    finally:
        module.deciding = quick


def test_many_policies_are_searched_for_only_where_they_decide(monkeypatch):
    alike = [restrict(f"R{n}", hard={"avoid": {"located_in": ["IN"]}}) for n in range(200)]
    loose = [restrict(f"H{n}", hard={"hops": 20, "max_one_way": "1s"}) for n in range(200)]
    alone = restrict(
        "ALONE", hard={"avoid": {"operated_by": ["SCO"], "unknown_operator": "accept"}}
    )
    net = compiled(corridor(), [Intent(applicable_policies(permit(), *alike, *loose, alone))])
    searched = []
    search = module._without
    monkeypatch.setattr(
        module, "_without", lambda *asked: searched.append(asked[1].id) or search(*asked)
    )
    assert [one.policy for one in found_for(net)] == ["ALONE"]
    assert sorted(set(searched)) == ["ALONE", "H0"]
