"""YAML is read safely, and every complaint names the file, the line and the way out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from corridor.topologies.base.documents import (
    Mistake,
    Unwritten,
    parse_document,
    path_of_pointer,
    pointer_of_path,
    read_document,
    validate,
)
from corridor.topologies.base.errors import InputError


class Lamp(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    colour: str
    watts: int = 1


class House(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    lamps: list[Lamp]


def test_values_keep_their_lines() -> None:
    document = parse_document("a: 1\nb:\n- x\n- {c: 2}\n", "f.yaml")
    assert document.data == {"a": 1, "b": ["x", {"c": 2}]}
    assert document.line_of("b", 1, "c") == 4
    assert document.line_of("b", 0) == 3


def test_an_unknown_path_falls_back_to_its_nearest_known_ancestor() -> None:
    document = parse_document("a: 1\nb:\n  c: 2\n", "f.yaml")
    assert document.line_of("b", "nothing", 3) == 2


def test_norway_is_a_country_and_not_a_falsehood() -> None:
    data = parse_document("a: NO\nb: true\nc: off\nd: 1:30\ne: 3e-6\nf: ~\n", "f").data
    assert data == {"a": "NO", "b": True, "c": "off", "d": "1:30", "e": 3e-6, "f": None}


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(8)
)

BAD_TEXTS: list[tuple[str, str, int | None, str]] = [
    ("duplicate key", "a: 1\nb: 2\na: 3\n", 3, 'key "a" is given twice'),
    ("recursive alias", "a: 1\nb: &x\n- *x\n", 2, "refers to itself"),
    ("alias bomb", BOMB, None, "expand to too many values"),
    ("unknown alias", "a: 1\nb: *nope\n", 2, "undefined alias"),
    ("python tag", "a: 1\nb: !!python/object/apply:os.system [ls]\n", 2, "tag"),
    ("timestamp tag", "a: !!timestamp 2020-01-01\n", 1, "tag"),
    ("merge key", "a: &a {x: 1}\nb:\n  <<: *a\n", 3, "merge keys"),
    ("two documents", "a: 1\n---\nb: 2\n", 2, "several YAML documents"),
    ("bad indentation", "a: 1\n b: 2\n", 2, "is not YAML"),
    ("unclosed quote", 'a: 1\nb: "x\n', None, "is not YAML"),
    ("tab as indentation", "a:\n\tb: 1\n", 2, "is not YAML"),
    ("empty", "", None, "is empty"),
    ("only a comment", "# nothing\n", None, "is empty"),
    ("a key that is a list", "a: 1\n? [x]\n: 2\n", 2, "a key must be plain text"),
    ("a huge number", "a: 1\nb: " + "9" * 5000 + "\n", 2, "too many digits"),
    ("a control character", "a: 1\nb: \x07\n", None, "not YAML"),
    ("deep nesting", "[" * 5000 + "]" * 5000, None, ""),
    ("moderate nesting", "[" * 90 + "]" * 90, 1, "nested deeper"),
]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [row[1:] for row in BAD_TEXTS],
    ids=[row[0] for row in BAD_TEXTS],
)
def test_bad_yaml_is_one_clear_line(text: str, line: int | None, message: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_document(text, "bad.yaml")
    shown = str(caught.value)
    assert message in shown
    assert shown.startswith("bad.yaml")
    assert "\n" not in shown
    assert len(shown) < 300
    if line is not None:
        assert caught.value.line == line


def test_bad_yaml_is_refused_alike_without_the_c_library() -> None:
    script = (
        "import yaml; del yaml.CSafeLoader\n"
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_documents import BAD_TEXTS, InputError, parse_document\n"
        "for name, text, line, message in BAD_TEXTS:\n"
        "    try: parse_document(text, 'bad.yaml'); print('read', name)\n"
        "    except InputError as e:\n"
        "        if message not in str(e) or line not in (None, e.line): print(name, e)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[4],
    )  # fmt: skip
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    binary, latin, large = tmp_path / "b.yaml", tmp_path / "l.yaml", tmp_path / "g.yaml"
    binary.write_bytes(b"\x7fELF\0\0")
    latin.write_bytes(b"a: 1\nb: caf\xe9\n")
    large.write_bytes(b"a" * (8 * 2**20 + 1))
    (tmp_path / "scenario.yaml").write_text("a: 1")
    cases = {
        tmp_path: "is a directory",
        binary: "binary",
        latin: "not UTF-8",
        large: "larger than 8 MiB",
        tmp_path / "scenarios.yaml": 'did you mean "scenario.yaml"',
        tmp_path / "scenario.yaml" / "x": "cannot be read",
        Path("nul\0byte"): "is not a file name",
    }
    for path, message in cases.items():
        with pytest.raises(InputError, match=message):
            read_document(path)


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "l.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(InputError) as caught:
        read_document(path)
    assert caught.value.line == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file_gets_the_command_that_repairs_it(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text("a: 1")
    path.chmod(0)
    with pytest.raises(InputError, match=r"chmod \+r"):
        read_document(path)


def test_a_model_complains_at_the_line_of_the_mistake() -> None:
    document = parse_document("lamps:\n- colour: red\n- colour: blue\n  wats: 3\n", "h.yaml")
    with pytest.raises(InputError) as caught:
        validate(document, House)
    assert str(caught.value) == 'h.yaml:4: unknown key "wats"; did you mean "watts"?'


def test_a_missing_key_is_named_with_its_owner() -> None:
    document = parse_document("lamps:\n- colour: red\n- watts: 3\n", "h.yaml")
    with pytest.raises(InputError) as caught:
        validate(document, House)
    assert str(caught.value) == 'h.yaml:3: lamps[1] has no "colour"; add it'


def test_further_mistakes_are_announced_by_line() -> None:
    document = parse_document("lamps:\n- watts: x\n  colour: red\n- watts: 3\n", "h.yaml")
    with pytest.raises(InputError) as caught:
        validate(document, House)
    assert caught.value.line == 2
    assert "more mistakes on line 4" in str(caught.value)


@pytest.mark.parametrize("text", ["just words\n", "- a\n- b\n", "3\n"])
def test_a_document_that_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="must be a mapping"):
        validate(parse_document(text, "h.yaml"), House)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("a", 1, "b"), 2),
        (("a", 2), None),
        (("a", "b"), None),
        (("c",), None),
        (("a", 0, "x"), None),
    ],
)
def test_a_value_is_found_by_its_path_and_none_where_nothing_stands(path, value):
    assert parse_document("a: [1, {b: 2}]\n", "f").value(*path) == value


class Watts(BaseModel):
    model_config = ConfigDict(extra="forbid")
    watts: int
    of: tuple[str, ...] = ()


class Rooms(BaseModel):
    rooms: tuple[Watts, ...]


@pytest.mark.parametrize(
    ("data", "at", "said"),
    [
        (
            {"rooms": [{"watts": 1}, {"watts": "x"}]},
            ("rooms", 1, "watts"),
            "rooms[1].watts must be a whole number, not x",
        ),
        (
            {"rooms": [{"wats": 1}]},
            ("rooms", 0),
            'rooms[0] has no "watts"; add it; and 1 more mistake',
        ),
        (
            {"rooms": [{"watts": 1, "wats": 2}]},
            ("rooms", 0, "wats"),
            'rooms[0].wats: unknown key "wats"; did you mean "watts"?',
        ),
        ([], (), "must be a mapping of keys to values"),
    ],
)
def test_values_that_were_never_written_are_told_by_their_path(data, at, said) -> None:
    with pytest.raises(Mistake) as caught:
        validate(Unwritten.of(data), Rooms)
    assert (caught.value.at, str(caught.value)) == (at, said)


@pytest.mark.parametrize("path", [(), ("rooms", 3, "of"), ("a/b", "c~d", 0)])
def test_a_path_and_its_pointer_are_the_same(path) -> None:
    assert path_of_pointer(pointer_of_path(path)) == path


def test_a_pointer_is_as_rfc_6901_has_it() -> None:
    assert pointer_of_path(("a/b", "m~n", 0)) == "/a~1b/m~0n/0"


class Lit(BaseModel):
    rooms: tuple[Watts, ...] = ()
    most: float | None = Field(default=None, alias="at-most")
    is_lit: bool = False
    by_name: dict[str, int] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("is_lit: true\nat-most: true\n", 2, "at-most must be a number, not true"),
        ("rooms:\n- {watts: 1}\n- {watts: false}\n", 3, "rooms[1].watts must be a number"),
        ("by_name:\n  hall: true\n", 2, "by_name.hall must be a number"),
    ],
)
def test_true_is_no_number(text, line, said) -> None:
    with pytest.raises(InputError, match=re.escape(said)) as caught:
        validate(parse_document(text, "h.yaml"), Lit)
    assert caught.value.line == line
    assert validate(parse_document("{is_lit: true, at-most: 1}", "h.yaml"), Lit).is_lit
