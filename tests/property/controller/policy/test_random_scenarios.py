"""Compiler, proof and second opinion agree on random scenarios that have the whole language.

``CORRIDOR_CASES=5000`` asks of so many instead of a few; ``random_scenarios`` says how to ask for
one by its seed, and writes its files.
"""

from __future__ import annotations

import os

import pytest

from corridor.controller.policy.clauses.registry import CLAUSES as KINDS
from random_scenarios import CLAUSES, Tally, examine

FEW = 60
CASES = int(os.environ.get("CORRIDOR_CASES", FEW))
FOUND = (1105, 1110, 1566, 1871, 2034)
"""Seeds of scenarios whose tables were right although a claim was once called violated."""


@pytest.fixture(scope="module")
def tally() -> Tally:
    return examine([*FOUND, *range(1, CASES + 1)])


def test_every_kind_of_clause_is_drawn():
    assert set(CLAUSES) == {kind.kind for kind in KINDS.values()} | {"max_one_way"}


@pytest.mark.timeout(240 if CASES <= FEW else 14400)
def test_each_scenario_is_refused_with_a_reason_or_proven_and_judged_alike(tally: Tally):
    assert tally.differs == [], "\n".join([str(tally), *tally.differs])


@pytest.mark.timeout(240 if CASES <= FEW else 14400)
def test_the_scenarios_have_the_whole_language_in_them(tally: Tally):
    assert set(tally.clauses) == set(CLAUSES)
    assert set(tally.refused) <= {"rates", "disjoint"}
    assert {"UP", "ALT", "BLOCKED"} <= set(tally.statuses)
    assert tally.proven > tally.cases / 2
