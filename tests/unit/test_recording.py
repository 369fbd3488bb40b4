"""The recording of a terminal: what is in its two files, and for how long."""

import importlib.util
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / ".ci/record.py"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def record():
    spec = importlib.util.spec_from_file_location("record", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_both_files_show_what_a_terminal_shows(record, tmp_path):
    command = r"printf 'in \033[31mred\033[0m\n'; test -t 1 && stty size; exit 3"
    assert record.main([str(tmp_path / "a.svg"), command]) == 3
    head, *events = map(json.loads, (tmp_path / "a.cast").read_text().splitlines())
    assert (head["version"], head["width"], head["height"]) == (2, 100, 30)
    assert "".join(text for _, _, text in events).endswith("in \x1b[31mred\x1b[0m\r\n30 100\r\n")
    picture = ET.parse(tmp_path / "a.svg")
    texts = ["".join(one.itertext()) for one in picture.iter(f"{SVG}text")]
    assert texts[-2:] == ["in red", "30 100"]
    assert [one.text for one in picture.iter(f"{SVG}tspan")] == ["red"]
    assert "text { white-space: pre }" in picture.find(f"{SVG}style").text


def test_a_folder_that_is_not_there_is_named_before_anything_runs(record, tmp_path, capsys):
    assert record.main([str(tmp_path / "no" / "a.svg"), f"touch {tmp_path}/ran"]) == 2
    assert capsys.readouterr().err.endswith("no: no such folder; create it first\n")
    assert not (tmp_path / "ran").exists()


def test_a_line_that_is_written_again_is_shown_until_then(record):
    events = [(0.0, "one\r\n"), (1.0, "\x1b[1A\r\x1b[2Ktwo"), (1.1, "\r\x1b[2Kthree")]
    shown, _, end_s = record.replay(events)
    said = [(one.spans[0][1], one.since_s, one.until_s) for one in shown]
    assert said == [("one", 0.0, 1.0), ("three", 1.0, end_s)]


def test_rows_that_do_not_fit_move_up(record):
    _, scrolled, _ = record.replay([(0.0, "\r\n" * 10), (2.0, "\r\n" * 30)])
    assert scrolled == [(0.0, 0), (2.0, 41 - record.ROWS)]


def test_pauses_are_cut_and_what_takes_long_is_played_faster(record):
    short = record.shortened([(0.0, "a\n"), (0.5, "b\n"), (30.5, "\rc"), (60.5, "\rd\n")])
    pause_s = record.PAUSE_S
    assert [at_s for at_s, _ in short] == [0.0, 0.5, 0.5 + pause_s / 2, 0.5 + pause_s]
    two = record.shortened([(0.0, "$ a\n"), (0.1, "a\n"), (0.2, "$ b\n"), (0.3, "b\n")])
    assert [at_s for at_s, _ in two] == pytest.approx([0.0, 0.1, 0.2 + record.READ_S, 6.3])
    long = record.shortened([(float(second), ".\n") for second in range(1000)])
    assert long[-1][0] == pytest.approx(record.LONGEST_S - record.END_S)


SHOWN = sorted(one for one in (ROOT / "docs/images").iterdir() if one.suffix == ".svg")


@pytest.mark.parametrize("file", SHOWN, ids=lambda one: one.name)
def test_a_recording_that_we_show_lasts_90_seconds_at_most(file):
    assert {float(one) <= 90 for one in re.findall(r'dur="([\d.]+)s"', file.read_text())} == {True}
    assert file.with_suffix(".cast").exists()
