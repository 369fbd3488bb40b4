"""A fibre that is given ten times what it takes: full, and never taken for a dead one."""

import json

import pytest

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]


@pytest.fixture(scope="module")
def flooded(once):
    return once("flood")


def test_a_flooded_fibre_delivers_its_rate_and_loses_the_rest_in_its_queue(flooded):
    (flow,) = flooded.summary["demands"][0]["flows"]
    assert flow["offered"] == pytest.approx(10 * flow["bottleneck"], rel=1e-4)
    with_labels = flow["delivered"] * (1442 + 4) / 1442
    assert with_labels == pytest.approx(flow["bottleneck"], rel=1e-3)
    lost = flow["offered_packets"] - flow["delivered_packets"]
    assert flow["lost_at"] == {"shanghai-guian:shanghai->guian queue": lost}


def test_no_session_of_bfd_goes_down_in_a_flood_and_nothing_is_unexplained(flooded):
    health = json.loads((flooded.folder / "raw/health.json").read_text())
    before, after = (health[when]["bfd_changes"] for when in ("before", "after"))
    assert len(after) == 14
    assert after == before
    assert (flooded.summary["warnings"], flooded.summary["invalid"]) == ([], None)


def test_a_policed_demand_gets_its_rate_onto_the_fibre_and_a_free_one_all_of_it(once):
    policed, free = (one["flows"][0] for one in once("policed").summary["demands"])
    most = 20 * (1 + 0.1 / 2) * 1.01  # a burst of a tenth of a second, in two seconds
    assert 20 < policed["delivered"] < most
    lost = policed["offered_packets"] - policed["delivered_packets"]
    assert policed["lost_by"] == {"meter": lost}
    assert free["delivered_packets"] == free["offered_packets"]
