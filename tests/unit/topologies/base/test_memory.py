"""Answers that are kept, by which arguments, and when cycles of values are searched for."""

import gc
import weakref
from types import SimpleNamespace

import pytest

from corridor.topologies.base import memory
from corridor.topologies.base.memory import Settled, map_when_reserved, remembered


class Knot:
    def __init__(self):
        self.itself = self


def test_values_are_exempt_until_so_many_calls(monkeypatch):
    monkeypatch.setattr(memory, "SEARCHED_EVERY", 3)
    settled, knot = Settled(), Knot()
    gone = weakref.ref(knot)
    try:
        settled()
        del knot
        gc.collect()
        assert gone() is not None
        settled()
        assert gone() is not None
        settled()
        assert gone() is None
    finally:
        gc.unfreeze()


@pytest.mark.parametrize(
    ("vendor", "asked"), [("User Mode Linux", ["mlockall 2"]), ("GenuineIntel", [])]
)
def test_only_a_guest_maps_memory_when_it_is_reserved(vendor, asked, tmp_path, monkeypatch):
    told = []
    cpus = tmp_path / "cpuinfo"
    cpus.write_text(f"vendor_id\t: {vendor}\n")
    monkeypatch.setattr(memory, "_CPUINFO", cpus)
    libc = SimpleNamespace(mlockall=lambda flags: told.append(f"mlockall {flags}"))
    monkeypatch.setattr("ctypes.CDLL", lambda _name: libc)
    map_when_reserved()
    assert told == asked


def test_an_argument_that_only_helps_is_not_part_of_the_question():
    asked = []

    @remembered(2, helping=frozenset({"hint"}))
    def answer(question, *, hint):
        asked.append((question, hint))
        return question * 2

    assert [answer(2, hint=1), answer(2, hint=2), answer(3, hint=2)] == [4, 4, 6]
    assert asked == [(2, 1), (3, 2)]


def test_a_helping_argument_that_the_function_does_not_have_by_name_is_refused():
    def answer(question, hint):
        return question, hint

    with pytest.raises(TypeError, match="answer has no keyword-only argument hint, other"):
        remembered(2, helping=frozenset({"hint", "other"}))(answer)
