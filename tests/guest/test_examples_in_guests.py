"""Examples that boot guests print what their pages state."""

import json
import sys

import pytest

from example_runs import EXAMPLES, run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]


def test_a_run_from_python_is_read(tmp_path):
    code, said = run(sys.executable, EXAMPLES / "run_and_read.py", tmp_path / "out")
    assert code == 0, said
    assert "secret BLOCKED" in said
    assert "tables verified: True" in said


def test_what_became_of_workloads_is_read(tmp_path):
    code, said = run(sys.executable, EXAMPLES / "read_workloads.py", tmp_path / "out")
    assert code == 0, said
    assert "night: 1 of 1 rounds, 1 of 1 in time" in said
    assert "while load-night: infer" in said


def test_events_are_told_and_keep_their_bounds(tmp_path):
    words = ("run", EXAMPLES / "timeline.yaml", "--out", tmp_path / "out", "--no-figures")
    code, said = run(sys.executable, "-m", "corridor.experiments.cli", *words)
    assert code == 0, said
    assert "all 3 expectations of the timeline are met" in said
    events = json.loads((tmp_path / "out/summary.json").read_text())["events"]
    assert [one["id"] for one in events] == ["dig", "work", "rain", "blind", "load"]
    assert {hit["demand"] for hit in events[0]["hits"]} == {"backup", "requests"}


def test_a_cut_from_python_costs_less_where_it_is_followed(tmp_path):
    code, said = run(sys.executable, EXAMPLES / "cut_and_follow.py", tmp_path / "out")
    assert code == 0, said
    follows, still = said.split("it stands still")
    assert "ckpt-karachi       lost 11, out for 120 ms" in follows
    assert "ckpt-karachi       lost 30, out for 500 ms" in still


@pytest.fixture
def command(tmp_path):
    file = tmp_path / "corridor"
    file.write_text(f'#!/bin/sh\nexec {sys.executable} -P -m corridor.experiments.cli "$@"\n')
    file.chmod(0o755)
    return str(file)


def test_programs_run_on_a_map(command):
    code, said = run(EXAMPLES / "own_program.sh", CORRIDOR=command)
    assert code == 0, said
    assert said.count("3 received, 0% packet loss") == 2, said
    assert "h1 h2 h3 h4 h5 h6 s1 s2" in said
    assert "the program's code was 42" in said


def test_a_live_network_is_used_and_ended(command, tmp_path):
    code, said = run(
        EXAMPLES / "live_network.sh",
        tmp_path / "out",
        CORRIDOR=command,
        XDG_STATE_HOME=str(tmp_path / "state"),
    )
    assert code == 0, said
    assert ": shanghai-guian drained: epoch 1, verified and activated" in said
    assert "policies none: " in said
    assert list((tmp_path / "state/corridor/live").iterdir()) == []
