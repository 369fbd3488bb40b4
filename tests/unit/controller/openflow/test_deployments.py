"""The next tables, and the proof of the transition to them."""

from dataclasses import replace
from datetime import date

import pytest

from corridor.controller.forwarding.compiler import compile_forwarding_graphs
from corridor.controller.forwarding.program import Reason, Table
from corridor.controller.intent.intent import Aggregate
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.policy.semantics import Failures
from corridor.controller.prover import tables_of
from corridor.controller.prover.session import Session
from corridor.controller.prover.verdicts import UpdateProof, beyond_edges
from reconciler_lab import NO_EXPORT, NO_SEA, policies, specification, wiring

NETWORK = wiring()
KNOWN = DesiredState(specification())


def having(*more, **changes):
    spec = KNOWN.specification.model_copy(update={"policies": policies(*more, **changes)})
    return replace(KNOWN, specification=spec)


@pytest.fixture(scope="module")
def deployment():
    return deployments.stand(KNOWN, NETWORK, 0)


def proven_beside(*asked):
    return Session().prove_whole(deployments.asked_beside(*asked))


def proven_flipped(*asked):
    return Session().prove_whole(deployments.asked_flipped(*asked))


def proofs(deployment, new):
    step = deployments.step_between(deployment, new)
    return UpdateProof(
        proven_beside(deployment, step, new, NETWORK),
        proven_flipped(deployment, step, new, NETWORK),
    )


def route(deployment, demand):
    return next(graph.route for graph in deployment.graphs if graph.intent.id == demand)


def test_what_stands_is_proven(deployment):
    assert deployments.proof_of(deployment, NETWORK).holds


def test_nothing_follows_from_nothing_new(deployment):
    same = deployments.following(deployment, KNOWN, NETWORK)
    assert (same.epoch, same.program) == (0, deployment.program)


CHANGES = [
    having(NO_SEA),
    having(NO_EXPORT),
    replace(KNOWN, failures=Failures(links=frozenset({"kunming-karachi"}))),
    replace(KNOWN, failures=Failures(gateways=frozenset({"guian", "kunming", "shanghai"}))),
    replace(KNOWN, failures=Failures(hubs=frozenset({"kunming"}))),
    replace(KNOWN, drained=frozenset({"shanghai-guian"})),
    replace(KNOWN, failures=Failures(links=frozenset({"kunming-karachi", "bangkok-karachi"}))),
]


def served(program, number):
    """By hub, the entries of one direction, and what they use."""
    found = {}
    for switch in program.switches:
        flows = {flow for flow in switch.flows if flow.policy == number}
        numbers = {a.arguments[0] for flow in flows for a in flow.actions if a.kind == "group"}
        groups = {one for one in switch.groups if one.id in numbers}
        if flows:
            found[switch.hub] = flows, groups
    return found


@pytest.mark.parametrize("known", CHANGES)
def test_an_update_touches_only_directions_whose_entries_differ(deployment, known):
    new = deployments.following(deployment, known, NETWORK)
    step = deployments.step_between(deployment, new)
    told = {
        flow.policy
        for one in step.switches
        for flow in (*one.beside, *one.edge_off, *one.edge_on, *one.remove)
    } - {0}
    stayed = compile_forwarding_graphs(
        NETWORK, deployment.topology, new.graphs, seats=deployment.compiled.seats
    ).directions
    pairs = zip(deployment.compiled.directions, new.compiled.directions, strict=True)
    for number, (was, stands) in enumerate(pairs, start=1):
        stays = stayed[number - 1].is_as(was)
        assert stands.seat.epoch == (was.seat.epoch if stays else 1 - was.seat.epoch)
        assert (number in told) is not stays
        if stays:
            assert stands.seat == was.seat
            assert served(deployment.program, number) == served(new.program, number)


@pytest.mark.parametrize("known", CHANGES)
def test_every_moment_of_an_update_is_proven_there_and_back(deployment, known):
    new = deployments.following(deployment, known, NETWORK)
    assert new.epoch == 1
    proof = proofs(deployment, new)
    assert proof.holds, [str(one) for one in (*proof.beside.violated, *proof.flipped.violated)]
    assert proof.verdict.status == "proven"
    back = deployments.following(new, KNOWN, NETWORK)
    assert (back.epoch, back.program) == (0, deployment.program)
    assert proofs(new, back).holds


def test_old_edges_are_not_proven_by_new_policies(deployment):
    new = deployments.following(deployment, having(NO_EXPORT), NETWORK)
    step = deployments.step_between(deployment, new)
    stale = replace(
        step, switches=tuple(replace(one, edge_on=(), edge_off=()) for one in step.switches)
    )
    proof = proven_flipped(deployment, stale, new, NETWORK)
    assert {"C0", "C1"} & {one.claim for one in proof.violated}


def test_what_is_beyond_edges_stands_before_they_are_flipped(deployment):
    """Edges are flipped one after another: who is flipped sends to who is not."""
    new = deployments.following(deployment, having(NO_SEA), NETWORK)
    step = deployments.step_between(deployment, new)
    assert not [*beyond_edges(step.beside, step.flipped)]
    late = replace(
        step,
        switches=tuple(
            replace(one, beside=(), edge_on=(*one.edge_on, *one.beside)) for one in step.switches
        ),
    )
    flipped = proven_flipped(deployment, late, new, NETWORK)
    assert flipped.holds, "each side alone is right"
    said = (*beyond_edges(late.beside, late.flipped),)
    assert said[0] == "more than edges would change at shanghai when edges are flipped"
    proof = UpdateProof(proven_beside(deployment, step, new, NETWORK), flipped, said)
    assert (proof.holds, proof.verdict.status) == (False, "violated")
    assert proof.verdict.why == said[0]


def test_a_label_that_rests_is_accepted_and_any_other_is_not(deployment):
    new = deployments.following(deployment, having(NO_SEA), NETWORK)
    step = deployments.step_between(deployment, new)
    tables = tables_of(step.beside)
    assert proven_beside(deployment, step, new, NETWORK, tables).holds
    unheard = replace(new, compiled=deployment.compiled)
    proof = proven_beside(deployment, step, unheard, NETWORK, tables)
    assert [one.claim for one in proof.violated] == ["C3"]


def test_a_demand_that_is_withdrawn_is_dropped_at_its_edge_and_proven_so(deployment):
    intents = having(NO_EXPORT).specification.intents()
    gone = deployments.no_longer_allowed(deployment, intents)
    assert {deployment.intents[number - 1].id for number in gone} == {"ckpt", "render"}
    withdrawn = deployments.withdraw(deployment, gone, intents)
    blocked = [
        flow
        for switch in withdrawn.program.switches
        for flow in switch.flows
        if flow.table == Table.CLASSIFY and flow.policy in gone
    ]
    assert [flow.reason for flow in blocked] == [Reason.DROP_BLOCKED] * len(gone)
    proof = deployments.proof_of(withdrawn, NETWORK)
    assert proof.holds, [str(one) for one in proof.violated]
    new = deployments.following(withdrawn, having(NO_EXPORT), NETWORK)
    assert proofs(withdrawn, new).holds


def test_a_demand_that_is_withdrawn_although_it_will_be_served_holds_no_update_up(deployment):
    """Its new permit is stricter than the one in use: it is dropped until the next deployment."""
    intents = having(NO_SEA).specification.intents()
    gone = deployments.unlawful(deployment, intents)
    assert any(intents[number - 1].applicable_policies.automata for number in gone)
    withdrawn = deployments.withdraw(deployment, gone, intents)
    proof = deployments.proof_of(withdrawn, NETWORK)
    assert proof.holds, [str(one) for one in proof.violated]
    assert proofs(withdrawn, deployments.following(withdrawn, having(NO_SEA), NETWORK)).holds


def test_a_basis_that_ends_takes_what_rests_on_it(deployment):
    spec = KNOWN.specification.model_copy(update={"as_of": date(2027, 7, 1)})
    gone = deployments.unlawful(deployment, spec.intents())
    assert {deployment.intents[number - 1].id for number in gone} == {"ckpt", "render"}
    assert not deployments.unlawful(deployment, KNOWN.specification.intents())


def test_the_longest_journey_is_longer_than_any_path_while_all_is_well(deployment):
    longest = deployments.longest_ns(deployment, NETWORK)
    assert longest > max(graph.route.one_way_ns for graph in deployment.graphs)
    assert longest < 3_000_000_000


def test_gateways_know_the_labels_of_both_epochs(deployment):
    new = deployments.following(deployment, having(NO_SEA), NETWORK)
    one, other, both = (
        deployments.assessed(some, NETWORK) for some in ([deployment], [new], [deployment, new])
    )
    for hub, labels in both.items():
        assert labels == one[hub] | other[hub]
        assert not one[hub].keys() & other[hub].keys()
    assert any(both.values())


def test_a_hub_that_has_failed_is_cut_off_and_no_other(deployment):
    new = deployments.following(
        deployment, replace(KNOWN, failures=Failures(hubs=frozenset({"kunming"}))), NETWORK
    )
    assert deployments.is_cut_off("kunming", new.program, NETWORK)
    assert not deployments.is_cut_off("kunming", deployment.program, NETWORK)


def in_one_pipe():
    """Two demands that start at shanghai share a rate there, and so a meter."""
    rates = {"cir": "1Mbit/s", "pir": "2Mbit/s"}
    pipe = Aggregate.model_validate(
        {"id": "pipe", "demands": ["train", "render"], "guarantee": rates}
    )
    spec = KNOWN.specification.model_copy(update={"aggregates": (pipe,)})
    return replace(KNOWN, specification=spec)


def moved(known, drained):
    """The directions that move once a fibre carries nothing, and what there was before and is."""
    stands = deployments.stand(known, NETWORK, 0)
    new = deployments.following(stands, replace(known, drained=frozenset({drained})), NETWORK)
    ids = {one.graph.intent.id for one in new.compiled.directions if one.seat.epoch == 1}
    return ids, stands, new


def meters(deployment):
    return {one.id for switch in deployment.program.switches for one in switch.meters}


def test_directions_that_share_a_meter_move_together():
    fibre = next(
        wire.fibre
        for wire in NETWORK.fibres
        if moved(KNOWN, wire.fibre)[0] & {"train", "render"} == {"render"}
    )
    together, stands, new = moved(in_one_pipe(), fibre)
    assert {"train", "render"} <= together
    assert (len(meters(stands)), len(meters(new))) == (1, 1)
    assert not meters(stands) & meters(new)
    proof = proofs(stands, new)
    assert proof.holds, [str(one) for one in (*proof.beside.violated, *proof.flipped.violated)]


def test_labels_of_all_versions_are_disjoint_however_directions_move():
    """Other directions change in each step, so both epochs are in use."""
    stands = deployments.stand(KNOWN, NETWORK, 0)
    for known in (*CHANGES, KNOWN, *reversed(CHANGES)):
        new = deployments.following(stands, known, NETWORK)
        moved = [
            one
            for one, was in zip(new.compiled.directions, stands.compiled.directions, strict=True)
            if one.seat != was.seat
        ]
        versions = (*stands.compiled.directions, *moved)
        labels = [(one.seat.epoch, graph) for one in versions for graph in one.block]
        assert len(labels) == len({*labels})
        stands = new
