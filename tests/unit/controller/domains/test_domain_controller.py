"""Controllers of two operators: their labels, epochs and decisions, and what they refuse."""

from __future__ import annotations

import pytest

from corridor.controller.domains.domain_controller import DomainController
from corridor.controller.domains.kept_state import Key
from corridor.controller.domains.messages import (
    Commit,
    Done,
    Offer,
    Prepare,
    Prepared,
    Query,
    Refused,
    Release,
    Request,
)
from corridor.controller.domains.segments import NoSegmentError, Visit, labelled
from corridor.controller.forwarding.program import label_of
from corridor.controller.intent.intent import ANY_PACKET
from corridor.controller.intent.specification import Direction, Specification
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.phase import Phase
from corridor.controller.policy.product import Place
from corridor.topologies.model.hosts import Host
from corridor.topologies.model.operators import WrittenDomains
from domain_network import DomainNetwork
from policy_lab import CLASSES, TODAY, demand, fibre, hub, network, permit

NORTH, SOUTH = "north@CN", "south@PK"
CHAIN = network(
    [hub("a", "CN"), hub("b", "CN"), hub("m", "PK"), hub("z", "PK")],
    [fibre("a-b", 1), fibre("b-m", 2), fibre("a-m", 9), fibre("m-z", 4)],
)


def specified(*rules) -> Specification:
    hubs = {"a": NORTH, "b": NORTH, "m": SOUTH, "z": SOUTH}
    return Specification(
        topology=CHAIN.model_copy(update={"domains": WrittenDomains(hubs=hubs)}),
        policies=PolicySet(name="lab", policies=rules or (permit(),), classes=CLASSES),
        as_of=TODAY, k=0, over=(),
        directions=(Direction(demand=demand("general", "a", "z"), selectors=(ANY_PACKET,)),),
    )  # fmt: skip


@pytest.fixture
def net() -> DomainNetwork:
    net = DomainNetwork(specified())
    net.settle()
    return net


def first_of(net: DomainNetwork):
    """What the source uses: one version, or none."""
    return [one for one in net.controllers[NORTH].active() if not one.upstream]


def first(net: DomainNetwork):
    (one,) = first_of(net)
    return one


def test_the_label_of_a_hand_over_is_chosen_by_the_domain_that_receives_packets(net):
    north, (south,) = first(net), net.controllers[SOUTH].active()
    label = label_of(1, Phase.EXEMPT, 16)
    assert (north.fibres, south.fibres) == (("a-b", "b-m"), ("m-z",))
    assert (north.delay_ns, south.delay_ns) == (7_000_000, 4_000_000)
    assert north.onward_label == label
    assert {visit.label for visit in (*north.visits, *south.visits)} == {label}
    assert (north.epoch, south.upstream, south.downstream) == (1, NORTH, "")


def test_packets_of_a_host_behind_a_hub_go_to_the_port_of_the_host_that_receives_them():
    whole = specified()
    hosts = whole.topology.with_hosts([Host(id="web", hub="a"), Host(id="db", hub="z")])
    asked = demand("general", "a", "z").model_copy(update={"src_host": "web", "dst_host": "db"})
    direction = Direction(demand=asked, selectors=(ANY_PACKET,))
    net = DomainNetwork(whole.model_copy(update={"topology": hosts, "directions": (direction,)}))
    net.settle()
    (south,) = net.controllers[SOUTH].active()
    assert first(net).visits[0].in_port == 2001 == south.visits[-1].out_port
    assert net.breaches() == []
    delivered = [flow for one in net.program.switches if one.hub == "z" for flow in one.flows]
    assert ("output", (2001,)) in {(x.kind, x.arguments) for one in delivered for x in one.actions}


def test_a_cut_that_only_its_ends_see_moves_the_path_to_the_next_epoch(net):
    net.cut("b-m")
    net.settle()
    assert (first(net).epoch, first(net).fibres) == (2, ("a-m",))
    assert first(net).onward_label == label_of(0, Phase.EXEMPT, 16)
    assert [len(one.state.crossings) for one in net.controllers.values()] == [1, 1]
    assert net.controllers[SOUTH].state.closed == {1: 1}


def test_a_source_that_is_killed_before_its_decision_aborts(net):
    net.cut("b-m")
    while not any(
        one.status == "preparing" for one in net.controllers[NORTH].state.crossings.values()
    ):
        net.step()
    net.kill(NORTH)
    assert {one.status for one in net.controllers[NORTH].state.crossings.values()} == {"active"}
    net.settle()
    assert (first(net).epoch, first(net).fibres) == (3, ("a-m",))
    assert net.controllers[SOUTH].state.closed == {1: 2}


def test_a_source_that_is_killed_after_its_decision_goes_on(net):
    north = net.controllers[NORTH]
    kept = DomainController(net.sights[NORTH], north.state.to_json())
    kept.start()
    assert [one.status for one in kept.state.crossings.values()] == ["active"]
    assert (kept.state.boot, kept.is_settled, kept.program()) == (2, True, north.program())


def test_a_direction_that_other_policies_forbid_is_dropped_at_once(net):
    net.change(NORTH, specified(permit(hard={"avoid": {"hubs": ["m"]}})))
    assert [one.status for one in net.controllers[NORTH].state.crossings.values()] == ["old"]
    assert net.breaches() == []
    net.change(SOUTH, net.rules[NORTH])
    net.settle()
    assert [len(one.state.crossings) for one in net.controllers.values()] == [0, 0]


def test_a_path_that_other_policies_forbid_is_not_used_until_the_next_is_agreed(net):
    rules = specified(permit(hard={"avoid": {"fibres": ["b-m"]}}))
    net.change(NORTH, rules)
    assert [one.status for one in net.controllers[NORTH].state.crossings.values()] == ["old"]
    assert net.breaches() == []
    net.change(SOUTH, rules)
    net.settle()
    assert first(net).fibres == ("a-m",)


def test_a_shorter_path_is_used_when_a_domain_answers_again():
    whole = specified()
    more = network([*CHAIN.hubs, hub("w", "MM")], [*CHAIN.fibres, fibre("a-w", 1), fibre("w-z", 2)])
    hubs = {**whole.topology.domains.hubs, "w": "west@MM"}
    topology = more.model_copy(update={"domains": WrittenDomains(hubs=hubs)})
    net = DomainNetwork(whole.model_copy(update={"topology": topology}))
    net.silent.add("west@MM")
    while not first_of(net):
        net.step()
    assert first_of(net)[0].delay_ns == 7_000_000
    net.silent.clear()
    net.settle()
    assert first_of(net)[0].delay_ns == 3_000_000


def test_labels_that_are_in_use_at_a_hub_are_not_given_again():
    path = (Visit("m", 2, int(Phase.EXEMPT), False, 3), Visit("z", 2, int(Phase.EXEMPT), False, 1))
    given = labelled(path, 1, 1, None, ())
    base = label_of(1, Phase.EXEMPT, 16)
    assert [one.label for one in given] == [base, base]
    assert [one.label for one in labelled(path, 1, 1, None, {("z", base)})] == [base + 1] * 2
    assert [one.label for one in labelled(path, 1, 1, None, {("m", base)})] == [base + 1, base]
    assert labelled(path[:1], 1, 2, base, ())[0].label == base
    with pytest.raises(NoSegmentError, match="no label is left at z"):
        labelled(path, 1, 1, None, {("z", base + number) for number in range(16)})


def test_a_silent_domain_is_asked_a_few_times(net):
    net.silent.add(SOUTH)
    net.cut("b-m")
    for _ in range(200):
        net.step()
    assert net.controllers[NORTH].state.pending == {1}
    assert list(net.controllers[NORTH].active()) == []


QUERY = Query(1, 0, 5)
ENTRY = Place("m", ())


def prepare(**more) -> Prepare:
    found = {"query": QUERY, "epoch": 1, "place": ENTRY, "before": (), "fibre": "b-m", **more}
    return Prepare.model_validate(found)


@pytest.mark.parametrize(
    ("sender", "item", "kind"),
    [
        ("west@PK", Request(query=QUERY, place=ENTRY), "not a hand-over"),
        (NORTH, Request(query=Query(9, 0, 5), place=ENTRY), "not asked"),
        (NORTH, Request(query=Query(1, 4, 5), place=ENTRY), "not asked"),
        (NORTH, Request(query=Query(1, 0, 10**9), place=Place("a", ())), "not asked"),
        (NORTH, Request(query=QUERY, place=Place("m", (1, 2))), "malformed"),
        (NORTH, prepare(epoch=1), "old epoch"),
        (NORTH, prepare(epoch=9, fibre="m-z"), "not a hand-over"),
        (NORTH, prepare(epoch=9, fibre="a-b"), "not a hand-over"),
    ],
)
def test_what_no_neighbour_may_send_is_refused(net, sender, item, kind):
    net.cut("b-m")
    net.settle()
    south = net.controllers[SOUTH]
    before = south.state.to_json()
    with pytest.raises(Refused) as refused:
        south.received(sender, item, south.digest)
    assert refused.value.kind == kind
    assert south.state.to_json() == before


def test_requests_under_other_policies_are_refused_and_acknowledged(net):
    south = net.controllers[SOUTH]
    with pytest.raises(Refused, match="other policies: north@CN has 0000"):
        south.received(NORTH, Request(query=QUERY, place=ENTRY), "0" * 16)
    assert south.take(NORTH)[1] == (Done(query=QUERY, count=1, lost=True),)


def test_an_offer_that_was_not_requested_is_refused(net):
    net.cut("b-m")
    north = net.controllers[NORTH]
    query = next(iter(north.agreements._negotiations))
    offer = Offer(query=query, place=Place("z", ()), delay_ns=1)
    with pytest.raises(Refused, match="which was not requested"):
        north.received(SOUTH, offer, north.digest)


def test_an_item_that_comes_twice_changes_nothing(net):
    (one,) = net.controllers[SOUTH].active()
    south, north = net.controllers[SOUTH], net.controllers[NORTH]
    states = south.state.to_json(), north.state.to_json()
    of = {"direction": 1, "epoch": 1, "place": ENTRY}
    south.received(NORTH, Commit(**of), south.digest)
    north.received(SOUTH, Prepared(**of, label=one.visits[0].label), north.digest)
    south.received("north@CN", Release(**{**of, "epoch": 7}), south.digest)
    assert (south.state.to_json(), north.state.to_json()) == states


def test_a_state_file_of_another_domain_is_refused(net):
    with pytest.raises(ValueError, match="the state file is of north@CN"):
        DomainController(net.sights[SOUTH], net.files[NORTH])


def test_a_controller_is_given_no_more_than_its_part(net):
    south = net.sights[SOUTH].specification.topology
    assert {one.id for one in south.fibres} == {"b-m", "a-m", "m-z"}
    assert {*net.sights[SOUTH].shared} == {"m", "z"} == {*net.sights[SOUTH].mine}
    assert Key(1, 1, ENTRY) in net.controllers[SOUTH].state.crossings
