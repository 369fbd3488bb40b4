"""The house: rooms in an order that imports follow, no circles, pure rooms, homes of libraries."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

from corridor.experiments.setup.import_graph import imported

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "topologies": (
        "base",
        "model",
        "formats",
        "emulation/queues",
        "emulation",
        "analysis",
        "energy",
    ),
    "controller": (
        "policy/clauses",
        "policy",
        "intent",
        "forwarding",
        "prover/search",
        "prover",
        "domains",
        "domain_processes",
        "second_opinion",
        "traffic_engineering",
        "explain",
        "testing",
        "openflow",
        "api",
        "reconcile",
    ),
    "traffic": (
        "background",
        "packets",
        "workloads",
        "agents",
        "measures",
    ),
    "experiments": (
        "terminal",
        "machines",
        "scenario",
        "plan",
        "answers",
        "availability",
        "placement",
        "expansion",
        "domains",
        "routing",
        "replays",
        "account",
        "results",
        "text",
        "atlas",
        "pages",
        "figures",
        "lab",
        "testbeds",
        "run",
        "study",
        "artifact",
        "brief",
        "operations",
        "live_network",
        "setup",
        "commands",
        "topology_commands",
        "live_commands",
    ),
}
"""The rooms of each folder. A room may import those before it, in its own folder and in those to
the left; what lies in a folder itself (its entry points) may import all of its rooms."""
LEFT_OF = {
    "topologies": (),
    "controller": ("topologies",),
    "traffic": ("topologies",),
    "experiments": ("topologies", "controller", "traffic"),
}
"""Traffic stands right of the controller, yet knows nothing of it."""
PURE = (
    "topologies/model",
    "topologies/formats",
    "topologies/emulation/queues",
    "topologies/analysis",
    "topologies/energy",
    "controller/policy/clauses",
    "controller/policy",
    "controller/intent",
    "controller/forwarding",
    "controller/prover/search",
    "controller/prover",
    "controller/domains",
    "controller/second_opinion",
    "controller/traffic_engineering",
    "controller/explain",
    "controller/testing",
    "traffic/background",
    "traffic/workloads",
    "traffic/measures",
    "experiments/scenario",
    "experiments/plan",
    "experiments/answers",
    "experiments/availability",
    "experiments/placement",
    "experiments/expansion",
    "experiments/domains",
    "experiments/routing",
    "experiments/replays",
    "experiments/account",
    "experiments/results",
    "experiments/text",
    "experiments/atlas",
    "experiments/pages",
    "experiments/brief",
)
"""Rooms all of whose files are pure."""
PURE_FILES = {
    "traffic/packets": ("ports.py",),
    "controller/openflow": (
        "deployments.py",
        "modifications.py",
        "statuses.py",
    ),
    "experiments/terminal": ("columns.py",),
    "experiments/study": (
        "answers.py",
        "cells.py",
        "compared.py",
        "intervals.py",
        "load.py",
        "measures.py",
        "resolving.py",
        "study_file.py",
        "words.py",
    ),
    "experiments/artifact": (
        "description.py",
        "expected.py",
        "verdict.py",
    ),
}
"""Pure files of rooms that also have files that touch the world."""
IMPURE = (
    *("ryu", "os_ken", "mininet", "scapy", "eventlet", "pyroute2", "fastapi", "uvicorn"),
    *("threading", "socket", "subprocess", "ctypes", "select", "signal", "fcntl", "mmap"),
)
HOMES = {
    "scapy": ("traffic/packets/frames.py",),
    "ryu": (
        "controller/openflow/framework.py",
        "controller/openflow/ryu_manager.py",
    ),
    "os_ken": ("controller/openflow/framework.py",),
    "mininet": (
        "topologies/emulation",
        "topologies/mn.py",
    ),
    "matplotlib": (
        "experiments/figures",
        "experiments/study/figures_of_studies.py",
    ),
    "fastapi": ("controller/api",),
    "uvicorn": ("controller/api",),
    "prometheus_client": ("controller/api",),
    "sphinx": (
        "experiments/setup/conf.py",
        "experiments/setup/navigation.py",
    ),
    "docutils": (
        "experiments/setup/conf.py",
        "experiments/setup/navigation.py",
    ),
    "jinja2": ("experiments/pages",),
    "rich": ("experiments/terminal",),
    "distributed": ("experiments/study",),
    "dask": ("experiments/study",),
    "cryptography": ("controller/domain_processes/certificates.py",),
    "argcomplete": ("experiments/terminal",),
}
"""Where a library may be imported: files, or folders with all that is in them."""
PACKAGE = "corridor"
SCAPYS_PROCESS = "traffic.packets.frames."


def sources(place: str) -> Iterator[tuple[str, str]]:
    """The files of a folder, by their path from the project's folder, and their text."""
    for path in sorted((ROOT / place).rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


@cache
def everything() -> list[tuple[str, str]]:
    return [source for room in ROOMS for source in sources(room)]


def tops(modules: set[str]) -> set[str]:
    return {module.partition(".")[0] for module in modules}


def own(modules: set[str]) -> set[str]:
    """Those of the package, without its name."""
    return {one.removeprefix(f"{PACKAGE}.") for one in modules if one.startswith(f"{PACKAGE}.")}


def room_of(place: str) -> str:
    """The room that a file or module, as a path, lies in; its folder's name for entry points."""
    folder, _, inside = place.partition("/")
    rooms = [one for one in ROOMS[folder] if inside == one or inside.startswith(f"{one}/")]
    return f"{folder}/{max(rooms, key=len)}" if rooms else folder


def may_import(room: str) -> set[str]:
    folder, _, name = room.partition("/")
    before = ROOMS[folder][: ROOMS[folder].index(name)] if name else ROOMS[folder]
    left = {f"{one}/{other}" for one in LEFT_OF[folder] for other in ROOMS[one]}
    return {room, folder, *LEFT_OF[folder], *(f"{folder}/{one}" for one in before), *left}


def pointing_right(file: str, text: str) -> set[str]:
    """What a file imports of rooms that are none of its business."""
    allowed = may_import(room_of(file))
    modules = own(imported(file, text))
    return {one for one in modules if room_of(one.replace(".", "/")) not in allowed}


def nameless(file: str, text: str) -> set[str]:
    """Rooms imported by a name that a user's own packages may have."""
    return {one for one in imported(file, text) if one.partition(".")[0] in ROOMS}


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
    modules = own(imported(file, text))
    return {module for module in modules if f"{module}.".startswith(SCAPYS_PROCESS)}


def breaches(rule, files) -> dict[str, set[str]]:
    return {file: found for file, text in files if (found := rule(file, text))}


def circles(files: list[tuple[str, str]]) -> list[list[str]]:
    """Files that import each other, whatever it takes to open the circle while they run."""
    modules = {file.removesuffix(".py").removesuffix("/__init__"): file for file, _ in files}
    graph = nx.DiGraph()
    for file, text in files:
        paths = {one.replace(".", "/") for one in own(imported(file, text))}
        paths &= modules.keys()
        rooms = {path.rpartition("/")[0] for path in paths}
        graph.add_edges_from((file, modules[path]) for path in paths - rooms)
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    return [sorted(one) for one in nx.strongly_connected_components(graph) if len(one) > 1]


def test_imports_follow_the_order_of_the_rooms():
    assert breaches(pointing_right, everything()) == {}


def test_every_folder_with_code_is_a_room_and_says_what_it_is_for():
    folders = {file.rpartition("/")[0] for file, _ in everything()}
    rooms = {f"{folder}/{room}" for folder, rooms in ROOMS.items() for room in rooms}
    assert folders - set(ROOMS) == rooms
    for room in rooms:
        assert ast.get_docstring(ast.parse((ROOT / room / "__init__.py").read_text())), room


@pytest.mark.parametrize(
    "room", [f"{folder}/{room}" for folder, rooms in ROOMS.items() for room in rooms]
)
def test_a_room_has_3_to_30_files(room):
    files = [one for one in (ROOT / room).glob("*.py") if one.name != "__init__.py"]
    assert 3 <= len(files) <= 30


def test_no_files_import_each_other():
    assert circles(everything()) == []
    a, b = "topologies/model/a", "topologies/model/b"
    text = "from corridor.topologies.model import {}".format
    assert circles([(f"{a}.py", text("b")), (f"{b}.py", text("a"))]) == [[f"{a}.py", f"{b}.py"]]


def test_the_package_is_imported_by_its_name_only():
    tests = list(sources("tests"))
    assert breaches(nameless, [*everything(), *tests]) == {}


def pure_files(room: str) -> list[tuple[str, str]]:
    """The pure files of a room: all of them, or those that are listed."""
    listed = {f"{room}/{name}" for name in PURE_FILES.get(room, ())}
    files = [(file, text) for file, text in sources(room) if not listed or file in listed]
    assert listed <= {file for file, _ in files}
    return files


@pytest.mark.parametrize("room", [*PURE, *PURE_FILES])
def test_pure_files_import_nothing_that_touches_the_world(room):
    files = pure_files(room)
    assert files
    assert breaches(impurities, files) == {}


def test_libraries_are_imported_in_their_home_only():
    assert breaches(strays, everything()) == {}
    assert all((ROOT / home).exists() for homes in HOMES.values() for home in homes)


def test_no_other_process_imports_the_code_that_imports_scapy():
    assert breaches(into_scapys_process, everything()) == {}


def test_pure_files_pull_in_no_library_that_touches_the_world_by_a_detour():
    files = [file for room in (*PURE, *PURE_FILES) for file, _ in pure_files(room)]
    modules = [f"{PACKAGE}.{file.removesuffix('.py').replace('/', '.')}" for file in files]
    libraries = [name for name in IMPURE if name not in sys.stdlib_module_names]
    script = (
        f"import importlib, sys\nfor name in {modules}: importlib.import_module(name)\n"
        f"print([name for name in {libraries} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


RIGHT = "from corridor.{} import x".format


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [
        (pointing_right, "topologies/formats/load.py", "import corridor.controller.policy.model"),
        (pointing_right, "topologies/formats/load.py", f"if x:\n    {RIGHT('experiments')}"),
        (pointing_right, "topologies/model/delay.py", RIGHT("topologies.formats.load")),
        (pointing_right, "controller/policy/law.py", RIGHT("controller.forwarding.program")),
        (pointing_right, "controller/prover/search/reach.py", RIGHT("controller.prover.prove")),
        (pointing_right, "controller/reconcile/static_app.py", RIGHT("traffic.agents.jobs")),
        (pointing_right, "controller/api/app.py", "import_module('corridor.experiments.plan')"),
        (pointing_right, "traffic/agents/agent.py", RIGHT("controller")),
        (pointing_right, "traffic/agents/agent.py", "from ...experiments import plan"),
        (pointing_right, "traffic/agents/agent.py", "__import__(f'corridor.experiments.{verb}')"),
        (nameless, "traffic/agents/agent.py", "import traffic.agents.jobs"),
        (nameless, "tests/unit/test_x.py", "from controller.policy import law"),
        (impurities, "controller/policy/law.py", "from socket import socket"),
        (impurities, "controller/prover/deep/reach.py", "if x:\n    import threading as t"),
        (impurities, "controller/policy/law.py", "import os_ken.lib"),
        (impurities, "controller/policy/law.py", "from mininet.net import Mininet"),
        (strays, "traffic/agents/probe.py", "import scapy.all"),
        (strays, "controller/reconcile/static_app.py", "from ryu.base import app_manager"),
        (strays, "experiments/figures_data.py", "import matplotlib"),
        (into_scapys_process, "traffic/agents/agent.py", RIGHT("traffic.packets.frames")),
        (into_scapys_process, "traffic/agents/agent.py", "from ..packets import frames"),
    ],
)  # fmt: skip
def test_each_rule_sees_its_breach(rule, file, text):
    assert breaches(rule, [(file, text)])


@pytest.mark.parametrize(
    ("rule", "file", "text"),
    [
        (pointing_right, "experiments/plan/plan.py", RIGHT("controller.policy.model")),
        (pointing_right, "experiments/cli.py", RIGHT("experiments.commands.run")),
        (pointing_right, "controller/prover/prove.py", RIGHT("controller.prover.search.reach")),
        (pointing_right, "traffic/agents/agent.py", RIGHT("traffic.agents.probe")),
        (strays, "traffic/packets/frames.py", "from scapy.packet import Raw"),
        (strays, "experiments/figures/rtt.py", "from matplotlib.figure import Figure"),
        (into_scapys_process, "traffic/agents/scapy_process.py", RIGHT("traffic.agents.jobs")),
    ],
)
def test_each_rule_lets_pass_what_is_right(rule, file, text):
    assert not breaches(rule, [(file, text)])
