"""Boxes of headers against plain sets of points in a small header space."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.prover.search.headers import (
    ETH_IPV4,
    ETH_MPLS,
    Box,
    Packet,
    box,
    is_exact,
    outside,
)

FIELDS = {"vlan_vid": (0, 1, 2), "eth_type": (1, 2, 3), "arp_op": (1, 2, 3)}
POINTS = [dict(zip(FIELDS, point, strict=True)) for point in product(*FIELDS.values())]
conditions = st.sampled_from([(name, value) for name in FIELDS for value in FIELDS[name][:2]])
matches = st.dictionaries(st.sampled_from(list(FIELDS)), st.integers(1, 2)).map(
    lambda fields: box(**fields)
)


def inside(headers: Box, point) -> bool:
    return all(point[name] == value for name, value in headers.equal) and all(
        point[name] != value for name, value in headers.unequal
    )


@st.composite
def boxes(draw):
    made = Box()
    for name, value in draw(st.lists(conditions, max_size=5)):
        parts = [part for part in made.cut(name, value) if part is not None]
        made = draw(st.sampled_from(parts))
    return made


@given(boxes(), conditions)
def test_cutting_parts_a_box_in_two(headers, condition):
    name, value = condition
    here, others = headers.cut(name, value)
    for point in POINTS:
        was = inside(headers, point)
        assert (here is not None and inside(here, point)) == (was and point[name] == value)
        assert (others is not None and inside(others, point)) == (was and point[name] != value)


@given(boxes(), boxes())
def test_meeting_is_intersection(one, other):
    both = one.meet(other)
    for point in POINTS:
        expected = inside(one, point) and inside(other, point)
        assert (both is not None and inside(both, point)) == expected


@given(boxes(), st.lists(matches, max_size=4))
def test_what_is_left_outside_is_left_once(headers, allowed):
    left = outside(headers, allowed)
    for point in POINTS:
        expected = inside(headers, point) and not any(inside(one, point) for one in allowed)
        assert sum(inside(piece, point) for piece in left) == expected


def test_a_label_comes_and_goes_and_leaves_the_packet_as_it_was():
    packet = Packet(box(eth_type=ETH_IPV4, ipv4_dst="10.0.0.1"))
    labelled = packet.push(16)
    assert (labelled.label, labelled.value("eth_type")) == (16, ETH_MPLS)
    assert labelled.cut("eth_type", ETH_IPV4)[0] is None
    assert labelled.pop() == packet


def test_the_class_of_a_new_label_may_be_anything_until_it_is_set():
    labelled = Packet(box(eth_type=ETH_IPV4)).push(16)
    here, others = labelled.cut("mpls_tc", 1)
    assert (here.tc, others) == (1, labelled)
    known = labelled.write("mpls_tc", 3)
    assert known.cut("mpls_tc", 1) == (None, known)
    assert known.cut("mpls_tc", 3) == (known, None)
    assert known.write("mpls_label", 17).label == 17
    assert known.pop().value("mpls_tc") is None


def test_what_is_written_below_a_label_stays():
    packet = Packet(box(eth_type=ETH_IPV4)).write("ip_dscp", 0)
    assert packet.push(16).pop() == packet
    assert packet.push(16).value("ip_dscp") == 0


def test_a_label_that_came_with_the_packet_is_popped_to_ipv4():
    packet = Packet(box(eth_type=ETH_MPLS, mpls_label=16))
    assert packet.is_labelled
    assert packet.pop().value("eth_type") == ETH_IPV4
    assert not packet.pop().is_labelled


@pytest.mark.parametrize(
    ("name", "value", "exact"),
    [
        ("ipv4_src", "10.0.0.1", True),
        ("ipv4_src", "10.0.0.0/255.0.0.0", False),
        ("ipv4_src", 7, False),
        ("eth_src", "02:00:00:00:00:01", True),
        ("eth_src", "02:00:00:00:00:01/ff:00:00:00:00:00", False),
        ("mpls_tc", 1, True),
        ("udp_dst", 5000, True),
        ("tcp_src", "5000/0xff00", False),
        ("ip_dscp", 46, True),
        ("in_port", 1, True),
        ("in_port", "1", False),
        ("vlan_vid", 0, True),
        ("vlan_vid", "masked [0, 4096]", False),
        ("tunnel_id", 1, False),
    ],
)
def test_only_single_values_of_known_fields_are_exact(name, value, exact):
    assert is_exact(name, value) is exact
