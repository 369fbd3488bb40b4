"""Plans equal the best of all sets of candidates, each built as a map of its own."""

from __future__ import annotations

import itertools
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.intent.specification import Specification
from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.policy.semantics import PolicyLookup
from corridor.experiments.expansion.candidates import Candidates, read_candidates
from corridor.experiments.expansion.problem import Limits, Outcome, Problem
from corridor.experiments.expansion.selection import By, Objective, best, greedy
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario

HUBS = ("shanghai", "guian", "kunming", "bangkok", "karachi")
CLOSED = ("guian",)
ENDS = tuple(itertools.combinations(HUBS, 2))
fibres = st.lists(
    st.tuples(st.sampled_from(ENDS), st.integers(100, 4_000), st.sampled_from([0.5, 0.8, 1.0])),
    min_size=1,
    max_size=4,
)


def written(some: list[Any], gateways: list[str]) -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "drawn",
        "topology": "mini",
        "fibres": [
            {
                "id": f"new-{number}",
                "what": "drawn",
                "origin": "assumption",
                "fibre": {"a": a, "z": z, "length": f"{km}km"},
                "length_factor": {"low": low, "high": 1.5},
                "cost_musd": {"low": 1, "high": 1 + km / 100},
            }
            for number, ((a, z), km, low) in enumerate(some)
        ],
        "gateways": [
            {
                "id": f"open-{hub}",
                "what": "drawn",
                "origin": "assumption",
                "hub": hub,
                "decided_by": "nobody",
                "cost_musd": {"low": 5, "high": 10},
            }
            for hub in gateways
        ],
    }


def built(asked: Any, candidates: Candidates, names: tuple[str, ...], *, shortest: bool) -> Outcome:
    topology = candidates.built(names, shortest=shortest)
    lookup = PolicyLookup(asked.policies, topology, asked.as_of)
    found = [lawful_route(lookup.on(one.demand)) for one in asked.directions]
    return Outcome(tuple(None if one is None else one.one_way_ns for one in found))


@cache
def asked_under(policies: str) -> Specification:
    """Demands over the map mini, of data that rules bind differently."""
    kinds = (
        "cn-general-exempt",
        "cn-personal-none",
        "cn-important-assessment",
        "pk-general-exempt",
    )
    ends = (("guian", "karachi"), ("shanghai", "guian"), ("guian", "bangkok"), ("karachi", "guian"))
    demands = [
        {
            "id": f"demand-{at}",
            "class": "ai_bulk",
            "data": data,
            "returns": "same-class",
            "src": src,
            "dst": dst,
        }
        for at, (data, (src, dst)) in enumerate(itertools.product(kinds, ends))
    ]
    plain = {
        "schema": 1,
        "name": "asked",
        "topology": "mini",
        "policies": policies,
        "as_of": "2026-11-24",
        "service": "internet",
        "demands": demands,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "asked.yaml"
        file.write_text(json.dumps(plain))
        return specify(load_scenario(str(file)))


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    some=fibres,
    gateways=st.lists(st.sampled_from(CLOSED), unique=True),
    most=st.integers(1, 3),
    budget=st.one_of(st.none(), st.integers(5, 80)),
    by=st.sampled_from(["latency", "reach"]),
    policies=st.sampled_from(["pan-asia", "gateway-cities", "none"]),
)
def test_the_plan_is_the_best_of_all_sets(
    tmp_path: Path, some: Any, gateways: Any, most: int, budget: Any, by: By, policies: str
) -> None:
    asked = asked_under(policies)
    file = tmp_path / "drawn.yaml"
    file.write_text(json.dumps(written(some, gateways)))
    candidates = read_candidates(asked.topology, file)
    problem = Problem(asked, candidates, Limits(most, budget))
    objective = Objective(problem, by)
    names = (*problem.fibres, *problem.gateways)
    sets = [
        one
        for count in range(most + 1)
        for one in itertools.combinations(names, count)
        if problem.fits(one)
    ]
    outcomes = {one: built(asked, candidates, one, shortest=False) for one in sets}
    for one, outcome in outcomes.items():
        assert problem.outcome(one) == outcome
        low = built(asked, candidates, one, shortest=True)
        assert problem.outcome(one, dict.fromkeys(problem.fibres, 0)) == low
    least = min(objective.of(one) for one in outcomes.values())
    found = best(problem, objective)
    assert found.score.first == pytest.approx(least.first, abs=1e-9)
    assert found.score.second == pytest.approx(least.second, abs=1e-4)
    assert found.bound == pytest.approx(least.first, abs=1e-4)
    assert problem.fits(found.names)
    assert outcomes[tuple(sorted(found.names, key=names.index))] == found.outcome
    assert greedy(problem, objective).score >= least
    everything = built(asked, candidates, names, shortest=False)
    assert problem.everything() == everything
