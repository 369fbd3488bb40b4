"""The worked example of docs/testing-policies.md is run as it stands."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/testing-policies.md").read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def run_pytest(folder):
    """Without whatever plugins this machine has, so that ours is loaded once and by name."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "controller.pytest_plugin", folder],
        env={
            **os.environ,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": str(ROOT),
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
    assert "6 passed" in run_pytest(example)


def test_without_its_policy_it_fails_as_the_page_says(example):
    policies = example / "our-policies.yaml"
    kept = policies.read_text(encoding="utf-8").split("policies:\n- id")[0]
    policies.write_text(kept, encoding="utf-8")
    said = run_pytest(example)
    (expected,) = (block for block in blocks("") if "AssertionError" in block)
    assert expected.rstrip() in said
    assert "1 failed, 5 passed" in said
    assert "assertions.py" not in said, "the user's line is shown, not ours"


def test_every_assertion_is_on_the_page():
    from controller import testing

    offered = {name for name in testing.__all__ if name.startswith("assert_")}
    assert {name for name in offered if f"`{name}(" in PAGE} == offered


def test_pytest_finds_the_plugin_by_its_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"corridor": "controller.pytest_plugin"}


def test_the_plugin_costs_a_session_without_it_next_to_nothing():
    script = "import controller.pytest_plugin, sys; print('pydantic' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "False"
