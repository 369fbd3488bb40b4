"""What ``import corridor`` offers, what it costs, and whether its documentation is true."""

import doctest
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import corridor

PAGE = Path(__file__).resolve().parents[2] / "docs/python.md"
QUESTIONS = (
    *("answers", "capacity", "check", "compare", "cut", "explain", "law", "path", "price"),
    "second_opinion",
)


@pytest.mark.parametrize("name", corridor.__all__)
def test_every_name_that_the_package_offers_is_there(name):
    assert getattr(corridor, name).__name__ == name


def test_only_the_interface_is_listed():
    assert dir(corridor) == sorted(corridor.__all__)


def test_a_name_that_it_does_not_offer_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'load_everything'"):
        corridor.load_everything  # noqa: B018


def test_the_example_of_its_docstring_is_true():
    assert doctest.testmod(corridor) == doctest.TestResults(failed=0, attempted=2)


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_example_of_a_question_is_true(name):
    found = doctest.DocTestFinder().find(getattr(corridor, name), globs={"corridor": corridor})
    assert [one.name for one in found if one.examples] == [name]
    runner = doctest.DocTestRunner()
    for one in found:
        runner.run(one)
    assert runner.summarize().failed == 0


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_documents_arguments_results_errors_and_an_example(name):
    question = getattr(corridor, name)
    said = inspect.getdoc(question) or ""
    parts = re.split(r"\n\n(Args|Returns|Raises|Example):\n", said)
    assert parts[1::2] == ["Args", "Returns", "Raises", "Example"]
    documented = re.findall(r"^ {4}(\w+): ", parts[2], re.M)
    assert documented == list(inspect.signature(question).parameters)


@pytest.mark.parametrize("name", corridor.__all__)
def test_the_page_lists_every_name(name):
    assert re.search(rf"\bcorridor\.{name}\b", PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_page_says_of_a_question_what_its_docstring_says(name):
    first = (inspect.getdoc(getattr(corridor, name)) or "").partition("\n")[0]
    rows = PAGE.read_text(encoding="utf-8").splitlines()
    (row,) = [one for one in rows if one.startswith(f"| `corridor.{name}(")]
    assert row.split(" | ")[1].removesuffix(" |") == first.rstrip(".")


def test_importing_it_imports_nothing_more():
    code = "import sys, corridor; print([m for m in sys.modules if m.startswith('corridor.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
