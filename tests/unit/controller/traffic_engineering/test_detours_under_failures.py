"""Joint path selection so that rates fit under failures of hubs and gateways, and under two.

Joint path selection under all pairs of failures: rates without room on any path are left out,
and columns that rest come back.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import KINDS, Specification, failures_of
from corridor.controller.policy.model import PolicySet
from corridor.controller.traffic_engineering import load_grid, path_selection
from corridor.controller.traffic_engineering.candidate_values import FailureSets, Links, numbers_of
from corridor.controller.traffic_engineering.fit_rates import Served, with_feasible_paths
from corridor.controller.traffic_engineering.load_grid import MANY, ROUNDS, InactiveSet, Rows
from corridor.controller.traffic_engineering.lower_bounds import fits_nowhere, minimum_in
from corridor.controller.traffic_engineering.path_selection import select_paths
from corridor.controller.traffic_engineering.relaxation import climb
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from corridor.topologies.base.memory import forget
from corridor.topologies.model.topology import Topology
from policy_lab import CLASSES, fibre, hub, network, permit
from rates_lab import spec

LANES = network(
    [hub(name, "CN") for name in ("a", "m1", "m2", "m3", "m4", "z")],
    [
        fibre(f"{end}", delay_ms)
        for lane, delay_ms in (("m1", 1), ("m2", 2), ("m3", 3), ("m4", 4))
        for end in (f"a-{lane}", f"{lane}-z")
    ],
)
"""Four lanes of 1 Gbit/s from a to z, each longer than the one before."""


def full(specification: Specification):
    return Served(specification.topology, specification.intents()).too_full()


def path(specification: Specification, demand: str, *failed: str) -> tuple[str, ...]:
    topology = specification.topology
    intent = next(one for one in specification.intents() if one.id == demand)
    served = GraphBuilder(topology).graph(intent)
    return trace_packet(served, topology, failures_of(topology, failed)).path.fibres


def test_cases_are_things_alone_and_then_sets_of_them():
    risks = GraphBuilder(LANES).risks
    pair = frozenset({"link:a-m1", "gateway:m2"})
    cases = FailureSets(risks, risks.of_kinds({"link"}), [pair, pair, {"link:a-m1"}])
    assert len(cases.numbers) == len(LANES.fibres) + 1
    both = cases.numbers[-1]
    assert cases.named(both) == pair
    assert cases.number(pair) == both
    assert cases.number(()) is None
    assert [*numbers_of(cases.of(risks.bit("link", "a-m1")))] == [cases.numbers[0], both]
    assert cases.of(risks.bit("hub", "m1")) == 0, "hubs alone are none of them"
    dead = {risks.thing("link:a-m1", "a"), risks.thing("link:a-m1", "m1")}
    assert {*numbers_of(cases.dead(both))} == dead | {risks.thing("gateway:m2", "m2")}


TWO = {"x": ("600Mbit", "a", "z"), "y": ("600Mbit", "a", "z")}


def test_rates_are_made_to_fit_under_two_failures_by_further_detours():
    """Whichever two lanes are cut, each demand has one of the others to itself."""
    asked = spec(TWO, k=2, topology=LANES)
    assert full(asked)
    found = with_feasible_paths(asked, "added-delay")
    assert full(found) == []
    assert any(pick.after for one in found.directions for pick in one.picks)
    for first in range(1, 5):
        for other in range(first + 1, 5):
            failed = (f"link:a-m{first}", f"link:a-m{other}")
            paths = [set(path(found, name, *failed)) for name in TWO]
            assert not paths[0] & paths[1], failed


def test_without_further_detours_two_failures_lead_both_over_one_lane():
    found = with_feasible_paths(spec(TWO, k=2, topology=LANES), "added-delay")
    bare = tuple(
        one.model_copy(update={"picks": tuple(pick for pick in one.picks if not pick.after)})
        for one in found.directions
    )
    assert full(found.model_copy(update={"directions": bare}))


def test_what_nothing_fits_leaves_no_other_failure_unfitted():
    """Of a to z one lane is left when another hub dies: two rates do not fit it. Of p to t all fits
    if one takes the detour."""
    lanes = [fibre(name, 1) for name in ("a-m1", "m1-z", "a-m2", "m2-z")]
    distant = [
        fibre(name, delay) for name, delay in (("p-q", 1), ("q-t", 1), ("p-r", 5), ("r-t", 5))
    ]
    more = [fibre(name, delay) for name, delay in (("p-s", 7), ("s-t", 7))]
    hubs = [hub(name, "CN") for name in ("a", "m1", "m2", "z", "p", "q", "r", "s", "t")]
    topology = network(hubs, [*lanes, *distant, *more, fibre("z-p", 50)])
    rates = {**TWO, "v": ("600Mbit", "p", "t"), "w": ("600Mbit", "p", "t")}
    asked = spec(rates, k=1, topology=topology, over=("hub",))
    found = with_feasible_paths(asked, "added-delay")
    assert {one.failure for one in full(asked)} > {("hub:m1",)}
    assert {one.failure for one in full(found)} <= {("hub:m1",), ("hub:m2",)}
    served = Served(topology, asked.intents())
    choice = select_paths(topology, served.graphs, served.builder)
    assert choice.impossible == {frozenset({"hub:m1"}), frozenset({"hub:m2"})}


def test_what_no_choice_fits_is_told_from_what_one_might():
    asked = spec(TWO, k=2, topology=LANES)
    for failed, least in (((), 0.3), (("link:a-m1", "link:m4-z"), 0.6)):
        found = minimum_in(LANES, Served(LANES, asked.intents()).graphs, failed)
        assert found == pytest.approx((least, least), abs=1e-3)
    three = ("link:a-m1", "hub:m2", "link:m4-z")
    graphs = Served(LANES, asked.intents()).graphs
    assert minimum_in(LANES, graphs, three) is None, "no demand is protected against three failures"
    more = spec(TWO, k=3, topology=LANES, over=("link", "hub")).intents()
    found = minimum_in(LANES, Served(LANES, more).graphs, three)
    assert found == pytest.approx((1.2, 1.2), abs=1e-3)


def test_rates_fit_whichever_gateway_fails():
    """Both go through a gateway; where one is down, its demand finds room by another."""
    hubs = [hub(name, "CN", intl_gateway=name != "a") for name in "aghij"] + [hub("z", "PK")]
    lanes = [("g", 1), ("h", 2), ("i", 3), ("j", 4)]
    fibres = [fibre(f"a-{name}", delay) for name, delay in lanes]
    fibres += [fibre(f"{name}-z", delay) for name, delay in lanes]
    topology = network(hubs, fibres)
    assess = permit(hard={"waypoints": [{"any_of": "gateways", "before": "border"}]})
    asked = spec(TWO, k=1, topology=topology, over=KINDS)
    law = asked.policies.model_copy(update={"policies": (assess,)})
    asked = asked.model_copy(update={"policies": law})
    assert full(asked)
    found = with_feasible_paths(asked, "added-delay")
    assert full(found) == []
    for dead in ("gateway:g", "gateway:h", "hub:g", "link:a-g"):
        paths = [set(path(found, name, dead)) for name in TWO]
        assert not any(one.endswith("-z") for one in paths[0] & paths[1]), dead


RATES = {"x": ("600Mbit", "a", "z"), "y": ("600Mbit", "a", "z")}


def published(mbit: int) -> dict[str, object]:
    return {"capacity_gbps": mbit / 1000, "capacity_basis": "published"}


def lanes(*mbit: int) -> Topology:
    """From a to z, each longer than the one before."""
    names = [f"m{number}" for number in range(1, len(mbit) + 1)]
    fibres = [
        fibre(f"{end}", delay_ms, **published(rate))
        for delay_ms, (name, rate) in enumerate(zip(names, mbit, strict=True), 1)
        for end in (f"a-{name}", f"{name}-z")
    ]
    return network([hub(name, "CN") for name in ("a", *names, "z")], fibres)


def served(specification: Specification) -> Served:
    return Served(specification.topology, specification.intents())


def nowhere(specification: Specification) -> dict[frozenset[str], float]:
    some = served(specification)
    links = Links(specification.topology)
    setting = selection_problem_of(some.graphs, some.builder, links, some.sets())
    return fits_nowhere(setting, links.capacity_bps)


def test_all_two_failures_of_protected_kinds_are_reckoned_with():
    topology = lanes(1000, 1000, 1000)
    assert len(served(spec(RATES, k=2, topology=topology)).sets()) == 6 * 5 / 2
    assert not served(spec(RATES, k=1, topology=topology)).sets()


def test_of_many_two_failures_only_those_are_that_are_too_full(monkeypatch):
    monkeypatch.setattr("corridor.controller.traffic_engineering.selection_setting.MOST_PAIRS", 14)
    found = served(spec(RATES, k=2, topology=lanes(1000, 1000, 1000))).sets()
    assert frozenset({"link:a-m1", "link:a-m2"}) in found
    assert frozenset({"link:a-m1", "link:m1-z"}) not in found


def test_failures_that_fit_no_paths_are_those_that_leave_one_lane():
    found = nowhere(spec(RATES, k=2, topology=lanes(1000, 1000, 1000)))
    assert len(found) == 3 * 4
    assert found[frozenset({"link:a-m1", "link:m2-z"})] == pytest.approx(1.2, abs=1e-3)
    assert not nowhere(spec(RATES, k=2, topology=lanes(1000, 1000, 1000, 1000)))


def test_no_bound_counts_demands_that_are_not_protected_against_the_failure():
    """With two lanes cut, x and y need 1.2 times the third; y is protected against one cut."""
    protected = [
        permit(name.upper(), match={"class": data}, soft={"protect": {"k": k, "over": ["link"]}})
        for name, data, k in (("x", "general", 2), ("y", "mixed", 1))
    ]
    asked = spec(RATES, k=1, topology=lanes(1000, 1000, 1000))
    data = {"x": "general", "y": "mixed"}
    asked = asked.model_copy(
        update={
            "policies": PolicySet(name="lab", classes=CLASSES, policies=tuple(protected)),
            "directions": tuple(
                one.model_copy(
                    update={
                        "demand": one.demand.model_copy(update={"data_class": data[one.demand.id]})
                    }
                )
                for one in asked.directions
            ),
        }
    )
    assert not nowhere(asked)


def test_a_rate_is_too_large_alone_where_a_path_is_left_and_none_that_is_wide_enough():
    for k, widths, failed in (
        (2, (1000, 1000, 500), {"link:a-m1", "link:a-m2"}),
        (1, (1000, 500, 500), {"link:a-m1"}),
        (2, (500, 500), set()),
        (1, (1000, 1000, 500), None),
        (2, (1000, 1000), None),  # none is left, so it is lost
        (2, (1000, 1000, 1000, 500), None),
    ):
        asked = spec({"x": RATES["x"]}, k=k, topology=lanes(*widths))
        found = served(asked).too_large(served(asked).sets())
        assert found == ({} if failed is None else {"x": failed}), (k, widths)


def within(specification: Specification, most_ms: int) -> Specification:
    hurried = permit("ALL", hard={"max_one_way": f"{most_ms}ms"})
    policies = specification.policies.model_copy(update={"policies": (hurried,)})
    return specification.model_copy(update={"policies": policies})


def test_a_rate_is_not_too_large_where_what_is_left_takes_longer_than_is_lawful():
    """All packets are lost then, so the thin lane carries nothing."""
    for most_ms, failed in ((4, {"link:a-m1"}), (3, None)):
        asked = within(spec({"x": RATES["x"]}, k=1, topology=lanes(1000, 500)), most_ms)
        assert bool(served(asked).too_full()) == (failed is not None)
        found = served(asked).too_large(served(asked).sets())
        assert found == ({} if failed is None else {"x": failed}), most_ms


def test_no_bound_counts_demands_that_are_lost_since_what_is_left_takes_too_long():
    asked = spec({"x": RATES["x"]}, k=1, topology=lanes(1000, 500))
    for most_ms, cuts in ((6, {"link:a-m1", "link:m1-z"}), (4, {"link:a-m1"}), (3, set())):
        assert nowhere(within(asked, most_ms)).keys() == {frozenset({cut}) for cut in cuts}


def test_others_are_made_to_fit_beside_a_rate_that_is_too_large_alone():
    """Whichever two lanes are cut, y and z are to find one each; x fits the first two only."""
    topology = lanes(1000, 1000, 700, 700)
    rates = {"x": ("900Mbit", "a", "z"), **dict.fromkeys("yzw", ("350Mbit", "a", "z"))}
    asked = spec(rates, k=2, topology=topology)
    assert set(served(asked).too_large(served(asked).sets())) == {"x"}
    assert served(asked).but({"x"}).too_full()
    found = with_feasible_paths(asked, "added-delay")
    assert not served(found).but({"x"}).too_full()
    assert served(found).too_full(), "it is still refused"


def test_others_find_paths_beside_one_that_gives_up_protection_since_its_rate_is_too_large():
    """With the first lane cut x fits nowhere; without protection it leaves y and z the others."""
    names = {"x": "general", "y": "mixed", "z": "mixed"}
    rates = {"x": ("900Mbit", "a", "z"), **dict.fromkeys("yz", ("350Mbit", "a", "z"))}
    asked = spec(rates, topology=lanes(1000, 700, 700))
    protect = {"protect": {"k": 1, "over": ["link"]}}
    rules = (
        permit("X", match={"class": "general"}, soft=protect, on_soft_failure=["drop_protect"]),
        permit("Y", match={"class": "mixed"}),
    )
    asked = asked.model_copy(
        update={
            "policies": PolicySet(name="lab", classes=CLASSES, policies=rules),
            "directions": tuple(
                one.model_copy(
                    update={
                        "demand": one.demand.model_copy(update={"data_class": names[one.demand.id]})
                    }
                )
                for one in asked.directions
            ),
        }
    )
    assert set(served(asked).too_large(served(asked).sets())) == {"x"}
    climbed = climb(with_feasible_paths(asked, "added-delay"))
    assert not served(climbed).too_full()
    assert [one.demand.id for one in climbed.directions if one.given_up] == ["x"]


def test_paths_that_fit_stand_where_cheaper_ones_cannot_be_mended(monkeypatch):
    fitting, broken = (
        SimpleNamespace(fits=True, candidates=[]),
        SimpleNamespace(fits=False, candidates=[]),
    )
    monkeypatch.setattr(path_selection, "watched", lambda *_: fitting)
    monkeypatch.setattr(path_selection, "at_lower_cost", lambda _: broken)
    monkeypatch.setattr(path_selection, "with_less_overload", lambda *_: broken)
    program = SimpleNamespace(has_many_cases=True)
    assert path_selection._cheaper(program, fitting) is fitting


def test_rows_that_stay_are_no_younger_since_others_went_to_rest(monkeypatch):
    monkeypatch.setattr(load_grid, "MANY", 0)
    monkeypatch.setattr(load_grid, "ROUNDS", 2)
    rows = Rows(9)
    rows.add([5, 6, 7])
    for in_use, left in (([6, 7], [5, 6, 7]), ([6], [5, 6, 7]), ([6], [6, 7]), ([6], [6])):
        rows.after_round(in_use)
        assert rows.cells == left
        assert [rows.at[cell] for cell in (5, 6, 7)] == [
            left.index(cell) if cell in left else -1 for cell in (5, 6, 7)
        ]


def test_paths_are_found_that_keep_clear_of_where_detours_are_dear(monkeypatch):
    """Without them prices lead back to the cheapest path, whatever its load in other cases."""
    mbit = {1: 500, 2: 700, 3: 1000}
    said = (("0-1", 5, 3), ("0-2", 8, 2), ("0-5", 7, 3), ("1-2", 6, 2), ("2-3", 2, 1))
    said += (("3-4", 8, 1), ("3-5", 4, 1))
    fibres = [
        fibre(f"h{ends.replace('-', '-h')}", ms, **published(mbit[wide])) for ends, ms, wide in said
    ]
    topology = network([hub(f"h{number}", "CN") for number in range(6)], fibres)
    rates = {"d0": ("300Mbit", "h2", "h1"), "d1": ("200Mbit", "h0", "h5")}
    rates |= {"d2": ("200Mbit", "h2", "h3"), "d3": ("200Mbit", "h4", "h1")}
    asked = spec(rates, k=2, topology=topology)
    assert not served(with_feasible_paths(asked, "added-delay")).too_full()
    forget()
    monkeypatch.setattr(path_selection, "avoiding_failures", lambda *_: 0)
    assert served(with_feasible_paths(asked, "added-delay")).too_full()


def test_what_is_not_used_for_some_rounds_rests_until_it_is_woken():
    many = InactiveSet()
    assert all(many.woken(number) for number in range(MANY + 1))
    assert not many.woken(0), "it was there"
    for _ in range(ROUNDS):
        assert many.after_round([0]) == []
    assert many.after_round([0]) == [*range(1, MANY + 1)]
    assert 1 in many
    assert 0 not in many
    assert many.woken(1)
    assert 1 not in many
    few = InactiveSet()
    few.woken(0)
    assert all(few.after_round([]) == [] for _ in range(2 * ROUNDS))
