"""A kind of workload forgets nothing: its plan, its doing, its counts."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.topologies.base.places import CHECKOUT
from corridor.traffic.agents.jobs import Host
from corridor.traffic.workloads import registry
from corridor.traffic.workloads.registry import FLOW_KEYS, WORKLOADS
from corridor.traffic.workloads.workload import Workload

PLANS = Host("h", "/proc/1/ns/net", "h-eth0").parts


def test_each_kind_of_plan_has_what_carries_it_out():
    assert {kind.key for kind in WORKLOADS} == set(PLANS)
    assert len(WORKLOADS) == len(PLANS)


def test_every_class_of_a_workload_is_registered():
    folder = Path(registry.__file__).parent
    classes = [
        (path.stem, node.name)
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "Workload" for base in node.bases)
    ]
    assert sorted(name for _, name in classes) == sorted(kind.__name__ for kind in WORKLOADS)


@pytest.mark.parametrize("kind", WORKLOADS, ids=lambda kind: kind.key)
def test_a_kind_with_nothing_to_do_opens_nothing_and_counts_nothing(kind):
    idle = kind([], None)
    assert (len(idle), idle.handlers(), idle.timed()) == (0, {}, [])
    counts = idle.finish()
    assert counts
    assert not any(counts.values())


@pytest.mark.parametrize("part", ["__init__", "finish", "__len__"])
def test_a_kind_cannot_leave_a_part_out(part):
    assert all(getattr(kind, part) is not getattr(Workload, part) for kind in WORKLOADS)


def test_counts_of_different_kinds_have_different_names():
    names = [name for kind in WORKLOADS for name in kind([], None).finish()]
    assert len(names) == len(set(names))
    assert set(FLOW_KEYS) <= set(names)


def test_what_agents_import_of_workloads_is_the_standard_library():
    code = (
        "import sys\nsys.path.insert(0, '.package')\n"
        "import corridor.traffic.workloads.registry\n"
        "own = set(sys.stdlib_module_names) | {'__main__', 'corridor'}\n"
        "print([m for m in sys.modules if m.split('.')[0] not in own])"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert done.stdout.strip() == "[]"
