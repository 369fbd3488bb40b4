"""Predictions against values worked out by hand."""

import pytest

from corridor.experiments.plan.prediction import bottleneck_bps, one_way_ns, serialisation_ns
from corridor.topologies.model.routing import Path
from random_topologies import SCALING, fibre, topology

FAST = fibre("fast", 0, 1, 5_000_000, capacity_gbps=1.0, capacity_basis="derived")
SLOW = fibre("slow", 1, 2, 7_000_000, capacity_gbps=0.04, capacity_basis="derived")
GRAPH = topology(3, [FAST, SLOW])
BOTH = Path(("hub0", "hub1", "hub2"), ("fast", "slow"))


@pytest.mark.parametrize(
    ("frame_bytes", "rate_bps", "nanoseconds"),
    [
        (125, 1_000_000_000, 1_000),  # 1000 bits at 1 bit/ns
        (1518, 10_000_000, 1_214_400),
        (132, 96_000_000, 11_000),
        (100, 30_000_000, 26_666),  # 26666.67 rounded down, as the kernel does
        (100, 12_345_679, 64_800),  # the kernel holds 1543209 whole bytes a second
    ],
)
def test_bits_take_their_time_at_the_rate(frame_bytes, rate_bps, nanoseconds):
    assert serialisation_ns(frame_bytes, rate_bps) == nanoseconds


def test_one_way_is_propagation_and_serialisation_of_every_fibre_with_the_label():
    # 128 bytes and 4 of label: 1056 bits, 1056 ns at 1 Gbit/s and 26400 ns at 40 Mbit/s.
    assert one_way_ns(GRAPH, BOTH, 128) == 5_000_000 + 1_056 + 7_000_000 + 26_400


def test_there_and_back_take_the_same_over_the_same_fibres():
    assert one_way_ns(GRAPH, BOTH, 600) == one_way_ns(GRAPH, BOTH.reversed(), 600)


def test_the_bottleneck_is_the_narrowest_fibre():
    assert bottleneck_bps(GRAPH, BOTH) == 40_000_000
    assert bottleneck_bps(GRAPH, Path(("hub0", "hub1"), ("fast",))) == 1_000_000_000


def test_the_bottleneck_counts_the_emulated_rate_with_its_floor():
    narrow = fibre("narrow", 0, 1, 1, capacity_gbps=0.0001, capacity_basis="derived")
    floored = topology(2, [narrow])
    assert bottleneck_bps(floored, Path(("hub0", "hub1"), ("narrow",))) == SCALING.min_rate_bps
