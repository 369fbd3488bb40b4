"""The quick form of the suite tries some examples of each property, the whole form all; what a file
of tests costs is recorded."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).resolve().parents[3] / "conftest.py"
PROPERTY = """
from hypothesis import given, settings, strategies as st
TRIED = []

@settings(max_examples=40, database=None)
@given(st.integers())
def test_property(number):
    TRIED.append(number)

class TestOfAClass:
    @settings(max_examples=40, database=None)
    @given(st.integers())
    def test_property(self, number):
        TRIED.append(number)

@settings(database=None)
@given(st.integers())
def test_property_that_does_not_say_how_many_it_needs(number):
    TRIED.append(number)

def test_count(seeds):
    print(f"tried {len(TRIED)} and {len(seeds(3))}.")
"""


@pytest.mark.parametrize(
    ("options", "tried"), [((), "130 and 3"), (("--few-examples",), "65 and 1")]
)
def test_half_of_the_examples_is_tried(tmp_path, options, tried):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "costs.json").write_text("{}")
    (tmp_path / "test_it.py").write_text(PROPERTY)
    command = (sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", *options)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"tried {tried}." in done.stdout, done.stdout + done.stderr


SERVED = """
import subprocess, sys
import pytest
SERVER = "import sys, time; sys.stdin.read(1)\\nwhile time.process_time() < 1.5: pass\\nprint()"

@pytest.fixture(scope="session")
def server():
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-uc", SERVER], **pipes) as child:
        yield child
        child.communicate()

def test_that_is_served(server):
    server.stdin.write(b"x")
    server.stdin.flush()
    server.stdout.readline()
"""


def test_what_a_server_of_the_session_does_is_a_cost_of_the_file_that_it_serves(tmp_path):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "costs.json").write_text("{}")
    (tmp_path / "test_first.py").write_text(SERVED)
    (tmp_path / "test_second.py").write_text("def test_it():\n    pass\n")
    options = ("-p", "no:cacheprovider", "--record-costs", tmp_path / "found.json")
    command = (sys.executable, "-m", "pytest", "-q", *options)
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    recorded = json.loads((tmp_path / "found.json").read_text())
    assert recorded.keys() == {"test_first.py", "test_first.py::test_that_is_served"}


def test_what_costs_less_than_before_is_recorded_no_more(tmp_path):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "costs.json").write_text("{}")
    (tmp_path / "test_it.py").write_text("def test_one():\n    pass\n")
    before = {"test_it.py": 9.0, "test_it.py::test_one": 9.0, "test_other.py": 2.0}
    (tmp_path / "found.json").write_text(json.dumps(before))
    options = ("-p", "no:cacheprovider", "--record-costs", tmp_path / "found.json")
    command = (sys.executable, "-m", "pytest", "-q", *options)
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert json.loads((tmp_path / "found.json").read_text()) == {"test_other.py": 2.0}


@pytest.mark.parametrize(
    ("options", "ran"), [((), "2 passed"), (("--quick",), "1 passed, 1 deselected")]
)
def test_costly_tests_are_left_out_when_asked(tmp_path, options, ran):
    shutil.copy(CONFTEST, tmp_path)
    (tmp_path / "costs.json").write_text('{"test_it.py": 3.0, "test_it.py::test_costly": 2.5}')
    tests = "def test_costly():\n    pass\n\ndef test_other():\n    pass\n"
    (tmp_path / "test_it.py").write_text(tests)
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran in done.stdout, done.stdout + done.stderr
