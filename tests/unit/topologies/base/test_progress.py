"""How far long work is: told to who asked for it, and nothing else changes."""

from __future__ import annotations

import pytest

from corridor.topologies.base.progress import counting, told


def test_each_thing_is_told_of_before_it_is_worked_on():
    said = []
    with told(said.append):
        things = counting(["a", "b"], "paths planned")
        assert next(things) == "a"
        assert said == ["0 of 2 paths planned, the first in progress"]
        assert next(things) == "b"
    assert said[1:] == ["1 of 2 paths planned"]


def test_all_are_counted_once_the_last_is_done():
    said = []
    with told(said.append):
        assert list(counting(["a", "b"], "paths planned")) == ["a", "b"]
        list(counting([], "paths planned"))
    assert said[2:] == ["2 of 2 paths planned"]


def test_large_numbers_are_readable():
    said = []
    with told(said.append):
        list(counting(range(1201), "demands sampled"))
    assert said[-2:] == ["1,200 of 1,201 demands sampled", "1,201 of 1,201 demands sampled"]


def test_while_nobody_is_told_the_things_come_as_they_are():
    assert list(counting((1, 2), "paths planned")) == [1, 2]


def test_nobody_is_told_after_the_block_even_if_it_fails():
    said = []
    with pytest.raises(ValueError, match="broke"), told(said.append):
        raise ValueError("broke")
    list(counting([1], "paths planned"))
    assert said == []
