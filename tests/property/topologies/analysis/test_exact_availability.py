"""The decomposition agrees with an enumeration of all states, whatever the parts and the system."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.topologies.analysis.decomposition import (
    Decomposition,
    FailureSpace,
    System,
    Verdict,
    at_most_failed,
)
from failing_lines import PROBABILITIES, connections, enumerated, failing_parts, states

LINES, MOST_ALONE = 6, 5
FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
"""Each example enumerates up to 2,048 states."""


@st.composite
def tables(draw: st.DrawFn) -> System:
    """A tree that looks at lines in turn: more of them down may help or not."""
    order = draw(st.permutations(range(LINES)))
    answers = draw(st.lists(st.booleans(), min_size=LINES + 1, max_size=LINES + 1))
    jumps = draw(st.lists(st.integers(1, 3), min_size=LINES, max_size=LINES))

    def ask(lines: int) -> Verdict:
        at, relies_on = 0, 0
        while at < LINES:
            line = order[at]
            if lines >> line & 1:
                at += jumps[at]
            else:
                relies_on |= 1 << line
                at += 2
        return Verdict(answers[min(at, LINES)], relies_on)

    return ask


def bounds(space: FailureSpace, found: Decomposition) -> tuple[np.ndarray, np.ndarray]:
    return space.probabilities(found.fails), 1 - space.probabilities(found.works)


@FEW
@given(of=failing_parts(LINES, MOST_ALONE), system=st.one_of(connections(LINES), tables()))
def test_the_decomposition_equals_the_enumeration_of_all_states(of, system):
    parts, unavailable = of
    space = FailureSpace(parts, unavailable)
    found = space.decompose(system, gap=0.0, most_questions=10_000)
    exact = enumerated(parts, unavailable, system)
    for one in bounds(space, found):
        assert one == pytest.approx(exact, abs=1e-12)
    assert found.gap == pytest.approx(0, abs=1e-12)


@FEW
@given(
    of=failing_parts(LINES, MOST_ALONE),
    system=st.one_of(connections(LINES), tables()),
    most=st.integers(1, 4),
)
def test_bounds_of_a_search_that_ends_early_contain_the_exact_value(of, system, most):
    parts, unavailable = of
    space = FailureSpace(parts, unavailable)
    found = space.decompose(system, gap=1e-3, most_questions=most)
    exact = enumerated(parts, unavailable, system)
    low, high = bounds(space, found)
    assert (low <= exact + 1e-12).all()
    assert (exact <= high + 1e-12).all()
    means = FailureSpace(parts, unavailable.mean(axis=1, keepdims=True))
    low, high = bounds(means, found)
    assert found.gap == pytest.approx(float((high - low)[0]), abs=1e-12)


@FEW
@given(unavailable=st.lists(PROBABILITIES, min_size=1, max_size=8), most=st.integers(0, 3))
def test_states_of_few_failures_are_counted(unavailable, most):
    each = states(np.array(unavailable)[:, None])[:, 0]
    expected = sum(one for failed, one in enumerate(each) if failed.bit_count() <= most)
    assert at_most_failed(unavailable, most) == pytest.approx(expected)
