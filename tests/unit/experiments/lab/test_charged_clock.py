"""What is done before something is measured where idle time and waiting are skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.experiments.lab.planned_instants import SPINNER, idle_time_skipped, mapped_files
from corridor.experiments.testbeds import guest_init
from corridor.traffic.agents.jobs import CHARGED

MAPS = """\
55d0-55d1 r-xp 00000000 fe:00 1234      /usr/bin/python3.13
7f00-7f01 r--p 00001000 fe:00 99        /usr/lib/x86_64-linux-gnu/libc.so.6
7f01-7f02 rw-p 00000000 00:00 0
7fff-8000 rw-p 00000000 00:00 0         [stack]
7f03-7f04 r--s 00000000 00:01 7         /memfd:shared name (deleted)
"""


def test_what_programs_are_made_of_is_found_once():
    found = mapped_files([MAPS, MAPS])
    assert found[1:] == ["/usr/bin/python3.13", "/usr/lib/x86_64-linux-gnu/libc.so.6"]
    assert "[stack]" not in " ".join(found)


@pytest.fixture
def spinner(monkeypatch):
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    monkeypatch.setenv(SPINNER, str(process.pid))
    yield process
    process.kill()
    process.wait()


def state(process):
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_what_keeps_a_machine_busy_stands_still_while_something_is_measured(spinner):
    with idle_time_skipped(CHARGED):
        os.waitid(os.P_PID, spinner.pid, os.WSTOPPED | os.WNOWAIT)
        assert state(spinner) == "T"
    assert state(spinner) != "T"


def test_it_goes_on_after_a_measurement_that_failed(spinner):
    with pytest.raises(ZeroDivisionError), idle_time_skipped(CHARGED):
        raise ZeroDivisionError
    assert state(spinner) != "T"


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_other_clocks_are_left_alone(spinner, clock):
    with idle_time_skipped(clock):
        assert state(spinner) != "T"


def test_both_ends_name_what_keeps_a_machine_busy_alike():
    assert guest_init.SPINNER == SPINNER
