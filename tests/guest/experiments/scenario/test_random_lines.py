"""Fibres that lose in bursts, jitter and let packets be overtaken: as much as was asked for."""

from math import sqrt

import numpy as np
import pytest

from corridor.traffic.measures import samples

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
SPREADS = 4
"""Standard deviations of the measurement in either direction; one chance in 16,000 beyond."""
JITTER_NS, LATE_NS = 4_000_000, 3_000_000
TICK_NS = 5_000


@pytest.fixture(scope="module")
def ran(once):
    return once("random-lines")


@pytest.fixture(scope="module")
def probes(ran):
    """By demand, its probes in the order in which they were sent."""
    rows, _ = samples.read_parquet(ran.folder / "probes.parquet")
    rows = rows[rows["phase"] > 0]
    demands = [demand["id"] for demand in ran.summary["demands"]]
    return {name: rows[rows["demand"] == number] for number, name in enumerate(demands)}


def lost_each_way(rows):
    there = rows["reflections"] == 0
    return there, ~rows["received"][~there]


def assert_loses(lost, p, r, lost_bad=1.0, lost_good=0.0):
    """The share that the model has; neighbours are alike, which makes the sample a smaller one."""
    bad = p / (p + r)
    share = bad * lost_bad + (1 - bad) * lost_good
    alike = 1 - p - r
    spread = sqrt(share * (1 - share) / len(lost) * (1 + alike) / (1 - alike))
    assert abs(lost.mean() - share) < SPREADS * spread, (lost.mean(), share, spread)


def bursts(lost):
    """How many were lost in a row, each time."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], lost.astype(int), [0]])))
    return edges[1::2] - edges[::2]


def delays(rows):
    """The delay of either direction above the minimum, in ns."""
    got = rows[rows["received"]]
    directions = (got["t2_ns"] - got["t1_ns"], got["t4_ns"] - got["t3_ns"])
    return [direction - direction.min() for direction in directions]


def overtaken(arrived_ns):
    """RFC 4737, 4.1: those that arrive after one that was sent later; all have arrived."""
    return arrived_ns > np.minimum.accumulate(arrived_ns[::-1])[::-1]


def test_losses_are_as_many_as_said_and_in_bursts_as_long_as_said(probes):
    r = 1 / 5
    p = r * 0.02 / 0.98
    for lost in lost_each_way(probes["bursty"]):
        assert_loses(lost, p, r)
        lengths = bursts(lost)
        spread = sqrt(1 - r) / r / sqrt(len(lengths))
        assert abs(lengths.mean() - 5) < SPREADS * spread, (lengths.mean(), spread)


def test_losses_by_all_four_letters_of_the_model_are_as_many_as_they_say(probes):
    for lost in lost_each_way(probes["gilbert"]):
        assert_loses(lost, 0.005, 0.2, 0.6, 0.001)


def test_jitter_of_packets_far_apart_is_spread_evenly_up_to_what_was_said(probes):
    for later in delays(probes["sparse"]):
        assert JITTER_NS * 0.99 < later.max() < JITTER_NS + TICK_NS
        for share in (0.1, 0.25, 0.5, 0.75, 0.9):
            spread = sqrt(share * (1 - share) / len(later))
            below = (later < share * JITTER_NS).mean()
            assert abs(below - share) < SPREADS * spread, (share, below)


def test_no_packet_overtakes_another_by_jitter_however_close_they_are(probes):
    rows = probes["dense"]
    assert rows["received"].all()
    for moments in (rows["t2_ns"], rows["t4_ns"]):
        assert not overtaken(moments).any()
    assert max(later.max() for later in delays(rows)) > JITTER_NS * 0.99


def test_late_packets_are_as_many_and_as_late_as_said_and_are_overtaken(probes):
    rows = probes["late"]
    directions = delays(rows)
    for later in directions:
        late = later > LATE_NS / 2
        assert np.abs(later[late] - LATE_NS).max() < 10 * TICK_NS
        assert later[~late].max() < 10 * TICK_NS
        assert abs(late.mean() - 0.02) < SPREADS * sqrt(0.02 * 0.98 / len(late))
    late_there = (directions[0] > LATE_NS / 2).sum()
    assert overtaken(rows["t2_ns"]).sum() == pytest.approx(late_there, rel=0.02)


def test_what_is_lost_at_random_is_said_to_be_and_nothing_else_is_lost(ran):
    for demand in ran.summary["demands"]:
        by = demand.get("lost_by", {})
        assert sum(by.values()) == demand["lost"]
        assert set(by) <= {"random loss"}, demand["id"]


def test_the_same_seed_gives_the_same_bytes_of_all_that_is_random(ran, once):
    again = once("random-lines", "--seed", "1")
    table = "probes.parquet"
    assert (ran.folder / table).read_bytes() == (again.folder / table).read_bytes()
