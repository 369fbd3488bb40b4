"""Every failure reaches the shell as one line on standard error and the code of its kind."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from corridor.experiments import cli
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    InputError,
    MeasurementInvalid,
    PolicyFailure,
)

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def verb(monkeypatch):
    """Lets ``corridor clean`` do something else."""

    def does(action):
        real = cli.importlib.import_module

        def load(name):
            module = real(name)
            if name != "corridor.experiments.commands.doctor":
                return module
            return SimpleNamespace(add_clean=module.add_clean, run_clean=action)

        monkeypatch.setattr(cli, "importlib", SimpleNamespace(import_module=load))

    return does


def raising(error):
    def run(_args):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CorridorError("went wrong"), 1),
        (PolicyFailure("does not hold"), 1),
        (InputError("is not so", "write it so", file="a.yaml", line=3), 2),
        (EnvironmentUnsupported("cannot here"), 3),
        (MeasurementInvalid("is not valid"), 4),
    ],
)
def test_a_failure_is_one_line_and_its_code(verb, capsys, error, code):
    verb(raising(error))
    assert cli.main(["clean"]) == code
    said = capsys.readouterr()
    assert said.err == f"corridor: {error}\n"
    assert said.out == ""


def test_an_input_error_reads_file_line_message_way_out():
    error = InputError("is not so", "write it so", file="a.yaml", line=3)
    assert str(error) == "a.yaml:3: is not so; write it so"


def test_control_codes_in_a_message_are_shown_and_not_obeyed(verb, capsys):
    verb(raising(InputError("no such file", file="a\nb\x1b[31m\u2028.yaml")))
    cli.main(["clean"])
    assert capsys.readouterr().err == r"corridor: a\nb\x1b[31m\u2028.yaml: no such file" + "\n"


def test_letters_of_any_script_are_left_alone(verb, capsys):
    verb(raising(InputError("no such file", file="贵安 Düsseldorf.yaml")))
    cli.main(["clean"])
    assert "贵安 Düsseldorf.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("stop", "code", "line"),
    [(KeyboardInterrupt(), 130, "interrupted"), (cli.Terminated(), 143, "terminated")],
)
def test_being_stopped_is_said_in_a_line(verb, capsys, stop, code, line):
    verb(raising(stop))
    assert cli.main(["clean"]) == code
    assert capsys.readouterr().err == f"corridor: {line}\n"


def test_what_nobody_foresaw_is_one_line_with_a_traceback_kept_for_its_user(
    verb, capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    verb(raising(ZeroDivisionError("by\nnought")))
    assert cli.main(["clean"]) == 5
    (log,) = (tmp_path / "corridor").iterdir()
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "corridor: an internal error: ZeroDivisionError: by\\nnought; "
        f"the traceback is in {log}, please report it\n"
    )
    assert log.stat().st_mode & 0o777 == 0o600
    assert "Traceback (most recent call last)" in log.read_text()
    assert "ZeroDivisionError: by\nnought" in log.read_text()


def test_a_traceback_that_the_cache_does_not_take_is_a_temporary_file(
    verb, capsys, monkeypatch, tmp_path
):
    (tmp_path / "corridor").write_text("a file in its place")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    verb(raising(RecursionError("too deep")))
    assert cli.main(["clean"]) == 5
    (log,) = tmp_path.glob("internal-error-*.log")
    assert str(log) in capsys.readouterr().err
    (tmp_path / "none").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    assert cli.main(["clean"]) == 5
    assert "its traceback could not be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "output: cannot be written: No space"),
        (OSError(errno.EDQUOT, "Quota exceeded", "x"), "x: cannot be written: Quota exceeded"),
        (MemoryError(), "it needs more memory than is available"),
    ],
)
def test_what_the_machine_lacks_is_no_internal_error(verb, capsys, error, says):
    verb(raising(error))
    assert cli.main(["clean"]) == 3
    assert capsys.readouterr().err.startswith(f"corridor: {says}")


def test_a_reader_that_went_away_is_no_failure():
    command = (
        f"{sys.executable} -m corridor.experiments.cli run --help | true; echo ${{PIPESTATUS[0]}}"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.strip() in ("0", "120"), done.stdout


def test_the_help_of_check_leads_to_its_page(capsys):
    with pytest.raises(SystemExit):
        cli.main(["check", "--help"])
    (page,) = re.findall(r"docs/\S+", capsys.readouterr().out)
    assert (ROOT / page).exists()


def help_of(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        cli.main(list(words))
    assert stop.value.code == 0
    return capsys.readouterr().out


def test_help_groups_its_verbs_in_families(capsys):
    shown = help_of(capsys, "--help")
    places = [shown.index(f"\n{family}:\n") for family in cli.FAMILIES]
    assert places == sorted(places)
    for start, verbs in zip(places, cli.FAMILIES.values(), strict=True):
        block = shown[start:].split("\n\n")[0]
        assert [line.split()[0] for line in block.splitlines()[2:]] == list(verbs)


def test_the_word_help_asks_for_help(capsys):
    assert help_of(capsys, "help") == help_of(capsys, "--help")
    for verb in cli.VERBS:
        shown = help_of(capsys, "help", verb)
        assert shown == help_of(capsys, verb, "--help")
        assert shown.startswith(f"usage: corridor {verb} ")


def test_the_help_before_set_up_names_every_verb():
    shown = (ROOT / "experiments/setup/setup.sh").read_text().split("TEXT")[1]
    assert set(cli.VERBS) <= set(shown.split())


def test_up_may_still_be_called_keep(capsys):
    codes = [cli.main([verb, "no-such-scenario"]) for verb in ("up", "keep")]
    assert codes == [2, 2]
    first, second = capsys.readouterr().err.splitlines()
    assert first == second


def test_help_names_every_verb_and_every_exit_code(capsys):
    shown = " ".join(help_of(capsys, "--help").split())
    for name in cli.VERBS:
        assert f" {name} " in shown
    for text in (
        "0 success",
        "1 a policy",
        "2 bad input",
        "3 this machine",
        "4 the measurement",
        "5 internal error",
    ):
        assert text in shown


# Odd folders and closed streams end with one line and a specific exit code.


@pytest.mark.parametrize("text", ["[]", "{}", '{"demands": 5}', "3"])
@pytest.mark.parametrize("verb", [["show"], ["artifact", "verify"], ["report", "--html"]])
def test_a_summary_of_another_shape_is_bad_input(tmp_path, capsys, verb, text):
    (tmp_path / "summary.json").write_text(text)
    assert cli.main([*verb, str(tmp_path)]) == 2
    assert "internal error" not in capsys.readouterr().err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_change_nothing(tmp_path, closed):
    words = f'"{sys.executable}" -m corridor.experiments.cli topology show mini {closed}'
    done = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"internal error" not in done.stderr
