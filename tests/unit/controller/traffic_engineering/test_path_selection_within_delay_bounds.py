"""Joint path selection keeps delay bounds whenever some choice of paths does."""

from __future__ import annotations

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.intent.intent import UNPROTECTED, Protection
from corridor.controller.intent.specification import Specification
from corridor.controller.policy.model import PolicySet
from corridor.controller.policy.permitted_paths import PermittedPath
from corridor.controller.traffic_engineering.candidate_paths import PathSpace
from corridor.controller.traffic_engineering.candidate_values import ByCase, Links
from corridor.controller.traffic_engineering.fit_rates import Served, with_feasible_paths
from corridor.controller.traffic_engineering.selection_setting import selection_problem_of
from policy_lab import fibre, hub, network, permit
from rates_lab import DIRECT, ROUND, spec

LANES = network(
    [hub(name, "CN") for name in ("a", "m1", "m2", "m3", "z")],
    [
        fibre(end, delay_ms)
        for lane, delay_ms in (("m1", 1), ("m2", 2), ("m3", 3))
        for end in (f"a-{lane}", f"{lane}-z")
    ],
)
"""Three lanes of 1 Gbit/s from a to z: 2, 4 and 6 ms."""


def under(asked: Specification, classes: dict[str, dict]) -> Specification:
    """With demands of classes named like them, and a permit for each class."""
    said = asked.policies.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    base = said["classes"][0]
    policies = PolicySet.model_validate(
        {
            **said,
            "classes": [{**base, "id": name} for name in classes],
            "policies": [
                {"id": name.upper(), "effect": "permit", "match": {"class": name}, **more}
                for name, more in classes.items()
            ],
        }
    )
    directions = tuple(
        one.model_copy(
            update={"demand": one.demand.model_copy(update={"data_class": one.demand.id})}
        )
        for one in asked.directions
    )
    return asked.model_copy(update={"policies": policies, "directions": directions})


def paths(specification: Specification) -> dict[str, tuple[str, ...]]:
    found = {}
    for one in specification.intents():
        route = GraphBuilder(specification.topology).graph(one).route
        assert isinstance(route, PermittedPath)
        found[one.id] = route.path.fibres
    return found


def full(specification: Specification):
    return Served(specification.topology, specification.intents()).too_full()


def test_who_may_take_longer_goes_round_not_who_would_rather_not():
    """The lower rate would move between equals, but others' fibres take longer than its permit
    wishes."""
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})
    hurried = under(asked, {"a": {}, "b": {"soft": {"one_way": "15ms"}}})
    found = with_feasible_paths(hurried, "added-delay")
    assert full(found) == []
    assert paths(found) == {"a": ROUND, "b": DIRECT}


def test_where_a_ladder_gives_its_delay_up_the_lower_rate_goes_round():
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})
    gives_up = {"soft": {"one_way": "15ms"}, "on_soft_failure": ["exceed_latency"]}
    found = with_feasible_paths(under(asked, {"a": {}, "b": gives_up}), "added-delay")
    assert full(found) == []
    assert paths(found) == {"a": DIRECT, "b": ROUND}


def space_of(hard: dict, protection: Protection = UNPROTECTED) -> PathSpace:
    asked = spec({"x": ("1Mbit", "a", "z")}, k=protection.k, topology=LANES)
    asked = under(asked, {"x": {"hard": hard}})
    served = Served(LANES, asked.intents())
    return selection_problem_of(served.graphs, served.builder, Links(LANES)).spaces[0]


def test_a_path_that_is_dearer_and_in_time_is_found_beside_a_cheaper_that_is_late():
    prices = {0: 100, 1: 10, 2: 1}  # by lane: the longer, the cheaper

    def price(edge):
        return prices[edge.number // 2]

    for budget, lane in (("6ms", "m3"), ("5ms", "m2"), ("3ms", "m1")):
        main = space_of({"max_one_way": budget}).shortest(price)
        names = [LANES.fibres[number].id for number in main.order]
        assert names == [f"a-{lane}", f"{lane}-z"], budget


def test_a_detour_that_is_dearer_and_in_time_is_found_beside_a_cheaper_that_is_late():
    """From the end of the first lane it is 1 ms back: 2 ms are spent, and a budget leaves the
    second lane, whatever that costs."""
    for budget, lane in (("9ms", "m3"), ("6ms", "m2")):
        space = space_of({"max_one_way": budget}, Protection(1, ("link",)))
        main = space.shortest(lambda edge: edge.delay_ns)
        repair_point = next(one for one in main.repair_points if one.crossed == 1)
        case = space.cases.numbers[1]
        dear = ByCase({case: dict.fromkeys((4, 5, 6, 7), 10**9)})  # of the second lane
        names = [LANES.fibres[number].id for number in space.detour(repair_point, dear).order]
        assert names == ["a-m1", f"a-{lane}", f"{lane}-z"], budget


def test_a_detour_that_one_permit_finds_late_is_taken_if_another_allows_it():
    """What is left in time where the first fibre is cut has room for one of them."""
    fibres = [
        fibre(name, delay_ms, capacity_gbps=gbps, capacity_basis="published")
        for name, delay_ms, gbps in (("a-z", 2, 1), ("a-z.2", 4, 0.7), ("a-z.3", 6, 1))
    ]
    topology = network([hub("a", "CN"), hub("z", "CN")], fibres)
    asked = spec(dict.fromkeys("ab", ("500Mbit", "a", "z")), k=1, topology=topology)
    rules = (
        permit("HURRIED", match={"class": "bulk"}, hard={"max_one_way": "4ms"}),
        permit("PATIENT", match={"class": "bulk"}),
    )
    asked = asked.model_copy(
        update={"policies": asked.policies.model_copy(update={"policies": rules})}
    )
    assert full(asked)
    assert full(with_feasible_paths(asked, "added-delay")) == []


def test_what_is_refused_is_what_no_path_in_time_fits():
    asked = spec({"a": ("50Mbit", "shanghai", "guian"), "b": ("47Mbit", "shanghai", "guian")})
    both = {"soft": {"one_way": "15ms"}}
    assert full(with_feasible_paths(under(asked, {"a": both, "b": both}), "added-delay"))
