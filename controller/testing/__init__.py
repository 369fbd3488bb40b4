"""Tests of routing policies: networks to make demands of, and assertions that read as sentences.

docs/testing-policies.md is the guide. Nothing here needs pytest, root or a network.
"""

from corridor.controller.testing.assertions import (
    assert_blocked,
    assert_delivers_under,
    assert_delivers_up_to,
    assert_keeps,
    assert_never_transits,
    assert_passes,
    assert_stays_within,
    assert_within,
)
from corridor.controller.testing.network import CorridorNetwork, DemandUnderTest, load_network

__all__ = [
    "CorridorNetwork",
    "DemandUnderTest",
    "assert_blocked",
    "assert_delivers_under",
    "assert_delivers_up_to",
    "assert_keeps",
    "assert_never_transits",
    "assert_passes",
    "assert_stays_within",
    "assert_within",
    "load_network",
]
