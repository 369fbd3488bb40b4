"""A kind of workload forgets nothing: its plan, its doing, its counts."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.topologies.base.installation import CHECKOUT
from corridor.traffic.agents import jobs
from corridor.traffic.agents.jobs import FLOW_KEYS, KIND_OF, WORKLOADS
from corridor.traffic.agents.program import Part, Workload

PARTS = [name for name in vars(Part) if not name.startswith("_")]


def test_kinds_have_a_key_and_a_part_of_their_own():
    assert len({kind.key for kind in WORKLOADS}) == len(KIND_OF) == len(WORKLOADS)


@pytest.mark.parametrize("kind", WORKLOADS, ids=lambda kind: kind.key)
def test_the_part_of_a_kind_is_in_its_file_and_says_all_that_plans_ask(kind):
    """Or in a file of plans alone, whose name begins like that of the kind."""
    folder, _, file = kind.part.__module__.rpartition(".")
    alike = kind.__module__.startswith(f"{folder}.{file.partition('_')[0]}")
    assert kind.__module__ == kind.part.__module__ or alike
    assert issubclass(kind.part, tuple)
    assert PARTS
    assert all(hasattr(kind.part, name) for name in PARTS)


def test_every_class_of_a_workload_is_registered():
    folder = Path(jobs.__file__).parent
    classes = [
        (path.stem, node.name)
        for path in folder.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef)
        and any(ast.unparse(base).startswith("Workload[") for base in node.bases)
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
        "import corridor.traffic.agents.jobs\n"
        "own = set(sys.stdlib_module_names) | {'__main__', 'corridor'}\n"
        "print([m for m in sys.modules if m.split('.')[0] not in own])"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert done.stdout.strip() == "[]"
