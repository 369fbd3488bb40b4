"""Detours under another permit: the phase that labels may state there, and the exceptions."""

from __future__ import annotations

from dataclasses import replace

from corridor.controller.forwarding.program import Reason, phase_of
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.policy.phase import Phase
from corridor.controller.prover import Prover, prove
from corridor.controller.prover.exact_claims import examine
from policy_lab import applicable_policies, demand, fibre, hub, network, permit
from prover_worlds import Mesh, compiled

INSPECTED = {"any_of": "gateways", "before": "border"}
AT_HOME = permit("AT-HOME", hard={"confine": ["CN"], "waypoints": [INSPECTED]})
WHEREVER = permit("WHEREVER", hard={"waypoints": [{"any_of": "gateways"}]})


def net() -> Mesh:
    """The primary path uses ``WHEREVER``, which requires nothing at a border: its labels are
    EXEMPT.

    The detour at b is by ``AT-HOME``, the first by id of two that are as long. Under that permit
    the gateway of west has been passed before the border: its labels say ASSESSED."""
    topology = network(
        [hub("west", "CN", intl_gateway=True), *(hub(name, "CN") for name in ("b", "c", "east"))],
        [
            fibre("west-b", 1),
            fibre("b-east", 1, crosses=("PK",)),
            fibre("b-c", 2),
            fibre("c-east", 2),
        ],
    )
    about = demand(src="west", dst="east")
    rules = applicable_policies(WHEREVER, AT_HOME, about=about, on=topology)
    return compiled(topology, [Intent(rules, protection=Protection(1, ("link",)))])


def remarked(made: Mesh) -> list[tuple[str, int]]:
    """Hubs and ports at which a label of another phase becomes ASSESSED."""
    found = []
    for at, flow, group in made.grouped():
        for bucket in group.buckets:
            for action in bucket.actions:
                if action.arguments[:1] != ("mpls_label",):
                    continue
                match = dict(flow.match)
                if phase_of(action.arguments[1]) is not phase_of(match["mpls_label"]):
                    assert phase_of(action.arguments[1]) is Phase.ASSESSED
                    found.append((at, match["in_port"]))
    return found


def test_a_detour_may_declare_assessed_what_an_earlier_gateway_has_passed():
    made = net()
    assert remarked(made) == [("b", made.port("b", "west-b"))]
    exact = examine(made.tables, made.wiring, made.topology, made.intents)
    proof = prove(made.tables, made.wiring, made.topology, made.intents, made.program, exact)
    assert proof.holds, [str(one.counterexample) for one in proof.violated]


def test_it_may_not_where_packets_come_by_no_gateway():
    """The source sends on what it would have inspected."""
    made = net()
    hub_, into = made.pick(Reason.TO_GATEWAY)
    _, back = made.pick(Reason.FROM_GATEWAY)
    spoilt = made.replaced(hub_, into, replace(into, actions=back.actions))
    prover = Prover.of(spoilt.tables, made.wiring, made.topology, made.intents)
    found = [(claim.id, one.said) for some in prover.findings.every for claim, one in some]
    assert "C7" in dict(found)
    assert ("C3", "its label says ASSESSED, and it has passed no gateway") in found


def test_no_entry_at_a_hosts_port_may():
    made = net()
    label = next(use.label for use in made.program.labels if phase_of(use.label) is Phase.ASSESSED)
    hub_, given = made.pick(Reason.LABEL)
    actions = tuple(
        replace(one, arguments=(label,)) if one.kind == "push_label" else one
        for one in given.actions
    )
    proof = made.prove(made.replaced(hub_, given, replace(given, actions=actions)))
    assert "C3" in {one.claim for one in proof.violated}
