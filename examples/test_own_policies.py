"""Tests of policies: what was meant by them, held on compiled tables.

    .venv/bin/pytest examples/test_own_policies.py

Marked with ``corridor_live`` the same tests run on switches and packets; see
docs/testing-policies.md.
"""

from pathlib import Path

import pytest

from corridor.controller.testing import (
    assert_blocked,
    assert_never_transits,
    assert_passes,
    assert_within,
    load_network,
)

HERE = Path(__file__).parent


@pytest.fixture
def network():
    return load_network(HERE / "own_topology.yaml", HERE / "own_policies.yaml", "2026-11-24")


@pytest.fixture
def results(network):
    return network.demand("cn-general-exempt", "guian", "rayong")


def test_results_never_pass_india(results):
    assert_never_transits(results, "IN")


def test_results_pass_a_gateway_before_they_leave_china(results):
    assert_passes(results, "gateways", before="border")


def test_results_are_quick(results):
    assert_within(results, "20ms")


def test_important_data_stays_until_it_is_assessed(network):
    assert_blocked(network.demand("cn-important-none", "guian", "karachi"), by="CN-NO-BASIS")
