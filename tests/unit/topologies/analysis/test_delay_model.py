"""The delay model, and how far it is from what was measured."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from corridor.topologies.analysis.calibrate import (
    CAICT_MAX_MS,
    CAICT_MEAN_MS,
    Report,
    calibrate,
    summary,
)
from corridor.topologies.analysis.predict import OffTheMap, place_of, predict, predict_rtt_ms
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model import delay
from corridor.topologies.model.delay_model import LayerName, shipped_model
from corridor.topologies.model.routing import shortest_path_between
from corridor.topologies.model.topology import great_circle_km


@pytest.fixture(scope="module")
def report() -> Report:
    return calibrate()


def test_a_thousand_kilometres_take_five_milliseconds_with_terminals() -> None:
    assert delay.one_way_delay_ns(1000) == 4_900_000 + delay.TERMINAL_NS


def test_great_circles_match_known_distances() -> None:
    hongkong, singapore = (22.2783, 114.1747), (1.2897, 103.8501)
    assert great_circle_km(hongkong, singapore) == pytest.approx(2587, abs=5)
    assert great_circle_km((0, 0), (0, 180)) == pytest.approx(20015.1, abs=0.1)


def test_left_out_pairs_are_predicted_within_fifteen_per_cent(report: Report) -> None:
    assert np.median(np.abs(report.leave_one_out)) <= 0.15
    assert np.median(np.abs(report.leave_city_out)) <= 0.15


def test_the_model_is_no_better_in_sample_than_out_of_it(report: Report) -> None:
    inside, outside = (np.median(np.abs(e)) for e in (report.in_sample, report.leave_one_out))
    assert outside - inside < 0.03


def test_the_model_is_not_biased_by_more_than_five_per_cent(report: Report) -> None:
    assert abs(np.median(report.in_sample)) < 0.05


def test_the_shipped_constants_are_the_fitted_ones(report: Report) -> None:
    assert report.shipped.terrestrial == pytest.approx(report.fitted.terrestrial, rel=0.02)
    assert report.shipped.submarine == pytest.approx(report.fitted.submarine, rel=0.02)
    assert report.shipped.access_rtt_ms == pytest.approx(report.fitted.access_rtt_ms, abs=0.5)


def test_cluster_delays_match_the_published_optical_aggregates(report: Report) -> None:
    assert report.caict_mean_ms == pytest.approx(CAICT_MEAN_MS, rel=0.10)
    assert report.caict_max_ms == pytest.approx(CAICT_MAX_MS, rel=0.10)


def test_pan_asia_gives_the_clusters_the_delays_that_edwc_gives_them() -> None:
    pan, edwc = load_topology("pan-asia"), load_topology("edwc")
    for a, z in (("zhangjiakou", "shaoguan"), ("horinger", "guian"), ("qingpu", "zhongwei")):
        wide, narrow = shortest_path_between(pan, a, z), shortest_path_between(edwc, a, z)
        assert wide is not None
        assert narrow is not None
        assert wide.one_way_delay_ns <= narrow.one_way_delay_ns


def test_the_summary_states_every_error(report: Report) -> None:
    text = summary(report)
    for words in ("pair left out", "cities and operator out", "CAICT optical mean"):
        assert words in text


@pytest.mark.parametrize(
    ("a", "z", "low_ms", "high_ms"),
    [
        ("hongkong", "mumbai", 83, 112),
        ("singapore", "tokyo", 60, 81),
        ("mumbai", "frankfurt", 109, 149),
    ],
)
def test_a_routed_prediction_follows_the_sea_and_not_the_great_circle(
    a: str, z: str, low_ms: float, high_ms: float
) -> None:
    assert low_ms < predict_rtt_ms(a, z) < high_ms


def test_a_prediction_takes_places_as_degrees_too() -> None:
    by_name = predict_rtt_ms("hongkong", "singapore")
    by_degrees = predict_rtt_ms((22.2783, 114.1747), (1.2897, 103.8501))
    assert by_degrees == pytest.approx(by_name, rel=1e-6)


@pytest.mark.parametrize("layer", ["optical", "ip", "public"])
def test_a_layer_without_a_path_between_two_places_does_not_answer(layer: LayerName) -> None:
    with pytest.raises(OffTheMap, match="pan-asia, lahore, is 426 km away"):
        predict_rtt_ms("lahore", "newdelhi", layer)


def test_the_cloud_off_both_maps_follows_the_great_circle() -> None:
    region = shipped_model().layer("cloud").regions[-1]
    lahore, newdelhi = place_of("lahore"), place_of("newdelhi")
    fibre_ms = 2 * delay.FIBRE_NS_PER_KM * great_circle_km(lahore, newdelhi) / 1e6
    expected_ms = region.ends_ms + region.slope * fibre_ms
    assert predict("lahore", "newdelhi").rtt_ms == pytest.approx(expected_ms)
    assert predict("lahore", "newdelhi").straight


def test_the_cloud_off_its_own_map_takes_the_fibre_of_the_optical_layer() -> None:
    cloud, optical = predict("jeddah", "zhongwei"), predict("jeddah", "zhongwei", "optical")
    assert cloud.topology == "pan-asia"
    assert cloud.hubs == optical.hubs
    ends_ms = shipped_model().layer("cloud").regions[1].ends_ms
    assert cloud.rtt_ms == pytest.approx(optical.rtt_ms + ends_ms)


def test_the_ip_layer_adds_a_constant_and_a_slope_to_the_fibre() -> None:
    """The line through both published aggregates of clusters, one way: 14.6 and 23.9 ms."""
    region = shipped_model().layer("ip").region(["CN"])
    assert region.ends_ms / 2 + region.slope * CAICT_MEAN_MS == pytest.approx(14.6, abs=0.02)
    assert region.ends_ms / 2 + region.slope * CAICT_MAX_MS == pytest.approx(23.9, abs=0.02)
    optical, ip = (predict_rtt_ms("beijing", "guian", layer) for layer in ("optical", "ip"))
    assert optical * region.slope < ip < optical * region.slope + region.ends_ms


def test_a_route_is_the_shortest_and_the_same_every_time() -> None:
    mini = load_topology("mini")
    route = shortest_path_between(mini, "shanghai", "karachi")
    assert route is not None
    expected = nx.shortest_path_length(mini.to_graph(), "shanghai", "karachi", weight="delay_ns")
    assert route.one_way_delay_ns == expected
    assert (route.hubs[0], route.hubs[-1]) == ("shanghai", "karachi")
    assert route == shortest_path_between(mini, "shanghai", "karachi")
    assert sum(f.one_way_delay_ns for f in route.fibres) == route.one_way_delay_ns


def test_two_places_that_are_not_joined_have_no_route() -> None:
    mini = load_topology("mini")
    alone = mini.without(fibre.id for fibre in mini.fibres_of("karachi"))
    assert shortest_path_between(alone, "shanghai", "karachi") is None


@pytest.mark.parametrize(
    ("a", "z", "layer", "published_ms", "within"),
    [
        ("zhongwei", "beijing", "optical", 2 * 9.0, 0.12),
        ("hongkong", "guangzhou", "optical", 2.4, 0.10),
        ("hongkong", "frankfurt", "optical", 159.0, 0.06),
        ("hongkong", "beijing", "ip", 47.0, 0.10),
        ("hongkong", "shanghai", "ip", 34.0, 0.10),
        ("beijing", "shanghai", "ip", 28.6, 0.10),
        ("islamabad", "karachi", "ip", 26.5, 0.10),
    ],
)
def test_figures_that_took_no_part_in_the_fit_are_met(
    a: str, z: str, layer: LayerName, published_ms: float, within: float
) -> None:
    assert predict_rtt_ms(a, z, layer) == pytest.approx(published_ms, rel=within)
