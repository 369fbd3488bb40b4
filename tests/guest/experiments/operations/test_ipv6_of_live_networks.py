"""IPv6 in a live network: programs resolve and use both addresses; its demands are probed."""

import re
import subprocess

import pytest

from corridor_runs import ROOT, corridor, environment
from live_runs import LiveRun

pytestmark = [pytest.mark.guest, pytest.mark.timeout(300)]
GUIAN = "fd00:c0da::a00:2"


@pytest.fixture(scope="module")
def said(tmp_path_factory, virtual_kernel):
    """What a command in another terminal prints, all of it, and its exit code."""
    scenario = str(ROOT / "examples/dual_stack.yaml")
    run = LiveRun(tmp_path_factory.mktemp("ipv6") / "one", scenario, "--testbed", "uml")
    state = environment(XDG_STATE_HOME=str(run.sessions.parents[1]))

    def ask(*asked):
        done = subprocess.run(
            corridor(*asked), env=state, capture_output=True, text=True, timeout=180
        )
        return done.returncode, done.stdout + done.stderr

    try:
        run.wait_until_it_says("] ready: 4 BLOCKED, 8 UP", 120)
        yield ask
    finally:
        run.close()


@pytest.mark.parametrize("version", ["-4", "-6"])
def test_a_program_reaches_a_name_by_either_version(said, version):
    code, text = said("exec", "shanghai", "ping", version, "-c", "2", "guian")
    assert code == 0, text
    assert (GUIAN in text) == (version == "-6")


def test_a_transfer_goes_by_ipv6(said):
    script = "iperf3 -s -1 -D >/dev/null 2>&1; sleep 1"
    assert said("exec", "guian", "sh", "-c", script)[0] == 0
    code, text = said("exec", "shanghai", "iperf3", "-6", "-t", "1", "-c", "guian")
    assert code == 0, text
    assert f"connected to {GUIAN}" in text


def test_what_is_blocked_is_blocked_by_ipv6(said):
    code, text = said("exec", "guian", "ping", "-6", "-c", "1", "-W", "1", "karachi")
    assert code == 1
    assert "0 received" in text


def test_a_demand_of_ipv6_is_probed_and_traced(said):
    code, text = said("probe", "copies-ipv6", "-c", "3")
    assert (code, len(re.findall(r"seq \d+ +([\d.]+) ms", text))) == (0, 3), text
    code, text = said("trace", "copies-ipv6")
    assert code == 0, text
    assert f"> [{GUIAN}]:" in text
    assert text.rstrip().endswith("it is delivered")


def test_other_policies_and_a_cut_change_tables_of_ipv6_too(said):
    assert said("policy", "set", "none")[0] == 0
    reached = ("exec", "guian", "ping", "-6", "-c", "2", "-W", "2", "karachi")
    code, text = said(*reached)
    assert code == 0, text
    assert said("cut", "guian-kunming")[0] == 0
    code, text = said(*reached)
    assert code == 0, text
