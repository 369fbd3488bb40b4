"""Placements are optimal: as enumeration finds, which shares no code with the program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import networkx as nx
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corridor.experiments.placement.jobs_file import Job
from corridor.experiments.placement.program import Effort, NoPlacement, solve
from corridor.experiments.placement.program_rows import Column, Problem

HOURS, TIE = 24, 3e-5


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Interactive, in one piece, or with pauses; in a short window, so that starts are few."""
    kind = draw(st.sampled_from(["all day", "block", "pauses"]))
    fields = {
        "id": "job",
        "origin": "a",
        "data": "x",
        "returns": "same-class",
        "it_mw": draw(st.integers(1, 3)),
        "input": "1GB",
        "output": "1GB",
    }
    if kind == "all day":
        return Job.model_validate({**fields, "rtt_budget": "30ms"})
    begin, hours = draw(st.integers(0, 2)), draw(st.integers(1, 3))
    window = [begin, begin + hours + draw(st.integers(0, 2))]
    divisible = ["time"] if kind == "pauses" else []
    return Job.model_validate(
        {**fields, "window_h": window, "hours": hours, "divisible": divisible}
    )


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Up to 6 jobs at up to 4 hubs; not every job may run at every hub."""
    listed = draw(st.lists(jobs(), min_size=1, max_size=6))
    hubs = draw(st.integers(1, 4))
    columns = []
    for group in range(len(listed)):
        allowed = draw(st.sets(st.integers(0, hubs - 1), min_size=1))
        columns += [
            Column(group, hub, draw(st.integers(0, 20)), draw(st.integers(0, 90)))
            for hub in sorted(allowed)
        ]
    limits = [draw(st.integers(1, 6)) for _ in range(hubs)]
    return Problem([(one, 1) for one in listed], limits, columns, {})


def fits(at_hub: Sequence[Job], limit_mw: float) -> bool:
    """Whether jobs can be scheduled at one hub: all starts are tried, pauses are a flow."""
    pausing = [one for one in at_hub if "time" in one.divisible]
    blocks = [one for one in at_hub if "time" not in one.divisible]
    starts = [range(one.window[0], one.window[1] - one.running_h + 1) for one in blocks]
    for chosen in product(*starts):
        free = [limit_mw] * HOURS
        for job, start in zip(blocks, chosen, strict=True):
            for hour in range(start, start + job.running_h):
                free[hour] -= job.it_mw
        if min(free) >= 0 and _flows(pausing, free):
            return True
    return False


def _flows(pausing: Sequence[Job], free: Sequence[float]) -> bool:
    graph = nx.DiGraph()
    graph.add_nodes_from(["source", "sink"])
    for hour, mw in enumerate(free):
        graph.add_edge(hour, "sink", capacity=mw)
    for number, job in enumerate(pausing):
        graph.add_edge("source", f"job {number}", capacity=job.it_mwh)
        for hour in range(*job.window):
            graph.add_edge(f"job {number}", hour, capacity=job.it_mw)
    needed = sum(one.it_mwh for one in pausing)
    return nx.maximum_flow_value(graph, "source", "sink") >= needed - 1e-9


def enumerated(problem: Problem) -> Iterator[float]:
    """The cost of every placement that fits."""
    by_group = [
        [one for one in problem.columns if one.group == group]
        for group in range(len(problem.groups))
    ]
    known: dict[tuple[int, frozenset[int]], bool] = {}
    for chosen in sorted(product(*by_group), key=lambda of: sum(one.cost for one in of)):
        for hub, limit in enumerate(problem.limits_mw):
            there = frozenset(one.group for one in chosen if one.hub == hub)
            if (hub, there) not in known:
                at_hub = [problem.groups[group][0] for group in sorted(there)]
                known[hub, there] = fits(at_hub, limit)
            if not known[hub, there]:
                break
        else:
            yield sum(one.cost for one in chosen)


@settings(max_examples=60, deadline=None)
@given(problems())
def test_no_placement_is_better_than_the_one_found(problem):
    best = next(enumerated(problem), None)
    if best is None:
        with pytest.raises(NoPlacement, match="do not fit"):
            solve(problem, Effort(1e-6, 20))
        return
    found = solve(problem, Effort(1e-6, 20))
    assert found.value == pytest.approx(best, rel=TIE, abs=TIE)
    assert found.bound <= best + 1e-6
    assert found.bound >= best * (1 - TIE) - TIE
    for power, limit in zip(found.hourly_mw, problem.limits_mw, strict=True):
        assert power.max() <= limit + 1e-5


@settings(max_examples=30, deadline=None)
@given(problems(), st.integers(2, 3))
def test_equal_jobs_in_one_group_cost_as_much_as_alone(problem, count):
    job, columns = problem.groups[0][0], [one for one in problem.columns if one.group == 0]
    alone = [Column(group, one.hub, one.cost, one.rtt_ms) for group in range(count)
             for one in columns]  # fmt: skip
    one_group = Problem([(job, count)], problem.limits_mw, columns, {})
    each = Problem([(job, 1)] * count, problem.limits_mw, alone, {})
    assume(next(enumerated(each), None) is not None)
    effort = Effort(1e-6, 20)
    assert solve(one_group, effort).value == pytest.approx(solve(each, effort).value)
