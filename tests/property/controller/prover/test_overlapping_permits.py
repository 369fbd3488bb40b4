"""Several permits at once, under failures: no needless drop, and nothing unlawful delivered.

The walker and the judge share no code with what they judge. ``CORRIDOR_CASES=10000`` draws so many
worlds instead of a few; ``overlapping_permits`` says how to ask for one by its seed.
"""

from __future__ import annotations

import os

import pytest

from overlapping_permits import Tally, examine
from plain_worlds import CLAUSES

FEW = 150
CASES = int(os.environ.get("CORRIDOR_CASES", FEW))


@pytest.fixture(scope="module")
def tally() -> Tally:
    return examine(range(1, CASES + 1))


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_no_packet_is_dropped_while_any_permit_leaves_a_path(tally: Tally) -> None:
    assert tally.needless == [], str(tally)


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_nothing_is_delivered_that_no_permit_allows(tally: Tally) -> None:
    assert tally.unlawful == [], str(tally)


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_no_packet_goes_round(tally: Tally) -> None:
    assert tally.round == [], str(tally)


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
def test_the_worlds_have_the_whole_language_in_them(tally: Tally) -> None:
    assert set(tally.clauses) == set(CLAUSES)
    assert tally.delivered > tally.walks / 3
    assert tally.delivered < tally.walks
