"""Native runs on Debian's own kernel, in a machine whose clock counts instructions.

The figures do not depend on how busy the machine is that the tests run on, so they are asserted.
"""

import json
import re

import pytest

pytestmark = [pytest.mark.vm, pytest.mark.timeout(4000)]
BASE_US, PER_FIBRE_US = 60, 20
"""What computing adds to a round trip on a processor of one instruction a nanosecond."""
NEEDED = {
    *("system packages", "native", "root", "netem", "openvswitch", "tun (gateways)"),
    *("queues by class", "Python", "Mininet", "Open vSwitch", "iperf3"),
}
LIVE = ("live", "sudo", "bash", "tests/vm/errands/live.sh")


@pytest.fixture(scope="module")
def measured(errand_of):
    scenarios = ("mini=mini", "cuts=tests/guest/scenarios/cuts.yaml")
    return errand_of("measured", "bash", "tests/vm/errands/measure.sh", *scenarios)


@pytest.fixture(scope="module")
def live(errand_of):
    return errand_of(*LIVE)


@pytest.fixture(scope="module")
def reference(errand_of):
    return errand_of("reference", "bash", "tests/vm/errands/measure.sh", "reference=pan-asia")


def above_us(demand):
    return (demand["rtt_ms"]["min"] - demand["predicted_rtt_ms"]) * 1000


def allowed_us(demand):
    return BASE_US + PER_FIBRE_US * (len(demand["path"]) - 1)


def test_mini_ends_well_and_loses_nothing(measured):
    assert measured.text("mini.code").strip() == "0", measured.said[-20:]
    summary = measured.summary("mini")
    assert summary["testbed"] == "native"
    assert summary["invalid"] is None
    assert {one["id"]: one["lost"] for one in summary["demands"] if one["lost"]} == {}


def test_round_trips_of_mini_are_the_model_and_a_little_computing(measured):
    demands = measured.summary("mini")["demands"]
    assert len(demands) == 6
    for one in demands:
        assert 0 < above_us(one) < allowed_us(one), one["id"]


def test_a_run_with_cuts_detours_and_forwards_nothing_that_is_forbidden(measured):
    assert measured.text("cuts.code").strip() == "0", measured.said[-20:]
    summary = measured.summary("cuts")
    assert summary["crossings"]["frames"] > 1000
    assert summary["crossings"]["forbidden"] == []
    assert [one for one in measured.said if re.search(r"\b[1-9]\d* violated", one)] == []


def test_doctor_finds_here_all_that_native_runs_need(live):
    assert live.text("doctor.code").strip() == "0"
    said = json.loads(live.text("doctor.json"))["verdicts"]
    lacking = {one["subject"]: one["detail"] for one in said if not one["ok"]}
    assert {one["subject"] for one in said} >= NEEDED
    assert NEEDED & set(lacking) == set(), lacking


@pytest.mark.parametrize("moment", ["up", "mended", "taken-over"])
def test_a_live_network_serves_all_demands(live, moment):
    said = json.loads(live.text(f"{moment}.json"))
    assert {one["status"] for one in said["demands"]} == {"UP"}, moment


def test_a_live_network_takes_the_detour_while_a_fibre_is_cut(live):
    before, then = (json.loads(live.text(f"{name}.json")) for name in ("up", "cut"))
    paths = [{one["demand"]: one["fibres"] for one in said["demands"]} for said in (before, then)]
    moved = {name for name in paths[0] if paths[0][name] != paths[1][name]}
    assert moved
    assert {"kunming-karachi" in paths[0][name] for name in moved} == {True}
    assert {"kunming-karachi" in fibres for fibres in paths[1].values()} == {False}
    assert ", 0% packet loss" in live.text("ping")


def test_a_controller_that_is_killed_is_followed_by_another(live):
    assert live.text("kill-controller.code").strip() == "0", "there was none to kill"
    assert "the controller ended with code -9, another is started" in live.text("told")


def test_a_network_that_is_killed_leaves_nothing(live):
    assert not (live.folder / "waited").exists(), live.text("waited")
    assert live.text("kill-network.code").strip() == "0", "there was none to kill"
    assert live.text("bridges").split() == []
    links = [line.split()[0].partition("@")[0] for line in live.text("links").splitlines()]
    assert [name for name in links if name not in ("lo", "ovs-system")] == []
    assert live.text("processes") == ""
    assert live.text("clean.code").strip() == "0"
    assert live.text("clean-again") == "nothing to remove\n"


def test_the_reference_corridor_is_built_and_proven_and_loses_no_probe(reference):
    """Functional: it is the limit of one such processor, and the run may say so by 4."""
    assert reference.text("reference.code").strip() in ("0", "4"), reference.said[-20:]
    summary = reference.summary("reference")
    assert summary["network"]["fibres"] > 100
    assert sum(one["sent"] for one in summary["demands"]) > 4000
    assert {one["id"]: one["lost"] for one in summary["demands"] if one["lost"]} == {}
    for one in summary["demands"]:
        assert 0 < above_us(one) < allowed_us(one), one["id"]
