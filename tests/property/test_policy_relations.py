"""Relations between answers about policies, over random settings.

``CORRIDOR_CASES=5000`` asks each of so many settings instead of a few.
"""

from __future__ import annotations

import os
from random import Random

import pytest

from policy_relations import RELATIONS, Relation

FEW = 40
CASES = int(os.environ.get("CORRIDOR_CASES", FEW))


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
@pytest.mark.parametrize("relation", RELATIONS, ids=[one.__name__ for one in RELATIONS])
def test_of_any_setting(relation: Relation) -> None:
    for seed in range(CASES):
        try:
            relation(Random(seed))
        except AssertionError as broken:
            raise AssertionError(f"seed {seed}") from broken
