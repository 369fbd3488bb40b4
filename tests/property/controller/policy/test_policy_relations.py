"""Relations between answers about policies, over random settings.

``CORRIDOR_CASES=5000`` asks each of so many settings instead of a few.
"""

from __future__ import annotations

import os
from random import Random

import pytest

import clause_relations  # noqa: F401 - lists its own
import policy_relations  # noqa: F401
from policy_mutants import UNDER
from relations import RELATIONS, Relation

FEW, MANY = 25, 400
CASES = int(os.environ.get("CORRIDOR_CASES", FEW))


def ask(relation: Relation, cases: int) -> None:
    for seed in range(cases):
        try:
            relation(Random(seed))
        except AssertionError as broken:
            raise AssertionError(f"seed {seed}") from broken


@pytest.mark.timeout(120 if CASES <= FEW else 7200)
@pytest.mark.parametrize("relation", RELATIONS, ids=[one.__name__ for one in RELATIONS])
def test_of_any_setting(relation: Relation) -> None:
    ask(relation, CASES)


@pytest.mark.parametrize("relation", RELATIONS, ids=[one.__name__ for one in RELATIONS])
def test_a_changed_evaluator_breaks_it(relation: Relation, monkeypatch: pytest.MonkeyPatch) -> None:
    UNDER[relation.__name__](monkeypatch)
    with pytest.raises(AssertionError):
        ask(relation, MANY)
