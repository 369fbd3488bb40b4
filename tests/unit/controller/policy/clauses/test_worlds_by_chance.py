"""Random test networks use all keys of the policy language: a new key is drawn, too."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, find, settings

import plain_worlds
import random_policies
import wide_policies
from corridor.controller.policy.clauses.elements import Selector
from corridor.controller.policy.model import Hard
from policy_lab import fibre, hub, network

KEYS = sorted(Selector.keys())
CLAUSES = sorted(Hard.model_fields)
FEW_HAVE_THE_SAME_FIBRES = {"fibres"}
NOT_DRAWN_PLAINLY = {"terminate", "carriers"}
"""The plain judge has no such clauses; the two other generators draw them."""
SOON = settings(
    max_examples=2000,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
"""Any example will do: none is made smaller."""
TRIES = 400


@pytest.mark.parametrize("key", sorted({*KEYS, "except"} - FEW_HAVE_THE_SAME_FIBRES))
def test_random_policies_select_by_every_key(key):
    assert find(random_policies.selectors, lambda one: key in one, settings=SOON)


@pytest.mark.parametrize("key", [*KEYS, "except"])
def test_wide_policies_select_by_every_key(key):
    assert find(wide_policies.selectors, lambda one: key in one, settings=SOON)


@pytest.mark.parametrize("clause", CLAUSES)
def test_random_and_wide_policies_have_every_clause(clause):
    assert find(random_policies.hard_clauses(), lambda one: clause in one, settings=SOON)
    assert find(wide_policies.hards, lambda one: clause in one, settings=SOON)


def test_plain_worlds_select_by_every_key():
    names = ["a", "b", "c"]
    net = network([hub(name, "CN") for name in names], [fibre("a-b", 1), fibre("b-c", 1)])
    chance = Random(1)
    drawn = {key for _ in range(TRIES) for key in plain_worlds.selector(chance, net)}
    assert drawn == {*KEYS, "except"}


def test_plain_worlds_have_every_clause_but_one():
    assert set(plain_worlds.CLAUSES) == set(CLAUSES) - NOT_DRAWN_PLAINLY
