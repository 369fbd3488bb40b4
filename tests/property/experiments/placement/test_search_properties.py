"""A search keeps every limit, and costs at least the optimum."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.property.experiments.placement.test_program_properties import (
    enumerated,
    fits,
    jobs,
    problems,
)

from corridor.experiments.placement import program_search
from corridor.experiments.placement.jobs_file import HOURS, Job
from corridor.experiments.placement.program import Effort, NoPlacement, relaxed, solve
from corridor.experiments.placement.program_rows import Column, Problem, least_hours
from corridor.experiments.placement.program_search import Search

LINK, LIMIT_GBPS, CLOSE = ("a", "b"), 4.0, 1e-5


@st.composite
def problems_with_fibre(draw: st.DrawFn) -> Problem:
    """Problems whose jobs may need a shared fibre; a group has up to 3 jobs."""
    problem = draw(problems())
    columns = [
        replace(one, links={LINK: float(gbps)} if (gbps := draw(st.integers(0, 3))) else {})
        for one in problem.columns
    ]
    groups = [(job, float(draw(st.integers(1, 3)))) for job, _ in problem.groups]
    return replace(problem, groups=groups, columns=columns, link_gbps={LINK: LIMIT_GBPS})


@settings(max_examples=60, deadline=None)
@given(
    problem=problems_with_fibre(),
    seed=st.integers(0, 3),
    is_early=st.booleans(),
    begins_again=st.booleans(),
    most_rtt_ms=st.none() | st.floats(0, 500),
)
def test_jobs_wait_rather_than_break_a_limit(problem, seed, is_early, begins_again, most_rtt_ms):
    rng = np.random.default_rng(seed)
    search = searched(problem, rng, at_once=2, most_rtt_ms=most_rtt_ms)
    if begins_again:
        search.begin(parts_anywhere(problem, rng), lambda: 20.0)
    if is_early:
        search.run_early(lambda: 20.0)
    placed = search.placed.jobs[: len(problem.columns)]
    waiting = search.placed.jobs[len(problem.columns) :]
    at_hub, gbps = defaultdict(list), np.zeros(HOURS)
    for number, one in zip(placed, problem.columns, strict=True):
        job = problem.groups[one.group][0]
        at_hub[one.hub] += [job] * round(number)
        begin, end = job.window
        gbps[begin:end] += one.links.get(LINK, 0.0) * number
    rtts_ms = np.array([one.rtt_ms for one in problem.columns])
    assert most_rtt_ms is None or placed @ rtts_ms <= most_rtt_ms + CLOSE
    assert gbps.max() <= LIMIT_GBPS + CLOSE
    for group, (_, number) in enumerate(problem.groups):
        inside = zip(placed, problem.columns, strict=True)
        found = sum(n for n, one in inside if one.group == group)
        assert found + waiting[group] == pytest.approx(number)
    for hub, limit in enumerate(problem.limits_mw):
        assert search.placed.hourly_mw[hub].max() <= limit + CLOSE
        assert search.placed.hourly_mw[hub] == pytest.approx(by_schedules(search, hub), abs=CLOSE)
        if len(at_hub[hub]) <= 5:
            assert fits(at_hub[hub], limit)
        needs_mwh = sum(one.it_mwh for one in at_hub[hub])
        assert search.placed.hourly_mw[hub].sum() == pytest.approx(needs_mwh, abs=1e-3)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_a_search_over_all_hubs_at_once_is_optimal(problem):
    best = next(enumerated(problem), None)
    assume(best is not None)
    search = searched(problem, np.random.default_rng(1), at_once=4)
    assert search.waiting == 0
    assert search.value == pytest.approx(best, rel=1e-4, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(problems())
def test_solutions_by_a_few_hubs_at_a_time_are_optimal_too(problem):
    best = next(enumerated(problem), None)
    assume(best is not None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program_search, "HUBS_AT_ONCE", 1)
        found = solve(problem, Effort(1e-6, 20))
    assert found.value == pytest.approx(best, rel=3e-5, abs=3e-5)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_the_coarse_bound_of_large_problems_holds(problem):
    best = next(enumerated(problem), None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program_search, "HUBS_AT_ONCE", 2)
        patch.setattr("corridor.experiments.placement.program.LARGE", 0)
        if best is None:
            with pytest.raises(NoPlacement):
                solve(problem, Effort(1e-6, 1))
            return
        assert relaxed(problem, Effort(1e-6, 1))[1] <= best + 1e-6
        try:
            found = solve(problem, Effort(1e-6, 1))
        except NoPlacement:
            return  # a search of large problems may leave jobs without a hub
    assert found.value >= best - 1e-6
    assert found.bound <= best + 1e-6


def test_an_error_counts_the_jobs_without_a_hub(monkeypatch):
    fields = {"id": "job", "origin": "a", "data": "x", "returns": "same-class", "it_mw": 2}
    job = Job.model_validate({**fields, "input": "1GB", "output": "1GB", "rtt_budget": "30ms"})
    columns = [Column(group, hub, 1.0, 1.0) for group in range(3) for hub in range(2)]
    problem = Problem([(job, 1)] * 3, [3, 3], columns, {})
    with pytest.raises(NoPlacement, match="do not fit"):
        solve(problem, Effort(1e-6, 20))
    monkeypatch.setattr("corridor.experiments.placement.program.LARGE", 0)
    with pytest.raises(NoPlacement, match="no placement was found for 1 of 3 jobs in 1 s"):
        solve(problem, Effort(1e-6, 1))


@given(jobs(), st.integers(0, 6), st.integers(1, 6))
def test_least_hours_in_a_part_of_the_day_are_those_of_the_best_schedule(job, first, length):
    window, part = range(*job.window), range(first, first + length)
    if "time" in job.divisible:
        schedules = combinations(window, job.running_h)
    else:
        starts = window[: len(window) - job.running_h + 1]
        schedules = (tuple(range(at, at + job.running_h)) for at in starts)
    least = min(len(set(part).intersection(hours)) for hours in schedules)
    assert least_hours(job, (first, first + length)) == least


def searched(
    problem: Problem,
    rng: np.random.Generator,
    *,
    at_once: int,
    most_rtt_ms: float | None = None,
) -> Search:
    """A search that begins anywhere."""
    costs = np.array([float(one.cost) for one in problem.columns])
    search = Search(problem, costs, most_rtt_ms, 1e-6)
    parts = parts_anywhere(problem, rng)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program_search, "HUBS_AT_ONCE", at_once)
        search.begin(parts, lambda: 20.0)
        search.improve(parts, lambda: 20.0, 0.0)
    return search


def parts_anywhere(problem: Problem, rng: np.random.Generator) -> np.ndarray:
    """All jobs, in parts, at hubs where they may run."""
    parts = np.zeros(len(problem.columns))
    for group, (_, number) in enumerate(problem.groups):
        inside = [at for at, one in enumerate(problem.columns) if one.group == group]
        parts[inside] = number * rng.dirichlet(np.ones(len(inside)))
    return parts


def by_schedules(search: Search, hub: int) -> np.ndarray:
    """Power of a hub by hour, of the schedules alone."""
    power = np.zeros(HOURS)
    for (at, shape), hours in search.placed.schedules.items():
        if at != hub:
            continue
        length = round(shape.hours) if shape.starts else 1
        for hour, mw in enumerate(hours):
            power[hour : hour + length] += mw
    return power
