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
