"""The supervisor ends a guest with its caller and tidies up; a shell plays the guest."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from corridor.experiments import cli
from corridor.experiments.testbeds import containment, guest_supervisor, native
from corridor.topologies.base import scratch

KEEPER = [sys.executable, "-I", "-S", guest_supervisor.__file__]
SHELL = "/bin/sh"


class Kept:
    """A running supervisor, and the place of its scratch folder."""

    def __init__(self, place, script, program, means, reads=None):
        self.temporary = place / "tmp"
        self.means = means
        contents = [f"--link=out={place}/out", f"--copy=code/room={place}/room"]
        contents += [f"--own={place}/own", f"--write={place}/out", f"--write={place}/own"]
        contents += [f"--means={means}"]
        contents += [] if reads is None else [f"--input={reads.fileno()}"]
        self.process = subprocess.Popen(
            [*KEEPER, *contents, "--", program, "-c", script],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "TMPDIR": str(self.temporary)},
            start_new_session=True,
            pass_fds=() if reads is None else (reads.fileno(),),
        )

    def line(self):
        return self.process.stdout.readline().decode().strip()

    def end(self):
        self.process.stdin.close()
        return self.process.wait(10)


@pytest.fixture(params=containment.MEANS)
def means(request):
    if request.param == "landlock" and not containment.landlock.version():
        pytest.skip("this kernel has no Landlock")
    if request.param == "bubblewrap" and not containment._bubblewrap_works():
        pytest.skip("bubblewrap does not work here")
    return request.param


@pytest.fixture
def keep(tmp_path, means):
    for name in ("tmp", "out", "own", "room", "room/__pycache__"):
        (tmp_path / name).mkdir()
    (tmp_path / "room" / "code.py").touch()
    kept = []

    def start(script, program=SHELL, reads=None):
        kept.append(Kept(tmp_path, script, program, means, reads))
        return kept[-1]

    yield start
    for one in kept:
        one.process.kill()
        one.process.wait()


def ancestors(pid):
    while pid > 1:
        yield pid
        pid = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def on_host(one, said):
    """The number of a process on the host, for a number reported by a guest: bubblewrap numbers
    processes separately."""
    if one.means != "bubblewrap":
        return int(said)
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            numbers = next(line for line in status.open() if line.startswith("NSpid")).split()[1:]
            if len(numbers) > 1 and numbers[-1] == said:
                found = int(numbers[0])
                if one.process.pid in ancestors(found):
                    return found
    raise AssertionError(f"no process of the guest has the number {said}")


def is_alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def gone(pid, within_s=5):
    deadline = time.monotonic() + within_s
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_alive(pid)


def test_it_ends_as_the_guest_ends_and_passes_on_what_the_guest_says(keep):
    one = keep("echo hello; exit 7")
    assert one.line() == "hello"
    assert one.process.wait(10) == 7
    assert list(one.temporary.iterdir()) == []


def test_a_folder_of_its_own_goes_with_the_guest_and_others_stay(keep, tmp_path):
    one = keep("cat")
    (tmp_path / "own/file").touch()
    (tmp_path / "out/file").touch()
    one.end()
    assert not (tmp_path / "own").exists()
    assert (tmp_path / "out/file").exists()


def test_a_guest_killed_by_a_signal_is_told_from_one_that_exits(keep):
    one = keep("kill -9 $$")
    assert one.process.wait(10) in (-signal.SIGKILL, 128 + signal.SIGKILL)  # bubblewrap exits


def test_the_guest_sees_the_result_folder_from_a_scratch_folder_that_is_its_home(keep, tmp_path):
    one = keep("touch out/here; pwd; echo $HOME; readlink out")
    place, home, link = one.line(), one.line(), one.line()
    assert place == home
    assert Path(place).parent == one.temporary
    assert link == str(tmp_path / "out")
    assert (tmp_path / "out" / "here").exists()


def test_the_guest_has_a_copy_of_the_code_without_what_was_compiled_of_it(keep):
    one = keep("ls -A code/room; test -L code/room || echo a copy")
    assert (one.line(), one.line()) == ("code.py", "a copy")


def test_a_copy_lies_in_memory_behind_one_link(tmp_path):
    places = [tmp_path / name for name in ("scratch", "memory", "more", "room")]
    for place in places:
        place.mkdir()
    scratch, memory, more, room = places
    guest_supervisor._put_in(scratch, f"--copy=code/more={more}", memory)
    guest_supervisor._put_in(scratch, f"--copy=code/room={room}", memory)
    assert (scratch / "code").readlink() == memory / "code"
    assert sorted(one.name for one in (memory / "code").iterdir()) == ["more", "room"]


def test_the_guest_reads_nothing_and_its_memory_is_laid_out_alike(keep):
    one = keep("cat; read said </proc/self/personality; echo $said")
    assert int(one.line(), 16) & guest_supervisor.ADDR_NO_RANDOMIZE


def state_of(pid):
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def comes_to(pid, states, within_s=5):
    deadline = time.monotonic() + within_s
    while state_of(pid) not in states and time.monotonic() < deadline:
        time.sleep(0.01)
    return state_of(pid) in states


def test_a_guest_stands_still_while_its_caller_wants_it_to(keep):
    one = keep("echo $$; while :; do sleep 0.01; done")
    guest = on_host(one, one.line())
    for told, states in ((b"-", "T"), (b"+", "RS"), (b"-", "T")):
        one.process.stdin.write(told)
        one.process.stdin.flush()
        assert comes_to(guest, states)
    assert one.end() == -signal.SIGKILL
    assert gone(guest)


def test_a_guest_with_an_input_speaks_over_it_both_ways_and_nobody_else_holds_it(keep):
    ours, theirs = socket.socketpair()
    one = keep("read said; echo you said $said >&0; cat; echo over", reads=theirs)
    theirs.close()
    ours.sendall(b"hello\n")
    assert ours.recv(100) == b"you said hello\n"
    ours.shutdown(socket.SHUT_WR)
    assert one.line() == "over"
    assert one.process.wait(10) == 0
    assert ours.recv(100) == b""


def test_the_other_end_of_an_input_is_closed_with_the_guest_while_its_keeper_lives(keep):
    ours, theirs = socket.socketpair()
    one = keep("exec 0<&- ; exec sleep 1000", reads=theirs)
    if one.means == "bubblewrap":
        pytest.skip("bubblewrap keeps an input open as long as the guest lives")
    theirs.close()
    ours.settimeout(10)
    assert ours.recv(100) == b""
    assert one.process.poll() is None


@pytest.mark.parametrize("end", ["close", "terminate"])
def test_when_the_caller_goes_everything_goes(keep, end):
    one = keep("sleep 1000 & echo $!; sleep 1000 & echo $!; echo $$; wait")
    pids = [on_host(one, one.line()) for _ in range(3)]
    assert all(map(is_alive, pids))
    if end == "close":
        one.process.stdin.close()
    else:
        one.process.terminate()
    one.process.wait(10)
    assert all(map(gone, pids)), [pid for pid in pids if is_alive(pid)]
    assert list(one.temporary.iterdir()) == []


def test_a_guest_that_ends_takes_the_processes_it_left_with_it(keep):
    one = keep("sleep 1000 & echo $!; sleep 1; exit 0")
    left = on_host(one, one.line())
    assert one.process.wait(10) == 0
    assert gone(left)


def test_should_the_keeper_itself_be_killed_the_guest_dies(keep):
    one = keep("echo $$; exec sleep 1000")
    guest = on_host(one, one.line())
    one.process.kill()
    assert gone(guest)


def test_a_guest_that_cannot_start_says_why(keep):
    one = keep("", program="/nonexistent/linux")
    assert "/nonexistent/linux: No such file or directory" in one.line()
    assert one.process.wait(10) != 0


def asleep(keep):
    """A running guest, and its scratch folder."""
    one = keep("pwd; exec sleep 1000")
    return one, Path(one.line())


def test_the_folder_a_killed_keeper_left_is_removed_by_the_next_and_no_other(keep):
    (killed, left), (_alive, held) = asleep(keep), asleep(keep)
    killed.process.kill()
    killed.process.wait()
    assert left.exists()
    _, own = asleep(keep)
    assert not left.exists()
    assert set(killed.temporary.iterdir()) == {held, own}


def test_clean_removes_the_folder_a_killed_keeper_left(keep, capsys, monkeypatch):
    (killed, left), (_alive, held) = asleep(keep), asleep(keep)
    killed.process.kill()
    killed.process.wait()
    monkeypatch.setattr(tempfile, "tempdir", str(killed.temporary))
    monkeypatch.setattr(native, "leftovers", list)
    for place in ("STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{place}_HOME", str(killed.temporary.parent / place))
    assert cli.main(["clean"]) == 0
    assert capsys.readouterr().out == f"removed {left}\n"
    assert list(killed.temporary.iterdir()) == [held]
    cli.main(["clean"])
    assert capsys.readouterr().out == "nothing to remove\n"


def test_what_is_not_ours_to_remove_stays(monkeypatch, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "corridor-guest-link").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "corridor-guest-file").touch()
    (tmp_path / "corridor-guest-theirs").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert scratch.remove_dead() == []
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize("moment", ["mkdtemp", "flock"])
def test_a_folder_taken_for_dead_before_it_was_locked_is_made_again(monkeypatch, tmp_path, moment):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    module = {"mkdtemp": tempfile, "flock": fcntl}[moment]
    real, taken = getattr(module, moment), []

    def take(*arguments, **more):
        made = real(*arguments, **more) if moment == "mkdtemp" else None
        if not taken and any(tmp_path.iterdir()):  # other programs' folders may be locked before
            taken.extend(tmp_path.iterdir())
            taken[0].rmdir()
        return made or real(*arguments, **more)

    monkeypatch.setattr(module, moment, take)
    with scratch.scratch_folder() as folder:
        assert taken
        assert folder not in taken
        assert folder.exists()
    assert list(tmp_path.iterdir()) == []
