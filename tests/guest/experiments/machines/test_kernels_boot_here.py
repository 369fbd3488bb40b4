"""The guest kernels of this machine: they boot, keep their clocks, and can shape and switch."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from corridor.experiments.machines.kernel import find_kernel
from corridor.experiments.machines.smoke import smoke_boot

pytestmark = pytest.mark.guest
ROOT = Path(__file__).resolve().parents[4]
PROBING_INIT = """\
import ctypes, json
libc = ctypes.CDLL(None)
libc.mount(b"proc", b"/proc", b"proc", 0, None)
try:
    from corridor.topologies.emulation.this_kernel import attempt
    print("probed", json.dumps(attempt()), flush=True)
finally:
    libc.reboot(0x4321FEDC)
"""


@pytest.fixture(scope="module")
def virtual():
    return find_kernel() or pytest.skip("no virtual-clock kernel: ./corridor kernel build")


def modes(kernel):
    return ["seccomp=on"] if kernel.seccomp else []


def test_debians_kernel_boots(stock_kernel):
    assert smoke_boot(stock_kernel.path) is not None


def test_a_thousand_seconds_pass_at_once_and_to_the_microsecond(virtual):
    start = time.monotonic()
    slept = smoke_boot(virtual.path, *modes(virtual), "time-travel=inf-cpu", sleep_s=1000)
    assert abs(slept - 1000 * 10**9) < 1_000_000
    assert time.monotonic() - start < 30


def test_the_same_kernel_keeps_the_real_clock_when_not_asked_to_travel(virtual):
    start = time.monotonic()
    assert smoke_boot(virtual.path, *modes(virtual), sleep_s=1) >= 10**9
    assert time.monotonic() - start >= 1


def test_probing_inside_finds_the_netem_and_openvswitch_that_are_there(virtual, tmp_path):
    init = tmp_path / "init"
    (tmp_path / "probing.py").write_text(PROBING_INIT)
    init.write_text(f"#!/bin/sh\nexec '{sys.executable}' -P '{tmp_path}/probing.py'\n")
    init.chmod(0o755)
    shown = subprocess.run(
        [
            virtual.path,
            "mem=256M",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            "quiet",
            "con=null",
            "con0=fd:0,fd:1",
            "umid=probe",
            f"uml_dir={tmp_path}/",
            f"init={init}",
            "time-travel=inf-cpu",
            *modes(virtual),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    ).stdout
    (line,) = [one for one in shown.splitlines() if one.startswith("probed")]
    assert json.loads(line.removeprefix("probed ")) == {"netem": "", "openvswitch": ""}
