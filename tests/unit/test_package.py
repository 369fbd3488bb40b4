"""What ``import corridor`` offers, what it costs, and whether its documentation is true."""

import doctest
import inspect
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import corridor

PAGE = Path(__file__).resolve().parents[2] / "docs/python.md"
QUESTIONS = (
    *("answers", "capacity", "check", "compare", "cut", "explain", "law", "path", "price"),
    *("availability", "replay", "replays", "risks", "repairs", "second_opinion", "traffic_matrix"),
    *("energy", "place", "plan", "domains", "domain_processes"),
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


QUICK = {
    "answers": lambda **given: corridor.answers("mini", **given),
    "capacity": lambda **given: corridor.capacity("mini", **{"rates": "2Tbit", **given}),
    "check": lambda **given: corridor.check("mini", **given),
    "compare": lambda **given: corridor.compare("mini", "mini", **{"of": "scenarios", **given}),
    "cut": lambda **given: corridor.cut("guian-kunming", scenario="mini", **given),
    "explain": lambda **given: corridor.explain(
        **{"demand": "ckpt-karachi", "scenario": "mini", **given}
    ),
    "law": lambda **given: corridor.law("SA", "TH", **given),
    "path": lambda **given: corridor.path("ckpt-karachi", **{"scenario": "mini", **given}),
    "price": lambda **given: corridor.price(
        **{"policies": "pan-asia", "scenario": "mini", "remedies": False, **given},
        uncertainty=False,
    ),
    "second_opinion": lambda **given: corridor.second_opinion("mini", **given),
    "Lab": lambda **given: corridor.Lab("mini", **given),
    "load_scenario": lambda **given: corridor.load_scenario("mini", **given),
}
"""Questions, and what loads scenarios, with arguments that take little time."""
UNDER_POLICIES = sorted(QUICK.keys() - {"compare", "law"})
REFUSED = [
    *((name, {"policies": 3}, "policies is 3, not a name") for name in UNDER_POLICIES),
    *((name, {"as_of": "x"}, 'as_of is "x", not a date') for name in sorted(QUICK)),
    *((name, {"as_of": 20260101}, "as_of is 20260101, not a date") for name in sorted(QUICK)),
    *(
        ("capacity", {"times": times}, f"times is {said}, not a factor")
        for times, said in (
            ("abc", '"abc"'),
            (float("nan"), "nan"),
            ([], "[]"),
            ("1/2/3", '"1/2/3"'),
        )
    ),
    *(
        ("capacity", {"times": times}, "growth is above 0 and up to a million, not ")
        for times in ("1/0", -1, 0, "1e99", float("inf"), "1e999999999")
    ),
    ("capacity", {"rates": 2e9}, "rates is 2000000000.0, not texts by name"),
    ("capacity", {"rates": {"ckpt": 3}}, "not texts by name"),
    ("capacity", {"held_against": "emulate"}, 'one of real, emulated, not "emulate"'),
    ("capacity", {"cut": 5}, "cut is 5, not a list of names"),
    ("capacity", {"grow": 5}, "grow is 5, not a text"),
    ("compare", {"of": "zz"}, 'of is one of runs, studies, policies, maps, scenarios, not "zz"'),
    ("law", {"sensitivity": 5}, "5"),
    ("law", {"mechanisms": 3}, "must be a list, not 3"),
    ("law", {"interpret": "zz"}, 'interpret is "zz", not texts by name'),
    ("explain", {"demand": 5}, "demand is 5, not a text"),
    ("path", {"failures": 5}, "failures is 5, not a list of names"),
    ("path", {"failures": "zz"}, 'no fibre or shared-risk group is called "zz"'),
    ("price", {"against": 3}, "against is 3, not a name"),
    ("second_opinion", {"sample": "zz"}, 'sample is "zz", not a Sample'),
    ("second_opinion", {"tables": 5}, "tables is 5, not a name"),
]


@pytest.mark.parametrize(("name", "given", "says"), REFUSED)
def test_bad_input_is_refused_in_one_line(name, given, says):
    with pytest.raises(corridor.InputError) as refused:
        QUICK[name](**given)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", UNDER_POLICIES)
def test_policies_may_be_a_path(name):
    QUICK[name](policies=Path("pan-asia"))


@pytest.mark.parametrize("name", sorted(QUICK))
def test_a_date_may_be_text(name):
    QUICK[name](as_of="2026-01-01")


def test_a_date_as_text_means_that_date():
    assert QUICK["law"](as_of="2026-01-01").day == "2026-01-01"
    assert QUICK["path"](as_of="2026-01-01") == QUICK["path"](as_of=date(2026, 1, 1))


def test_one_failure_may_be_a_plain_text():
    assert QUICK["path"](failures="guian-kunming") is None
    assert QUICK["capacity"](cut="guian-kunming").cut == ("link:guian-kunming",)
