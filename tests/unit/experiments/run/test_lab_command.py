"""``corridor lab``: what it refuses before anything is built, and what it makes of arguments."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.experiments import cli
from corridor.experiments.machines.kernel import Kernel
from corridor.experiments.run import choosing, program_lab, program_setting, programs_inside
from corridor.experiments.run.own_controller import check_loops, has_loops, spanning_tree
from corridor.experiments.run.program_setting import STDIN, STDIN_ENDS, Ended, Setting
from corridor.experiments.testbeds import native
from corridor.experiments.testbeds.choice import Choice
from corridor.topologies.base.errors import InputError, MeasurementInvalid
from corridor.topologies.formats.load import load_topology

KERNEL = Kernel(Path("/kernels/linux"), "7.3.4-1", "abc", virtual_clock=True, seccomp=True)


def corridor(*words):
    try:
        return cli.main(["lab", *words])
    except SystemExit as left:
        return left.code


@pytest.fixture
def at_terminal(monkeypatch):
    monkeypatch.setattr(program_lab, "at_a_terminal", lambda: True)


@pytest.fixture
def seen(monkeypatch, tmp_path):
    """The order that a guest would receive; it reports that its program ended with code 7."""
    monkeypatch.chdir(tmp_path)
    told = {}

    def in_a_guest(kernel, folder, setting, options, reads, _say):
        told.update(kernel=kernel, setting=Setting.read(folder), options=options, reads=reads)
        return Ended("command", 7)

    def choose(asked, _say):
        clock = asked.clock or "virtual"
        return Choice("uml", clock, "because"), KERNEL

    monkeypatch.setattr(program_lab, "_in_a_guest", in_a_guest)
    monkeypatch.setattr(choosing, "choose_for_a_lab", choose)
    return told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mimi", "--", "true"], 'no topology "mimi"; '),
        (["--tree", "--", "true"], "a bare lab has no network; name a topology"),
        (["none", "--controller", "remote", "--", "true"], "a bare lab has no network; "),
        (["none", "--testbed", "native", "--", "true"], "a bare lab is a guest; "),
        (["mini", "--testbed", "native", "--clock", "virtual", "--", "true"], "the native testbed"),
        (
            ["mini", "--controller", "ryu.app.simple_switch_13", "--", "true"],
            "ryu.app.simple_switch_13 floods, and floods circulate in the loops of mini for ever; ",
        ),
    ],
)
def test_what_cannot_be_is_a_line_and_exit_2(capsys, words, says):
    assert corridor(*words) == 2
    complained = capsys.readouterr().err
    assert complained.startswith(f"corridor: {says}")
    assert complained.count("\n") == 1


def test_a_shell_at_a_terminal_has_the_real_clock(capsys, seen, at_terminal, monkeypatch):
    monkeypatch.setenv("TERM", "vt220")
    assert corridor("mini") == 7
    assert seen["options"].clock == "real"
    assert seen["setting"].terminal[0] == "vt220"
    assert seen["setting"].command == ()
    assert corridor("mini", "--clock", "virtual") == 2
    assert "a virtual clock does not wait for input at a terminal; " in capsys.readouterr().err


def test_a_command_at_a_terminal_has_the_terminal_with_the_real_clock_only(seen, at_terminal):
    assert corridor("mini", "--", "ping") == 7
    assert seen["setting"].terminal is None
    assert corridor("mini", "--clock", "real", "--", "ping") == 7
    assert seen["setting"].terminal is not None


def test_what_stands_behind_two_dashes_is_the_command(seen, tmp_path):
    assert corridor("mini", "--clock", "real", "--", "ping", "-c", "3", "--", "x", "--clock") == 7
    setting = seen["setting"]
    assert setting.command == ("ping", "-c", "3", "--", "x", "--clock")
    assert (setting.virtual, setting.follows_stdin, setting.folder) == (False, True, str(tmp_path))
    assert len(setting.wiring.hubs) == 5
    assert len(setting.program.switches) == 5


def test_without_a_topology_a_lab_is_a_guest_with_nothing_in_it(seen):
    assert corridor("--", "mn", "--test", "pingall") == 7
    setting = seen["setting"]
    assert (setting.wiring, setting.program, setting.in_guest) == (None, None, True)
    assert corridor() == 7
    assert seen["setting"].command == ("sh",)


def test_an_app_of_a_file_is_found_wherever_it_is_started(seen, capsys, tmp_path):
    assert corridor("mini", "--controller", "mine.py", "--", "true") == 7
    assert seen["setting"].controller == str(tmp_path / "mine.py")
    assert seen["setting"].program is None
    assert "warning: mini has loops; if mine.py floods, take only" in capsys.readouterr().err


def test_it_says_nothing_of_its_own_if_asked(seen, capsys):
    assert corridor("mini", "--quiet", "--", "true") == 7
    assert capsys.readouterr() == ("", "")
    corridor("mini", "--", "true")
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("mini: 5 hubs, ")


@pytest.mark.parametrize(
    ("ended", "code", "says"),
    [
        (Ended("corridor", 3, "no such thing"), 3, "corridor: no such thing"),
        (Ended("corridor", 130, "interrupted"), 130, "corridor: interrupted"),
        (Ended("command", 3), 3, ""),
        (Ended("command", 130), 130, ""),
    ],
)
def test_only_a_failure_of_ours_is_told(seen, capsys, monkeypatch, ended, code, says):
    monkeypatch.setattr(program_lab, "_in_a_guest", lambda *_: ended)
    assert corridor("mini", "--quiet", "--", "true") == code
    assert capsys.readouterr().err.strip() == says


def test_a_lab_that_starts_in_the_home_is_refused_until_the_home_is_named(
    seen, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert corridor("mini", "--quiet", "--", "true") == 2
    said = capsys.readouterr().err
    assert f"{tmp_path} contains all your files" in said
    assert f"--read {tmp_path}" in said
    assert corridor("mini", "--quiet", "--read", str(tmp_path), "--", "true") == 7
    assert seen["reads"] == [tmp_path]


def test_what_a_program_is_to_read_has_to_be_there(seen, capsys):
    assert corridor("mini", "--read", "missing", "--", "true") == 2
    assert "no file or folder is called 'missing'" in capsys.readouterr().err


def test_an_app_brings_its_folder_but_not_a_home(seen, monkeypatch, tmp_path):
    (tmp_path / "apps").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    app = tmp_path / "apps" / "mine.py"
    corridor("mini", "--quiet", "--controller", str(app), "--", "true")
    assert seen["reads"] == [tmp_path / "apps"]
    monkeypatch.setenv("HOME", str(tmp_path / "apps" / "home"))
    corridor("mini", "--quiet", "--controller", str(app), "--", "true")
    assert seen["reads"] == [app]


def test_a_guest_that_ends_without_a_word_is_told_by_its_last_line():
    with pytest.raises(MeasurementInvalid, match="before its program did: Kernel panic"):
        program_lab._said("", "the guest", "Kernel panic")
    assert program_lab._said(Ended("command", 0).to_json(), "the guest") == Ended("command", 0)


def test_a_tree_has_the_hubs_and_the_shortest_fibres():
    mini = load_topology("mini")
    tree = spanning_tree(mini)
    assert has_loops(mini)
    assert not has_loops(tree)
    assert tree.hubs == mini.hubs
    assert len(tree.fibres) == 4
    assert {fibre.id for fibre in tree.fibres} < {fibre.id for fibre in mini.fibres}


@pytest.mark.parametrize(
    ("app", "refused"),
    [
        ("ryu.app.simple_switch_13", True),
        ("ryu.app.simple_monitor_13", True),
        ("ryu.app.simple_switch_stp_13", False),
        ("my.own.app", False),
    ],
)
def test_what_is_known_to_flood_is_refused_and_what_may_is_warned_of(app, refused):
    mini = load_topology("mini")
    assert check_loops(spanning_tree(mini), app, "--tree") is None
    if refused:
        with pytest.raises(InputError):
            check_loops(mini, app, "--tree")
    else:
        assert "--tree" in check_loops(mini, app, "--tree")


def test_hub_enters_the_host_that_is_asked_for(tmp_path):
    program_setting.put_commands(tmp_path / "bin", guest=False)
    (tmp_path / "bin/nsenter").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "bin/nsenter").chmod(0o755)
    hosts = tmp_path / "hosts"
    hosts.write_text("shanghai  10.0.0.1  /proc/1/fd/5\nkarachi  10.0.0.5  /proc/1/fd/9\n")
    path = {
        **os.environ,
        **program_setting.environment(tmp_path / "bin"),
        "CORRIDOR_HOSTS": str(hosts),
    }

    def hub(*words):
        done = subprocess.run(
            ["hub", *words], env=path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert hub("karachi", "echo", "a  b") == (0, "--net=/proc/1/fd/9 echo a  b\n", "")
    assert hub("h1", "id") == (0, "--net=/proc/1/fd/5 id\n", "")
    code, _, complained = hub("nowhere", "true")
    assert (code, complained) == (127, f"hub: no hub is called 'nowhere'; they are in {hosts}\n")


def test_groups_of_control_go_without_processors(tmp_path):
    program_setting.put_commands(tmp_path / "bin", guest=True)
    text = (tmp_path / "bin/cgcreate").read_text().replace("/usr/bin/cgcreate", "echo")
    said = subprocess.run(
        ["sh", "-c", text, "cgcreate", "-g", "cpu,cpuacct,cpuset:/h 1"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said == "-g cpu,cpuacct:/h 1\n"


def test_input_that_still_comes_is_passed_on_to_its_end(tmp_path):
    (tmp_path / STDIN).write_bytes(b"first\n")
    reads, writes = os.pipe()
    (tmp_path / STDIN_ENDS).touch()
    programs_inside._follow(tmp_path, writes)
    with os.fdopen(reads, "rb") as said:
        assert said.read() == b"first\n"


def test_output_is_printed_to_its_last_byte_and_a_reader_that_leaves_ends_it(
    tmp_path, capfd, monkeypatch
):
    (tmp_path / "other").mkdir()
    gone = []
    with program_lab.files_followed(tmp_path, gone.append):
        for name, text in (("stdout.txt", b"said\n"), ("stderr.txt", b"complained")):
            with (tmp_path / name).open("ab") as file:
                file.write(text)
    assert capfd.readouterr() == ("said\n", "complained")
    assert gone == []

    def refuse(_target, _piece):
        raise BrokenPipeError

    monkeypatch.setattr(program_lab, "_write", refuse)
    with program_lab.files_followed(tmp_path / "other", gone.append):
        (tmp_path / "other/stdout.txt").write_bytes(b"unheard")
    assert [type(why) for why in gone] == [BrokenPipeError]


def test_natively_the_program_has_our_streams_and_its_code_is_ours(tmp_path, monkeypatch, capfd):
    """Without a network, which wants root: its end is what the process that builds it leaves."""
    monkeypatch.setattr(native, "STATE", tmp_path / "state")
    script = "import pathlib,sys; print('said'); pathlib.Path(sys.argv[2],'ended.json').write_text"
    script += '(\'{"by": "command", "code": 9}\')'
    starts = native.child_process.start

    def start(words, **how):
        return starts([sys.executable, "-c", script, "", words[-1]], **how)

    monkeypatch.setattr(native.child_process, "start", start)
    setting = Setting(
        *(None, None, "corridor", "ryu", ("x",), "/", False, False, None, True, False)
    )
    assert program_lab._natively(tmp_path, setting) == Ended("command", 9)
    assert capfd.readouterr().out == "said\n"
    assert json.loads((tmp_path / "ended.json").read_text())["code"] == 9
