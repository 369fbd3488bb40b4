"""The program that counts packets, run on frames by a machine of the test's own."""

from __future__ import annotations

import struct

import pytest

from bpf_machine import BpfMachine
from corridor.topologies.emulation.packet_counters import (
    BFD,
    CONTROL,
    KEY,
    NOT_COUNTED,
    OTHER,
    RECEIVED,
    SENT,
    VALUE,
    counting,
    flow_key,
)
from corridor.topologies.model.addresses import octets_of

COUNTS, CLASSES, QUEUES = 1, 2, 3
MACS = bytes(12)
SRC, DST = "10.0.0.1", "10.0.1.2"
TO_PORT, FROM_PORT = 3, 4
LABEL, LOWER_LABEL = bytes.fromhex("12345 1 ff".replace(" ", "")), bytes.fromhex("123450ff")


def ipv4(src=SRC, dst=DST, sport=5, dport=6, protocol=17, first=0x45, fragment=0x4000) -> bytes:
    addresses = bytes(map(int, f"{src}.{dst}".split(".")))
    head = struct.pack("!BBHHHBBH", first, 0, 40, 0, fragment, 64, protocol, 0)
    return head + addresses + struct.pack("!HHHH", sport, dport, 20, 0) + bytes(12)


def labelled(packet: bytes, label: bytes = LABEL) -> bytes:
    return MACS + b"\x88\x47" + label + packet


def plain(packet: bytes, eth_type: bytes = b"\x08\x00") -> bytes:
    return MACS + eth_type + packet


@pytest.fixture
def machine() -> BpfMachine:
    classes = {
        flow_key(17, SRC, DST, None, 862): bytearray(struct.pack("=I", TO_PORT)),
        flow_key(17, SRC, DST, 20_000, None): bytearray(struct.pack("=I", FROM_PORT)),
        BFD.key: bytearray(struct.pack("=I", BFD.number)),
    }
    nothing = {NOT_COUNTED: bytearray(VALUE.size)}
    return BpfMachine({COUNTS: nothing, CLASSES: classes}, {COUNTS: 4, CLASSES: 9})


def counted(machine: BpfMachine) -> dict[tuple[int, bool, int], tuple[int, int, int]]:
    """By interface, whether sent, and class."""
    found = {}
    for key, value in machine.maps[COUNTS].items():
        interface, number = KEY.unpack(key)
        if key != NOT_COUNTED:
            found[interface, bool(number >> 31), number & 0x7FFFFFFF] = VALUE.unpack(value)
    return found


@pytest.mark.parametrize(
    ("frame", "number"),
    [
        (labelled(ipv4(dport=862)), TO_PORT),
        (plain(ipv4(dport=862)), TO_PORT),
        (labelled(ipv4(sport=20_000)), FROM_PORT),
        (labelled(ipv4(sport=20_000, dport=862)), TO_PORT),
        (labelled(ipv4(sport=862, dport=20_000)), OTHER),
        (labelled(ipv4(dport=862, protocol=6)), OTHER),
        (labelled(ipv4(src=DST, dst=SRC, dport=862)), OTHER),
        (labelled(ipv4(dport=862, first=0x46)), OTHER),
        (labelled(ipv4(dport=862, fragment=0x0001)), OTHER),
        (labelled(ipv4(dport=862), LOWER_LABEL), OTHER),
        (plain(bytes(50), b"\x88\xcc"), CONTROL),
        (plain(bytes(28), b"\x08\x06"), OTHER),
        (plain(ipv4("169.254.1.1", "169.254.1.0", 49_152, 3784)), CONTROL),
    ],
)
def test_a_packet_counts_in_the_class_of_its_addresses_protocol_and_one_port(
    machine, frame, number
):
    assert machine.run(counting(COUNTS, CLASSES, RECEIVED), frame) & 0xFFFFFFFF == 0xFFFFFFFF
    assert counted(machine) == {(7, False, number): (1, 1, len(frame))}


SRC_6, DST_6, FAR_6 = "fd00:c0da::a00:1", "fd00:c0da::a00:102", "fd00:c0db::a00:102"


def ipv6(src=SRC_6, dst=DST_6, sport=5, dport=6, next_header=17, first=0x60) -> bytes:
    head = struct.pack("!BBHHBB", first, 0, 0, 20, next_header, 64)
    return head + octets_of(src) + octets_of(dst) + struct.pack("!HHHH", sport, dport, 20, 0)


IPV6_FRAMES = [
    (labelled(ipv6(dport=862)), 5),
    (labelled(ipv6(dport=862, first=0x6B)), 5),
    (plain(ipv6(dport=862), b"\x86\xdd"), 5),
    (labelled(ipv6(sport=20_000)), 6),
    (plain(ipv6(sport=20_000), b"\x86\xdd"), 6),
    (labelled(ipv6(dport=862, next_header=6)), OTHER),
    (labelled(ipv6(dport=862, next_header=0)), OTHER),
    (labelled(ipv6(DST_6, SRC_6, dport=862)), OTHER),
    (labelled(ipv6(dst=FAR_6, dport=862)), OTHER),
    (labelled(ipv6(src="2001:db8::a00:1", dport=862)), OTHER),
    (labelled(ipv6(src="fd00:c0da::1:a00:1", dport=862)), OTHER),
    (labelled(ipv6(dport=862))[:50], OTHER),
    (labelled(ipv4(dport=862)), TO_PORT),
    (plain(ipv4(dport=862)), TO_PORT),
]


@pytest.mark.parametrize(("frame", "number"), IPV6_FRAMES)
def test_packets_of_ipv6_have_classes_of_their_own_where_hosts_have_such_addresses(
    machine, frame, number
):
    of_ipv6 = {
        flow_key(17, SRC_6, DST_6, None, 862): bytearray(struct.pack("=I", 5)),
        flow_key(17, SRC_6, DST_6, 20_000, None): bytearray(struct.pack("=I", 6)),
    }
    machine.maps[CLASSES].update(of_ipv6)
    program = counting(COUNTS, CLASSES, RECEIVED, ipv6=True)
    assert machine.run(program, frame) & 0xFFFFFFFF == 0xFFFFFFFF
    assert counted(machine) == {(7, False, number): (1, 1, len(frame))}


def test_what_is_sent_counts_apart_from_what_is_received_and_each_interface_by_itself(machine):
    frame = labelled(ipv4(dport=862))
    machine.run(counting(COUNTS, CLASSES, SENT), frame, interface=7)
    machine.run(counting(COUNTS, CLASSES, RECEIVED), frame, interface=7)
    machine.run(counting(COUNTS, CLASSES, RECEIVED), frame, interface=8)
    once = (1, 1, len(frame))
    expected = {(7, True, TO_PORT): once, (7, False, TO_PORT): once, (8, False, TO_PORT): once}
    assert counted(machine) == expected


def test_a_frame_of_several_segments_is_one_frame_and_that_many_packets(machine):
    frame = labelled(ipv4(dport=862))
    for segments in (0, 3):
        machine.run(counting(COUNTS, CLASSES, SENT), frame, segments=segments)
    assert counted(machine) == {(7, True, TO_PORT): (4, 2, 2 * len(frame))}


def test_packets_for_whose_count_there_is_no_room_are_counted_as_that(machine):
    for interface in range(5):
        machine.run(counting(COUNTS, CLASSES, SENT), plain(ipv4()), interface=interface)
    assert len(counted(machine)) == 3
    assert VALUE.unpack(machine.maps[COUNTS][NOT_COUNTED])[0] == 2


def test_what_comes_out_of_a_queue_in_front_of_a_fibre_was_counted_as_it_went_in(machine):
    machine.maps[QUEUES] = {struct.pack("=I", 30): bytearray(4)}
    program = counting(COUNTS, CLASSES, SENT, QUEUES)
    frame = labelled(ipv4(dport=862))
    for came_by in (5, 30, 5):
        machine.run(program, frame, came_by=came_by)
    assert counted(machine) == {(7, True, TO_PORT): (2, 2, 2 * len(frame))}
