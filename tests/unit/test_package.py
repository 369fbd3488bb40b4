"""What ``import corridor`` offers, and what it costs."""

import doctest
import subprocess
import sys

import pytest

import corridor


@pytest.mark.parametrize("name", corridor.__all__)
def test_every_name_that_the_package_offers_is_there(name):
    assert getattr(corridor, name).__name__ == name
    assert name in dir(corridor)


def test_a_name_that_it_does_not_offer_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'load_everything'"):
        corridor.load_everything  # noqa: B018


def test_the_example_of_its_docstring_is_true():
    assert doctest.testmod(corridor) == doctest.TestResults(failed=0, attempted=2)


def test_importing_it_imports_nothing_more():
    code = "import sys, corridor; print([m for m in sys.modules if m.startswith('corridor.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
