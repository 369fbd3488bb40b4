"""``answers.json`` is the document that Python returns, without a value lost."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

import handmade_answers
from corridor.experiments.answers.asking import answers
from corridor.experiments.answers.document import ANSWERS_FILE, Answers, DemandAnswer
from corridor.experiments.setup.schemas_of_outputs import output_schema
from corridor.experiments.text.run_verdict import read_answers
from corridor.topologies.base.codec import from_plain, key_of, read_document
from corridor.topologies.base.errors import InputError
from typed_answers import typed


def test_what_is_written_is_read_back_as_the_same_document() -> None:
    found = answers("mini")
    text = json.dumps(found.to_json())
    again = from_plain(Answers, json.loads(text))
    assert again == found
    assert json.dumps(again.to_json()) == text


def test_a_document_by_hand_is_written_as_it_was_read() -> None:
    plain = handmade_answers.answers()
    assert json.loads(json.dumps(typed(plain).to_json())) == json.loads(json.dumps(plain))


def test_a_key_that_python_reserves_keeps_its_name_in_the_file_and_in_the_schema() -> None:
    schema = output_schema("answers")["$defs"]["DemandAnswer"]
    keys = {key_of(field.name) for field in dataclasses.fields(DemandAnswer)}
    assert keys == schema["properties"].keys() == {*schema["required"]}
    assert "class" in keys
    assert answers("mini").to_json()["demands"][0]["class"]  # type: ignore[index]


def test_answers_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        answers("mini").demands[0].status = "UP"  # type: ignore[misc]


def test_a_key_that_no_version_has_is_refused_in_tests() -> None:
    with pytest.raises(KeyError):
        typed(handmade_answers.answers() | {"unknown": 1})


def written(folder: Path, plain: dict[str, Any]) -> Path:
    (folder / ANSWERS_FILE).write_text(json.dumps(plain))
    return folder


def test_keys_of_a_later_version_are_left_out(tmp_path: Path) -> None:
    plain = handmade_answers.answers()
    later = copy.deepcopy(plain) | {"unknown": 1}
    later["map"]["hubs"][0]["unknown"] = {"of": []}
    later["demands"][0]["free"]["unknown"] = [1]
    assert read_answers(written(tmp_path, later)) == typed(plain)


@pytest.mark.parametrize(
    ("keys", "value", "told"),
    [
        (("map", "hubs"), 3, '"map.hubs" is not of this version'),
        (
            ("demands", 0, "free"),
            "far",
            '"demands.free" is not of this version: PathDocument is an object',
        ),
        (("demands", 0, "free", "hubs"), None, '"demands.free.hubs" is not of this version'),
        (("totals", "by_certain_rules"), {}, '"totals.by_certain_rules" is not of this version'),
    ],
)
def test_answers_that_cannot_be_read_are_told_in_one_line(
    keys: tuple[Any, ...],
    value: object,
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plain: Any = copy.deepcopy(handmade_answers.answers())
    inner = plain
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    folder = written(tmp_path, plain)
    assert read_answers(folder) is None
    assert read_answers(folder) is None
    complained = capsys.readouterr().err
    assert complained.startswith(f"corridor: {folder / ANSWERS_FILE}: the key {told}")
    assert complained.endswith("; the report is without answers\n")
    assert complained.count("\n") == 1


@pytest.mark.parametrize("kind", ["hubs", "fibres"])
def test_answers_whose_paths_leave_their_map_are_not_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str
) -> None:
    plain = json.loads(json.dumps(answers("mini").to_json()))
    used = plain["demands"][0]["free"][kind][0]
    plain["map"][kind] = [one for one in plain["map"][kind] if one["id"] != used]
    folder = written(tmp_path, plain)
    assert read_answers(folder) is None
    message = f"its map has no {kind.removesuffix('s')} {used}, which a path or fibre uses"
    assert capsys.readouterr().err == (
        f"corridor: {folder / ANSWERS_FILE}: {message}; the report is without answers\n"
    )


def test_answers_of_another_schema_are_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert read_answers(written(tmp_path, {"schema": 1})) is None
    assert capsys.readouterr().err == ""


@dataclasses.dataclass(frozen=True)
class Small:
    name: str
    share: float | str | None
    is_whole: bool
    hubs: tuple[str, ...]


SMALL = {"name": "a", "share": 1, "is_whole": True, "hubs": ["x"]}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("name", None, "a text is expected, not null"),
        ("name", 3, "a text is expected, not 3"),
        ("share", [], "a number or a text is expected, not []"),
        ("share", True, "a number or a text is expected, not true"),
        ("is_whole", "no", 'true or false is expected, not "no"'),
        ("hubs", "abc", 'a list is expected, not "abc"'),
        ("hubs", [1], "a text is expected, not 1"),
    ],
)
def test_a_value_of_another_type_is_refused_with_its_key(
    key: str, value: object, expected: str
) -> None:
    for share in (1, 0.5, "x", None):
        assert read_document(Small, {**SMALL, "share": share}, "f.json", "hint").share == share
    with pytest.raises(InputError, match=re.escape(f'"{key}" is not of this version: {expected}')):
        read_document(Small, {**SMALL, key: value}, "f.json", "hint")
