"""What is exempt from the search for cycles is searched now and then all the same."""

import gc
import weakref

from corridor.topologies.base import garbage
from corridor.topologies.base.garbage import Settled


class Knot:
    def __init__(self):
        self.itself = self


def test_values_are_exempt_until_so_many_calls(monkeypatch):
    monkeypatch.setattr(garbage, "SEARCHED_EVERY", 3)
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
