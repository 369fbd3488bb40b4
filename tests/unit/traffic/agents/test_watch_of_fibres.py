"""What the watch sees of fibres, by a filter run by hand, and how it counts it."""

import json
import socket
import struct
import subprocess

import pytest

from corridor.traffic.agents import gateway_supervisor as gateways
from corridor.traffic.agents import monitor as watch
from corridor.traffic.agents import packet_ring, transits
from corridor.traffic.agents.packet_ring import SNAP_BYTES
from corridor.traffic.agents.transits import EventCounts, Sent

FIRST, LAST = 8, 13
FIBRE = 9
SRC, DST = "10.0.0.1", "10.0.0.5"
PORTS = struct.pack("!HH", 4000, 5000)


def ipv4(src=SRC, dst=DST, protocol=17, payload=PORTS + bytes(8), fragment=0, options=b""):
    first, total = 0x45 + len(options) // 4, 20 + len(options) + len(payload)
    header = struct.pack("!BBHHHBBH", first, 0, total, 7, fragment, 64, protocol, 0)
    return header + socket.inet_aton(src) + socket.inet_aton(dst) + options + payload


def ipv6():
    addresses = (socket.inet_pton(socket.AF_INET6, address) for address in ("fd00::1", "fd00::2"))
    return struct.pack("!IHBB", 6 << 28, 12, 6, 64) + b"".join(addresses) + PORTS + bytes(8)


def ethernet(eth_type, payload):
    return bytes(12) + struct.pack("!H", eth_type) + payload


def labelled(*labels, inner=None, traffic_class=0, ttl=60):
    entries = b"".join(
        struct.pack("!I", label << 12 | traffic_class << 9 | (label == labels[-1]) << 8 | ttl)
        for label in labels
    )
    return ethernet(0x8847, entries + (ipv4() if inner is None else inner))


BFD = ethernet(
    0x0800, ipv4("169.254.1.1", "169.254.1.0", payload=struct.pack("!HH", 49152, 3784) + bytes(28))
)


def let_through(frame, packet_type=socket.PACKET_OUTGOING, interface=FIBRE):
    """The filter, as linux/filter.h has it."""
    at_hand = {packet_ring.AT_PACKET_TYPE: packet_type, packet_ring.AT_INTERFACE: interface}
    program, at, register = packet_ring.sent_by(FIRST, LAST), 0, 0
    sizes = {0x20: 4, 0x28: 2, 0x30: 1}
    while True:
        operation, if_so, if_not, argument = program[at]
        at += 1
        if operation == packet_ring.RETURN:
            return argument
        if operation == packet_ring.LOAD_LENGTH:
            register = len(frame)
        elif operation in sizes:
            if argument in at_hand:
                register = at_hand[argument]
            else:
                end = argument + sizes[operation]
                if end > len(frame):
                    return 0
                register = int.from_bytes(frame[argument:end])
        else:
            holds = {
                packet_ring.JUMP_EQUAL: register == argument,
                packet_ring.JUMP_GREATER: register > argument,
                packet_ring.JUMP_AT_LEAST: register >= argument,
                packet_ring.JUMP_ANY_BIT: bool(register & argument),
            }[operation]
            at += if_so if holds else if_not


@pytest.mark.parametrize(
    "frame",
    [
        labelled(16),
        labelled(16, 17),
        ethernet(0x0800, ipv4()),
        ethernet(0x0800, ipv4(payload=b"")),
        ethernet(0x0800, b""),
        ethernet(0x86DD, ipv6()),
        ethernet(0x0806, bytes(28)),
        ethernet(0x8100, struct.pack("!HH", 7, 0x88CC)),
        labelled(16, inner=BFD[14:]),
        BFD.replace(socket.inet_aton("169.254.1.1"), socket.inet_aton(SRC)),
        BFD.replace(socket.inet_aton("169.254.1.0"), socket.inet_aton(DST)),
        BFD[:20] + b"\x00\x01" + BFD[22:],
        BFD[:23] + b"\x06" + BFD[24:],
        BFD[:36] + b"\x0e\xc9" + BFD[38:],
    ],
)
def test_all_that_is_not_the_switches_own_is_seen(frame):
    assert let_through(frame) == SNAP_BYTES


@pytest.mark.parametrize("frame", [BFD, ethernet(0x88CC, bytes(46))])
def test_bfd_and_lldp_are_not(frame):
    assert let_through(frame) == 0


def test_only_what_is_sent_by_the_interfaces_is_seen():
    for packet_type in range(4):
        assert let_through(labelled(16), packet_type=packet_type) == 0
    assert [n for n in range(20) if let_through(labelled(16), interface=n)] == [*range(8, 14)]


def crossing(frame, vlan=None):
    return transits.crossing_of("c0s1p2", Sent(FIBRE, frame[:SNAP_BYTES], len(frame), 0, vlan))


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (labelled(16, traffic_class=3), (16, 3, 1, None, None, (SRC, DST, 17, 4000, 5000))),
        (labelled(16, 99), (16, 0, 2, None, None, (SRC, DST, 17, 4000, 5000))),
        (labelled(16, inner=ipv4(fragment=1)), (16, 0, 1, None, None, (SRC, DST, 17, None, None))),
        (
            labelled(16, inner=ipv4(options=bytes(8))),
            (16, 0, 1, None, None, (SRC, DST, 17, 4000, 5000)),
        ),
        (labelled(16, inner=b""), (16, 0, 1, None, None, (None,) * 5)),
        (labelled(16, inner=ipv6()), (16, 0, 1, None, None, ("fd00::1", "fd00::2", 6, 4000, 5000))),
        (ethernet(0x0800, ipv4()), (None, None, 0, None, 0x0800, (SRC, DST, 17, 4000, 5000))),
        (ethernet(0x0806, bytes(28)), (None, None, 0, None, 0x0806, (None,) * 5)),
    ],
)
def test_a_crossing_is_told_by_label_addresses_and_ports(frame, expected):
    assert crossing(frame) == ("c0s1p2", *expected)


def test_a_frame_cut_off_within_its_labels_is_counted_with_those_it_shows():
    cut_off = labelled(16, 17)[:20]
    assert crossing(cut_off)[1:4] == (16, 0, 1)


def test_a_tag_that_the_kernel_keeps_apart_is_told():
    assert crossing(labelled(16), vlan=7).vlan == 7


def test_frames_are_counted_by_interface_and_flow_with_first_and_last_time():
    tally = EventCounts({8: "c0s1p2", 9: "c0s2p2"})
    frames = [(8, labelled(16), 5), (8, labelled(16, ttl=9), 7), (9, labelled(16), 9)]
    frames += [(8, labelled(17), 11), (8, labelled(16), 13), (77, labelled(16), 15)]
    for interface, frame, at_ns in frames:
        tally.add(Sent(interface, frame, len(frame), at_ns, None))
    keys = ("interface", "label", "packets", "first_ns", "last_ns")
    assert [tuple(getattr(flow, key) for key in keys) for flow in tally.flows()] == [
        ("c0s1p2", 16, 3, 5, 13),
        ("c0s1p2", 17, 1, 11, 11),
        ("c0s2p2", 16, 1, 9, 9),
    ]
    assert tally.frames == 5
    assert tally.flows()[0].bytes == 3 * len(labelled(16))


def test_what_follows_a_split_is_counted_by_itself():
    tally = EventCounts({8: "c0s1p2"})
    for at_ns in (5, 7, 9):
        tally.add(Sent(8, labelled(16), len(labelled(16)), at_ns, None))
        if at_ns == 7:
            tally.split()
    keys = ("label", "packets", "first_ns", "last_ns")
    found = [tuple(getattr(flow, key) for key in keys) for flow in tally.flows()]
    assert found == [(16, 2, 5, 7), (16, 1, 9, 9)]
    assert tally.frames == 3


def test_however_many_flows_there_are_none_is_forgotten(monkeypatch):
    monkeypatch.setattr(transits, "MOST_KEYS", 3)
    tally = EventCounts({8: "c0s1p2"})
    for port in (*range(20), *range(20)):
        payload = struct.pack("!HH", port, 5000) + bytes(8)
        frame = labelled(16, inner=ipv4(payload=payload))
        tally.add(Sent(8, frame, len(frame), 1, None))
    assert [flow.packets for flow in tally.flows()] == [2] * 20


@pytest.mark.parametrize("program", [watch, gateways])
@pytest.mark.parametrize("text", ["{", "{}", None])
def test_a_bad_configuration_is_said_in_one_line(tmp_path, program, text):
    config = tmp_path / "config.json"
    if text is not None:
        config.write_text(text)
    done = subprocess.run(
        program.command(str(config)), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "config.json" in json.loads(done.stdout)["failed"]["reason"]
    assert done.stderr == ""


def test_a_watch_without_interfaces_or_with_unknown_ones_says_so(tmp_path):
    config = tmp_path / "config.json"
    for names in ([], ["nosuch0"]):
        config.write_text(json.dumps({"interfaces": names, "out": str(tmp_path / "out")}))
        done = subprocess.run(
            watch.command(str(config)), stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 3
        assert "the monitor sees nothing" in done.stdout
