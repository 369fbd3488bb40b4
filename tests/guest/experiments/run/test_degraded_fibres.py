"""Fibres that are slower, longer or lossier for a while: as much as said, and no longer."""

import json

import numpy as np
import pytest

from corridor.traffic.measures import samples

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
LONGEST_RTT_NS = 100_000_000
"""Above that of any demand here, with what its fault adds."""
FRAME_BITS = (1400 + 4) * 8
TOLERANCE_NS = 10_000
"""40 reads of the clock: now and then a packet is behind some 33 of them."""
SHARE_LOST_THERE_AND_BACK = 1 - 0.9**2


@pytest.fixture(scope="module")
def ran(once):
    return once("degraded")


@pytest.fixture(scope="module")
def probes(ran):
    """By demand, the probes before, during and after the faults, none in flight at a change."""
    rows, metadata = samples.read_parquet(ran.folder / "probes.parquet")
    done = json.loads((ran.folder / "raw/changes.json").read_text())
    at_ns, until_ns = (
        int(metadata["epoch_ns"]) + each(one["planned_ns"] for one in done) for each in (min, max)
    )
    rows, sent_ns = rows[rows["phase"] > 0], rows["intended_ns"][rows["phase"] > 0]
    times = {
        "before": sent_ns < at_ns - LONGEST_RTT_NS,
        "during": (sent_ns >= at_ns) & (sent_ns < until_ns - LONGEST_RTT_NS),
        "after": sent_ns >= until_ns + LONGEST_RTT_NS,
    }
    demands = [demand["id"] for demand in ran.summary["demands"]]
    return {
        demand: {when: rows[chosen & (rows["demand"] == number)] for when, chosen in times.items()}
        for number, demand in enumerate(demands)
    }


def one_way_ns(rows):
    """Minimum and maximum of both directions together."""
    got = rows[rows["received"]]
    both = np.concatenate([got["t2_ns"] - got["t1_ns"], got["t4_ns"] - got["t3_ns"]])
    return int(both.min()), int(both.max())


def assert_later_by(probes, expected_ns):
    before, during, after = (one_way_ns(probes[when]) for when in ("before", "during", "after"))
    for least_or_most in (0, 1):
        later_ns = during[least_or_most] - before[least_or_most]
        assert later_ns == pytest.approx(expected_ns, abs=TOLERANCE_NS)
        assert after[least_or_most] == pytest.approx(before[least_or_most], abs=TOLERANCE_NS)


def lost(probes):
    return {when: int((~rows["received"]).sum()) for when, rows in probes.items()}


def test_a_slower_fibre_takes_longer_to_send_each_frame_until_it_is_restored(ran, probes):
    plan = json.loads((ran.folder / "raw/plan.json").read_text())
    (wire,) = (one for one in plan["wiring"]["fibres"] if one["fibre"] == "shanghai-guian")
    at_declared_rate_ns = FRAME_BITS * 1_000_000_000 / wire["forward"]["rate_bps"]
    assert_later_by(probes["slower"], 3 * at_declared_rate_ns)


def test_a_longer_fibre_delays_each_way_by_as_much_as_said_until_it_is_restored(probes):
    assert_later_by(probes["longer"], 20_000_000)


def test_a_lossier_fibre_loses_as_many_as_said_and_no_more_once_it_is_restored(probes):
    sent = len(probes["lossier"]["during"])
    expected = sent * SHARE_LOST_THERE_AND_BACK
    spread = (expected * (1 - SHARE_LOST_THERE_AND_BACK)) ** 0.5
    found = lost(probes["lossier"])
    assert (found["before"], found["after"]) == (0, 0)
    assert abs(found["during"] - expected) < 4 * spread, (found, expected)
    assert_later_by(probes["lossier"], 0)


@pytest.mark.parametrize("demand", ["slower", "longer", "untouched"])
def test_nothing_is_lost_of_what_is_only_later_or_goes_elsewhere(probes, demand):
    assert lost(probes[demand]) == {"before": 0, "during": 0, "after": 0}


def test_what_goes_elsewhere_is_as_fast_as_ever(probes):
    assert_later_by(probes["untouched"], 0)
