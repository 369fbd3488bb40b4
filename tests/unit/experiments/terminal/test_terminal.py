"""What a person at a terminal sees, and what a file gets: colours, widths, lines that move."""

from __future__ import annotations

import io
import re
import subprocess

import pytest

from corridor.experiments.lab.run_events import Phase, Step
from corridor.experiments.machines.kernel_build import Progress, ProgressPrinter
from corridor.experiments.run.event_log import EventLog, passed_s
from corridor.experiments.terminal import live
from corridor.experiments.terminal.live import LiveLines, telling
from corridor.experiments.terminal.screen import complaint, styled, wrapped
from corridor.topologies.base.progress import counting
from corridor.traffic.agents import records
from terminals import CODES, CORRIDOR, STATED, at_a_terminal, environment, screen

ESCAPE = "\x1b["
EXPLAINED = ("explain", "records-urumqi-lahore")
BLOCKED = ("explain", "model-beijing-karachi")


def piped(*words: str, **more: str) -> str:
    done = subprocess.run(
        [*CORRIDOR, *words], env=environment(**more), capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


class Screen(io.StringIO):
    """A terminal for rich, in memory."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def plain(monkeypatch):
    for name in STATED:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return monkeypatch


def test_a_pipe_gets_no_code_and_no_line_is_wrapped():
    said = piped(*EXPLAINED)
    assert ESCAPE not in said
    assert max(map(len, said.splitlines())) > 100


def test_a_terminal_gets_colours_and_lines_that_fit():
    code, said = at_a_terminal(*EXPLAINED)
    assert code == 0
    assert "\x1b[32mUP\x1b[0m" in said
    assert max(map(len, screen(said))) <= 80


def test_what_is_blocked_is_red():
    assert "\x1b[31mBLOCKED\x1b[0m" in at_a_terminal(*BLOCKED)[1]


@pytest.mark.parametrize("said_so", [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TTY_COMPATIBLE": "0"}])
def test_who_wants_no_colour_gets_none(said_so):
    _, said = at_a_terminal(*BLOCKED, **said_so)
    assert not re.search(r"\x1b\[[0-9;]*m", said.replace("\x1b[2m", "").replace("\x1b[0m", ""))
    assert "BLOCKED" in said


@pytest.mark.parametrize("said_so", [{"TERM": "dumb"}, {"TTY_COMPATIBLE": "0"}])
def test_a_terminal_that_cannot_move_its_cursor_gets_no_code_at_all(said_so):
    assert ESCAPE not in at_a_terminal(*BLOCKED, **said_so)[1]


def test_who_forces_colour_gets_it_in_a_pipe_and_nothing_else_changes():
    forced = piped(*BLOCKED, FORCE_COLOR="1")
    assert "\x1b[31mBLOCKED\x1b[0m" in forced
    assert CODES.sub("", forced) == piped(*BLOCKED)


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize(
    "words",
    [
        ("topology", "show", "mini"),
        ("list",),
        ("law", "list", "--jurisdiction", "TH"),
        ("check", "mini"),
        ("price", "mini", "--sets", "th", "--no-changes"),
    ],
    ids=" ".join,
)
def test_no_table_is_wider_than_the_terminal(words, columns):
    _, said = at_a_terminal(*words, columns=columns, NO_COLOR="1")
    assert max(map(len, screen(said))) <= columns


def test_json_is_the_same_everywhere():
    _, said = at_a_terminal("list", "scenarios", "--json")
    assert said.replace("\r\n", "\n") == piped("list", "scenarios", "--json", FORCE_COLOR="1")


def test_the_name_before_an_error_is_red_on_a_terminal_only(plain):
    line = 'corridor: no scenario is called "x"; did you mean "y"?'
    assert complaint(line, Screen()) == f"\x1b[1;31mcorridor: \x1b[0m{line[10:]}"
    assert complaint(line, io.StringIO()) == line
    code, said = at_a_terminal("run", "minni")
    assert code == 2
    assert "\x1b[1;31mcorridor: \x1b[0mno scenario" in said
    assert at_a_terminal("rnu")[1].startswith("\x1b[1;31mcorridor: \x1b[0merror: ")


def test_only_whole_words_are_coloured(plain):
    said = styled("UPDATE BLOCKED-LIST-NOT SETUP, 3 UP and 2 DOWN", Screen())
    assert said.count("\x1b[32m") == 1
    assert "UPDATE" in said
    assert styled("3 UP", io.StringIO()) == "3 UP"


def test_prose_is_wrapped_below_where_it_begins():
    text = "  name       " + "word " * 20
    lines = wrapped(text.rstrip(), 40).splitlines()
    assert lines[0].startswith("  name       word")
    assert all(line.startswith(" " * 13 + "word") for line in lines[1:])
    assert wrapped("x" * 200, 40) == "x" * 200  # an address is not broken
    assert wrapped(text, None) == text


def happens(log: EventLog) -> None:
    """The beginning of a run."""
    log(Phase(event="phase", name="build", at_ns=0, wall_s=1.0))
    log(Step(event="step", name="switches", done=1, of=5, at_ns=0, wall_s=1.5))
    log(Step(event="step", name="switches", done=4, of=5, at_ns=0, wall_s=4.5))
    log(Phase(event="phase", name="measure", at_ns=0, wall_s=5.0, epoch_ns=10))
    log(Phase(event="phase", name="teardown", at_ns=0, wall_s=6.0))
    log(Phase(event="phase", name="end", at_ns=0, wall_s=7.0))


PHASES = ["[   1.0 s] building the network", "[   5.0 s] measuring", "[   6.0 s] taking down"]


def test_without_a_terminal_phases_are_lines_and_long_steps_too(tmp_path, capsys):
    with telling() as say:
        happens(EventLog(tmp_path, say, 0.0))
    told = capsys.readouterr().out.splitlines()
    assert told == [PHASES[0], "[   4.5 s]   4 of 5 switches", *PHASES[1:]]


def test_without_a_terminal_a_step_counts_from_the_line_before_it(capsys, monkeypatch):
    """A run's minutes in the guest are not the time that its last proof takes."""
    now_s = [0.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now_s[0])
    with telling(begins="compiling and proving") as say:
        now_s[0] = 12.0
        list(counting(["a"], "paths compiled"))
        say("[  38.3 s] taking down")
        now_s[0] = 40.0
        say("[  66.3 s] taken down")
        list(counting(["a"], "paths compiled"))
        now_s[0] = 51.0
        list(counting(["a", "b"], "proven"))
    assert capsys.readouterr().out.splitlines() == [
        "compiling and proving: 0 of 1 paths compiled, the first in progress, after 12 s",
        "[  38.3 s] taking down",
        "[  66.3 s] taken down",
        "0 of 2 proven, the first in progress, after 11 s",
    ]


def test_on_a_terminal_phases_move_and_end_as_the_same_lines(tmp_path, plain):
    stream = Screen()
    with telling(stream, "compiling") as say:
        assert isinstance(say, LiveLines)
        say("mini: five hubs")
        happens(EventLog(tmp_path, say, 0.0, 2.0))
        say("3 UP")
    written = stream.getvalue()
    assert "\x1b[?25l" in written
    assert written.endswith("\x1b[?25h") or "\x1b[?25h" in written
    left = [line for line in screen(written) if line]
    assert left == ["mini: five hubs", *PHASES, "3 UP"]


def test_what_goes_on_is_shown_with_how_far_it_has_come(plain):
    live = LiveLines(Screen())
    live.begin("[   5.0 s] measuring", lambda: "0.7 of 2.0 s")
    assert live._now("*").plain == "* [   5.0 s] measuring  0.7 of 2.0 s  0 s"
    live.step("4 of 5 switches")
    assert live._now("*").plain == "* [   5.0 s] measuring  4 of 5 switches  0 s"
    live.doing("summing up")
    assert live._now("*").plain == "* summing up  0 s"
    live.rest()


def test_what_failed_meanwhile_leaves_the_line_of_its_phase(plain):
    stream = Screen()

    def run() -> None:
        with telling(stream) as say:
            say.begin("[   1.0 s] building the network")
            raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        run()
    assert "[   1.0 s] building the network" in screen(stream.getvalue())
    assert "\x1b[?25h" in stream.getvalue()  # the cursor is there again


def test_a_dumb_terminal_gets_lines_that_stay(plain):
    plain.setenv("TERM", "dumb")
    stream = Screen()
    with telling(stream) as say:
        say("3 UP")
    assert stream.getvalue() == "3 UP\n"


def test_time_that_has_passed_is_read_from_the_records(tmp_path):
    epoch_ns = 1_800_000_000_000_000_000
    assert passed_s(tmp_path, epoch_ns) == 0.0
    path = tmp_path / "probes-guian.rec"
    writer = records.RecordWriter(str(path), records.header("guian", epoch_ns, "virtual"), 1)
    assert passed_s(tmp_path, epoch_ns) == 0.0
    for ms in (20, 1500):
        t1_ns = epoch_ns + ms * 1_000_000
        writer.add(records.SENT, 0, 0, 0, 0, 0, 0, 0, 0, t1_ns, 0, 0, 0)
    writer.close()
    with path.open("ab") as torn:
        torn.write(b"\1" * 10)
    assert passed_s(tmp_path, epoch_ns) == 1.5


def builds(printer: ProgressPrinter) -> None:
    """The beginning of a kernel build."""
    printer(Progress("configuring", None))
    for hundredths in range(0, 60, 5):
        printer(Progress("compiling", hundredths / 100))
    printer.close()


def test_without_a_terminal_a_kernel_build_is_a_line_a_quarter():
    stream = io.StringIO()
    builds(ProgressPrinter(stream=stream))
    assert stream.getvalue().splitlines() == [
        "kernel: configuring (0 s)",
        "kernel: compiling   0% (0 s)",
        "kernel: compiling  25% (0 s)",
        "kernel: compiling  50% (0 s)",
    ]


def test_on_a_terminal_a_kernel_build_moves_and_leaves_nothing(plain):
    stream = Screen()
    builds(ProgressPrinter(stream=stream))
    assert "kernel: compiling" in stream.getvalue()
    assert not any(screen(stream.getvalue()))


def test_a_kernel_build_in_a_run_moves_in_the_line_of_the_run(plain):
    stream, aside = Screen(), Screen()
    with telling(stream, "compiling") as say:
        say("building the virtual-clock kernel, once")
        builds(ProgressPrinter(say, aside))
    assert aside.getvalue() == ""
    assert "kernel: compiling" in stream.getvalue()
    left = [line for line in screen(stream.getvalue()) if line]
    assert left == ["building the virtual-clock kernel, once"]
