"""Whatever is dead, packets go where the prover says that they may, and its counterexamples do."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.topologies.model.wiring import GATEWAY_IN_PORT
from mutants import MUTANTS
from prover_judge import Dead, Switches, broken_by, packet_of
from prover_worlds import Mesh, NotHereError, Spoilt, atlas_world, some_worlds, worlds
from spoiling import spoilt

FEW = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
JUDGED = {"C1", "C3", "C4", "C5", "C6", "C7", "C8", "C11", "C15", "T0"}
"""Claims of which a misrouted packet must break one. The software switches distinguish a label in
disorder, an entry by chance and a port with nothing on it only in words."""


@st.composite
def outages(draw: st.DrawFn, net: Mesh) -> Dead:
    """Anything may be dead, and switches may be wrong about their own ports."""
    fibres = [one.fibre for one in net.wiring.fibres]
    gateways = [one.hub for one in net.wiring.hubs if one.gateway]
    ports = [*net.ports, *((hub, GATEWAY_IN_PORT) for hub in gateways)]

    def some(things):
        return frozenset(draw(st.lists(st.sampled_from(things), max_size=3))) if things else ()

    return Dead(some(fibres), frozenset(some(gateways)), frozenset(some(ports)))


def few(net: Mesh) -> list[Dead]:
    """All sets of up to two dead fibres or gateways."""
    fibres = [(one.fibre, None) for one in net.wiring.fibres]
    gateways = [(None, one.hub) for one in net.wiring.hubs if one.gateway]
    return [
        Dead(
            frozenset(fibre for fibre, _ in some if fibre),
            frozenset(hub for _, hub in some if hub),
        )
        for k in (0, 1, 2)
        for some in combinations([*fibres, *gateways], k)
    ]


def wrongs(net: Mesh, held: Spoilt, dead: Dead) -> list[str]:
    """What breaks a claim of those that say how packets go."""
    switches = Switches(net, held, dead)
    found = []
    for intent in net.intents:
        for selector in intent.selectors:
            fate = switches.fate(intent.pair[0], packet_of(net, intent, selector))
            claim = "disorder" if isinstance(fate, str) else broken_by(net, intent, fate)
            if claim:
                found.append(f"{claim}: {intent.id} with {dead}\n{fate}")
    return found


@pytest.mark.parametrize("k", [0, 1, 2])
def test_correct_tables_keep_to_policies_whatever_two_things_are_dead(k):
    net = atlas_world(k)
    held = Spoilt(net.tables, net.program, net.intents)
    for dead in few(net):
        assert not wrongs(net, held, dead)


@FEW
@given(st.data())
def test_correct_tables_keep_to_policies_whatever_is_dead(data):
    net = data.draw(worlds())
    held = Spoilt(net.tables, net.program, net.intents)
    for _ in range(8):
        assert not wrongs(net, held, data.draw(outages(net)))


@settings(FEW, max_examples=60)
@given(st.data())
def test_where_packets_go_wrong_a_claim_is_violated(data):
    net = data.draw(some_worlds())
    held = data.draw(spoilt(net))
    violated = {verdict.claim for verdict in net.prove(held).violated}
    for _ in range(6):
        for wrong in wrongs(net, held, data.draw(outages(net))):
            claim = wrong.split(":")[0]
            if claim == "disorder":
                assert violated & JUDGED, wrong
            else:
                assert claim in violated, f"{sorted(violated)}\n{wrong}"


OF_PATHS = [
    name for name, (claim, _) in MUTANTS.items() if claim in ("C4", "C5", "C6", "C7", "C11")
]


@pytest.mark.parametrize("name", OF_PATHS)
def test_a_mutant_of_paths_sends_packets_wrong_while_something_is_dead(name):
    """So that its claim is not violated for nothing."""
    claim, mutation = MUTANTS[name]
    here = 0
    for k in (0, 1, 2):
        net = atlas_world(k)
        try:
            held = mutation(net)
        except NotHereError:
            continue
        here += 1
        goes_wrong = (wrong for dead in few(net) for wrong in wrongs(net, held, dead))
        assert any(wrong.split(":")[0] == claim for wrong in goes_wrong), f"k={k}"
    assert here
