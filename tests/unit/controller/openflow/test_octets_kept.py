"""The cache of octets is bounded, so that no sender of messages fills the memory."""

from __future__ import annotations

import pytest

from corridor.controller.openflow import decoding, encoding, message_check
from corridor.topologies.base.memory import SHORT, remembered_if_short

MOST_KEPT = 1 << 16


@pytest.mark.parametrize("module", [decoding, encoding, message_check])
def test_every_cache_of_messages_has_a_limit(module):
    caches = [one for one in vars(module).values() if hasattr(one, "cache_parameters")]
    assert all(0 < one.cache_parameters()["maxsize"] <= MOST_KEPT for one in caches)
    limits = [number for name, number in vars(module).items() if name.endswith("KEPT")]
    assert limits
    assert max(limits) <= MOST_KEPT


def test_the_oldest_and_the_long_are_not_kept():
    asked = []
    measured = remembered_if_short(2)(lambda octets: asked.append(octets) or len(octets))
    first, second, third = b"1", b"22", b"333"
    for octets in (first, first, second, third, first):
        assert measured(octets) == len(octets)
    assert asked == [first, second, third, first]
    asked.clear()
    long = bytes(SHORT + 1)
    assert measured(long) == measured(long) == SHORT + 1
    assert asked == [long, long]
