"""The bash entry: finds its folder, sets up once, says what it needs, and costs next to nothing."""

import fcntl
import os
import pty
import pwd
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SCRIPTS = '[project.scripts]\nx = "x:main"\n\n[project.entry-points.pytest11]\ny = "y"\n'
HAND_OVER = '#!/bin/sh\necho "handed over from $PWD:" "$@"\n'


@pytest.fixture
def checkout(tmp_path):
    """A checkout in a folder with a space whose system packages are all there."""
    folder = tmp_path / "a checkout"
    (folder / "experiments/setup").mkdir(parents=True)
    shutil.copy(ROOT / "corridor", folder)
    for name in ("setup.sh", "distributions.txt", "package_names.txt", "compile_packages.py"):
        shutil.copy(ROOT / "experiments/setup" / name, folder / "experiments/setup")
    (folder / "experiments/setup/packages.txt").write_text("bash run /bin/sh the shell\n")
    (folder / "requirements.lock").write_text("# nothing\n")
    (folder / "pyproject.toml").write_text(f'[project]\nname = "x"\n{SCRIPTS}[tool.ruff]\n')
    return folder


@pytest.fixture
def ready(checkout):
    """The same, with an environment whose Python only reports that it was called."""
    program = checkout / ".venv/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(HAND_OVER)
    program.chmod(0o755)
    checksum = subprocess.run(
        f"sha256sum < '{checkout}/requirements.lock' && readlink -f '{program}'",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (checkout / ".venv/ready").write_text(f"{checksum}{SCRIPTS}{checkout}")
    return checkout


def call(entry, *words, cwd=None, **environment):
    home = Path(entry).resolve().parent.parent
    return subprocess.run(
        [str(entry), *words],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def lack_a_package(checkout, group="run"):
    (checkout / "experiments/setup/packages.txt").write_text(
        f"# comment\nbash run /bin/sh the shell\nabsentium {group} /absent/file* nothing has it\n"
    )


def test_hands_over_words_as_they_are_from_any_folder(ready, tmp_path):
    done = call(ready / "corridor", "run", "two words", "--seed", "1", cwd=tmp_path)
    assert done.stdout == (
        f"handed over from {tmp_path}: -P -m corridor.experiments.cli run two words --seed 1\n"
    )
    assert done.returncode == 0


@pytest.mark.parametrize("kind", ["absolute", "relative", "chain"])
def test_is_found_through_symbolic_links(ready, tmp_path, kind):
    link = tmp_path / "link to it"
    if kind == "absolute":
        link.symlink_to(ready / "corridor")
    elif kind == "relative":
        link.symlink_to(Path("a checkout/corridor"))
    else:
        (tmp_path / "first").symlink_to(ready / "corridor")
        link.symlink_to("first")
    assert "handed over" in call(link, "run", cwd="/").stdout


def test_is_found_when_bash_is_given_its_bare_name(ready):
    done = subprocess.run(
        ["bash", "corridor", "run"], cwd=ready, capture_output=True, text=True, check=True
    )
    assert "handed over" in done.stdout


def test_the_answer_to_all_questions_is_not_handed_over(ready):
    assert call(ready / "corridor", "run", "--yes", "--no-apt", "x").stdout.endswith("cli run x\n")
    said = call(ready / "corridor", "--no-apt", "exec", "hub", "x", "--yes").stdout
    assert said.endswith("cli exec hub x --yes\n")


def test_words_of_a_users_own_command_are_handed_over_all_the_same(ready):
    done = call(ready / "corridor", "lab", "--yes", "mini", "--", "apt", "--yes", "--no-apt")
    assert done.stdout.endswith("cli lab mini -- apt --yes --no-apt\n")


def test_adds_less_than_a_tenth_of_a_second(ready):
    taken = []
    for _ in range(15):
        start = time.monotonic()
        call(ready / "corridor", "run")
        taken.append(time.monotonic() - start)
    assert min(taken) < 0.1


@pytest.mark.parametrize("verb", ["run", "test", "setup"])
def test_without_a_terminal_a_missing_package_is_one_command_and_exit_3(ready, verb):
    lack_a_package(ready)
    done = call(ready / "corridor", verb)
    assert done.returncode == 3
    assert "apt-get install --no-install-recommends absentium" in done.stderr
    assert done.stdout == ""


def test_verbs_that_only_look_do_not_insist_on_packages(ready):
    lack_a_package(ready)
    assert "handed over" in call(ready / "corridor", "doctor").stdout


def test_packages_can_be_gone_without(ready):
    lack_a_package(ready)
    assert "handed over" in call(ready / "corridor", "--no-apt", "run").stdout


@pytest.mark.parametrize(("ci", "code"), [({}, 0), ({"CI": "true"}, 3)])
def test_packages_for_tests_only_are_asked_for_in_ci(ready, ci, code, tmp_path):
    lack_a_package(ready, group="test")
    # No apt-get on this PATH, so that asking for a package can go no further.
    tools = tmp_path / "tools"
    tools.mkdir()
    programs = ("bash", "sha256sum", "readlink", "dirname", "mkdir", "flock", "tail", "sh", "grep")
    for name in programs:
        (tools / name).symlink_to(shutil.which(name))
    done = call(ready / "corridor", "run", PATH=str(tools), **ci)
    assert done.returncode == code


@pytest.mark.parametrize(("words", "code"), [(("vm", "build"), 0), (("test", "--vm"), 3)])
def test_building_a_machine_asks_for_nothing_that_only_an_emulated_one_uses(ready, words, code):
    lack_a_package(ready, group="emulated")
    assert call(ready / "corridor", *words).returncode == code


def test_a_refused_question_changes_nothing_and_exits_3(ready, tmp_path):
    lack_a_package(ready)
    sudo = tmp_path / "sudo"
    sudo.write_text("#!/bin/sh\necho sudo was called\n")
    sudo.chmod(0o755)
    ours, theirs = pty.openpty()
    os.write(ours, b"n\n")
    done = subprocess.run(
        [ready / "corridor", "run"],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(ready)},
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 3
    assert "nothing was changed" in done.stderr
    assert "sudo was called" not in done.stdout


def test_help_needs_no_setup(checkout):
    done = call(checkout / "corridor", "--help")
    assert done.returncode == 0
    assert "usage: ./corridor" in done.stdout
    assert not (checkout / ".venv").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_checkout_that_cannot_be_written_to_is_one_line(checkout):
    checkout.chmod(0o555)
    done = call(checkout / "corridor", "run")
    checkout.chmod(0o755)
    assert done.returncode == 3
    assert "clone it into a folder of your own" in done.stderr


@pytest.mark.parametrize(
    "stale",
    ["another lock", "no ready file", "another plugin", "moved checkout", "another Python"],
)
def test_an_environment_that_is_not_this_checkouts_is_not_taken(ready, stale, tmp_path):
    if stale == "another lock":
        (ready / "requirements.lock").write_text("# something else\n")
    elif stale == "no ready file":
        (ready / ".venv/ready").unlink()
    elif stale == "another plugin":
        file = ready / "pyproject.toml"
        file.write_text(file.read_text().replace('y = "y"', 'y = "z"'))
    else:
        ready = ready.rename(tmp_path / "moved")
    named = {"CORRIDOR_PYTHON": "/usr/bin/env"} if stale == "another Python" else {}
    # The set-up is stopped at its first step: no log can be written.
    done = call(ready / "corridor", "doctor", XDG_CACHE_HOME="/proc/none", **named)
    assert done.returncode == 3
    assert "cannot write" in done.stderr
    assert "handed over" not in done.stdout


def test_without_home_the_log_is_in_the_users_own_cache():
    """Not in a folder of /tmp that another user may have made."""
    done = subprocess.run(
        ["bash", "-c", 'source experiments/setup/setup.sh && printf %s "$log"'],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{pwd.getpwuid(os.geteuid()).pw_dir}/.cache/corridor/setup.log"


def test_what_makes_the_site_is_installed_only_when_asked_for(ready):
    (ready / "requirements-docs.lock").write_text("sphinx==9.2.0 --hash=sha256:0\n")
    log = ready.parent / ".cache/corridor/setup.log"
    assert call(ready / "corridor", "setup").returncode == 0
    assert "requirements-docs.lock" not in log.read_text()
    assert call(ready / "corridor", "setup", "--docs").returncode == 0
    assert f"--requirement {ready}/requirements-docs.lock" in log.read_text()


SLOW_STEP = """
source experiments/setup/setup.sh
log=$1 root=$PWD
shift
during "step 3 of 5, installing 66 packages" "$@" || echo "code $?"
"""


def slow_step(tmp_path, *command, **streams):
    return subprocess.run(
        ["bash", "-euc", SLOW_STEP, "bash", tmp_path / "log", *command],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PROGRESS_S": "0.2"},
        check=True,
        text=True,
        timeout=30,
        **streams,
    )


def test_a_step_that_takes_long_reports_how_long_it_has_taken(tmp_path):
    done = slow_step(tmp_path, "sh", "-c", "echo said; sleep 1; exit 7", capture_output=True)
    lines = done.stderr.splitlines()
    assert len(lines) >= 2
    assert set(lines) <= {
        f"corridor: step 3 of 5, installing 66 packages, {second} s" for second in range(10)
    }
    assert done.stdout == "code 7\n"
    assert (tmp_path / "log").read_text() == "said\n"


def test_a_step_that_is_done_at_once_prints_nothing(tmp_path):
    done = slow_step(tmp_path, "true", capture_output=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_step_at_a_terminal_reports_its_time_in_one_line_and_removes_it(tmp_path):
    ours, theirs = pty.openpty()
    slow_step(tmp_path, "sleep", "1.5", stderr=theirs)
    os.close(theirs)
    said = os.read(ours, 4096).decode()
    os.close(ours)
    assert "\r\x1b[Kcorridor: step 3 of 5, installing 66 packages, 1 s" in said
    assert said.endswith("\r\x1b[K")
    assert "\n" not in said


def test_a_second_setup_waits_for_the_first(ready):
    (ready / ".venv/ready").rename(ready / "ready")
    holder = os.open(ready, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    waiting = subprocess.Popen(
        [ready / "corridor", "run"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(ready)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "waiting for it" in waiting.stderr.readline()
    (ready / "ready").rename(ready / ".venv/ready")
    os.close(holder)
    shown, _ = waiting.communicate(timeout=30)
    assert "handed over" in shown


@pytest.mark.slow
def test_a_setup_that_fails_half_way_is_not_taken_as_ready(checkout):
    # This checkout has no project to install, so the last step fails.
    done = call(checkout / "corridor", "setup")
    assert done.returncode == 3
    assert "could not install the Python dependencies" in done.stderr
    assert (checkout / ".venv/bin/python").exists()
    assert not (checkout / ".venv/ready").exists()
    assert call(checkout / "corridor", "doctor").returncode == 3


@pytest.mark.slow
def test_a_killed_setup_is_not_taken_as_ready(checkout):
    started = subprocess.Popen(
        [checkout / "corridor", "setup"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(checkout)},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while not (checkout / ".venv/bin/python").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(started.pid, 9)
    started.wait()
    assert not (checkout / ".venv/ready").exists()
    assert "handed over" not in call(checkout / "corridor", "doctor").stdout


def test_bytecode_is_kept_in_the_cache_where_it_may_not_be_beside_the_sources(ready, tmp_path):
    program = ready / ".venv/bin/python"
    program.write_text('#!/bin/sh\necho "$@, ${PYTHONDONTWRITEBYTECODE:-may write}"\n')
    calls = {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    kept = tmp_path / "cache/corridor/bytecode"
    said = call(ready / "corridor", "list", **calls).stdout
    module = "-m corridor.experiments.cli list"
    assert said == f"-P -X pycache_prefix={kept} {module}, may write\n"
    assert kept.stat().st_mode & 0o777 == 0o700
    usual = call(ready / "corridor", "list", XDG_CACHE_HOME=calls["XDG_CACHE_HOME"])
    assert usual.stdout == f"-P {module}, may write\n"
    clean = call(ready / "corridor", "clean", **calls)  # it removes bytecode that is harmed
    assert clean.stdout == "-P -m corridor.experiments.cli clean, 1\n"
    own = call(ready / "corridor", "list", **calls, PYTHONPYCACHEPREFIX="/x").stdout
    assert own == f"-P {module}, 1\n"
    ready.chmod(0o700)
    kept.chmod(0o750)  # it must be for its user alone, as the folder of kept texts
    assert call(ready / "corridor", "list", **calls).stdout == f"-P {module}, 1\n"
    shutil.rmtree(kept)
    kept.write_text("a file in its place")
    assert call(ready / "corridor", "list", **calls).stdout == f"-P {module}, 1\n"
    kept.unlink()
    kept.symlink_to(tmp_path)
    assert call(ready / "corridor", "list", **calls).stdout == f"-P {module}, 1\n"
    (tmp_path / "file").write_text("no folder can be made in it")
    none = call(ready / "corridor", "list", **calls | {"XDG_CACHE_HOME": str(tmp_path / "file")})
    assert (none.stdout, none.stderr) == (f"-P {module}, 1\n", "")


@pytest.mark.parametrize("how", ["cp -p", "folder", "checkout"])
def test_bytecode_of_an_older_source_of_the_same_time_and_size_is_not_run(ready, tmp_path, how):
    """Python compares no more than those, and would run what was there before."""
    program = ready / ".venv/bin/python"
    plain = os.path.realpath(sys.executable)  # which knows no other checkout
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ready}/.package" exec {plain} "$@"\n')
    (ready / ".package/corridor").mkdir(parents=True)
    (ready / ".package/corridor/experiments").symlink_to("../../experiments")
    source = ready / "experiments/cli.py"
    source.write_text("from corridor.experiments import a, b\n")
    (ready / "experiments/b.py").write_text("")

    def write(folder, name, text):
        (folder / name).write_text(text)
        os.utime(folder / name, (1e9, 1e9))

    def said():
        done = call(ready / "corridor", "list", PYTHONDONTWRITEBYTECODE="1", HOME=str(tmp_path))
        assert done.returncode == 0, done.stderr
        return done.stdout

    write(ready / "experiments", "a.py", "print(1)\n")
    if how != "cp -p":  # all that is there afterwards is older than the first call
        shutil.copytree(ready, tmp_path / "later", symlinks=True)
        write(tmp_path / "later/experiments", "a.py", "print(2)\n")
        time.sleep(0.05)
    assert [said(), said()] == ["1\n"] * 2
    (bytecode,) = tmp_path.rglob("bytecode/**/experiments/b.*.pyc")
    kept = bytecode.stat().st_mtime_ns
    if how == "cp -p":
        time.sleep(0.05)
        write(ready / "experiments", "a.py", "print(2)\n")
    elif how == "folder":
        (ready / "experiments").rename(tmp_path / "before")
        (tmp_path / "later/experiments").rename(ready / "experiments")
    else:
        ready.rename(tmp_path / "before")
        (tmp_path / "later").rename(ready)
    assert [said(), said()] == ["2\n"] * 2
    assert (bytecode.stat().st_mtime_ns == kept) == (how == "cp -p")  # no more is compiled again


def test_processes_of_a_command_write_no_bytecode_beside_the_sources(tmp_path):
    show = "import corridor.experiments.cli as c, os; c.build_parser = lambda _: "
    show += "print(os.environ['PYTHONDONTWRITEBYTECODE'])"
    options = ["-P", "-X", f"pycache_prefix={tmp_path}", "-c", f"{show}; c.main()", "list"]
    done = subprocess.run(
        [ROOT / ".venv/bin/python", *options],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "1\n"
    assert list(tmp_path.rglob("parser*.pyc"))


def test_bytecode_that_was_cut_short_is_said_to_be_for_clean_to_remove(tmp_path):
    words = ["-P", "-X", f"pycache_prefix={tmp_path}", "-m", "corridor.experiments.cli", "list"]
    calls = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}

    def listed():
        return subprocess.run(
            [ROOT / ".venv/bin/python", *words],
            env=calls,
            capture_output=True,
            text=True,
            check=False,
        )

    assert listed().returncode == 0
    (file,) = tmp_path.rglob("commands/list.*.pyc")
    for harmed in (file.read_bytes()[:100], file.read_bytes()[:16] + b"\xff" * 9):
        file.write_bytes(harmed)
        said = listed()
        assert said.returncode == 3
        assert said.stderr.startswith(f"corridor: {tmp_path}: bytecode there is harmed: ")
        assert said.stderr.endswith("; run corridor clean\n")


def test_no_folder_for_bytecode_is_made_in_the_home_of_another_user_or_of_none(ready, tmp_path):
    program = ready / ".venv/bin/python"
    program.write_text('#!/bin/sh\necho "$@"\n')
    usual = "-P -m corridor.experiments.cli list\n"
    at_root = Path("/.cache").exists()
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    ours.mkdir()
    named = {"XDG_CACHE_HOME": str(theirs)}
    if os.geteuid() == 0:
        os.chown(theirs, 12345, 12345)
    else:  # what is root's stands for what is another's
        theirs, named = Path("/"), {"XDG_CACHE_HOME": "/var"}
    for homes in ({"HOME": ""}, {"HOME": str(theirs)}, {"HOME": str(ours), **named}):
        said = call(ready / "corridor", "list", PYTHONDONTWRITEBYTECODE="1", **homes)
        assert said.stdout == usual, homes
    assert Path("/.cache").exists() == at_root
    assert not list(tmp_path.glob("theirs/.*")) + list(tmp_path.glob("theirs/*"))
    own = call(ready / "corridor", "list", PYTHONDONTWRITEBYTECODE="1", HOME=str(ours))
    assert f"pycache_prefix={ours}/.cache/corridor/bytecode" in own.stdout
