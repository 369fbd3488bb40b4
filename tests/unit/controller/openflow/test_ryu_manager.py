"""Ryu's own command starts, as set-up leaves it."""

import os
import subprocess
import sys
from pathlib import Path


def versioned(**environment):
    command = Path(sys.executable).with_name("ryu-manager")
    return subprocess.run(
        [command, "--version"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_ryu_manager_starts_with_todays_eventlet():
    done = versioned()
    assert (done.returncode, done.stdout.strip()) == (0, "ryu-manager 4.34"), done.stderr


def test_ryu_manager_says_nothing_of_ryus_code_where_that_is_not_compiled_yet(tmp_path):
    done = versioned(PYTHONPYCACHEPREFIX=str(tmp_path))
    assert (done.stdout.strip(), done.stderr) == ("ryu-manager 4.34", "")
