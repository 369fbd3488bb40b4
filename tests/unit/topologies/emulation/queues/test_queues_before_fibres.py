"""Trees of disciplines before fibres: which frame queues where, and how it is read back."""

import struct
from dataclasses import replace
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.emulation.queues import filter_octets, rtnetlink
from corridor.topologies.emulation.queues.committed import FIRST, REST
from corridor.topologies.emulation.queues.disciplines import (
    FqCodel,
    HtbClass,
    Pie,
    Prio,
    marks,
)
from corridor.topologies.emulation.queues.registry import KINDS, tree
from corridor.topologies.emulation.queues.tree import (
    GATE,
    GATE_CLASS,
    INNER,
    Class,
    Filter,
    Stage,
)
from corridor.topologies.model.addresses import ipv6_of
from corridor.topologies.model.line import Commitment, Packets, Queue, QueueClass
from corridor.topologies.model.wiring import Shape

CLASSES = (
    QueueClass("fast", 5_000, (46, 26), 3),
    QueueClass("slow", 20_000, (), 1),
)
TEN_MBIT = 10_000_000
CUSTOMER = Commitment("one", 2_000_000, (Packets("10.0.0.1", "10.0.0.2", "udp", 30000, 30000),))
QUEUES = {
    "committed": Queue("committed", 25_000, committed=(CUSTOMER,)),
    "fifo": Queue("fifo", 25_000),
    "fq_codel": Queue("fq_codel", 250_000, target_us=5_000),
    "pie": Queue("pie", 250_000, target_us=15_000),
    "priority": Queue("priority", 25_000, CLASSES),
    "weighted": Queue("weighted", 25_000, CLASSES),
}


def frame(dscp=0, src="10.0.0.1", dst="10.0.0.2", protocol=17, ports=(30000, 30000)) -> bytes:
    """As it is on a fibre: Ethernet, one label, IPv4."""
    addresses = bytes(int(part) for ip in (src, dst) for part in ip.split("."))
    ip = bytes([0x45, dscp << 2, 0, 100, 0, 0, 0, 0, 64, protocol, 0, 0]) + addresses
    ends = b"".join(port.to_bytes(2) for port in ports)
    return bytes(12) + b"\x88\x47" + b"\x00\x01\x01\xff" + ip + ends + bytes(60)


def frame_of_ipv6(dscp=0, src=1, dst=2, protocol=17, ports=(30000, 30000)) -> bytes:
    """The same of IPv6, between hosts whose IPv4 addresses end so."""
    ends = (ip_address(ipv6_of(f"10.0.0.{end}")).packed for end in (src, dst))
    first = 6 << 28 | dscp << 22 | 0x3ABCD
    ip = first.to_bytes(4) + bytes([0, 100, protocol, 64]) + b"".join(ends)
    more = b"".join(port.to_bytes(2) for port in ports)
    return bytes(12) + b"\x88\x47" + b"\x00\x01\x01\xff" + ip + more + bytes(60)


def program_of(queue: Queue) -> filter_octets.Program:
    (found,) = (part for part in tree(queue, TEN_MBIT).parts if isinstance(part, Filter))
    return found.program


def classes_of(queue: Queue, rate_bps: int = TEN_MBIT) -> dict[int, Class]:
    parts = tree(queue, rate_bps).parts
    return {part.classid: part.what for part in parts if isinstance(part, Class)}


def test_every_kind_has_a_queue_to_test_it_by():
    assert QUEUES.keys() == KINDS.keys()


@pytest.mark.parametrize("name", KINDS)
def test_a_queue_lets_one_frame_pass_at_a_time_at_the_rate_of_its_fibre(name):
    gate = classes_of(QUEUES[name])[GATE_CLASS]
    assert (gate.rate_bytes_per_s, gate.ceil_bytes_per_s) == (1_250_000, 1_250_000)
    assert (gate.burst_ticks, gate.ceil_burst_ticks) == (1, 1)


@pytest.mark.parametrize("name", KINDS)
def test_what_has_a_parent_is_put_after_it(name):
    known = {0xFFFFFFFF}
    for part in tree(QUEUES[name], TEN_MBIT).parts:
        assert part.parent in known
        known.add(part.parent if isinstance(part, Filter) else part[0])
        if isinstance(part, Stage) and isinstance(part.what, Prio):
            known |= {part.handle + band + 1 for band in range(part.what.bands)}


@pytest.mark.parametrize("name", KINDS)
def test_every_line_that_counts_is_a_discipline_of_the_tree(name):
    found = tree(QUEUES[name], TEN_MBIT)
    handles = [part.handle for part in found.parts if isinstance(part, Stage)]
    assert {line.handle for line in found.lines} <= set(handles)
    assert len(set(handles)) == len(handles)
    assert len({line.name for line in found.lines}) == len(found.lines)


@pytest.mark.parametrize("name", KINDS)
def test_what_the_kernel_is_told_is_read_back_as_what_was_asked_for(name):
    for part in tree(QUEUES[name], TEN_MBIT).parts:
        if isinstance(part, Filter):
            assert (
                filter_octets.held_programs(
                    rtnetlink.attributes(filter_octets.options(part.program))
                )
                == part.program
            )
        else:
            assert type(part.what).held(part.what.options()) == part.what


@pytest.mark.parametrize("name", KINDS)
def test_a_queue_crosses_into_a_guest_as_json(name):
    assert from_plain(Queue, to_plain(QUEUES[name])) == QUEUES[name]


def test_a_plan_without_queues_says_nothing_of_them():
    shape = Shape(1, 8, 1, 1, 0, 1)
    assert "queue" not in to_plain(shape)
    assert from_plain(Shape, to_plain(shape)) == shape


@pytest.mark.parametrize(("dscp", "minor"), [(46, 1), (26, 1), (0, 2), (10, 2)])
@pytest.mark.parametrize("name", ["priority", "weighted"])
def test_a_frame_goes_to_the_class_of_its_dscp_or_to_that_of_all_others(name, dscp, minor):
    assert filter_octets.result(program_of(QUEUES[name]), frame(dscp)) == INNER + minor
    assert filter_octets.result(program_of(QUEUES[name]), frame_of_ipv6(dscp)) == INNER + minor


def test_the_last_class_takes_what_none_names_if_all_name_some():
    named = (CLASSES[0], replace(CLASSES[1], dscps=(8,)))
    assert filter_octets.result(program_of(Queue("priority", 1, named)), frame(0)) == INNER + 2


@pytest.mark.parametrize(
    ("sent", "minor"),
    [
        (frame(), FIRST),
        (frame(dscp=46), FIRST),
        (frame(src="10.0.0.3"), REST),
        (frame(dst="10.0.0.3"), REST),
        (frame(protocol=6), REST),
        (frame(ports=(30000, 30001)), REST),
        (frame(ports=(30001, 30000)), REST),
    ],
)
def test_a_committed_rate_is_of_just_its_packets_whatever_their_label(sent, minor):
    assert filter_octets.result(program_of(QUEUES["committed"]), sent) == GATE + minor
    other_label = sent[:14] + b"\x12\x34\x51\x40" + sent[18:]
    assert filter_octets.result(program_of(QUEUES["committed"]), other_label) == GATE + minor


@pytest.mark.parametrize(
    ("sent", "minor"),
    [
        (frame_of_ipv6(), FIRST),
        (frame_of_ipv6(dscp=46), FIRST),
        (frame_of_ipv6(src=3), REST),
        (frame_of_ipv6(dst=3), REST),
        (frame_of_ipv6(protocol=6), REST),
        (frame_of_ipv6(ports=(30000, 30001)), REST),
        (frame_of_ipv6(ports=(30001, 30000)), REST),
        (frame(), REST),
    ],
)
def test_a_committed_rate_of_ipv6_is_of_just_its_packets(sent, minor):
    packets = (Packets(ipv6_of("10.0.0.1"), ipv6_of("10.0.0.2"), "udp", 30000, 30000),)
    program = program_of(Queue("committed", 1, committed=(replace(CUSTOMER, packets=packets),)))
    assert filter_octets.result(program, sent) == GATE + minor
    assert filter_octets.result(program_of(QUEUES["committed"]), frame_of_ipv6()) == GATE + REST


def test_of_many_commitments_each_finds_its_own():
    many = tuple(
        Commitment(f"d{number}", 1000, (Packets("10.0.0.1", f"10.0.0.{number}"),))
        for number in range(2, 200)
    )
    program = program_of(Queue("committed", 1, committed=many))
    for number in (2, 100, 199):
        sent = frame(dst=f"10.0.0.{number}")
        assert filter_octets.result(program, sent) == GATE + FIRST + number - 2


def test_a_committed_rate_counts_frames_as_hosts_send_them():
    classes = classes_of(QUEUES["committed"])
    promised = classes[GATE + FIRST].rate_bytes_per_s * 8
    assert promised == pytest.approx(2_000_000 * 1518 / 1514, abs=8)


def test_a_peak_is_held_to_its_rate_and_no_rate_is_above_the_fibres():
    held = replace(CUSTOMER, pir_bps=4_000_000)
    promised = classes_of(Queue("committed", 1, committed=(held,)))[GATE + FIRST]
    assert promised.ceil_bytes_per_s * 8 == pytest.approx(4_000_000 * 1518 / 1514, abs=8)
    slow = classes_of(Queue("committed", 1, committed=(held,)), 1_000_000)[GATE + FIRST]
    assert (slow.rate_bytes_per_s, slow.ceil_bytes_per_s) == (125_000, 125_000)


def test_shares_by_weight_are_quanta_of_full_frames():
    quanta = [
        what.quantum_bytes
        for classid, what in classes_of(QUEUES["weighted"]).items()
        if classid != GATE_CLASS
    ]
    assert quanta == [3 * 1518, 1518]


@given(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1))
def test_packets_of_a_flow_have_one_number_and_it_is_a_class(src_port, dst_port):
    program = program_of(QUEUES["fq_codel"])
    for made in (frame, frame_of_ipv6):
        sent = made(ports=(src_port, dst_port))
        number = filter_octets.result(program, sent)
        assert 1 <= number <= 1024
        assert filter_octets.result(program, sent + b"more") == number


@pytest.mark.parametrize("made", [frame, frame_of_ipv6])
def test_flows_are_spread_over_the_queues(made):
    program = program_of(QUEUES["fq_codel"])
    sent = [made(ports=(port, 5201)) for port in range(40000, 40100)]
    assert len({filter_octets.result(program, one) for one in sent}) > 80


def test_flows_of_ipv6_to_many_hosts_are_spread_over_the_queues():
    program = program_of(QUEUES["fq_codel"])
    sent = [frame_of_ipv6(dst=host) for host in range(100)]
    assert len({filter_octets.result(program, one) for one in sent}) > 80


def test_times_are_compared_as_the_kernel_keeps_them():
    assert FqCodel(5_000, 1, 1, 1).as_held().target_us == 4_999
    assert Pie(15_000, 1).as_held().target_us == 15_000


@pytest.mark.parametrize("name", ["fq_codel", "pie"])
@pytest.mark.parametrize("ecn", [True, False])
def test_an_aqm_is_told_whether_it_marks_and_says_it_again(name, ecn):
    (found,) = (
        part.what
        for part in tree(replace(QUEUES[name], ecn=ecn), TEN_MBIT).parts
        if isinstance(part, Stage) and isinstance(part.what, FqCodel | Pie)
    )
    assert found.ecn is type(found).held(found.options()).ecn is ecn


@pytest.mark.parametrize(
    ("kind", "own", "marked"),
    [
        ("fq_codel", struct.pack("=IIIIIIIIII", 0, 1514, 2, 7, 3, 4, 5, 6, 8, 9), 7),
        ("pie", struct.pack("=QIIIIIIII", 1, 2, 3, 4, 5, 6, 8, 9, 7), 7),
        ("bfifo", b"", 0),
        ("fq_codel", b"", 0),
    ],
)
def test_an_aqm_says_how_many_packets_it_has_marked(kind, own, marked):
    """``struct tc_fq_codel_xstats`` and ``struct tc_pie_xstats`` of linux/pkt_sched.h."""
    assert marks(kind, own) == marked


def test_rates_beyond_32_bits_are_said_and_read():
    fast = HtbClass(2**33, 2**34, 1, 1, 1518, 0)
    assert HtbClass.held(fast.options()) == fast


def test_the_kernel_is_led_to_send_labelled_frames_through_another_interface():
    request = filter_octets.redirection(3, 7, "a fibre")
    assert filter_octets.redirected_into(request.body) == 7
    info = rtnetlink.QDISC.unpack_from(request.body)[4]
    assert info.to_bytes(4, "little")[:2] == b"\x88\x47"
    assert filter_octets.redirected_into(filter_octets.hook(3, "a fibre").body) is None
