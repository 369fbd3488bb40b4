"""A guest's process writes its own folders and reads no file of the user; a script plays it."""

import contextlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import escapes
from corridor.experiments.run import choosing
from corridor.experiments.testbeds import containment, guest_supervisor, landlock, uml
from corridor.experiments.testbeds.choice import Choice

ALONE = [sys.executable, "-I", "-S", guest_supervisor.__file__]
READ = "import sys; print(open(sys.argv[1]).read())"
PYTHON = str(Path(sys.executable).resolve())
HAS = {
    "landlock": landlock.version() >= containment.ABI_OF_SIGNALS,
    "bubblewrap": containment._bubblewrap_works(),
}


@pytest.fixture(params=["landlock", "bubblewrap"])
def means(request):
    if not HAS[request.param]:
        pytest.skip(f"this machine has no {request.param}, or not all of it")
    return request.param


def run_contained(means, out, *words, reads=()):
    """Start a program as a guest's kernel is started, and return how it ended."""
    given = (sys.base_prefix, escapes.SCRIPT, *reads)
    orders = [f"--write={out}", *(f"--read={path}" for path in given), f"--means={means}"]
    held, hold = os.pipe()  # the supervisor ends the guest when this closes
    try:
        return subprocess.run(
            [*ALONE, *orders, "--", *map(str, words)],
            stdin=held,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=uml.host_environment(),
        )
    finally:
        os.close(held)
        os.close(hold)


@pytest.fixture
def outside(tmp_path):
    """A home, a process, and sockets of the user's."""
    home = escapes.make_home(tmp_path)
    (tmp_path / "out").mkdir()
    with contextlib.ExitStack() as stack:
        victim = stack.enter_context(
            subprocess.Popen(["sleep", "60"], env={**os.environ, "SECRET": escapes.SECRET})
        )
        stack.callback(victim.kill)
        port = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0corridor-{os.getpid()}")
        in_home = stack.enter_context(socket.socket(socket.AF_UNIX))
        in_home.bind(f"{home}/socket")
        for one in (abstract, in_home):
            one.listen()
        words = [home, tmp_path / "out", victim.pid, port.getsockname()[1]]
        yield home, victim, [*words, f"corridor-{os.getpid()}", f"{home}/socket"]


def test_no_way_leads_from_the_process_of_a_guest_to_the_users_files_and_processes(means, outside):
    home, victim, words = outside
    before = escapes.state(home)
    done = run_contained(means, words[1], PYTHON, escapes.SCRIPT, "", *words)
    outcome = json.loads(done.stdout)
    assert len(outcome) >= 20
    assert escapes.open_edges(outcome) == {}
    assert escapes.state(home) == before
    assert victim.poll() is None
    assert list(Path(words[1]).iterdir()) == []
    assert escapes.SECRET not in done.stdout


def test_most_ways_are_open_without_containment(outside):
    home, _victim, words = outside
    before = escapes.state(home)
    done = run_contained("none", words[1], PYTHON, escapes.SCRIPT, "", *words)
    found = escapes.open_edges(json.loads(done.stdout))
    escapes.clear()
    assert escapes.SECRET in found["read a key"]
    assert len(found) > 8
    assert escapes.state(home) != before


def test_a_guest_writes_its_result_folder_and_reads_what_it_is_given(means, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "given").write_text("readable")
    script = """
import os, sys
from pathlib import Path
out, given = map(Path, sys.argv[1:])
(out / "folder").mkdir()
(out / "folder" / "one").write_text(given.read_text())
(out / "folder" / "one").rename(out / "two")
(out / "two").chmod(0o600)
os.truncate(out / "two", 4)
Path("scratch").write_text("mine")
print(os.listdir("/usr/bin") != [], Path("/etc/passwd").read_text() != "")
"""
    out, given = tmp_path / "out", tmp_path / "given"
    words = (PYTHON, "-c", script, out, given)
    done = run_contained(means, out, *words, reads=(given,))
    assert done.stdout == "True True\n", done.stderr
    assert (out / "two").read_text() == "read"
    assert (out / "folder").is_dir()


def test_root_keeps_one_capability_and_gains_none(means, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root has capabilities")
    done = run_contained(means, tmp_path, PYTHON, "-c", READ, "/proc/self/status")
    sets = dict(line.split(":\t", 1) for line in done.stdout.splitlines() if ":\t" in line)
    kept = 1 << containment.CAP_DAC_OVERRIDE
    assert int(sets["CapEff"], 16) | kept == kept
    assert int(sets["CapBnd"], 16) | kept == kept
    assert sets["NoNewPrivs"] == "1"


def test_the_layout_of_memory_stays_fixed(means, tmp_path):
    done = run_contained(means, tmp_path, PYTHON, "-c", READ, "/proc/self/personality")
    assert int(done.stdout, 16) & guest_supervisor.ADDR_NO_RANDOMIZE


def test_a_folder_that_contains_the_home_is_private(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert containment.is_private(tmp_path / "home")
    assert containment.is_private(tmp_path)
    assert containment.is_private(Path("/"))
    assert not containment.is_private(tmp_path / "home" / "project")


@pytest.mark.parametrize(
    ("version", "bubblewrap", "chosen"),
    [
        (7, True, "landlock"),
        (6, False, "landlock"),
        (4, True, "bubblewrap"),
        (4, False, "landlock"),
        (0, True, "bubblewrap"),
        (0, False, "none"),
    ],
)
def test_the_tightest_means_is_chosen(monkeypatch, version, bubblewrap, chosen):
    monkeypatch.setattr(landlock, "version", lambda: version)
    monkeypatch.setattr(containment, "_bubblewrap_works", lambda: bubblewrap)
    assert containment.means() == chosen


def test_older_landlocks_are_asked_for_what_they_know(monkeypatch):
    asked = []

    class Recorder:
        def syscall(self, number, *arguments):
            asked.append((number, arguments))
            return 99 if number == landlock.CREATE_RULESET else 0

        def prctl(self, *_arguments):
            return 0

    monkeypatch.setattr(landlock, "_libc", Recorder())
    monkeypatch.setattr(landlock, "version", lambda: 2)
    monkeypatch.setattr(os, "close", lambda _descriptor: None)
    landlock.restrict([("/usr", landlock.READ), ("/missing", landlock.READ)])
    (_, (attributes, size, _)), (_, rule), _ = asked
    assert int.from_bytes(attributes[:8], "little") == (1 << 14) - 1
    assert size.value == 8
    assert int.from_bytes(rule[2][:8], "little") == landlock.READ


def test_a_machine_that_can_contain_nothing_says_so_once():
    said = []
    choice = Choice("uml", "virtual", "asked for")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(containment, "means", lambda: "none")
        choosing._warn(choice, said.append)
        choosing._warn(choice._replace(testbed="native"), said.append)
    assert said == [containment.NOT_CONTAINED]
