"""The examples for build servers: their shell lines run in an environment made of our wheel."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[4]
EXAMPLES = ROOT / "examples"
GITHUB = yaml.safe_load((EXAMPLES / "ci/github-actions.yml").read_text(encoding="utf-8"))
GITLAB = yaml.safe_load((EXAMPLES / "ci/gitlab-ci.yml").read_text(encoding="utf-8"))
ACTION = yaml.safe_load((ROOT / ".github/actions/check-policies/action.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
PROJECT = ("own_topology.yaml", "own_policies.yaml", "own_scenario.yaml", "test_own_policies.py")
MOST_S = 120
SECOND_STEP = "if: success() || failure()"


def github_lines() -> list[str]:
    return [step["run"] for step in GITHUB["jobs"]["policies"]["steps"] if "run" in step]


def gitlab_lines() -> list[str]:
    jobs = [job for name, job in GITLAB.items() if name not in ("variables", "default")]
    return [line for job in jobs for line in (*GITLAB["default"]["before_script"], *job["script"])]


def action_lines() -> list[str]:
    inputs = {"scenarios": "own_scenario.yaml own_policies.yaml", "tests": "test_own_policies.py"}
    known = {name: inputs.get(name, one["default"]) for name, one in ACTION["inputs"].items()}
    lines = []
    for step in ACTION["runs"]["steps"]:
        values = {
            name: known[text.removeprefix("${{ inputs.").removesuffix(" }}")]
            for name, text in step["env"].items()
        }
        settings = "; ".join(f"{name}='{value}'" for name, value in values.items() if value)
        lines.append(f"{settings}; {step['run']}" if settings else step["run"])
    return lines


def test_every_file_that_a_job_names_is_an_example_or_written_by_it():
    for line in (*github_lines(), *gitlab_lines()):
        for word in line.split():
            if word.endswith((".yaml", ".py")):
                assert word in PROJECT, line
    uploads = [step["with"] for step in GITHUB["jobs"]["policies"]["steps"] if "with" in step]
    assert {"sarif_file": "reports"} in uploads
    assert GITLAB["policy-tests"]["artifacts"]["reports"]["junit"] == "reports/tests.xml"


def test_options_of_jobs_are_those_of_the_programs():
    from corridor.controller import pytest_plugin
    from corridor.experiments.cli import build_parser

    parser = build_parser(["check"])
    check = parser.parse_args(["check", "a.yaml", "b.yaml", "--sarif=a", "--code-quality=b"])
    assert check.scenario == ["a.yaml", "b.yaml"]
    (hook,) = HOOKS
    assert hook["entry"] == "corridor check"
    text = "\n".join((*github_lines(), *gitlab_lines(), *action_lines()))
    for name in (pytest_plugin.SARIF, pytest_plugin.CODE_QUALITY):
        assert f"--{name.replace('_', '-')}=" in text


def test_jobs_install_what_check_needs_for_committed_rates_that_do_not_fit():
    lines = (*github_lines(), *gitlab_lines(), *action_lines())
    installed = [line for line in lines if "pip install" in line]
    assert len(installed) == 4
    assert all("[optimize]" in line for line in installed)
    assert HOOKS[0]["additional_dependencies"] == [".[optimize]"]


@pytest.fixture
def job(built_wheel, tmp_path):
    """Runs shell lines as a job does, in an environment with our dependencies but not with us."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "env"], check=True)
    (site,) = (tmp_path / "env/lib").glob("python*/site-packages")
    (ours,) = {Path(one) for one in sys.path if one.endswith("/site-packages")} - {Path()}
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    for one in ours.iterdir():
        if not one.name.startswith(("corridor", "__editable__")) and one.suffix != ".pth":
            (libraries / one.name).symlink_to(one)
    (site / "libraries.pth").write_text(f"{libraries}\n")
    project = tmp_path / "project"
    project.mkdir()
    for name in PROJECT:
        shutil.copy(EXAMPLES / name, project)
    environment = {
        **{name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ},
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path}/env/bin:/usr/bin:/bin",
        "CORRIDOR": built_wheel.as_uri(),
        "PIP_NO_INDEX": "1",
        "PIP_NO_DEPS": "1",
    }

    def run(lines: list[str]) -> list[int]:
        began = time.monotonic()
        shell = ["bash", "-e", "-o", "pipefail", "-c"]
        done = [
            subprocess.run(
                [*shell, line], cwd=project, env=environment, capture_output=True, text=True
            )
            for line in lines
        ]
        print(f"{time.monotonic() - began:.1f} s", *(one.stdout + one.stderr for one in done))
        assert time.monotonic() - began < MOST_S
        return [one.returncode for one in done]

    run.project = project
    return run


def findings(file: Path) -> list[tuple[str, str, int]]:
    document = json.loads(file.read_text(encoding="utf-8"))
    if isinstance(document, list):
        return [
            (one["check_name"], one["location"]["path"], one["location"]["lines"]["begin"])
            for one in document
        ]
    found = []
    for one in document["runs"][0]["results"]:
        place = one["locations"][0]["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        found.append((one["ruleId"], uri, place["region"]["startLine"]))
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("server", ["github", "gitlab", "action"])
def test_a_job_passes_and_fails_when_the_policy_is_lost(job, built_wheel, server):
    lines = {"github": github_lines, "gitlab": gitlab_lines, "action": action_lines}[server]()
    lines = [line.replace("$GITHUB_ACTION_PATH/../../..", str(built_wheel)) for line in lines]
    assert set(job(lines)) == {0}
    reports = job.project / "reports"
    ending = "json" if server == "gitlab" else "sarif"
    assert findings(reports / f"tests.{ending}") == []
    assert [one[0] for one in findings(reports / f"check.{ending}")] == ["blocked-demand"]
    tests = job.project / "test_own_policies.py"
    tests.write_text(tests.read_text().replace('results, "IN"', 'results, "LA"'))
    codes = job(lines)
    assert codes.pop() == 1
    assert set(codes) == {0}
    assert findings(reports / f"tests.{ending}") == [
        ("assert_never_transits", "own_policies.yaml", 5)
    ]
    cases = ET.parse(reports / "tests.xml").findall(".//testcase")
    assert [bool(one.findall("failure")) for one in cases].count(True) == 1
