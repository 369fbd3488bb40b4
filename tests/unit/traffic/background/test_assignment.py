"""Background traffic uses what its owner holds, then what is bought, and the rest is lost."""

from __future__ import annotations

from datetime import date

import pytest

from corridor.topologies.base.errors import InputError
from corridor.topologies.model.delay import one_way_delay_ns
from corridor.traffic.background import Flow, Holding, Market, Offer, assign
from corridor.traffic.background.market import Transit

LENGTHS_KM = {
    "a:sea": 1000.0,
    "b:sea": 2000.0,
    "c:sea": 500.0,
    "d:sea": 500.0,
    "coarse:e-g": 3000.0,
}


def holding(segment: str, owner: str, direction: str, gbps: float) -> Holding:
    return Holding(
        id=f"{owner}-{segment[0]}/{direction}",
        country="PK",
        owner=owner,
        system=segment[0],
        direction=direction,
        capacity_gbps=gbps,
        segments=(segment,),
        length_km=LENGTHS_KM[segment],
        published=date(2025, 1, 1),
        source="",
        confidence="unsure",
        derived="",
    )


def market(*, bought_share: float = 0.5, offer_gbps: float = 0.0) -> Market:
    """``one`` has A and B to Europe and C to the Gulf; ``other`` has D to the Gulf."""
    return Market(
        date=date(2025, 1, 1),
        holdings=(
            holding("a:sea", "one", "europe", 100),
            holding("b:sea", "one", "europe", 50),
            holding("c:sea", "one", "gulf", 40),
            holding("d:sea", "other", "gulf", 80),
        ),
        flows=(
            Flow("PK", "one", "europe", 90),
            Flow("PK", "one", "gulf", 20),
            Flow("PK", "other", "gulf", 40),
        ),
        offers=(Offer("land", "PK", "gulf", offer_gbps, ("d:sea",), 500.0),),
        transits=(Transit(("europe", "gulf"), "coarse:e-g", 3000.0, None),),
        bought_share=bought_share,
        buffer_ms=50.0,
        segments=LENGTHS_KM,
    )


def test_without_a_cut_traffic_uses_its_own_direction_in_parts_of_the_capacity():
    found = assign(market())
    loads = {one.id: one.load_gbps for one in found.holdings}
    assert loads == {"one-a/europe": 60, "one-b/europe": 30, "one-c/gulf": 20, "other-d/gulf": 40,
                     "land": 0}  # fmt: skip
    assert found.total("PK").shortfall_gbps == 0
    mean_ns = (2 * one_way_delay_ns(1000) + one_way_delay_ns(2000)) / 3
    assert found.flow("PK", "one", "europe").rtt_before_ms == pytest.approx(2 * mean_ns / 1e6)


def test_before_any_reaction_traffic_on_a_cut_path_is_lost():
    found = assign(market(), ["a:sea"], reaction="none").flow("PK", "one", "europe")
    assert (found.lost_path_gbps, found.rerouted_gbps, found.shortfall_gbps) == (60, 0, 60)
    assert found.loss_share == pytest.approx(1 - 1 / (90 / 30))


def test_traffic_lost_on_a_cut_path_does_not_fill_the_queues_of_others():
    found = assign(market(), ["a:sea"], reaction="none").flow("PK", "one", "europe")
    assert found.queueing_ms == 0
    assert found.rtt_after_ms == pytest.approx(2 * one_way_delay_ns(2000) / 1e6)
    full = assign(market(), ["a:sea"], reaction="none", load=2.0).flow("PK", "one", "europe")
    assert full.queueing_ms == 50, "more than the capacity was offered before the cut"


def test_the_owner_first_fills_other_systems_in_the_same_direction():
    found = assign(market(), ["a:sea"], reaction="own", load=0.5)
    flow = found.flow("PK", "one", "europe")
    assert (flow.rerouted_gbps, flow.shortfall_gbps) == (30, 0)
    utilization = {one.id: one.utilization for one in found.holdings}
    assert utilization["one-b/europe"] == 0.9
    assert utilization["one-a/europe"] is None
    assert utilization["one-c/gulf"] == 0.25, "nothing goes by the Gulf while B has room"


def test_the_owner_then_fills_its_capacity_in_other_regions():
    found = assign(market(), ["a:sea"], reaction="own")
    flow = found.flow("PK", "one", "europe")
    assert (flow.rerouted_gbps, flow.shortfall_gbps) == (40, 20)
    utilization = {one.id: one.utilization for one in found.holdings}
    assert utilization["one-b/europe"] == utilization["one-c/gulf"] == 1
    assert found.flow("PK", "one", "gulf").shortfall_gbps == 0


def test_traffic_of_a_full_direction_uses_other_regions_before_any_cut():
    found = assign(market(), load=1.7, reaction="none")
    loads = {one.id: one.load_gbps for one in found.holdings}
    assert loads["one-a/europe"] + loads["one-b/europe"] == pytest.approx(150)
    assert loads["one-c/gulf"] == pytest.approx(1.7 * 20 + (1.7 * 90 - 150))
    assert found.total("PK").shortfall_gbps == 0
    cut = assign(market(), ["coarse:e-g"], load=1.7, reaction="none")
    assert cut.flow("PK", "one", "europe").lost_path_gbps == pytest.approx(3)


def test_capacity_of_a_competitor_is_not_used_unless_it_is_bought():
    for reaction in ("none", "own"):
        loads = {
            one.id: one.load_gbps for one in assign(market(), ["a:sea"], reaction=reaction).holdings
        }
        assert loads["other-d/gulf"] == 40
    bought = assign(market(bought_share=0.25), ["a:sea"], reaction="bought")
    loads = {one.id: one.load_gbps for one in bought.holdings}
    # Of 20 left: a quarter of the 40 that are free on D.
    assert loads["other-d/gulf"] == 50
    assert bought.total("PK").shortfall_gbps == pytest.approx(10)
    assert bought.total("PK", "other").shortfall_gbps == 0


def test_offers_are_bought_last():
    found = assign(market(bought_share=0.25, offer_gbps=8), ["a:sea"])
    assert {one.id: one.load_gbps for one in found.holdings}["land"] == pytest.approx(2)
    assert found.total("PK").shortfall_gbps == pytest.approx(8)
    enough = assign(market(bought_share=1.0, offer_gbps=8), ["a:sea"])
    assert {one.id: one.load_gbps for one in enough.holdings}["land"] == 0


def test_a_detour_adds_the_way_from_the_other_region_and_a_full_path_a_queue():
    found = assign(market(bought_share=0.25), ["a:sea"]).flow("PK", "one", "europe")
    parts = ((50, 2000), (20, 500 + 3000), (10, 500 + 3000))
    mean_ns = sum(gbps * one_way_delay_ns(km) for gbps, km in parts) / 80
    assert found.queueing_ms == 50
    assert found.rtt_after_ms == pytest.approx(2 * mean_ns / 1e6 + 50)


def test_traffic_does_not_go_on_over_an_edge_that_has_failed():
    found = assign(market(), ["a:sea", "coarse:e-g"])
    assert found.total("PK").shortfall_gbps == 40


def test_an_edge_with_a_capacity_carries_no_more():
    edge = Transit(("europe", "gulf"), "coarse:e-g", 3000.0, 12.0)
    narrow = Market(**{**vars(market()), "transits": (edge,)})
    assert assign(narrow, ["a:sea"]).total("PK").shortfall_gbps == pytest.approx(28)


def test_the_capacity_of_cut_holdings_is_reported():
    total = assign(market(), ["a:sea"]).total("PK")
    assert (total.capacity_gbps, total.lost_capacity_gbps) == (270, 100)


def test_more_traffic_than_capacity_is_a_shortfall_without_a_cut():
    found = assign(market(), load=2.0, reaction="none").flow("PK", "one", "europe")
    assert (found.offered_gbps, found.carried_gbps, found.shortfall_gbps) == (180, 150, 30)
    assert found.lost_path_gbps == 0


@pytest.mark.parametrize("load", [-1.0, 1001.0, float("nan"), float("inf")])
def test_an_impossible_load_is_refused(load):
    with pytest.raises(InputError, match="is not possible"):
        assign(market(), load=load)


def test_an_unknown_segment_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r'no segment "a:see".*a:sea'):
        assign(market(), ["a:see"])
