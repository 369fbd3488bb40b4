"""AQMs that mark beside the same AQMs that drop, each under four connections of CUBIC."""

import pytest

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
FIBRES = {
    "flows": ("west-north", "north-east"),
    "pie": ("west-south", "south-east"),
}
"""The one that marks, and the one that drops."""
SAME = 0.999


@pytest.fixture(scope="module")
def ran(once):
    return once("marks")


def counted(ran, fibre):
    """Of the direction that data takes."""
    start = fibre.split("-")[0]
    (found,) = (
        one for one in ran.summary["queues"] if (one["fibre"], one["from"]) == (fibre, start)
    )
    (only,) = found["classes"]
    return only


def goodput(ran, workload):
    workloads = ran.summary["workloads"]["workloads"]
    return next(one["goodput_mbps"] for one in workloads if one["id"] == workload)


@pytest.mark.parametrize("kind", FIBRES)
def test_an_aqm_that_marks_loses_nothing_and_carries_as_much(ran, kind):
    marking, dropping = (counted(ran, fibre) for fibre in FIBRES[kind])
    assert marking["ce_marks"] > 0 == marking["drops"]
    assert dropping["drops"] > 0
    assert "ce_marks" not in dropping
    assert goodput(ran, f"marked-{kind}") >= SAME * goodput(ran, f"dropped-{kind}")


def test_marks_are_no_losses_and_the_account_closes(ran):
    account = ran.summary["account"]
    assert account["closes"]
    fibres = {one["fibre"]: one for one in account["fibres"] if "ce_marks" in one}
    assert fibres.keys() == {marking for marking, _dropping in FIBRES.values()}
    assert account["ce_marks"] == sum(one["ce_marks"] for one in fibres.values())
    assert not any(one["lost"] for one in fibres.values())


def test_frames_that_were_marked_have_their_lawful_label_all_the_way(ran):
    crossings = ran.summary["crossings"]
    assert crossings["frames"] > 10_000
    assert crossings["lost"] == 0
    assert crossings["forbidden"] == crossings["strange"] == []


def test_a_lone_frame_takes_as_long_as_ever(ran):
    for demand in ran.summary["demands"]:
        assert demand["rtt_ms"]["min"] == pytest.approx(demand["predicted_rtt_ms"], abs=0.002)
