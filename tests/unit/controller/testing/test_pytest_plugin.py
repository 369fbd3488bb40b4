"""The worked example of docs/testing-policies.md is run as it stands."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
PAGE = (ROOT / "docs/testing-policies.md").read_text(encoding="utf-8")


def blocks(kind):
    found = re.findall(r"^```(\w*)[^\n]*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [text for of_kind, text in found if of_kind == kind]


def run_pytest(folder, *options):
    """Without whatever plugins this machine has, so that ours is loaded once and by name."""
    words = [
        "-q",
        "-p",
        "corridor.controller.pytest_plugin",
        "--strict-markers",
        "-W",
        "error",
        *options,
    ]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, folder],
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT / ".package"),
            "COLUMNS": "100",
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture
def example(tmp_path):
    for block in blocks("yaml") + blocks("python"):
        name = block.split("\n", 1)[0].removeprefix("# ")
        (tmp_path / name).write_text(block, encoding="utf-8")
    return tmp_path


def test_the_example_passes_as_it_stands(example):
    assert "6 passed, 6 deselected" in run_pytest(example, "-m", "not corridor_live")


def test_asked_of_another_country_it_fails_as_the_page_says(example):
    tests = example / "test_our_policies.py"
    asked = tests.read_text(encoding="utf-8").replace("pass_india", "pass_sri_lanka")
    tests.write_text(asked.replace('"IN"', '"LK"'), encoding="utf-8")
    said = run_pytest(example, "-m", "not corridor_live")
    (expected,) = (block for block in blocks("text") if block.lstrip().startswith("def "))
    assert expected.rstrip() in said
    assert "1 failed, 5 passed" in said
    assert "assertions.py" not in said, "the user's line is shown, not ours"


def test_marked_tests_are_skipped_where_no_network_can_run(example):
    said = run_pytest(example, "-rs")
    assert "6 passed, 6 skipped" in said
    assert "nothing here runs networks: remove .venv, then ./corridor setup" in said
    plugin = example / "no_testbed.py"
    plugin.write_text("def pytest_corridor_live(request):\n    return 'not here; see doctor'\n")
    said = run_pytest(example, "-rs", "-p", "no_testbed")
    assert "6 passed, 6 skipped" in said
    assert "not here; see doctor" in said


def test_only_a_marked_test_asks_for_a_network_that_runs(example):
    plugin = example / "no_testbed.py"
    plugin.write_text("def pytest_corridor_live(request):\n    raise SystemExit('asked')\n")
    (example / "test_our_policies_live.py").unlink()
    assert "6 passed" in run_pytest(example, "-p", "no_testbed")


def test_every_assertion_is_on_the_page():
    from corridor.controller import testing

    offered = {name for name in testing.__all__ if name.startswith("assert_")}
    assert {name for name in offered if f"`{name}(" in PAGE} == offered


def test_pytest_finds_the_plugin_by_its_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {
        "corridor": "corridor.controller.pytest_plugin",
        "corridor-live": "corridor.experiments.run.policy_test_plugin",
    }


def test_the_plugins_cost_a_session_without_them_next_to_nothing():
    script = (
        "import corridor.controller.pytest_plugin, sys;"
        "import corridor.experiments.run.policy_test_plugin;"
        "print('pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "False"
