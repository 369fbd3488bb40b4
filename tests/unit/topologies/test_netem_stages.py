"""What netem is asked for, and what it is found to hold, in the kernel's own terms."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.emulation import netem, rtnetlink
from corridor.topologies.model.wiring import Shape

SHAPE = Shape(
    one_way_delay_ns=18_000_001,
    rate_bps=10**9,
    in_flight_packets=20_000,
    queue_packets=1648,
    loss_ppm=0,
    seed=2**62 + 1,
)


def dumped(options: bytes, kind: str = "netem") -> bytes:
    """The body of an RTM_NEWQDISC, as the kernel would dump what it was given."""
    body = rtnetlink.QDISC.pack(0, 3, 0x10000, 0xFFFFFFFF, 0)
    return body + rtnetlink.text(1, kind) + rtnetlink.attribute(2, options)


def found(shape: Shape) -> netem.Stages | None:
    asked = netem.stages(shape)
    return netem.held(dumped(asked.delay_options()), dumped(asked.rate_options()))


@pytest.mark.parametrize("rate_bps", [8, 33_333_333, 10**9, 34_359_738_367, 10**12])
def test_whatever_the_rate_the_kernel_is_found_to_hold_what_it_was_asked_for(rate_bps):
    shape = replace(SHAPE, rate_bps=rate_bps)
    assert found(shape) == netem.stages(shape)
    assert netem.stages(shape).rate_bytes_per_s == rate_bps // 8


def test_a_rate_that_differs_by_a_byte_a_second_is_another():
    assert found(replace(SHAPE, rate_bps=33_333_333)) != netem.stages(
        replace(SHAPE, rate_bps=33_333_341)
    )


@given(st.floats(min_value=0.0003, max_value=1_000_000))
def test_a_loss_is_never_taken_for_none(loss_ppm):
    assert netem.loss_of(loss_ppm) > 0


def test_all_that_is_sent_is_lost_at_a_million_parts_per_million():
    assert netem.loss_of(1_000_000) == netem.PROBABILITY_ONE


def test_a_loss_of_a_tenth_of_a_part_per_million_is_held():
    shape = replace(SHAPE, loss_ppm=0.1)
    assert netem.stages(shape).loss == 429
    assert found(shape) == netem.stages(shape)


def test_another_discipline_in_its_place_is_no_shape():
    asked = netem.stages(SHAPE)
    rate = dumped(asked.rate_options())
    assert netem.held(dumped(asked.delay_options(), "htb"), rate) is None


def test_a_kernel_whose_netem_has_no_seed_does_not_hold_what_was_asked_for():
    asked = netem.stages(SHAPE)
    seedless = asked.delay_options()[:-12]
    assert netem.held(dumped(seedless), dumped(asked.rate_options())) is None
