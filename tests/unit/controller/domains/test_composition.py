"""Two operators with a controller each: their paths, and what they tell each other."""

from __future__ import annotations

import pytest

from corridor.controller.domains.composition import Domains
from corridor.controller.domains.controller_view import ControllerView
from corridor.controller.domains.timing import agreement_time
from corridor.topologies.model.domains import domains_of
from corridor.topologies.model.operators import HandOver, WrittenDomains
from policy_lab import applicable_policies, demand, fibre, hub, network, permit

CHAIN = network(
    [hub("a", "CN"), hub("b", "CN"), hub("m", "PK"), hub("y", "PK"), hub("z", "PK")],
    [
        fibre("a-b", 1),
        fibre("b-m", 2),
        fibre("a-m", 9),
        fibre("m-y", 3),
        fibre("y-z", 4),
        fibre("m-z", 8),
    ],
)
HUBS = {"a": "north@CN", "b": "north@CN", "m": "south@PK", "y": "south@PK", "z": "south@PK"}


def made(**more: object) -> Domains:
    written = WrittenDomains.model_validate({"hubs": HUBS, **more})
    return Domains(domains_of(CHAIN.model_copy(update={"domains": written})))


def asked(src: str = "a", dst: str = "z", *rules: object):
    about = demand("general", src, dst)
    return applicable_policies(*(rules or (permit(),)), about=about, on=CHAIN)


def ms(delay_ns: int) -> float:
    return delay_ns / 1e6


def test_a_controller_sees_its_own_part_of_the_map_and_the_far_ends_of_fibres_that_leave_it() -> (
    None
):
    written = WrittenDomains.model_validate({"hubs": HUBS})
    view = ControllerView(domains_of(CHAIN.model_copy(update={"domains": written})), "north@CN")
    assert {one.id for one in view.topology.fibres} == {"a-b", "b-m", "a-m"}
    assert {one.id for one in view.topology.hubs} == {"a", "b", "m"}


def test_the_path_of_two_domains_and_the_delays_that_are_told() -> None:
    found = made().agree(asked())
    assert found.route is not None
    assert found.route.path.hubs == ("a", "b", "m", "y", "z")
    assert [(one.domain, ms(one.delay_ns)) for one in found.route.segments] == [
        ("north@CN", 3),
        ("south@PK", 7),
    ]
    assert [(one.by, one.to, ms(one.delay_ns)) for one in found.disclosed.offers] == [
        ("south@PK", "north@CN", 7),
        ("north@CN", "south@PK", 9),  # from b, back over m: it was asked for, and is of no use
    ]
    assert found.disclosed.rounds == 3


def test_a_detour_after_a_cut_that_only_one_domain_knows_of() -> None:
    found = made().agree(asked(), {"y-z"})
    assert found.route is not None
    assert found.route.path.fibres == ("a-b", "b-m", "m-z")
    assert [ms(one.delay_ns) for one in found.disclosed.offers] == [8, 10]


def test_a_silent_domain_carries_nothing_through() -> None:
    assert made().agree(asked(), silent={"south@PK"}).route is None
    assert made().agree(asked("a", "b"), silent={"south@PK"}).route is not None


def test_operators_that_meet_at_a_hub_hand_over_there() -> None:
    domains = made(fibres=[{"id": "b-m", "ends": {"m": "north@PK"}}])
    found = domains.agree(asked())
    assert found.route is not None
    assert found.route.chain == ("north@CN", "north@PK", "south@PK")
    assert found.route.segments[1].hubs == ("m",)
    assert ms(found.route.one_way_ns) == 10


@pytest.mark.parametrize(
    ("state", "chain"),
    [
        ("known", ("north@CN", "north@PK", "south@PK")),
        ("announced", ("north@CN", "south@PK")),
    ],
)
def test_only_stated_hand_overs_in_use_carry_traffic_where_that_is_asked(
    state: str, chain: tuple[str, ...]
) -> None:
    written = WrittenDomains.model_validate(
        {
            "hubs": HUBS,
            "fibres": [{"id": "b-m", "ends": {"m": "north@PK"}}],
            "handovers": [
                {"id": "x", "hub": "m", "parties": ["north@PK", "south@PK"], "state": state}
            ],
        }
    )
    known = domains_of(CHAIN.model_copy(update={"domains": written}))
    found = Domains(known, "stated").agree(asked())
    assert found.route is not None
    assert found.route.chain == chain


def test_hand_overs_are_data() -> None:
    place = HandOver(id="x", hub="m", parties=("north@CN", "south@PK"))
    assert (place.state, place.confidence) == ("known", "confident")


def test_a_clause_that_one_domain_cannot_see_to_the_end_holds_over_both() -> None:
    """To pass ``y`` is a state that the first domain asks with and the second one fulfils."""
    rule = permit(hard={"via": [{"hubs": ["y"]}]})
    found = made().agree(asked("a", "m", rule))
    assert found.route is not None
    assert found.route.path.hubs == ("a", "b", "m", "y", "m")
    blocked = permit(hard={"avoid": {"hubs": ["m"]}})
    assert made().agree(asked("a", "z", blocked)).route is None


def test_messages_that_take_time_come_back_after_the_round_trip_of_the_first_domain() -> None:
    """Request a-b-m in 3 ms, report back in 3 ms, 1 ms of work each; m asks b and a back."""
    took = agreement_time(made().views, asked())
    assert (took.first_ns, took.final_ns, took.one_way_ns) == (8_000_000, 8_000_000, 10_000_000)
    assert took.numbers == 4
    assert took.quiet_ns == 24_000_000  # what a reports back over a-m


def test_a_path_inside_one_domain_is_known_at_once() -> None:
    took = agreement_time(made().views, asked("a", "b"))
    assert (took.first_ns, took.final_ns) == (0, 0)


def test_without_a_path_no_time_is_stated() -> None:
    took = agreement_time(made().views, asked("a", "z"), {"y-z", "m-z"})
    assert (took.final_ns, took.one_way_ns, took.numbers) == (None, None, 0)
