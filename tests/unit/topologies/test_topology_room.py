"""The topology room stands alone: it knows nothing of the rooms to its right."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import topologies

ROOM = Path(topologies.__file__).parent
RIGHT = {"controller", "traffic", "experiments"}


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_imports_only_ever_point_left() -> None:
    offenders = {path.name: imported(path) & RIGHT for path in ROOM.rglob("*.py")}
    assert not {name: rooms for name, rooms in offenders.items() if rooms}


def test_loading_a_topology_does_not_pull_in_slow_libraries() -> None:
    script = (
        "import sys; from topologies.load import load_topology; load_topology('mini');"
        "print([m for m in ('networkx', 'numpy', 'mininet', 'topohub') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOM.parent
    )
    assert done.stdout.strip() == "[]"
