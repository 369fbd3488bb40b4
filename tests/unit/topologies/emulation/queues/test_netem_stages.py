"""What netem is asked for, and what it is found to hold, in the kernel's own terms."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.emulation.queues import netem_octets, rtnetlink
from corridor.topologies.emulation.queues.netem_octets import ALL_JITTER, Netem

LINE = Netem(limit=20_000, latency_ns=18_000_001, seed=2**62 + 1)


def dumped(stage: Netem, kind: str = "netem") -> bytes:
    """The body of an RTM_NEWQDISC, as the kernel would dump what it was given."""
    body = rtnetlink.QDISC.pack(0, 3, 0x10000, 0xFFFFFFFF, 0)
    options = stage.options()
    if not stage.rate_bytes_per_s:  # the kernel says this one even of none
        options += rtnetlink.attribute(netem_octets.RATE, bytes(16))
    return body + rtnetlink.text(1, kind) + rtnetlink.attribute(2, options)


@pytest.mark.parametrize("rate", [1, 4_166_666, 2**32 - 1, 2**32, 10**12, 2**62])
def test_whatever_the_rate_the_kernel_is_found_to_hold_what_it_was_asked_for(rate):
    stage = Netem(limit=1648, rate_bytes_per_s=rate)
    assert netem_octets.held(dumped(stage)) == stage


def test_a_rate_that_differs_by_a_byte_a_second_is_another():
    one, other = (Netem(limit=1, rate_bytes_per_s=rate) for rate in (4_166_666, 4_166_667))
    assert netem_octets.held(dumped(one)) != other


@pytest.mark.parametrize(
    "change", [{"loss": 429}, {"bursts": (1, 2, 3, 4)}, {"jitter_ns": 7}, {"seed": 5}]
)
def test_all_that_is_random_is_found_as_it_was_asked_for(change):
    stage = replace(LINE, **change)
    assert netem_octets.held(dumped(stage)) == stage
    assert netem_octets.held(dumped(LINE)) != stage


@given(st.floats(min_value=0.0003e-6, max_value=1))
def test_a_loss_is_never_taken_for_none(share):
    assert netem_octets.probability(share) > 0


def test_all_that_is_sent_is_lost_at_a_share_of_one():
    assert netem_octets.probability(1) == netem_octets.PROBABILITY_ONE


def test_another_discipline_in_its_place_is_none():
    assert netem_octets.held(dumped(LINE, "htb")) is None


def test_a_kernel_whose_netem_has_no_seed_does_not_hold_what_was_asked_for():
    assert netem_octets.held(dumped(replace(LINE, seed=None))) != LINE


@pytest.mark.parametrize(
    ("share", "late", "size"), [(0.01, 1, 100), (0.3, 3, 10), (1e-4, 1, 10_000)]
)
def test_late_packets_are_drawn_from_a_table_with_their_share_in_it(share, late, size):
    table = netem_octets.late_table(share)
    assert (table.count(ALL_JITTER), table.count(0), len(table)) == (late, size - late, size)
