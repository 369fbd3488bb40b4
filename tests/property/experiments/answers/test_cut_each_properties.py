"""Rows of many cuts against single cuts, on maps whose fibres share risks at random."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.experiments.answers.cut_answer import cut_answer
from corridor.experiments.answers.cut_each import cut_each_answer
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.model.topology import Topology

FEW = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
LOADED = load_scenario("mini", policies="pan-asia")
GROUPS = ("cable:a", "cable:b", "cable:c", "duct:d")


def sharing(groups: list[frozenset[str]]) -> Topology:
    """The map mini with these groups, by fibre."""
    topology = LOADED.topology
    fibres = zip(topology.fibres, groups, strict=True)
    return topology._of(
        topology.hubs,
        tuple(one.model_copy(update={"srlgs": tuple(sorted(of))}) for one, of in fibres),
    )


@FEW
@given(
    groups=st.lists(
        st.frozensets(st.sampled_from(GROUPS), max_size=2), min_size=7, max_size=7
    ).filter(lambda found: len(frozenset().union(*found)) > 1),
    k=st.integers(0, 1),
)
def test_pairs_equal_single_cuts(groups: list[frozenset[str]], k: int) -> None:
    scenario = LOADED.scenario
    protect = scenario.protect.model_copy(update={"k": k, "over": ("link",)})
    loaded = LOADED.model_copy(
        update={
            "topology": sharing(groups),
            "scenario": scenario.model_copy(update={"protect": protect}),
        }
    )
    for one in cut_each_answer(loaded, "pairs").cuts:
        alone = cut_answer(loaded, one.cut)
        left = [hit for hit in alone.hit if hit.again_ms is not None]
        effect = one.effect
        assert effect.fibres == alone.fibres
        assert effect.affected == len(alone.hit)
        assert set(effect.disconnected) == set(alone.disconnected)
        assert set(effect.waiting) == {hit.demand for hit in left if hit.at_once_ms is None}
        assert effect.added_sum_ms == pytest.approx(sum(max(0, hit.longer_ms) for hit in left))
