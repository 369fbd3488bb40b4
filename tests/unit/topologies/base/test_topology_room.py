"""The topology room is quick to use: what most callers do not need is loaded late."""

from __future__ import annotations

import subprocess
import sys


def test_loading_a_topology_does_not_pull_in_slow_libraries() -> None:
    script = (
        "import sys; from corridor.topologies.formats.load import load_topology;"
        "load_topology('mini');"
        "print([m for m in ('networkx', 'numpy', 'mininet', 'topohub') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
