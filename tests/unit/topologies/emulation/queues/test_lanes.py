"""The two lanes of a fibre: what is asked of the kernel, and what is found in its place."""

from dataclasses import replace

import pytest

from corridor.topologies.emulation import lanes
from corridor.topologies.emulation.queues import filter_octets, netem_octets, rtnetlink
from corridor.topologies.emulation.queues.netem_octets import RATE, probability
from corridor.topologies.emulation.queues.rtnetlink import Request
from corridor.topologies.emulation.queues.tree import Found
from corridor.topologies.model.line import Bursts
from corridor.topologies.model.wiring import ALL_PPM, Shape

SHAPE = Shape(
    one_way_delay_ns=18_000_001,
    rate_bps=10**9,
    in_flight_packets=20_000,
    queue_packets=1648,
    loss_ppm=0.1,
    seed=2**62 + 1,
)
BURSTY = replace(SHAPE, bursts=Bursts(0.01, 0.25), loss_ppm=38461.5)
JITTERY = replace(SHAPE, jitter_ns=2_000_001)
LATE = replace(SHAPE, late_ns=3_000_000, late_ppm=10_000)


def found(requests: list[Request]) -> Found:
    """As an obedient kernel would dump; netem states its rate even if it has none."""
    qdiscs, filters = {}, []
    for request in requests:
        if request.kind == rtnetlink.RTM_NEWTFILTER:
            filters.append(request.body)
            continue
        handle = rtnetlink.QDISC.unpack_from(request.body)[2]
        said = rtnetlink.attributes(request.body[rtnetlink.QDISC.size :])
        kind, options = (said[number] for number in (rtnetlink.TCA_KIND, rtnetlink.TCA_OPTIONS))
        if kind == b"netem\0" and RATE not in rtnetlink.attributes(options[24:]):
            options += rtnetlink.attribute(RATE, bytes(16))
        body = request.body[: rtnetlink.QDISC.size] + rtnetlink.attribute(rtnetlink.TCA_KIND, kind)
        qdiscs[handle] = body + rtnetlink.attribute(rtnetlink.TCA_OPTIONS, options)
    return Found(qdiscs, filters=tuple(filters))


def held(shape: Shape) -> lanes.Tree:
    return lanes.held(found(list(lanes.tree(3, "c0s1p2", shape))))


@pytest.mark.parametrize("shape", [SHAPE, BURSTY, JITTERY, LATE])
def test_a_kernel_that_did_as_it_was_told_holds_what_was_asked_for(shape):
    assert held(shape) == lanes.wanted(shape)


@pytest.mark.parametrize("shape", [BURSTY, JITTERY, replace(SHAPE, loss_ppm=1), LATE])
def test_a_kernel_that_was_told_something_else_does_not(shape):
    assert held(SHAPE) != lanes.wanted(shape)
    assert held(shape) != lanes.wanted(SHAPE)


@pytest.mark.parametrize("lacking", range(6))
def test_a_tree_without_one_of_its_parts_is_not_what_was_asked_for(lacking):
    requests = list(lanes.tree(3, "c0s1p2", SHAPE))
    assert len(requests) == 6
    del requests[lacking]
    assert lanes.held(found(requests)) != lanes.wanted(SHAPE)


def test_a_lane_that_hangs_elsewhere_is_not_what_was_asked_for():
    there = found(list(lanes.tree(3, "c0s1p2", SHAPE)))
    body = there.qdiscs[lanes.DELAY]
    moved = rtnetlink.QDISC.pack(0, 3, lanes.DELAY, lanes.CONTROL_CLASS, 0)
    there.qdiscs[lanes.DELAY] = moved + body[rtnetlink.QDISC.size :]
    assert lanes.held(there) != lanes.wanted(SHAPE)


def test_control_has_the_delay_the_rate_and_the_mean_loss_of_the_fibre_by_a_seed_of_its_own():
    control, data = lanes.wanted(BURSTY).control, lanes.wanted(BURSTY).delay
    assert (control.latency_ns, control.jitter_ns) == (data.latency_ns, data.jitter_ns)
    assert (control.bursts, len(data.bursts)) == ((), 4)
    assert control.loss == probability(0.0384615)
    assert control.rate_bytes_per_s == BURSTY.rate_bps // 8
    assert control.seed != data.seed


def test_a_dead_fibre_loses_all_in_both_lanes_however_it_lost_before():
    dead = lanes.wanted(replace(BURSTY, loss_ppm=ALL_PPM))
    assert [(one.loss, one.bursts) for one in (dead.control, dead.delay)] == [(2**32 - 1, ())] * 2


def test_jitter_is_added_to_the_delay_and_lets_nothing_overtake():
    stage = lanes.wanted(replace(SHAPE, jitter_ns=2_000_000)).delay
    assert stage.latency_ns - stage.jitter_ns == SHAPE.one_way_delay_ns
    assert stage.latency_ns + stage.jitter_ns == SHAPE.one_way_delay_ns + 2_000_000
    assert 1_000_000 * 9000 // stage.rate_bytes_per_s == 0


def test_late_packets_are_late_between_the_delay_line_and_the_queue():
    handles = [rtnetlink.QDISC.unpack_from(one.body)[2:4] for one in lanes.tree(3, "x", LATE)]
    assert handles[-2:] == [(lanes.LATE, lanes.DELAY + 1), (lanes.QUEUE, lanes.LATE + 1)]


def test_what_both_lanes_hold_is_lost_before_they_are_put_again():
    requests = list(lanes.drained(3, "x", replace(SHAPE, loss_ppm=ALL_PPM)))
    handles = [rtnetlink.QDISC.unpack_from(one.body)[2:4] for one in requests]
    assert [parent for _handle, parent in handles[:2]] == [lanes.CONTROL_CLASS, lanes.DATA_CLASS]
    assert {handle for handle, _parent in handles[:2]}.isdisjoint(dict(handles[2:]))
    drains = found(requests[:2]).qdiscs.values()
    assert [netem_octets.held(one).loss for one in drains] == [2**32 - 1] * 2


def frame(source: bytes, target: bytes, port: int, *, protocol: int = 17) -> bytes:
    """From its network header on."""
    header = bytes([0x45]) + bytes(8) + bytes([protocol]) + bytes(2) + source + target
    return header + (49152).to_bytes(2, "big") + port.to_bytes(2, "big") + bytes(16)


def fits(one: filter_octets.Filter, eth_type: int, packet: bytes) -> bool:
    return one.eth_type == eth_type and all(
        int.from_bytes(packet[at : at + 4], "big") & mask == value for at, mask, value in one.words
    )


A, B = bytes([169, 254, 1, 1]), bytes([169, 254, 1, 0])


@pytest.mark.parametrize(
    ("eth_type", "packet", "is_control"),
    [
        (0x88CC, bytes(46), True),
        (0x0800, frame(A, B, 3784), True),
        (0x0800, frame(A, B, 3785), False),
        (0x0800, frame(bytes([10, 0, 0, 1]), B, 3784), False),
        (0x0800, frame(A, bytes([10, 0, 0, 2]), 3784), False),
        (0x0800, frame(A, B, 3784, protocol=6), False),
        (0x8847, frame(A, B, 3784), False),
        (0x86DD, frame(A, B, 3784), False),
    ],
)
def test_control_is_lldp_and_bfd_between_the_switches_own_addresses(eth_type, packet, is_control):
    assert any(fits(one, eth_type, packet) for one in lanes.FILTERS) == is_control
