"""How full links get, what grows how far, and what helps: three hubs, added up by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from corridor.controller.intent.values import Use
from corridor.controller.prover.exact_rates import Asked
from corridor.controller.traffic_engineering.utilization import (
    Cases,
    Lowering,
    Raise,
    Traffic,
    bounds,
    cases_of,
    fullness,
    lowerings,
    raises,
)

AB, AC, CB, BC = ("ab", "a"), ("ac", "a"), ("bc", "c"), ("bc", "b")
LIMITS = {"ab": Fraction(10), "ac": Fraction(8), "bc": Fraction(20)}
RATES = {"x": 4, "y": 3}
LINKS = {f"link:{name}": frozenset({name}) for name in LIMITS}


def use(demand: str, *links: tuple[str, str], down: str = "") -> Use:
    return Use(demand, RATES[demand], frozenset(down.split()), links)


USES = (
    use("x", AB),
    use("x", AC, CB, down="ab"),
    use("y", AC),
    use("y", AB, BC, down="ac"),
)
"""x from a to b, y from a to c, each by the third hub where its fibre is dead."""


@pytest.fixture
def cases() -> tuple[Cases, ...]:
    return cases_of([Asked(USES, LINKS, {"x": 1, "y": 1})], LIMITS)


def test_each_link_is_as_full_as_its_worst_failure_makes_it(cases):
    found = [
        (one.link, one.usual_bps, one.worst_bps, one.failure, one.share)
        for one in fullness(cases, RATES)
    ]
    assert found == [
        (AC, 3, 7, ("link:ab",), Fraction(7, 8)),
        (AB, 4, 7, ("link:ac",), Fraction(7, 10)),
        (CB, 0, 4, ("link:ab",), Fraction(1, 5)),
        (BC, 0, 3, ("link:ac",), Fraction(3, 20)),
    ]


def test_all_can_grow_until_the_first_link_is_full_under_its_worst_failure(cases):
    first, then, *_ = bounds(cases, Traffic.of(RATES))
    assert (first.times, first.link, first.failure) == (Fraction(8, 7), AC, ("link:ab",))
    assert first.payers == ("x", "y")
    assert (then.times, then.link) == (Fraction(10, 7), AB)


@pytest.mark.parametrize(("who", "times"), [("x", Fraction(5, 4)), ("y", Fraction(4, 3))])
def test_one_can_grow_into_what_the_others_leave(cases, who, times):
    assert bounds(cases, Traffic.of(RATES, [who]))[0].times == times


def test_a_link_that_others_fill_leaves_no_growth_at_all(cases):
    rates = {"x": 9, "y": 3}
    first = bounds(cases, Traffic.of(rates, ["y"]))[0]
    assert (first.times, first.link, first.failure) == (Fraction(0), AC, ("link:ab",))


def test_what_does_not_fit_has_to_shrink_to_less_than_one(cases):
    assert bounds(cases, Traffic.of({"x": 10, "y": 3}))[0].times == Fraction(8, 13)


def test_the_least_capacity_is_what_lacks_in_the_worst_failure(cases):
    traffic = Traffic.of(RATES)
    assert raises(cases, traffic, Fraction(8, 7)) == ()
    assert raises(cases, traffic, Fraction(44, 35)) == (Raise("ac", Fraction(8), Fraction(4, 5)),)
    assert raises(cases, traffic, Fraction(2)) == (
        Raise("ab", Fraction(10), Fraction(4)),
        Raise("ac", Fraction(8), Fraction(6)),
    )


def test_one_demand_is_lowered_as_far_as_the_fullest_link_needs(cases):
    assert lowerings(cases, Traffic.of(RATES), Fraction(44, 35)) == (
        Lowering("x", 4, Fraction(37, 11)),
        Lowering("y", 3, Fraction(26, 11)),
    )


def test_a_demand_that_is_not_on_every_full_link_does_not_help_alone(cases):
    assert lowerings(cases, Traffic.of({"x": 30, "y": 3}), Fraction(1)) == (
        Lowering("x", 30, Fraction(5)),
    )
    assert lowerings(cases, Traffic.of({"x": 30, "y": 30}), Fraction(1)) == ()


def test_nothing_has_to_be_lowered_where_all_fits(cases):
    assert lowerings(cases, Traffic.of(RATES), Fraction(1)) == ()


def test_two_failures_are_looked_at_only_where_they_are_protected_against():
    far = (*USES, use("x", ("sea", "a"), down="ab ac"))
    limits = LIMITS | {"sea": Fraction(1)}
    links = LINKS | {"link:sea": frozenset({"sea"})}
    once = cases_of([Asked(far, links, {"x": 1, "y": 1})], limits)
    twice = cases_of([Asked(far, links, {"x": 2, "y": 1})], limits)
    assert {one.fibre: one.worst_bps for one in fullness(once, RATES)}["sea"] == 0
    (fullest, *_) = fullness(twice, RATES)
    assert (fullest.fibre, fullest.worst_bps) == ("sea", 4)
    assert fullest.failure == ("link:ab", "link:ac")


def test_kinds_of_failures_that_differ_are_looked_at_one_after_another():
    hub = {"hub:b": frozenset({"ab", "bc"})}
    asked = [Asked(USES, LINKS, {"x": 1, "y": 0}), Asked(USES, hub, {"x": 0, "y": 1})]
    (fullest, *_) = fullness(cases_of(asked, LIMITS), RATES)
    assert (fullest.link, fullest.worst_bps, fullest.failure) == (AC, 7, ("link:ab",))


def test_sums_that_doubles_cannot_tell_apart_are_compared_as_fractions():
    limit = {"ab": Fraction(10**15 + 1, 3)}
    big = [Use("x", 1, frozenset(), (AB,))]
    cases = cases_of([Asked(tuple(big), {}, {"x": 0})], limit)
    rate = {"x": 3 * 10**14}
    assert bounds(cases, Traffic.of(rate))[0].times == limit["ab"] / (3 * 10**14)


def cases_with(limits: dict[str, int], *uses_: Use) -> tuple[Cases, ...]:
    """Of these uses while nothing or one of their fibres fails."""
    links = {f"link:{name}": frozenset({name}) for name in limits}
    promises = {one.demand: 1 for one in uses_}
    of = {name: Fraction(limit) for name, limit in limits.items()}
    return cases_of([Asked(uses_, links, promises)], of)


def test_what_stays_counts_in_the_failure_that_brings_it():
    """Once x crosses one fibre in both directions, once y is next to it."""
    cases = cases_with(
        {"ab": 10, "ac": 10, "bc": 10},
        Use("x", 1, frozenset(), (AB, BC)),
        Use("x", 1, frozenset({"bc"}), (AB, AB)),
        Use("y", 9, frozenset(), (AC,)),
        Use("y", 9, frozenset({"ac"}), (AB,)),
    )
    first = bounds(cases, Traffic.of({"x": 1, "y": 9}, ["x"]))[0]
    assert (first.times, first.failure) == (Fraction(1), ("link:ac",))


def test_a_fibre_is_raised_for_its_fuller_direction():
    there, back = ("ab", "a"), ("ab", "b")
    cases = cases_with(
        {"ab": 3}, Use("x", 5, frozenset(), (there,)), Use("y", 4, frozenset(), (back,))
    )
    found = raises(cases, Traffic.of({"x": 5, "y": 4}), Fraction(1))
    assert found == (Raise("ab", Fraction(3), Fraction(2)),)


def test_nobody_helps_alone_where_two_links_are_too_full_of_different_demands():
    separate = cases_with(
        {"ab": 2, "ac": 1}, Use("x", 4, frozenset(), (AB,)), Use("y", 3, frozenset(), (AC,))
    )
    assert lowerings(separate, Traffic.of(RATES), Fraction(1)) == ()
    assert bounds(separate, Traffic.of(RATES, ["x"]))[0].times == 0
