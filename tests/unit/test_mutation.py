"""The tool that changes the code that makes tables, and asks whether the proof notices."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys

import pytest
from tests.mutation.mistakes import Mistake, caught_by, mistakes
from tests.mutation.operators import mutants_of
from tests.mutation.trials import FORWARDING, ROOT


def changes(source):
    return {(one.what, ast.unparse(one.code).strip()) for one in mutants_of(source)}


@pytest.mark.parametrize(
    ("source", "what", "becomes"),
    [
        ("a if b else c", "always", "a if True else c"),
        ("a == b", "compared otherwise", "a != b"),
        ("a and b", "joined otherwise", "a or b"),
        ("a << b", "operated otherwise", "a >> b"),
        ("f(1)", "one more", "f(2)"),
        ("f(a, b)", "arguments swapped", "f(b, a)"),
        ("f(a, b=c)", "without a named argument", "f(a)"),
        ("x = (a, b)", "without the last", "x = (a,)"),
        ("x = {a: b, c: d}", "without the first", "x = {c: d}"),
        ("[a for a in b if a]", "nothing left out", "[a for a in b]"),
        ("x = Reason.ADMIT", "another member", "x = Reason.CLASSIFY"),
        ("for a in b:\n    f(a)", "not done", "for a in b:\n    pass"),
    ],
)
def test_a_change_is_one_that_people_make_by_mistake(source, what, becomes):
    assert (what, becomes) in changes(source)


def test_texts_types_and_decorators_are_left_as_they_are():
    assert (
        changes('@unique(1)\ndef f(a: int | None) -> tuple[int, str]:\n    """f(1, 2)"""') == set()
    )
    assert changes("x = 'a' + f'{b}'") == set()


def test_changes_are_tried_by_the_claims_one_after_another():
    command = [sys.executable, "-m", "tests.mutation", f"{FORWARDING}/edge.py", "--most", "3"]
    path = os.pathsep.join([str(ROOT / ".package"), str(ROOT)])
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(r"^3 changes, [1-3] noticed; by what: \{.*'C\d+'", ended.stdout, re.MULTILINE)


def test_chosen_mistakes_can_be_made_in_the_code_as_it_is():
    listed = mistakes()
    assert len(listed) == 55
    for one in listed:
        text = (ROOT / one.file).read_text(encoding="utf-8")
        assert one.made_in(text) != text
        assert all((ROOT / "tests" / test).exists() for test in one.tests), one


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "sums.py").write_text("def total(a, b):\n    return a + b\n")
    test = "from sums import total\n\ndef test_of_{}():\n    assert total({}) == {}\n"
    (tmp_path / "test_a.py").write_text(test.format("nothing", "0, 0", 0))
    (tmp_path / "test_b.py").write_text(test.format("two", "1, 2", 3))
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    return tmp_path


def test_a_mistake_is_caught_by_the_first_test_that_fails_and_then_repaired(checkout):
    wrong = Mistake(file="sums.py", was="a + b", becomes="a - b", breaks="sums", tests=[])
    assert caught_by(checkout, wrong, ["test_a.py", "test_b.py"]) == "test_b.py::test_of_two"
    assert caught_by(checkout, wrong, ["test_a.py"]) is None
    assert "a + b" in (checkout / "sums.py").read_text()
    with pytest.raises(ValueError, match=r"'a \* b' 0 times"):
        caught_by(checkout, wrong.model_copy(update={"was": "a * b"}), ["test_a.py"])
