"""What ``mn --custom topologies/mn.py`` does before it begins: ``mn`` itself is never run here.

``mn`` answers whatever goes wrong by killing processes by name on the whole machine, so a network
that cannot be must end it at once.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
AS_MN_DOES = """
import sys
sys.path.insert(0, {package!r})
{before}
given = {{}}
try:
    exec(compile(open({file!r}).read(), {file!r}, "exec"), given, given)
    {after}
    print("loaded")
except BaseException as error:
    print("mn cleans up after", type(error).__name__)
"""
SAYS = "from corridor.topologies.emulation import this_kernel as k; k.network_lacks = lambda: {}"


def loaded(before="", after="pass"):
    script = AS_MN_DOES.format(
        package=str(ROOT / ".package"),
        file=str(ROOT / "topologies/mn.py"),
        before=before,
        after=after,
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": ""},
    )
    return done.returncode, done.stdout.strip(), done.stderr


@pytest.mark.parametrize("lacks", [["not root"], ["this kernel has no openvswitch module", "b"]])
def test_where_no_network_can_be_mn_ends_with_a_line_and_cleans_nothing_up(lacks):
    code, said, complained = loaded(SAYS.format(lacks))
    assert (code, said) == (3, "")
    assert complained.startswith(f"corridor: mn cannot run here: {'; '.join(lacks)}; ")
    assert complained.count("\n") == 1


def test_a_python_without_the_models_ends_it_too():
    code, said, complained = loaded(f"{SAYS.format([])}; sys.modules['pydantic'] = None")
    assert (code, said) == (3, "")
    assert complained.startswith("corridor: mn wants the project's Python: ")
    assert complained.count("\n") == 1


def test_a_topology_that_is_not_there_ends_it_too():
    code, said, complained = loaded(SAYS.format([]), "given['topos']['corridor']('mimi')")
    assert (code, said) == (2, "")
    assert complained.startswith('corridor: no topology "mimi"; ')
    assert complained.count("\n") == 1


def test_where_a_network_can_be_the_file_is_loaded():
    assert loaded(SAYS.format([]), "given['topos']['corridor']('mini')")[:2] == (0, "loaded")


def test_it_is_imported_anywhere():
    """By programs of users, which may want its controller in a guest they start themselves."""
    words = [sys.executable, "-c", "import corridor.topologies.mn as mn; print(mn.topos)"]
    path = {**os.environ, "PYTHONPATH": str(ROOT / ".package")}
    assert subprocess.run(words, env=path, check=False, timeout=60).returncode == 0
