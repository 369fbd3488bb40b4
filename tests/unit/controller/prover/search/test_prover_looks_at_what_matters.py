"""Of many entries, and of many pieces that they cut headers into, the prover looks only at those
that matter. The result equals that of looking at all of them."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.forwarding.compiler import (
    build_forwarding_graphs,
    compile_forwarding_graphs,
    gateways_of,
)
from corridor.controller.forwarding.program import Flow
from corridor.controller.intent.intent import Intent, Selector, clashes
from corridor.controller.prover import prove, tables_of
from corridor.controller.prover.search import headers, lookup
from corridor.controller.prover.search.headers import (
    Allowed,
    Box,
    Packet,
    Sieve,
    box,
    in_order,
    outside,
)
from corridor.controller.prover.search.lookup import Rest, Rule, cut
from corridor.topologies.model.wiring import wire
from policy_lab import applicable_policies, corridor, demand, permit

SAME_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
FIELDS = ("eth_type", "eth_dst", "mpls_tc", "ip_proto", "udp_src", "udp_dst")
conditions = st.dictionaries(st.sampled_from(FIELDS), st.integers(0, 2), max_size=4).map(
    lambda chosen: in_order(chosen.items())
)
boxes = st.builds(
    Box,
    conditions.map(frozenset),
    st.sets(st.tuples(st.sampled_from(FIELDS), st.integers(0, 2)), max_size=2).map(frozenset),
).filter(lambda one: not {name for name, _ in one.equal} & {name for name, _ in one.unequal})
packets = st.builds(
    Packet,
    boxes,
    st.sampled_from((frozenset(), frozenset([("eth_dst", 1)]))),
    st.sampled_from((None, None, 16)),
    st.sampled_from((None, 1)),
)
rules = st.lists(st.tuples(conditions, st.sampled_from((True, True, True, False))), max_size=12)


def rule(number, chosen, certain):
    return Rule(Flow(0, 1, (("in_port", number),), (), None, 0), chosen, certain, (0, None, None))


@SAME_FIXTURE
@given(packets, rules, st.sampled_from((0, 2, lookup.DEEPEST)))
def test_packets_are_taken_and_left_as_if_each_piece_was_looked_at(packet, some, deepest):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(lookup, "DEEPEST", deepest)
        hold_side_by_side(packet, some)


def hold_side_by_side(packet, some):
    tree, flat = Rest(packet), [packet]
    for number, (chosen, certain) in enumerate(some):
        left, taken = [], []
        for piece in flat:
            hit = cut(piece, chosen, certain, left)
            taken += [] if hit is None else [hit]
        flat = left
        assert tree.take(rule(number, chosen, certain)) == taken
        assert [*tree] == flat
        assert tree.is_empty == (not flat)


@pytest.fixture(params=[0, 2, 8], autouse=True)
def few(request, monkeypatch):
    """How many things a sieve does not distinguish."""
    monkeypatch.setattr(headers, "FEW", request.param)


@SAME_FIXTURE
@given(packets, rules)
def test_entries_that_a_sieve_holds_back_cut_nothing(packet, some):
    held = Sieve((chosen, number) for number, (chosen, _) in enumerate(some))
    found = held.cutting(packet.value)
    assert found == sorted(found)
    for number, (chosen, _) in enumerate(some):
        if number not in found:
            left = []
            assert cut(packet, chosen, True, left) is None
            assert left == [packet]


@SAME_FIXTURE
@given(boxes, st.lists(conditions, max_size=8))
def test_what_is_left_without_all_boxes_is_the_same(sent, some):
    allowed = [box(**dict(chosen)) for chosen in some]
    assert Allowed(allowed).outside(sent) == outside(sent, allowed)


@SAME_FIXTURE
@given(boxes, st.lists(boxes, max_size=8))
def test_boxes_that_meet_some_headers_fit_them(sent, some):
    fitting = Sieve.of_boxes((one, number) for number, one in enumerate(some)).fitting(
        sent.known.get
    )
    assert fitting == sorted(fitting)
    assert {n for n, one in enumerate(some) if sent.meet(one) is not None} <= set(fitting)


selectors = st.builds(
    Selector,
    st.sampled_from((None, "udp", "tcp")),
    st.sampled_from((None, 1, 2)),
    st.sampled_from((None, 1, 2)),
)


def told_apart(one, other):
    fields = ("protocol", "src_port", "dst_port")
    pairs = [(getattr(one, name), getattr(other, name)) for name in fields]
    return any(None not in pair and pair[0] != pair[1] for pair in pairs)


@SAME_FIXTURE
@given(st.lists(st.lists(selectors, min_size=1, max_size=3).map(tuple), max_size=6))
def test_demands_clash_where_some_packet_fits_both(some):
    intents = [Intent(applicable_policies(permit()), told) for told in some]
    expected = [
        (one, other)
        for number, other in enumerate(intents)
        for one in intents[:number]
        if not all(told_apart(a, b) for a in one.selectors for b in other.selectors)
    ]
    assert [*map(id, sum(clashes(intents), ()))] == [*map(id, sum(expected, ()))]


@pytest.fixture
def cuts(monkeypatch):
    """How often headers were cut."""
    counted = []
    before = headers.Box.cut

    def counting(self, name, value):
        counted.append(name)
        return before(self, name, value)

    monkeypatch.setattr(headers.Box, "cut", counting)
    return counted


def test_headers_are_cut_as_often_as_there_are_demands_between_two_hubs(cuts):
    topology = corridor()

    def cuts_for(count):
        cuts.clear()
        asked = applicable_policies(
            permit(), about=demand("general", "west", "karachi"), on=topology
        )
        intents = [Intent(asked, (Selector("udp", 2000 + n, 862),)) for n in range(count)]
        graphs = build_forwarding_graphs(topology, intents)
        wiring = wire(topology, gateways=gateways_of(graphs))
        program = compile_forwarding_graphs(wiring, topology, graphs).program
        prove(tables_of(program), wiring, topology, intents, program)
        return len(cuts)

    few, more, most = (cuts_for(count) for count in (50, 100, 150))
    assert most - more == pytest.approx(more - few, rel=0.05)
