"""Processes that are started here and end with who started them."""

import os
import signal
import subprocess
import sys

import pytest

from corridor.topologies.base import child_process
from corridor.topologies.base.installation import IMPORT_ROOT

PARENT = """
import signal, sys, time
from corridor.topologies.base import child_process
words = [sys.executable, "-c", sys.argv[2]]
child_process.start(words, dies_by=signal.Signals(int(sys.argv[1])))
time.sleep(60)
"""
CHILD = """
import os, signal, time
def told(*_):
    os.write(1, b"told\\n")  # print cannot be entered twice, and "here" may still be in it
    raise SystemExit
signal.signal(signal.SIGTERM, told)
os.write(1, b"here\\n")
time.sleep(60)
"""


@pytest.mark.parametrize(("dies_by", "left"), [(signal.SIGKILL, b""), (signal.SIGTERM, b"told\n")])
def test_a_child_gets_its_signal_when_its_parent_is_killed(dies_by, left):
    words = [sys.executable, "-c", PARENT, str(int(dies_by)), CHILD]
    with subprocess.Popen(words, cwd=IMPORT_ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"here\n"
        parent.kill()
        assert parent.stdout.read() == left  # which ends when the child has


def test_a_child_has_the_environment_of_this_process_and_more():
    told = "import os; print(os.environ['MORE'], os.environ['PATH'])"
    child = child_process.start(
        [sys.executable, "-c", told], more_environment={"MORE": "x"}, stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout.read().decode() == f"x {os.environ['PATH']}\n"


def test_a_child_that_does_not_end_when_told_is_ended_by_force():
    stubborn = "import signal; signal.signal(15, 1); print(1, flush=True); signal.pause()"
    child = child_process.start([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
    with child:
        child.stdout.readline()
        child_process.end(child, 0.1)
        assert child.returncode == -signal.SIGKILL
