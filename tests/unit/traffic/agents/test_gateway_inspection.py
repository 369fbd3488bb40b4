"""What a gateway lets pass, what it drops and why, and how it counts."""

import socket
import struct

import pytest

from corridor.traffic.agents import inspection
from corridor.traffic.agents.inspection import Inspector

SRC, DST, STRANGER = "10.0.0.1", "10.0.0.5", "10.0.0.9"
LABEL, OTHER_LABEL = 17, 18
LABELS = {str(LABEL): {"demand": "train", "src": SRC, "dst": DST}}
ETHERNET = bytes(12)
SRC_6, DST_6, STRANGER_6 = "fd00:c0da::a00:1", "fd00:c0da::a00:5", "fd00:c0da::a00:9"
LABEL_6 = 19
LABELS[str(LABEL_6)] = {"demand": "new", "src": SRC_6, "dst": DST_6}


def packet(src=SRC, dst=DST, protocol=17, payload=b"\x0f\xa0\x13\x88" + bytes(8), options=b"", **h):
    total = h.get("total", 20 + len(options) + len(payload))
    first = h.get("version", 4) << 4 | (5 + len(options) // 4)
    header = struct.pack("!BBHHHBBH", first, 0, total, 7, h.get("fragment", 0), 64, protocol, 0)
    return header + socket.inet_aton(src) + socket.inet_aton(dst) + options + payload


def frame(inner=None, label=LABEL, bottom=1, ttl=60, more=b"", eth_type=0x8847):
    entry = struct.pack("!I", label << 12 | bottom << 8 | ttl)
    inner = packet() if inner is None else inner
    return ETHERNET + struct.pack("!H", eth_type) + entry + more + inner


@pytest.fixture
def inspector():
    return Inspector(LABELS)


def reason(inspector, made):
    first, again = inspector.inspect(made), inspector.inspect(made)
    assert first is again
    return first.header.reason


@pytest.mark.parametrize(
    "made",
    [
        frame(),
        frame(ttl=1),
        frame(packet(protocol=6)),
        frame(packet(protocol=1, payload=bytes(40))),
        frame(packet(options=bytes(8))),
        frame(packet(fragment=0x2000)),
        frame(packet(fragment=0x00B9, payload=bytes(100))),
        frame(packet() + bytes(20)),
    ],
    ids=["udp", "old", "tcp", "icmp", "options", "first fragment", "later fragment", "padded"],
)
def test_frames_of_a_demand_pass(inspector, made):
    assert reason(inspector, made) == inspection.PASSED


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (b"", inspection.NOT_MPLS),
        (ETHERNET, inspection.NOT_MPLS),
        (frame(eth_type=0x0800), inspection.NOT_MPLS),
        (frame(eth_type=0x8848), inspection.NOT_MPLS),
        (frame(eth_type=0x8100), inspection.NOT_MPLS),
        (frame()[:17], inspection.TRUNCATED),
        (frame()[:18], inspection.TRUNCATED),
        (frame()[:30], inspection.TRUNCATED),
        (frame()[:-1], inspection.TRUNCATED),
        (frame(packet(total=19)), inspection.TRUNCATED),
        (frame(packet(options=bytes(8), total=24)), inspection.TRUNCATED),
        (frame(bottom=0, more=struct.pack("!I", LABEL << 12 | 0x100)), inspection.LABEL_STACK),
        (frame(label=OTHER_LABEL), inspection.LABEL_NOT_ASSESSED),
        (frame(packet(version=6)), inspection.NOT_IPV4),
        (frame(b"\x44" + packet()[1:]), inspection.NOT_IPV4),
        (frame(packet(dst=STRANGER)), inspection.OTHER_ADDRESSES),
        (frame(packet(src=STRANGER)), inspection.OTHER_ADDRESSES),
        (frame(packet(src=DST, dst=SRC)), inspection.OTHER_ADDRESSES),
    ],
)
def test_any_other_frame_is_dropped_for_a_reason(inspector, made, why):
    assert reason(inspector, made) == why


def test_a_cut_off_frame_is_dropped_also_when_its_flow_has_passed(inspector):
    assert inspector.inspect(frame()).passes
    assert not inspector.inspect(frame()[:-1]).passes
    assert inspector.inspect(frame()).packets == 2


def test_a_flow_is_its_label_addresses_protocol_and_ports(inspector):
    header = inspector.inspect(frame()).header
    assert header == ("", "train", LABEL, (SRC, DST, 17, 4000, 5000))
    assert header.verdict == "passed"
    stranger = inspector.inspect(frame(packet(dst=STRANGER))).header
    assert stranger == ("other-addresses", "train", LABEL, (SRC, STRANGER, 17, 4000, 5000))
    assert stranger.verdict == "dropped"
    foreign = inspector.inspect(frame(label=OTHER_LABEL)).header
    assert (foreign.demand, foreign.label, foreign.packet.src) == (None, OTHER_LABEL, SRC)


def test_later_fragments_and_packets_without_ports_have_no_ports(inspector):
    for made in (frame(packet(fragment=1)), frame(packet(protocol=1))):
        packet_of = inspector.inspect(made).header.packet
        assert packet_of == (SRC, DST, packet_of.protocol, None, None)


def test_ports_behind_options_are_found(inspector):
    assert inspector.inspect(frame(packet(options=bytes(8)))).header.packet.dst_port == 5000


def test_totals_are_by_demand_and_reason(inspector):
    other_port = packet(payload=b"\x0f\xa1\x13\x88" + bytes(8))
    for made in (frame(), frame(), frame(other_port), frame(label=OTHER_LABEL), frame()[:17]):
        inspector.inspect(made)
    size = len(frame())
    keys = ("demand", "verdict", "reason", "packets", "bytes")
    assert [tuple(total[key] for key in keys) for total in inspector.totals()] == [
        ("train", "passed", "", 3, 3 * size),
        (None, "dropped", "label-not-assessed", 1, size),
        (None, "dropped", "truncated", 1, 17),
    ]
    assert [flow.packets for flow in inspector.flows()] == [2, 1, 1, 1]


def test_a_frame_without_a_way_out_is_counted_as_dropped_only(inspector):
    flow = inspector.inspect(frame())
    lost = inspector.unpass(frame(), flow)
    assert lost.header == flow.header._replace(reason=inspection.NO_EXIT)
    assert [total["verdict"] for total in inspector.totals()] == ["dropped"]


def test_frames_that_come_by_the_out_side_are_counted(inspector):
    inspector.refuse(frame(), inspection.CAME_BY_OUT_SIDE)
    assert inspector.totals()[0]["reason"] == "came-by-out-side"


def test_too_many_flows_are_counted_together_and_none_is_forgotten(inspector, monkeypatch):
    monkeypatch.setattr(inspection, "MOST_FLOWS", 5)
    monkeypatch.setattr(inspection, "MOST_KEYS", 3)
    for port in range(100):
        ports = struct.pack("!HH", port, 5000)
        inspector.inspect(frame(packet(payload=ports + bytes(8))))
    assert sum(flow.packets for flow in inspector.flows()) == 100
    assert len(list(inspector.flows())) == 6
    assert inspector.totals()[0]["packets"] == 100


def ipv6(src=SRC_6, dst=DST_6, header=17, payload=b"\x0f\xa0\x13\x88" + bytes(8), **h):
    head = struct.pack("!IHBB", h.get("version", 6) << 28, h.get("total", len(payload)), header, 64)
    ends = (socket.inet_pton(socket.AF_INET6, one) for one in (src, dst))
    return head + b"".join(ends) + payload


def frame_6(inner, label=LABEL_6):
    return frame(inner, label)


@pytest.mark.parametrize(
    "made",
    [
        frame_6(ipv6()),
        frame_6(ipv6(header=6)),
        frame_6(ipv6(header=58, payload=bytes(40))),
        frame_6(ipv6(header=44, payload=bytes(40))),
        frame_6(ipv6() + bytes(20)),
    ],
    ids=["udp", "tcp", "icmp", "fragment", "padded"],
)
def test_frames_of_a_demand_of_ipv6_pass(inspector, made):
    assert reason(inspector, made) == inspection.PASSED


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (frame_6(packet()), inspection.NOT_IPV6),
        (frame(ipv6()), inspection.NOT_IPV4),
        (frame_6(b""), inspection.TRUNCATED),
        (frame_6(ipv6(total=13)), inspection.TRUNCATED),
        (frame_6(ipv6()[:30]), inspection.TRUNCATED),
        (frame_6(ipv6(src=STRANGER_6)), inspection.OTHER_ADDRESSES),
        (frame_6(ipv6(dst=STRANGER_6)), inspection.OTHER_ADDRESSES),
        (frame_6(ipv6(src=DST_6, dst=SRC_6)), inspection.OTHER_ADDRESSES),
        *(
            (frame_6(ipv6(header=header, payload=bytes(40))), inspection.EXTENSION_HEADER)
            for header in (0, 43, 51, 60, 135)
        ),
    ],
)
def test_other_frames_under_its_label_are_dropped_for_a_reason(inspector, made, why):
    assert reason(inspector, made) == why


def test_a_frame_that_is_cut_short_is_not_taken_for_a_whole_one_of_the_same_flow(inspector):
    assert reason(inspector, frame_6(ipv6())) == inspection.PASSED
    assert reason(inspector, frame_6(ipv6(total=13))) == inspection.TRUNCATED
