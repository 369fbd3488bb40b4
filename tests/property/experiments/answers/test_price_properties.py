"""Adding a restriction never prices lower, whatever the network and the policies."""

from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corridor.controller.policy.model import DataClass, Demand, PolicySet
from corridor.experiments.answers.price import price
from corridor.experiments.answers.price_sets import PricedScenario
from policy_lab import corridor, permit, policy
from random_policies import networks, policies, policy_lists

CLASSES = (
    DataClass(id="general", origin=("CN",), sensitivity="general", basis="exempt"),
    DataClass(id="mixed", origin=("PK", "CN"), sensitivity="general", basis="exempt"),
)
FOREIGN = DataClass(id="foreign", origin=("PK",), sensitivity="general", basis="exempt")
NONE = PolicySet.model_validate(
    {"name": "none", "policies": [{"id": "ANYTHING", "effect": "permit"}]}
)


def laid_over(topology):
    src, dst = topology.hubs[0].id, topology.hubs[-1].id
    pairs = []
    for name in ("general", "mixed", "foreign"):
        plain = {"id": name, "class": name, "src": src, "dst": dst, "returns": "same-class"}
        there = Demand.model_validate(plain)
        pairs.append((there, there.returning()))
    return PricedScenario(topology, pairs, date(2026, 1, 1))


def as_set(rules, outside):
    made = {"name": "lab", "classes": CLASSES, "policies": rules, "outside": outside}
    return PolicySet.model_validate(made).beside([FOREIGN])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    networks(most=5, extra=5),
    policy_lists(),
    st.sampled_from(("restrict", "deny")).flatmap(lambda effect: policies(effect, "MORE")),
    st.sampled_from(("deny", "not-judged")),
)
def test_one_restriction_more_never_prices_lower(topology, rules, more, outside):
    laid = laid_over(topology)
    found = [
        price(laid, as_set(one, outside), NONE, search_changes=False)
        for one in (rules, [*rules, more])
    ]
    for less, most in zip(*(one.demands for one in found), strict=True):
        a, b = less.with_readings, most.with_readings
        assert not (a.kept_back and not b.kept_back)
        if less.answered and most.answered:
            assert b.extra_ms >= a.extra_ms >= 0
            assert set(a.lost) <= set(b.lost)
            assert set(less.single_points) <= set(most.single_points)
            assert b.narrower_gbps >= a.narrower_gbps
            assert set(less.not_judged) == set(most.not_judged)
    assert found[1].by_certain_rules.kept_back <= found[1].with_readings.kept_back


def test_a_restriction_that_takes_away_a_permit_of_first_choice_earns_nothing():
    """By preference the demand takes the coast until that is forbidden."""
    by_coast = {"waypoints": [{"any_of": {"hubs": "coast"}}]}
    rules = [permit("SLOW", preference=1, hard=by_coast), permit("FAST")]
    no_sea = policy("restrict", "NO-SEA", hard={"avoid": {"crosses": "OM"}})
    laid = PricedScenario(corridor(), laid_over(corridor()).pairs, date(2026, 1, 1))
    less, most = (
        price(laid, as_set(one, "deny"), NONE, search_changes=False).demands[0].with_readings
        for one in (rules, [*rules, no_sea])
    )
    assert less.extra_ms == 0
    assert most.extra_ms == 0
    assert set(less.lost) <= set(most.lost)
