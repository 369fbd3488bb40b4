"""AQMs that mark next to the same AQMs that drop, each under four connections of CUBIC."""

import pytest

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
FIBRES = {
    "flows": ("west-north", "north-east"),
    "pie": ("west-south", "south-east"),
}
"""The one that marks, and the one that drops."""
MANY = 5
SAME = 0.98
"""By a tick more or less other packets are marked, and which is chance in so short a run."""


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
def test_an_aqm_marks_instead_of_dropping_and_carries_as_much(ran, kind):
    """Beyond a probability of a tenth PIE drops, whatever is asked of it (RFC 8033, 5.1)."""
    marking, dropping = (counted(ran, fibre) for fibre in FIBRES[kind])
    assert marking["ce_marks"] > MANY * marking["drops"]
    assert kind == "pie" or marking["drops"] == 0
    assert dropping["drops"] > MANY * marking["drops"]
    assert "ce_marks" not in dropping
    assert goodput(ran, f"marked-{kind}") >= SAME * goodput(ran, f"dropped-{kind}")


def test_marks_are_no_losses_and_the_account_closes(ran):
    account = ran.summary["account"]
    assert account["closes"]
    fibres = {one["fibre"]: one for one in account["fibres"] if "ce_marks" in one}
    assert fibres.keys() == {marking for marking, _dropping in FIBRES.values()}
    assert account["ce_marks"] == sum(one["ce_marks"] for one in fibres.values())
    drops = {marking: counted(ran, marking)["drops"] for marking, _dropping in FIBRES.values()}
    assert {name: one["lost"].get("queue", 0) for name, one in fibres.items()} == drops


def test_frames_that_were_marked_have_their_lawful_label_all_the_path(ran):
    crossings = ran.summary["crossings"]
    assert crossings["frames"] > 10_000
    assert crossings["lost"] == 0
    assert crossings["forbidden"] == crossings["strange"] == []


def test_a_lone_frame_takes_as_long_as_ever(ran):
    for demand in ran.summary["demands"]:
        assert demand["rtt_ms"]["min"] == pytest.approx(demand["predicted_rtt_ms"], abs=0.002)
