"""A run on Debian's own kernel, in an emulated machine whose root is this machine's.

What it measures does not depend on how busy this machine is, so the figures are asserted.
"""

import os
import re
import signal
import subprocess
import time

import pytest

from corridor.experiments.machines.debian_kernel import emulator_lacks
from corridor.traffic.agents.records import HEADER_BYTES
from corridor_runs import corridor, environment, finish, start

pytestmark = [pytest.mark.vm, pytest.mark.timeout(2000)]
BASE_US, PER_FIBRE_US, SPREAD_US = 50, 20, 30
LIMIT_S = 1800


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    reason, _ = emulator_lacks()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("emulated") / "result"
    return finish(start(folder, "mini", "--testbed", "qemu"), folder, LIMIT_S)


def test_a_run_in_an_emulated_machine_names_its_clock(mini):
    assert mini.code == 0, mini.complained
    assert mini.summary["testbed"] == "qemu"
    assert mini.summary["clock"] == "virtual, computing charged"
    assert mini.summary["invalid"] is None


def test_computing_is_charged_and_nothing_else(mini):
    for demand in mini.summary["demands"]:
        assert demand["received"] == demand["sent"], demand["id"]
        above_us = (demand["rtt_ms"]["min"] - demand["predicted_rtt_ms"]) * 1000
        spread_us = (demand["rtt_ms"]["max"] - demand["rtt_ms"]["min"]) * 1000
        assert 0 < above_us < BASE_US + PER_FIBRE_US * (len(demand["path"]) - 1), demand["id"]
        assert spread_us < SPREAD_US, demand["id"]


def test_probes_leave_when_they_should(mini):
    for demand in mini.summary["demands"]:
        assert demand["send_lateness_ms"]["max"] < 1, demand["id"]


def test_a_run_that_is_killed_keeps_what_was_measured(tmp_path):
    reason, _ = emulator_lacks()
    if reason:
        pytest.skip(reason)
    folder = tmp_path / "result"
    run = start(folder, "mini", "--testbed", "qemu")
    end = time.monotonic() + LIMIT_S
    while not measured_bytes(folder):
        assert run.poll() is None, run.communicate()
        assert time.monotonic() < end
        time.sleep(1)
    os.kill(run.pid, signal.SIGKILL)
    run.communicate()
    report = corridor("report", folder, "--no-figures")
    said = subprocess.run(report, env=environment(), capture_output=True, text=True).stdout
    assert "stopped without a word during measure" in said
    answered, sent = map(int, re.search(r"(\d+) of (\d+) probes answered", said).groups())
    assert 0 < answered <= sent


def measured_bytes(folder):
    """Of records, as they came to this machine."""
    files = (folder / "raw").glob("probes-*.rec")
    return sum(max(0, file.stat().st_size - HEADER_BYTES) for file in files)
