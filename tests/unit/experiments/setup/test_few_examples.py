"""The quick form of the suite tries some examples of each property, the whole form all."""

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
