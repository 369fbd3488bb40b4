"""Reading a run's events from a console: torn lines, noise, failures, and a silent death."""

import subprocess
import sys

import pytest

from corridor.experiments.run.event_log import EventLog
from corridor.experiments.testbeds.watchdog import read_events
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    InputError,
    MeasurementInvalid,
)

END = b'{"event": "phase", "at_ns": 9, "name": "end"}\n'
WRITE_AND_EXIT = "import os, sys; os.write(1, bytes.fromhex(sys.argv[1])); {}"


@pytest.fixture
def read(tmp_path):
    """Runs a process that writes these bytes and ends; its events, and what the console kept."""

    def run(output, ending="sys.exit(0)", **options):
        process = subprocess.Popen(
            [sys.executable, "-S", "-c", WRITE_AND_EXIT.format(ending), output.hex()],
            stdout=subprocess.PIPE,
        )
        events = []
        console = tmp_path / "console.log"
        try:
            read_events(process, events.append, console, "the guest", **options)
        finally:
            process.stdout.close()
            run.events, run.console = events, console.read_bytes()
        return events

    return run


def test_events_come_in_order_with_the_time_they_were_read(read):
    first, second = read(b'{"event": "built", "at_ns": 5}\n' + END)
    assert (first["event"], first["at_ns"]) == ("built", 5)
    assert second["name"] == "end"
    assert 0 < first["wall_s"] <= second["wall_s"]


def test_noise_is_kept_in_the_console_and_is_no_event(read):
    noise = b"Kernel panic - not really\n\xff\xfe\x00\n[1, 2]\n"
    assert [e["name"] for e in read(noise + END)] == ["end"]
    assert read.console == noise


def test_a_torn_line_is_noise(read):
    torn = b'{"event": "phase", "na'
    with pytest.raises(MeasurementInvalid):
        read(torn)
    assert read.console == torn
    assert read.events == []


def test_a_line_that_only_looks_like_an_event_is_noise(read):
    odd = b'{"event": 7}\n{"event": "failed"}\n{"event"}\n'
    assert [e["name"] for e in read(odd + END)] == ["end"]
    assert read.console == odd


@pytest.mark.parametrize(
    ("code", "kind"),
    [(2, InputError), (3, EnvironmentUnsupported), (4, MeasurementInvalid), (130, CorridorError)],
)
def test_a_reported_failure_is_raised_as_its_kind_with_its_words(read, code, kind):
    line = b'{"event": "failed", "message": "no netem here", "code": %d}\n' % code
    with pytest.raises(CorridorError) as caught:
        read(line)
    assert type(caught.value) is kind
    assert str(caught.value) == "no netem here"


def test_a_failure_reported_before_the_end_still_counts(read):
    with pytest.raises(EnvironmentUnsupported, match="early"):
        read(b'{"event": "failed", "message": "early", "code": 3}\n' + END)


@pytest.mark.parametrize(
    ("ending", "how"),
    [
        ("sys.exit(0)", "exit code 0"),
        ("sys.exit(7)", "exit code 7"),
        ("os.kill(os.getpid(), 9)", "signal 9"),
    ],
)
def test_a_silent_death_is_told_from_an_end(read, ending, how):
    with pytest.raises(
        MeasurementInvalid, match=rf"the guest ended before the run did \({how}\)"
    ) as caught:
        read(b'{"event": "phase", "at_ns": 1, "name": "measure"}\n', ending)
    assert "console.log" in caught.value.hint
    assert [e["name"] for e in read.events] == ["measure"]


def test_another_last_event_can_be_waited_for(read):
    assert read(b'{"event": "exit", "code": 0}\n', last_event="exit")[0]["code"] == 0
    with pytest.raises(MeasurementInvalid):
        read(END, last_event="exit")


def test_a_process_that_goes_on_is_left_at_the_phase_that_is_waited_for(tmp_path):
    more = "import sys; sys.stdin.read()"
    words = [sys.executable, "-S", "-c", f"import os; os.write(1, {END!r} + {END!r}); {more}"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        events = []
        console = tmp_path / "console.log"
        read_events(process, events.append, console, "the guest", until_phase="end")
        assert process.poll() is None
        read_events(process, events.append, console, "the guest", until_phase="end")
        assert [event["name"] for event in events] == ["end", "end"]
        process.stdin.close()


def test_a_process_that_ends_before_that_phase_has_ended_too_early(read):
    with pytest.raises(MeasurementInvalid, match="ended before the run did"):
        read(b'{"event": "phase", "at_ns": 1, "name": "build"}\n', until_phase="end")


def test_steps_are_told_to_who_has_waited_for_some_seconds_only(tmp_path):
    said = []
    log = EventLog(tmp_path, said.append, 100.0)
    log({"event": "phase", "name": "build", "at_ns": 0, "wall_s": 101.0})
    for wall_s, done in ((102.0, 100), (104.5, 200), (105.0, 300), (108.0, 400)):
        log({"event": "step", "name": "switches", "done": done, "of": 400, "wall_s": wall_s})
    assert said == [
        "[   1.0 s] building the network",
        "[   4.5 s]   200 of 400 switches",
        "[   8.0 s]   400 of 400 switches",
    ]
    assert len((tmp_path / "events.jsonl").read_text().splitlines()) == 5
