"""Joint path selection against brute force: rates that fit on some choice of walks are fitted."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from itertools import product
from random import Random
from unittest.mock import patch

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_relaxation_properties import promising

import exact_lab as lab
from corridor.controller.forwarding.forwarding_graph import ForwardingGraph, GraphBuilder
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.model import Hard
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_claims import examine
from corridor.controller.traffic_engineering import load_grid, path_program
from corridor.controller.traffic_engineering.fit_rates import Served, with_feasible_paths
from corridor.topologies.base.memory import forget
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Topology

FEW = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def picks(specification: Specification):
    return {one.demand.id: one.picks for one in specification.directions}


def lacking(specification: Specification) -> float:
    full = Served(specification.topology, specification.intents()).too_full()
    return sum(one.excess_bps / one.limit_bps for one in full)


@FEW
@given(promising(), st.integers(0, 2**32), st.sampled_from(("added-delay", "moves")))
def test_no_order_of_demands_changes_the_choice(
    asked: Specification, seed: int, objective: str
) -> None:
    directions = tuple(Random(seed).sample(asked.directions, len(asked.directions)))
    other = asked.model_copy(update={"directions": directions})
    assert picks(with_feasible_paths(asked, objective)) == picks(
        with_feasible_paths(other, objective)
    )


@FEW
@given(promising(), st.sampled_from(("added-delay", "moves")))
def test_a_choice_lacks_no_more_than_the_shortest_paths_and_its_tables_are_proven(
    asked: Specification, objective: str
) -> None:
    assert_no_worse(asked, with_feasible_paths(asked, objective))


@FEW
@given(promising(), st.sampled_from((1, 2)))
def test_so_it_does_where_there_are_many_cases_and_what_is_not_used_rests(
    asked: Specification, k: int
) -> None:
    asked = asked.model_copy(update={"k": k})
    forget()
    with ExitStack() as small:
        for where, name in (
            (path_program, "FEW_CASES"),
            (path_program, "FEW_SETS"),
            (load_grid, "MANY"),
        ):
            small.enter_context(patch.object(where, name, 0))
        small.enter_context(patch.object(load_grid, "ROUNDS", 2))
        chosen = with_feasible_paths(asked, "added-delay")
    forget()
    assert_no_worse(asked, chosen)


def assert_no_worse(asked: Specification, chosen: Specification) -> None:
    before, after = lacking(asked), lacking(chosen)
    assert after < before or picks(chosen) == picks(asked)
    if before == 0:
        assert chosen == asked
    elif after == 0:
        laid = lab.lay(chosen.topology, chosen.intents())
        report = examine(tables_of(laid.program), laid.wiring, laid.topology, chosen.intents())
        assert report.holds


def in_time(topology: Topology, graph: ForwardingGraph, walk: Path) -> bool:
    """As a permit wishes, unless even the shortest takes longer."""
    assert isinstance(graph.route, PermittedPath)
    took_ns = sum(topology.one_way_delay_ns(topology.fibre(one)) for one in walk.fibres)
    most_ns = graph.permit.soft.one_way if graph.permit else None
    return most_ns is None or took_ns <= max(most_ns, graph.route.one_way_ns)


def walks(topology: Topology, specification: Specification, demand: str) -> list[Path]:
    """All lawful ones that pass no hub more than twice, by the permit in use."""
    intent = next(one for one in specification.intents() if one.id == demand)
    found, stack = [], [Path((intent.demand.src,), ())]
    while stack:
        walk = stack.pop()
        if walk.dst == intent.demand.dst and intent.applicable_policies.verdict(walk).allowed:
            found.append(walk)
            continue
        for step in topology.fibres_of(walk.dst):
            far = step.other_end(walk.dst)
            if walk.hubs.count(far) < 1:
                stack.append(Path((*walk.hubs, far), (*walk.fibres, step.id)))
    return found


@st.composite
def limits(draw: st.DrawFn) -> dict[str, dict[str, object]]:
    """The limit on one-way delay, by law or by request, or none."""
    most_ms = draw(st.integers(2, 14))
    if draw(st.booleans()):
        return {"hard": Hard.model_validate({"max_one_way": f"{most_ms}ms"}), "soft": {}}
    return {"hard": Hard(), "soft": {"one_way": most_ms * 10**6}}


NO_LIMITS = st.just({"hard": Hard(), "soft": {}})


@FEW
@given(promising(), st.lists(limits() | NO_LIMITS, min_size=3, max_size=3))
def test_what_fits_on_some_choice_of_paths_is_made_to_fit_while_nothing_fails(
    asked: Specification, limited: list[dict]
) -> None:
    bare = asked.model_copy(
        update={
            "k": 0,
            "directions": tuple(one for one in asked.directions[:4]),
            "policies": asked.policies.model_copy(
                update={
                    "policies": tuple(
                        one.model_copy(
                            update={
                                "hard": limit["hard"],
                                "soft": one.soft.model_copy(
                                    update={"protect": None, **limit["soft"]}
                                ),
                                "on_soft_failure": (),
                            }
                        )
                        for one, limit in zip(asked.policies.policies, limited, strict=True)
                    )
                }
            ),
        }
    )
    topology = bare.topology
    graphs = [GraphBuilder(topology).graph(one) for one in bare.intents()]
    served = [one for one in graphs if isinstance(one.route, PermittedPath)]
    rates = [one.intent.guarantee(one.permit) for one in served]
    choices = [
        [walk for walk in walks(topology, bare, one.intent.id) if in_time(topology, one, walk)]
        for one in served
    ]
    assume(all(choices) and len(served) > 1)
    fits = False
    for some in product(*choices):
        loads: Counter[tuple[str, str]] = Counter()
        for walk, rate in zip(some, rates, strict=True):
            for link in zip(walk.fibres, walk.hubs, strict=False):
                loads[link] += rate.cir
        fits = fits or max(loads.values(), default=0) <= 10**9
        if fits:
            break
    assert (lacking(with_feasible_paths(bare, "added-delay")) == 0) == fits
