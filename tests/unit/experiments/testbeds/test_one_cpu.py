"""Guests get separate processors while there are some, and exclude no other process."""

import os

import pytest

from corridor.experiments.testbeds import guest_supervisor as module
from corridor.experiments.testbeds.guest_supervisor import BUSY, one_cpu


@pytest.fixture(autouse=True)
def machine(tmp_path, monkeypatch):
    """Three processors with nothing to do."""
    monkeypatch.setattr(module, "NAME", f"\0{tmp_path}/{{}}")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2})
    monkeypatch.setattr(os, "getloadavg", lambda: (0.5, 0.5, 0.5))


def test_each_guest_has_another_one_until_none_is_left():
    with one_cpu() as first, one_cpu() as second, one_cpu() as third, one_cpu() as fourth:
        assert (first, second, third, fourth) == (2, 1, 0, None)


def test_one_that_is_let_go_of_is_taken_again():
    with one_cpu() as first:
        with one_cpu() as second:
            assert second != first
        with one_cpu() as third:
            assert third == second


def test_a_machine_that_is_busy_decides_for_itself(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (3 * BUSY, 0.0, 0.0))
    with one_cpu() as cpu:
        assert cpu is None


def test_where_there_is_only_one_nothing_is_to_be_chosen(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {5})
    with one_cpu() as cpu:
        assert cpu is None
