"""Exact bounds agree with an enumeration of all states, whatever the parts and the system."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.topologies.analysis.enclosure import (
    DELIVERED,
    DROPPED,
    Branch,
    Decided,
    FailureDiagrams,
)
from corridor.topologies.analysis.lines import NONE, Diagrams, Parts, Verdict, at_most_failed
from failing_lines import PROBABILITIES, connections, down, enumerated, failing_parts, states

LINES, MOST_ALONE = 8, 10
FEW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
"""Each example enumerates the states of up to 16 parts: 65,536."""


@st.composite
def walks(draw: st.DrawFn) -> tuple[Branch, ...]:
    """A tree that looks at lines, perhaps at one twice: more of them down may help or not."""
    found: list[Branch] = []
    for number in range(draw(st.integers(1, 10))):
        ends = st.integers(DROPPED, number - 1)
        line = 1 << draw(st.integers(0, LINES - 1))
        found.append(Branch(line, draw(ends), draw(ends)))
    return tuple(found)


def is_delivered(walk: Sequence[Branch], lines: int) -> bool:
    at = len(walk) - 1
    while at >= 0:
        at = walk[at].if_down if walk[at].line & lines else walk[at].if_up
    return at == DELIVERED


def bounds(space: FailureDiagrams, found: Decided) -> tuple[np.ndarray, np.ndarray]:
    return space.probabilities(found.fails), space.probabilities(found.may_fail)


@FEW
@given(of=failing_parts(LINES, MOST_ALONE), system=connections(LINES))
def test_bounds_meet_at_the_enumeration_of_all_states(of, system):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=0.0, most_questions=10_000)
    exact = enumerated(parts, unavailable, system)
    for one in bounds(space, found):
        assert one == pytest.approx(exact, abs=1e-12)
    assert found.gap == 0


@FEW
@given(of=failing_parts(LINES, MOST_ALONE), system=connections(LINES), most=st.integers(1, 4))
def test_bounds_of_a_search_that_ends_early_contain_the_exact_value(of, system, most):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=1e-3, most_questions=most)
    exact = enumerated(parts, unavailable, system)
    low, high = bounds(space, found)
    assert (low <= exact + 1e-12).all()
    assert (exact <= high + 1e-12).all()


@FEW
@given(of=failing_parts(LINES, MOST_ALONE), directions=st.lists(walks(), min_size=1, max_size=2))
def test_tables_are_as_the_enumeration_of_all_states_has_them(of, directions):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.followed(directions, 10_000)

    def ask(lines: int) -> Verdict:
        return Verdict(all(is_delivered(one, lines) for one in directions), 0)

    exact = enumerated(parts, unavailable, ask)
    for one in bounds(space, found):
        assert one == pytest.approx(exact, abs=1e-12)


@FEW
@given(of=failing_parts(LINES, MOST_ALONE), system=connections(LINES))
def test_what_is_saved_is_the_difference_to_a_part_that_never_fails(of, system):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    found = space.decide(system, gap=0.0, most_questions=10_000)
    saved, system = space.saved(found.fails), cache(system)
    exact = enumerated(parts, unavailable, system)
    for part in parts.counted:
        never = unavailable.copy()
        never[part] = 0
        expected = exact - enumerated(parts, never, system)
        assert saved[part] == pytest.approx(expected, abs=1e-12)


def with_cut_set_of(part: int, fails: np.ndarray) -> np.ndarray:
    """By set of failed parts, whether it contains a minimal cut set with a part."""
    sets, found = np.arange(len(fails)), fails.copy()
    bits = [1 << at for at in range(len(fails).bit_length() - 1)]
    for bit in bits:
        found &= ~((sets & bit != 0) & fails[sets & ~bit])
    found &= sets >> part & 1 != 0
    for bit in bits:
        found |= (sets & bit != 0) & found[sets & ~bit]
    return found


@FEW
@given(of=failing_parts(LINES, 6), system=connections(LINES))
def test_importance_by_cut_sets_is_at_most_the_stated_amount_more(of, system):
    parts, unavailable = of
    space, system = FailureDiagrams(parts, unavailable), cache(system)
    saved = space.saved(space.decide(system, gap=0.0, most_questions=10_000).fails)
    fails = np.array([not system(int(one)).works for one in down(parts)])
    each = states(unavailable)
    every = each[fails].sum(axis=0)
    if not every.all():
        return
    for part in parts.counted:
        printed = saved[part] / every
        by_cut_sets = each[with_cut_set_of(part, fails)].sum(axis=0) / every
        more = unavailable[part] * (1 - printed)
        assert (printed - 1e-12 <= by_cut_sets).all()
        assert (by_cut_sets <= printed + more + 1e-12).all()


def test_diagrams_are_deeper_than_calls_of_python():
    count = 3 * sys.getrecursionlimit()
    of = Diagrams(count)
    every = of.all_of(map(of.is_down, range(count)))
    some = of.any_of(map(of.is_down, range(count)))
    assert len(of.nodes(every)) == count
    assert of.both(some, every) == every
    assert of.without(every, some) == NONE


@FEW
@given(
    of=failing_parts(LINES, 6),
    system=connections(LINES),
    chosen=st.lists(st.booleans(), min_size=12),
)
def test_states_of_some_parts_and_the_probability_of_the_others_add_up(of, system, chosen):
    parts, unavailable = of
    space = FailureDiagrams(parts, unavailable)
    fails = space.decide(system, gap=0.0, most_questions=10_000).fails
    hits = {one.hit: one.event for one in parts.hits}
    known = [at for at in range(len(parts.alone)) if at not in hits and chosen[at % len(chosen)]]
    known = [*known, *(hit for hit, event in hits.items() if event in known)]
    given = [at for at in known if at not in hits and at not in parts.events]
    every = range(1 << len(known))
    sets = [sum(1 << at for bit, at in enumerate(known) if one >> bit & 1) for one in every]
    of_event = {event: [hit for hit, of in hits.items() if of == event] for event in parts.events}
    q = unavailable[:, 0]
    total = np.zeros(1)
    for state in sets:
        if any(state >> event & 1 for event in parts.events):
            continue
        weight = np.prod([q[at] if state >> at & 1 else 1 - q[at] for at in given])
        for event in set(known) & set(parts.events):
            of_hits = of_event[event]
            of_these = np.prod([q[at] if state >> at & 1 else 1 - q[at] for at in of_hits])
            none = not any(state >> at & 1 for at in of_hits)
            weight *= q[event] * of_these + (1 - q[event]) * none
        total += weight * fails.probability(space.by_state(0, known, [state]))
    assert total == pytest.approx(enumerated(parts, unavailable, system)[0], abs=1e-12)


@FEW
@given(unavailable=st.lists(PROBABILITIES, min_size=1, max_size=8), most=st.integers(0, 3))
def test_states_of_few_failures_are_counted(unavailable, most):
    each = states(np.array(unavailable)[:, None])[:, 0]
    expected = sum(one for failed, one in enumerate(each) if failed.bit_count() <= most)
    assert at_most_failed(unavailable, most) == pytest.approx(expected)


def test_diagrams_that_get_large_end_a_search_with_wide_bounds():
    parts = Parts(tuple(1 << line for line in range(LINES)))
    space = FailureDiagrams(parts, np.full((LINES, 1), 0.1))
    walk = tuple(
        Branch(1 << line, DELIVERED, line - 1 if line else DROPPED) for line in range(LINES)
    )
    exact = space.followed([walk], 1_000)
    assert space.probabilities(exact.fails) == pytest.approx(1e-8)
    unknown = space.followed([walk], 1)
    assert bounds(space, unknown) == (0, 1)
