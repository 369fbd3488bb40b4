"""Hosts behind hubs of a live network: programs run at them, and their demands are probed."""

import re
import subprocess

import pytest

from corridor_runs import ROOT, corridor, environment
from live_runs import LiveRun

pytestmark = [pytest.mark.guest, pytest.mark.timeout(300)]
ORDERS_MS = 119.3


@pytest.fixture(scope="module")
def said(tmp_path_factory, virtual_kernel):
    """What a command in another terminal prints, all of it, and its exit code."""
    scenario = str(ROOT / "examples/hosts.yaml")
    run = LiveRun(tmp_path_factory.mktemp("hosts") / "one", scenario, "--testbed", "uml")
    state = environment(XDG_STATE_HOME=str(run.sessions.parents[1]))

    def ask(*asked):
        done = subprocess.run(
            corridor(*asked), env=state, capture_output=True, text=True, timeout=180
        )
        return done.returncode, done.stdout + done.stderr

    try:
        run.wait_until_it_says("] ready: 2 BLOCKED, 8 UP", 120)
        yield ask
    finally:
        run.close()


def test_a_program_runs_at_a_host_and_knows_the_names_of_others(said):
    code, text = said("exec", "web2", "sh", "-c", "ip -4 -br addr; cat /etc/hosts")
    assert code == 0, text
    assert "10.9.0.1/8" in text
    assert re.search(r"^10\.16\.5\.1\s+db1$", text, re.M)


def test_demands_between_hosts_are_pinged_and_probed(said):
    code, text = said("ping", "web1", "db1", "-c", "2")
    assert code == 0, text
    assert "by demand orders" in text
    code, text = said("probe", "orders", "-c", "3")
    rtts = [float(one) for one in re.findall(r"seq \d+ +([\d.]+) ms", text)]
    assert (code, len(rtts)) == (0, 3), text
    assert min(rtts) >= ORDERS_MS


def test_data_of_another_host_of_the_hub_stays_blocked(said):
    code, text = said("exec", "web2", "ping", "-c", "1", "-W", "1", "db1")
    assert code == 1
    assert "0 received" in text


def test_an_unknown_host_is_one_line_with_the_known_ones(said):
    code, text = said("exec", "web9", "true")
    assert code == 2
    assert 'no hub or host "web9" in this network; there are shanghai, web1' in text
