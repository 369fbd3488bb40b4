"""Packages of examples/packages: built as wheels, installed, and used without a guest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from example_runs import EXAMPLES

PACKAGES = EXAMPLES / "packages"
CHECKOUT = EXAMPLES.parent / ".package"
KINDS = [
    ("clauses", "submarine"),
    ("second_opinions", "submarine"),
    ("faults", "detour"),
    ("workloads", "copy"),
]
PLAN = """
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
plan = make_plan(load_scenario("scenario.yaml"), clock="virtual", run_id="c0", seed=1)
(impact,) = plan.events[0].impacts
print(impact.followed_rtt_ns - impact.before_rtt_ns, plan.changes[0].options["fibres"])
print(plan.messages.bytes, plan.messages.round)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the three packages installed; their sources stay as they are."""
    folder = tmp_path_factory.mktemp("packages")
    shutil.copytree(PACKAGES, folder / "packages")
    sources = sorted(path.parent for path in (folder / "packages").glob("*/pyproject.toml"))
    assert len(sources) == 3
    quiet = ["-q", "--no-deps", "--no-index", "--no-build-isolation", "--target", folder / "site"]
    command = [sys.executable, "-m", "pip", "install", *quiet, *sources]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / "site"


@pytest.fixture
def python(site):
    def run(*words):
        return subprocess.run(
            [sys.executable, *words],
            cwd=PACKAGES,
            env={**os.environ, "PYTHONPATH": f"{site}:{CHECKOUT}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture
def corridor(python):
    return lambda *words: python("-m", "corridor.experiments.cli", *words)


def test_each_package_is_two_files_of_at_most_a_page():
    for package in PACKAGES.glob("*/"):
        assert {path.suffix for path in package.iterdir() if path.is_file()} == {".toml", ".py"}
        (module,) = package.glob("*.py")
        assert len(module.read_text().splitlines()) <= 70


def test_plugins_lists_the_kinds_of_installed_packages(corridor):
    found = json.loads(corridor("plugins", "--json").stdout)["plugins"]
    assert [(one["group"], one["kind"], one["loads"]) for one in found] == [
        (*kind, True) for kind in KINDS
    ]
    assert {one["version"] for one in found} == {"1.0"}


def test_a_scenario_with_their_kinds_is_verified_and_the_second_opinion_agrees(corridor):
    done = corridor("check", "scenario.yaml", "--second-opinion")
    assert done.returncode == 0, done.stdout + done.stderr
    for group, kind in KINDS:
        assert f'"{kind}" of {group.replace("_", " ")} is from the package' in done.stderr


def test_the_fault_is_predicted_and_the_workload_planned(python):
    done = python("-c", PLAN)
    assert done.stdout.splitlines() == [
        "14000000 ['kunming-karachi']",
        "(3000, 3000, 3000, 3000) (0, 0, 0, 0)",
    ], done.stderr


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('clauses"]\nbroken = "nowhere:KIND"', 'does not load "broken": ModuleNotFoundError'),
        ('clause"]\nsea = "nowhere:KIND"', "corridor.clause is not a group of kinds; did you mean"),
        ('faults"]\ncut = "nowhere:KIND"', "a kind of this name ships, and is used instead"),
    ],
)
def test_plugins_says_why_a_kind_cannot_be_used(corridor, site, line, says):
    metadata = site / "corridor_sky-3.dist-info"
    metadata.mkdir(exist_ok=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: corridor-sky\nVersion: 3\n")
    (metadata / "entry_points.txt").write_text(f"[corridor.{line}\n".replace('"', ""))
    try:
        done = corridor("plugins", "--json")
    finally:
        shutil.rmtree(metadata)
    (wrong,) = [one for one in json.loads(done.stdout)["plugins"] if not one["loads"]]
    assert done.returncode == 1
    assert says in wrong["problem"]
