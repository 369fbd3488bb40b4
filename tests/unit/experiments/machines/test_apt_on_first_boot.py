"""Installing while another process holds the lock of apt's package lists, as on a first boot."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
LOCKED = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 17 (apt-get)"
# An update fails with the given message until a number of attempts.
APT = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in *update*)
    if [ "$(grep -c update "$CALLS")" -le "$FAILURES" ]; then echo "$FAILURE" >&2; exit 100; fi ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """Stand-ins for apt-get and dpkg that note how they were called."""

    def apt(failure="", failures=0):
        for name in ("apt-get", "dpkg"):
            program = tmp_path / name
            program.write_text(APT)
            program.chmod(0o755)
        script = (ROOT / "experiments/setup/setup.sh").read_text()
        body = re.search(r"^readonly apt_script='\n(.*?)\n'$", script, re.M | re.S)[1]
        body = body.replace("/usr/sbin/policy-rc.d", f"{tmp_path}/policy-rc.d")
        done = subprocess.run(
            ["/bin/sh", "-c", body, "sh", "bc"],
            env={
                "PATH": f"{tmp_path}:{os.environ['PATH']}",
                "CALLS": str(tmp_path / "calls"),
                "FAILURE": failure,
                "FAILURES": str(failures),
                "LIST_LOCK_WAIT_S": "0.01",
                "LIST_LOCK_TRIES": "4",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done, (tmp_path / "calls").read_text().splitlines()

    return apt


def updates(calls):
    return sum("update" in call for call in calls)


def test_the_lists_are_asked_for_again_while_they_are_locked(machine):
    done, calls = machine(LOCKED, failures=2)
    assert done.returncode == 0
    assert updates(calls) == 3
    assert calls[-1].endswith("install --no-install-recommends bc")
    assert "using the package lists that are here" not in done.stdout


def test_a_lock_that_stays_is_waited_for_only_so_long(machine):
    done, calls = machine(LOCKED, failures=9)
    assert updates(calls) == 4
    assert "using the package lists that are here" in done.stdout
    assert calls[-1].endswith("bc")


def test_a_mirror_that_does_not_answer_is_not_asked_again(machine):
    done, calls = machine("E: Failed to fetch http://mirror/InRelease", failures=9)
    assert updates(calls) == 1
    assert "using the package lists that are here" in done.stdout


def test_nothing_is_waited_for_where_nothing_is_locked(machine):
    _, calls = machine()
    assert updates(calls) == 1
