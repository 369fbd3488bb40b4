"""What happens inside a guest: forbidden traffic, shaping, Mininet's own command, native runs."""

import json
import re
import shutil
import sys

import pytest
from corridor_runs import ROOT, SCENARIOS, Result, run

from experiments.plan import make_plan
from experiments.scenario import load_scenario
from experiments.testbeds.uml import OUT_IN_GUEST, run_command_in_guest
from topologies.values import to_plain

pytestmark = pytest.mark.guest
PYTHON = ["env", f"PYTHONPATH={ROOT}", sys.executable]
REAL_CLOCK_MS, REAL_CLOCK_SHARE = 2.0, 0.02
ADMIT, CLASSIFY = "0", "1"


def in_guest(kernel, out_dir, *command, virtual_clock=True):
    done = run_command_in_guest(kernel, command, out_dir, virtual_clock=virtual_clock)
    assert done.returncode == 0, (
        f"{done.stdout}{done.stderr}{(out_dir / 'console.log').read_text()}"
    )
    return done


@pytest.fixture(scope="session")
def seen(tmp_path_factory, virtual_kernel):
    out_dir = tmp_path_factory.mktemp("forbidden")
    plan = make_plan(load_scenario("mini"), clock="virtual", run_id="c0", seed=1)
    (out_dir / "plan.json").write_text(json.dumps(to_plain(plan)))
    script = f"{ROOT}/tests/guest/inside/forbidden_traffic.py"
    in_guest(virtual_kernel, out_dir, *PYTHON, script, f"{OUT_IN_GUEST}/plan.json", OUT_IN_GUEST)
    return json.loads((out_dir / "seen.json").read_text())


def test_a_network_in_which_nobody_sends_is_silent(seen):
    assert seen["while idle"] == []


def test_a_frame_of_a_declared_demand_arrives_at_its_destination_only(seen):
    assert seen["frames"]["declared"] == {"received_by": ["guian"], "dropped_in": []}


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        ("source address of another", ADMIT),
        ("source MAC of another", ADMIT),
        ("VLAN tag", ADMIT),
        ("label of a real path", ADMIT),
        ("IPv6", ADMIT),
        ("ARP for an undeclared host", ADMIT),
        ("ARP in another's name", ADMIT),
        ("LLDP from a host", ADMIT),
        ("undeclared destination", CLASSIFY),
        ("broadcast", CLASSIFY),
    ],
)
def test_forbidden_frames_reach_nobody_and_are_counted_where_they_are_dropped(seen, kind, table):
    assert seen["frames"][kind] == {"received_by": [], "dropped_in": [table]}


def test_a_mininet_host_pings_a_declared_peer_in_the_predicted_time_and_no_other(seen):
    assert "3 received, 0% packet loss" in seen["ping"], seen["ping"]
    least_ms = float(re.search(r"= ([\d.]+)/", seen["ping"])[1])
    assert least_ms == pytest.approx(25.132, abs=0.1)
    assert "0 received" in seen["ping of a stranger"], seen["ping of a stranger"]


@pytest.mark.parametrize("kind", ["another delay", "another seed", "unshaped"])
def test_reading_back_refuses_a_fibre_that_is_not_shaped_as_declared(seen, kind):
    assert "does not hold the shaping of c0s1p2" in seen["shaping"][kind]


def test_reading_back_accepts_a_fibre_that_has_been_mended(seen):
    assert seen["shaping"]["mended"] == ""


def test_mininets_own_command_runs_a_corridor_and_pings_through_it(virtual_kernel, tmp_path):
    script = tmp_path / "script"
    script.write_text(
        "nodes\n"
        "py __import__('time').sleep(3)\n"
        "h1 ping -c 2 h5\n"
        "py print(net['shanghai'].cmd('ping -c 2 ' + net['karachi'].IP()))\n"
        "py print(net.switch_of('guian').connected())\n"
    )
    mn = ["--custom", f"{ROOT}/topologies/mn.py", "--topo", "corridor,mini"]
    mn += ["--controller", "corridor", "--test", "none", "--post", f"{OUT_IN_GUEST}/script"]
    done = in_guest(virtual_kernel, tmp_path, *PYTHON, shutil.which("mn"), *mn)
    shown = done.stdout + done.stderr
    assert shown.count("2 received, 0% packet loss") == 2, shown
    assert all(host in shown for host in ("h1 h2 h3 h4 h5", "s1 s2 s3 s4 s5")), shown
    assert "True" in shown, shown


def test_a_native_run_in_a_guest_gives_the_same_results_as_a_run_from_outside(
    virtual_kernel, tmp_path, once
):
    options = ["--testbed", "native", "--out", f"{OUT_IN_GUEST}/result", "--no-figures"]
    scenario = str(SCENARIOS / "timing.yaml")
    in_guest(virtual_kernel, tmp_path, *PYTHON, "-m", "experiments.cli", "run", scenario, *options)
    native, outside = Result(tmp_path / "result", 0, "", ""), once("timing")
    assert shape_of(native.summary) == shape_of({**outside.summary, "virtual_s": None})
    assert {p.name for p in native.folder.iterdir()} == {p.name for p in outside.folder.iterdir()}
    assert native.tables() == outside.tables()
    assert native.summary["testbed"] == "native"
    for demand in native.summary["demands"]:
        same = outside.demands[demand["id"]]
        assert (demand["path"], demand["sent"], demand["received"]) == (
            same["path"],
            same["sent"],
            same["received"],
        )
        assert demand["rtt_ms"]["min"] == pytest.approx(same["rtt_ms"]["min"], abs=0.02)


def shape_of(value):
    """Keys and types, without values."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape_of(item) for item in value[:1]]
    return type(value).__name__


def test_with_debians_kernel_and_the_real_clock_round_trips_are_within_2_ms_or_2_percent(
    stock_kernel, tmp_path
):
    ran = run(tmp_path / "r", SCENARIOS / "timing.yaml", "--testbed", "uml", "--clock", "real")
    assert ran.code == 0, ran.said + ran.complained
    assert (ran.summary["testbed"], ran.summary["clock"]) == ("uml", "real")
    for demand in ran.summary["demands"]:
        predicted, least = demand["predicted_rtt_ms"], demand["rtt_ms"]["min"]
        allowed = max(REAL_CLOCK_MS, REAL_CLOCK_SHARE * predicted)
        assert predicted - 0.02 <= least <= predicted + allowed, demand["id"]
        assert demand["lost"] == 0, demand["id"]
