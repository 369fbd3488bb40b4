"""Waits on a slow machine, boots that run out of time, and what killed builds leave."""

import fcntl
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from corridor.experiments.commands import doctor
from corridor.experiments.machines import smoke
from corridor.experiments.machines.kernel_build import LOCK, remove_unfinished_builds
from corridor.experiments.testbeds import probe
from corridor.topologies.base import slowness
from corridor_runs import environment


@pytest.mark.parametrize(
    ("said", "factor"),
    [(None, 1.0), ("1.00", 1.0), ("7.5", 7.5), ("0.01", 1.0), ("900", slowness.MOST), ("x", 1.0)],
)
def test_waits_are_as_many_times_as_long_as_was_measured(monkeypatch, said, factor):
    if said is None:
        monkeypatch.delenv(slowness.VARIABLE, raising=False)
    else:
        monkeypatch.setenv(slowness.VARIABLE, said)
    assert slowness.patient(30.0) == 30.0 * factor


def test_it_is_measured_once_by_a_start_of_python_and_told_to_what_is_started(monkeypatch):
    monkeypatch.setenv(slowness.VARIABLE, "")
    monkeypatch.delenv(slowness.VARIABLE)
    monkeypatch.setattr(slowness, "USUAL_S", 1e-6)
    slowness.measure()
    assert os.environ[slowness.VARIABLE] == f"{slowness.MOST:.2f}"
    monkeypatch.setattr(slowness, "USUAL_S", 1e6)
    slowness.measure()
    assert slowness.slowness() == slowness.MOST


def never_boots(folder):
    kernel = folder / "linux"
    kernel.write_text("#!/bin/sh\nexec sleep 60\n")
    kernel.chmod(0o755)
    return kernel


def test_a_boot_that_runs_out_of_time_is_told_as_that(monkeypatch, tmp_path):
    monkeypatch.delenv(slowness.VARIABLE, raising=False)
    monkeypatch.setattr(smoke, "TIMEOUT_S", 0.3)
    said = smoke.why_no_boot(never_boots(tmp_path), "no ptrace")
    assert said == "linux had not booted after 0 s: this machine is busy, or slow"


@pytest.mark.parametrize(("builds", "short"), [("boots", True), ("", False), ("hangs", False)])
def test_debians_kernel_is_tried_briefly_where_the_built_one_boots(monkeypatch, builds, short):
    built = SimpleNamespace(path="built", seccomp=True) if builds else None
    tried = {}

    def why(path, *_, short=False, **__):
        tried[path] = short
        return "it hangs" if builds == "hangs" else ""

    monkeypatch.setenv(slowness.VARIABLE, "1")
    monkeypatch.setattr(probe, "find_kernel", lambda: built)
    monkeypatch.setattr(probe, "find_stock_kernel", lambda: SimpleNamespace(path="Debian's"))
    monkeypatch.setattr(probe, "why_no_boot", why)
    probe.probe(boot=True, native=False)
    assert tried == {**({"built": False} if builds else {}), "Debian's": short}


def test_a_boot_that_is_tried_briefly_ends_sooner(monkeypatch, tmp_path):
    monkeypatch.delenv(slowness.VARIABLE, raising=False)
    monkeypatch.setattr(smoke, "SHORT_S", 0.3)
    assert "after 0 s" in smoke.why_no_boot(never_boots(tmp_path), "no ptrace", short=True)


def test_a_kernel_that_ends_by_itself_is_told_as_that(tmp_path):
    kernel = never_boots(tmp_path)
    kernel.write_text("#!/bin/sh\n")
    assert smoke.why_no_boot(kernel, "no ptrace") == "no ptrace"


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = tmp_path / "corridor"
    (folder / "kernel-build-x1" / "source").mkdir(parents=True)
    (folder / "kernel-build-x1" / "source" / "big").write_bytes(bytes(1 << 20))
    (folder / "kernel-build.log").write_text("")
    return folder


def test_what_a_killed_build_left_is_removed_and_named_with_its_size(cache):
    (cache / LOCK).write_text("")
    ((folder, octets),) = remove_unfinished_builds()
    assert folder == cache / "kernel-build-x1"
    assert octets >= 1 << 20
    assert sorted(one.name for one in cache.iterdir()) == ["kernel-build.lock", "kernel-build.log"]
    assert remove_unfinished_builds() == []


def test_clean_says_so(cache, capsys, monkeypatch):
    (cache / LOCK).write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(cache / "state"))
    monkeypatch.setenv("TMPDIR", str(cache))
    assert doctor.run_clean(None) == 0
    assert "GB of a kernel's build that was killed" in capsys.readouterr().out


def test_nothing_is_taken_from_a_build_under_way(cache):
    with (cache / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert remove_unfinished_builds() == []
    assert (cache / "kernel-build-x1").exists()


TELLS = """
import os, sys, time
from corridor.experiments.lab.run_events import emit
os.read(0, 1)
for _ in range(3):
    emit({"event": "phase", "name": "teardown"})
print("tidied up", file=sys.stderr)
"""


def test_a_worker_whose_parent_was_killed_tidies_up_without_a_traceback():
    worker = subprocess.Popen(
        [sys.executable, "-c", TELLS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        text=True,
    )
    worker.stdout.close()
    worker.stdin.write("x")
    worker.stdin.close()
    said = worker.stderr.read()
    assert (worker.wait(), said) == (0, "tidied up\n")
