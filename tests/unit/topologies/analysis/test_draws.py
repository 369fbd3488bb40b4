"""Samples of a map: numbers belong to names, spreads to bases; paths in many samples at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import random_topologies
from corridor.topologies.analysis.arcs import (
    UNREACHED,
    arcs_between,
    arcs_of,
    shortest_ns,
    shortest_paths_in_samples,
)
from corridor.topologies.analysis.monte_carlo import _quantile, draw, influences, interval_of
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.delay_model import shipped_model
from corridor.topologies.model.routing import shortest_path_between

MINI, PAN = load_topology("mini"), load_topology("pan-asia")


def test_a_fibre_less_leaves_the_draws_of_the_others_as_they_were() -> None:
    gone = PAN.fibres[17].id
    whole, less = draw(PAN), draw(PAN.without([gone]))
    kept = [number for name, number in whole.numbers.items() if name != gone]
    assert np.array_equal(whole.delays_ns[:, kept], less.delays_ns)


def test_the_first_draws_of_many_are_those_of_few() -> None:
    few, many = draw(MINI, draws=50), draw(MINI, draws=400)
    assert np.array_equal(few.delays_ns, many.delays_ns[:50])


def test_another_seed_draws_otherwise_and_the_same_seed_the_same() -> None:
    assert np.array_equal(draw(MINI, seed=3).delays_ns, draw(MINI, seed=3).delays_ns)
    assert not np.array_equal(draw(MINI, seed=3).delays_ns, draw(MINI, seed=4).delays_ns)


def test_spreads_are_those_of_the_bases_and_the_middle_is_what_the_map_says() -> None:
    ensemble, model = draw(PAN, draws=4000), shipped_model()
    logarithms = np.log(ensemble.delays_ns / ensemble.nominal_ns)
    assert abs(np.median(logarithms)) < 0.01
    spread = {
        (fibre.length_basis, fibre.confidence): logarithms[:, number].std()
        for number, fibre in enumerate(PAN.fibres)
        if fibre.one_way_delay_ns > 5_000_000
    }
    derived, shared = model.length_error("derived"), model.length_error("apportioned")
    sure = np.hypot(derived.own, derived.common)
    unsure = np.hypot(derived.own * model.unsure, derived.common)
    assert spread["derived", "confident"] == pytest.approx(sure, rel=0.06)
    assert spread["derived", "unsure"] == pytest.approx(unsure, rel=0.06)
    expected = np.hypot(shared.own, shared.common)
    assert spread["apportioned", "confident"] == pytest.approx(expected, rel=0.06)


def test_fibres_of_a_medium_share_a_part_of_their_error() -> None:
    ensemble = draw(PAN, draws=4000)
    long = [n for n, f in enumerate(PAN.fibres) if f.length_basis == "derived"]
    sea = [n for n in long if PAN.fibres[n].medium == "submarine"]
    land = [n for n in long if PAN.fibres[n].medium == "terrestrial"]
    logarithms = np.log(ensemble.delays_ns)
    together = np.corrcoef(logarithms[:, sea[0]], logarithms[:, sea[1]])[0, 1]
    apart = np.corrcoef(logarithms[:, sea[0]], logarithms[:, land[0]])[0, 1]
    assert together == pytest.approx(0.08**2 / (0.15**2 + 0.08**2), abs=0.06)
    assert abs(apart) < 0.06


def test_a_given_delay_is_drawn_as_a_delay() -> None:
    given_fibre = MINI.fibres[0].model_copy(update={"delay_basis": "given"})
    ensemble = draw(MINI.model_copy(update={"fibres": (given_fibre, *MINI.fibres[1:])}), draws=2000)
    spread = np.log(ensemble.delays_ns[:, 0] / given_fibre.one_way_delay_ns).std()
    assert spread == pytest.approx(shipped_model().spread("given"), rel=0.1)


@pytest.mark.parametrize("draws", [0, 19, 20_001])
def test_too_few_and_too_many_draws_are_refused(draws: int) -> None:
    with pytest.raises(ValueError, match="20 to 20000 draws"):
        draw(MINI, draws=draws)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_in_every_sample_the_path_is_what_dijkstra_finds(data: st.DataObject) -> None:
    """Also where delays are zero and many paths are equally long."""
    topology = data.draw(random_topologies.topologies())
    a, z = topology.hubs[0].id, topology.hubs[-1].id
    choices = st.sampled_from([0, 1_000_000, 1_000_000, 2_000_000])
    row = st.lists(choices, min_size=len(topology.fibres), max_size=len(topology.fibres))
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    found = shortest_paths_in_samples(arcs_between(topology, a, z), np.array(rows, dtype=np.int64))
    for draw_number, delays in enumerate(rows):
        drawn = topology.model_copy(
            update={
                "fibres": tuple(
                    one.model_copy(update={"one_way_delay_ns": ns})
                    for one, ns in zip(topology.fibres, delays, strict=True)
                )
            }
        )
        route = shortest_path_between(drawn, a, z)
        assert route is not None
        assert found.one_way_ns[draw_number] == route.one_way_delay_ns
        fibres = found.fibres[draw_number]
        assert sum(delays[number] for number in fibres) == route.one_way_delay_ns
        assert len(fibres) == len(route.fibres)
    bare_ns = shortest_ns(arcs_between(topology, a, z), np.array(rows, dtype=np.int64))
    assert np.array_equal(bare_ns, found.one_way_ns)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_of_several_ends_the_nearest_is_found_though_the_search_stops_there(
    data: st.DataObject,
) -> None:
    topology = data.draw(random_topologies.topologies())
    start, *others = (hub.id for hub in topology.hubs)
    row = st.lists(st.integers(0, 3), min_size=len(topology.fibres), max_size=len(topology.fibres))
    delays_ns = np.array(data.draw(st.lists(row, min_size=1, max_size=4)), dtype=np.int64)
    each_ns = [shortest_ns(arcs_between(topology, start, end), delays_ns) for end in others]
    one = arcs_between(topology, start, others[-1])
    steps = list(zip(one.tails.tolist(), one.heads.tolist(), one.fibres.tolist(), strict=True))
    numbers = range(1, len(topology.hubs))
    found = shortest_paths_in_samples(arcs_of(steps, 0, numbers), delays_ns)
    assert np.array_equal(found.one_way_ns, np.min(each_ns, axis=0))
    for delays, fibres, took_ns in zip(delays_ns, found.fibres, found.one_way_ns, strict=True):
        assert delays[list(fibres)].sum() == took_ns


def test_what_cannot_be_reached_is_said_of_every_draw() -> None:
    alone = MINI.without(fibre.id for fibre in MINI.fibres_of("karachi"))
    found = shortest_paths_in_samples(
        arcs_between(alone, "shanghai", "karachi"), draw(alone).delays_ns
    )
    assert set(found.one_way_ns.tolist()) == {UNREACHED}
    assert set(found.fibres) == {()}


def test_an_interval_is_the_middle_nine_tenths() -> None:
    found = interval_of(np.arange(1001) * 1_000_000)
    assert (found.low_ms, found.median_ms, found.high_ms) == (50.0, 500.0, 950.0)
    assert found.width_ms == 900.0


@pytest.mark.parametrize("size", [1, 2, 3, 20, 199, 200, 1001])
def test_ends_of_intervals_are_numpys_quantiles(size: int) -> None:
    """To the last bit, whole nanoseconds or not."""
    numbers = np.random.default_rng(size)
    for values in (numbers.integers(0, 10**11, size), numbers.normal(9e7, 3e7, size)):
        ordered = np.sort(values).tolist()
        for part in (0.04999999999999999, 0.5, 0.95):
            assert _quantile(ordered, part) == float(np.quantile(values, part))


def test_influences_find_what_was_put_in() -> None:
    """Variances 4 to 1, and a third input that does nothing; the set depends on the second."""
    numbers = np.random.default_rng(7)
    inputs = {name: numbers.standard_normal(4000) for name in ("strong", "weak", "idle")}
    rtt_ns = (100 + 2 * inputs["strong"] + inputs["weak"]) * 1e6
    found = {one.input: one for one in influences(inputs, rtt_ns, inputs["weak"] > 0)}
    assert found["strong"].variance_share == pytest.approx(0.8, abs=0.04)
    assert found["weak"].variance_share == pytest.approx(0.2, abs=0.04)
    assert found["idle"].variance_share < 0.02
    assert found["weak"].set_share > 0.9
    assert found["strong"].set_share < 0.02
    known = 2 * 1.645 * 1  # what is left is the weak one alone
    assert found["strong"].width_ms == pytest.approx(known, rel=0.08)


def test_sensitivity_of_few_draws_is_refused() -> None:
    few = np.ones(100)
    with pytest.raises(ValueError, match="needs 400 draws"):
        influences({"one": few}, few, few > 0)
