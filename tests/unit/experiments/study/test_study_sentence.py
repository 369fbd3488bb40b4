"""The sentence that answers a study, and studies read from Python."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import corridor
from corridor.experiments.study.cells import cells, conditions
from corridor.experiments.study.folder import CELL, StudyFolder
from corridor.experiments.study.load import load_study
from corridor.experiments.study.reading import index_of
from corridor.topologies.base.errors import InputError
from typed_summary import typed

WRITTEN = """name: buffers
scenario: mini
as_of: 2026-11-24
repeat: 5
question: What does a queue cost?
answer: >-
  A queue of {place} costs {of-the-queue.rtt where line clean};
  no demand loses more than {lost where network.buffer 5ms, line lossy},
  {kept where line clean, network.buffer 40ms} kept.
matrix:
  network.buffer: [5ms, 40ms]
  line:
    clean: {}
    lossy: {network.loss: 1%}
measures:
  - {id: rtt, of: "demands[ckpt-karachi].rtt_ms.p50"}
  - {id: lost, of: "sum(demands.lost)"}
  - {id: kept, of: "sum(answers.demands.kept_back)"}
compare:
  - {id: of-the-queue, axis: network.buffer, from: 5ms, to: 40ms, measures: [rtt]}
"""
ANSWER = WRITTEN.replace("A queue of {place}", "Waiting")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("blank", "said"),
    [
        ("{place}", 'no measure is called "place"'),
        ("{rt where line clean}", 'no measure is called "rt": there are rtt, lost, kept'),
        ("{rtt where line clean}", "is of 2 conditions: write {... where AXIS LEVEL"),
        ("{rtt where line clear}", '"line clear" is not an axis with one of its levels'),
        ("{of-queue.rtt}", 'no comparison is called "of-queue"'),
        ("{of-the-queue.lost}", '"of-the-queue" does not compare "lost"'),
        ("{of-the-queue.rtt}", "is of 2 conditions"),
        ("{rtt", "a brace has no other"),
    ],
)
def test_a_blank_that_names_nothing_is_told_with_its_line(tmp_path, blank, said):
    with pytest.raises(InputError) as error:
        load_study(written(tmp_path, WRITTEN.replace("{place}", blank)))
    assert said in f"{error.value.message}"
    assert error.value.line in (6, 7)


def summary(rtt_ms: float, lost: int) -> str:
    rtt = dict.fromkeys(("min", "p99", "max")) | {"p50": rtt_ms}
    demand = {"id": "ckpt-karachi", "rtt_ms": rtt, "lost": lost}
    return json.dumps(typed({"demands": [demand]}).to_json())


@pytest.fixture
def folder(tmp_path) -> Path:
    """A study that ran, each cell with a different round trip."""
    study = load_study(written(tmp_path, ANSWER))
    made = StudyFolder(tmp_path / "out")
    of = cells(study, conditions(study), "program")
    with made.open(b""):
        made.write_index(index_of(study, of, "program"))
        for cell in of:
            result = made.result(cell.id)
            result.mkdir()
            longer = 35.0 if cell.condition.levels["network.buffer"] == "40ms" else 0.0
            rtt = 94.0 + longer + cell.repetition / 10
            lossy = cell.condition.levels["line"] == "lossy"
            (result / "summary.json").write_text(summary(rtt, 3 * lossy))
            answers = {"demands": [{"kept_back": True}, {"kept_back": False}]}
            (result / "answers.json").write_text(json.dumps(answers))
            said = {"state": "valid", "message": "", "wall_s": 1.0}
            (result / CELL).write_text(json.dumps(said))
    return made.path


def test_an_answer_is_said_with_values_and_intervals(folder):
    found = corridor.read_study(folder)
    assert found.sentences[:2] == [
        "What does a queue cost?",
        "Waiting costs +35 ms; no demand loses more than 3, 1 kept.",
    ]


def test_values_that_differ_between_runs_are_said_with_their_interval(tmp_path, folder):
    index = json.loads((folder / "study.json").read_text())
    index["study"]["answer"] = "It takes {rtt where line lossy, network.buffer 5ms}."
    (folder / "study.json").write_text(json.dumps(index))
    said = corridor.read_study(folder).sentences[1]
    assert said.startswith("It takes 94.2 ms (95 %: 93.97 to 94.4")


def test_a_study_is_read_from_python(folder):
    found = corridor.read_study(str(folder))
    here = {"network.buffer": "40ms", "line": "clean"}
    assert found.estimate("rtt", here).mean == pytest.approx(129.2)
    assert found.by_seed("rtt", here) == pytest.approx([129.0, 129.1, 129.2, 129.3, 129.4])
    assert found.difference("of-the-queue", "rtt", {"line": "lossy"}).mean == pytest.approx(35)
    assert found.values.num_rows == 20 * 3
    assert found.holds


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda of: of.estimate("rtd"), 'no measure is called "rtd"'),
        (lambda of: of.estimate("rtt"), "measure rtt has 4 conditions"),
        (lambda of: of.difference("of-queue", "rtt"), 'no comparison is called "of-queue"'),
        (lambda of: of.by_seed("los"), 'no measure is called "los"'),
    ],
)
def test_what_is_not_there_is_told_in_python(folder, ask, said):
    with pytest.raises(InputError) as error:
        ask(corridor.read_study(folder))
    assert said in str(error.value)


def test_runs_that_differ_by_less_than_is_told_have_one_value(folder):
    for number, path in enumerate(sorted(folder.glob("cells/*/summary.json"))):
        path.write_text(summary(94.2 + number * 1e-4, 3))
    index = json.loads((folder / "study.json").read_text())
    index["study"]["answer"] = "It takes {rtt where line lossy, network.buffer 5ms}."
    (folder / "study.json").write_text(json.dumps(index))
    assert corridor.read_study(folder).sentences[1] == "It takes 94.2 ms."
