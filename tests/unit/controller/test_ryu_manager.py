"""Ryu's own command starts, as set-up leaves it."""

import subprocess
import sys
from pathlib import Path


def test_ryu_manager_starts_with_todays_eventlet():
    command = Path(sys.executable).with_name("ryu-manager")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "ryu-manager 4.34"), done.stderr
