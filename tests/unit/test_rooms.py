"""Imports only point left, pure code stays pure, and libraries stay in the files made for them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LEFT_OF = {
    "topologies": (),
    "controller": ("topologies",),
    "traffic": ("topologies",),
    "experiments": ("topologies", "controller", "traffic"),
}
"""Each room and the rooms it may import. Traffic stands right of the controller, yet knows
nothing of it."""
PURE = ("controller/policy", "controller/prover", "controller/explain", "controller/testing")
IMPURE = ("ryu", "os_ken", "mininet", "scapy", "eventlet", "pyroute2", "threading", "socket")
HOMES = {
    "scapy": ("traffic/frames.py",),
    "ryu": ("controller/framework.py", "controller/ryu_manager.py"),
    "os_ken": ("controller/framework.py",),
    "matplotlib": ("experiments/figures",),
    "fastapi": ("controller/api",),
    "uvicorn": ("controller/api",),
    "prometheus_client": ("controller/api",),
}
"""Where a library may be imported: files, or folders with all that is in them."""
SCAPYS_PROCESS = "traffic.frames."


def sources(place: str) -> Iterator[tuple[str, str]]:
    """The files of a folder, by their path from the project's folder, and their text."""
    for path in sorted((ROOT / place).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def everything() -> list[tuple[str, str]]:
    return [source for room in LEFT_OF for source in sources(room)]


def imported(file: str, text: str) -> set[str]:
    """Every module a file imports, at whatever depth and however it is written."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(file, node)
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Call) and node.args and _imports_by_name(node.func):
            found |= {_constant_start(node.args[0])} - {""}
    return found


def _absolute(file: str, node: ast.ImportFrom) -> str:
    package = file.split("/")[: -node.level] if node.level else []
    return ".".join([*package, *([node.module] if node.module else [])])


def _imports_by_name(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in ("import_module", "__import__")


def _constant_start(argument: ast.expr) -> str:
    """A module named by a string, or by what an f-string begins with."""
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    known = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    return argument.value if known else ""


def tops(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def pointing_right(file: str, text: str) -> set[str]:
    room = file.partition("/")[0]
    return tops(imported(file, text)) & (LEFT_OF.keys() - {room, *LEFT_OF[room]})


def impurities(file: str, text: str) -> set[str]:
    return tops(imported(file, text)) & set(IMPURE)


def strays(file: str, text: str) -> set[str]:
    """Libraries a file imports that have their home in others."""
    return {
        library
        for library in tops(imported(file, text)) & HOMES.keys()
        if not any(file == home or file.startswith(f"{home}/") for home in HOMES[library])
    }


def into_scapys_process(file: str, text: str) -> set[str]:
    return {module for module in imported(file, text) if f"{module}.".startswith(SCAPYS_PROCESS)}


def breaches(rule, files) -> dict[str, set[str]]:
    return {file: found for file, text in files if (found := rule(file, text))}


def test_imports_only_ever_point_left():
    assert breaches(pointing_right, everything()) == {}


@pytest.mark.parametrize("place", PURE)
def test_pure_code_imports_nothing_that_touches_the_world(place):
    files = list(sources(place))
    assert files
    assert breaches(impurities, files) == {}


def test_libraries_are_imported_in_their_home_only():
    assert breaches(strays, everything()) == {}
    assert all((ROOT / home).exists() for homes in HOMES.values() for home in homes)


def test_no_other_process_imports_the_code_that_imports_scapy():
    assert breaches(into_scapys_process, everything()) == {}


def test_pure_code_pulls_in_no_library_that_touches_the_world_by_a_detour():
    modules = [file.removesuffix(".py").replace("/", ".") for p in PURE for file, _ in sources(p)]
    libraries = [name for name in IMPURE if name not in sys.stdlib_module_names]
    script = (
        f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
        f"print([name for name in {libraries} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [
        (pointing_right, "topologies/load.py", "import controller.paths"),
        (pointing_right, "topologies/load.py", "def f():\n    from experiments import plan"),
        (pointing_right, "controller/app.py", "from traffic.jobs import Frame"),
        (pointing_right, "controller/app.py", "importlib.import_module('experiments.plan')"),
        (pointing_right, "traffic/agent.py", "import controller"),
        (pointing_right, "traffic/agent.py", "from ..experiments import plan"),
        (pointing_right, "traffic/agent.py", "__import__(f'experiments.{verb}')"),
        (impurities, "controller/policy/law.py", "from socket import socket"),
        (impurities, "controller/prover/deep/reach.py", "if x:\n    import threading as t"),
        (impurities, "controller/policy/law.py", "import os_ken.lib"),
        (impurities, "controller/policy/law.py", "from mininet.net import Mininet"),
        (strays, "traffic/probe.py", "import scapy.all"),
        (strays, "controller/app.py", "from ryu.base import app_manager"),
        (strays, "experiments/figures_data.py", "import matplotlib"),
        (into_scapys_process, "traffic/agent.py", "from traffic import frames"),
        (into_scapys_process, "experiments/plan.py", "from traffic.frames import build"),
    ],
)  # fmt: skip
def test_each_rule_sees_its_breach(rule, file, text):
    assert breaches(rule, [(file, text)])


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [
        (pointing_right, "experiments/plan.py", "from controller import paths\nimport traffic"),
        (pointing_right, "traffic/agent.py", "from . import probe\nfrom topologies import units"),
        (strays, "traffic/frames.py", "from scapy.packet import Raw"),
        (strays, "experiments/figures/rtt.py", "from matplotlib.figure import Figure"),
        (into_scapys_process, "traffic/scapy_process.py", "from traffic.jobs import FrameSpec"),
    ],
)
def test_each_rule_lets_pass_what_is_right(rule, file, text):
    assert not breaches(rule, [(file, text)])
