"""Failures by name, as people write them."""

import pytest

from corridor.controller.forwarding.forwarding_graph import GraphBuilder
from corridor.controller.forwarding.packet_traces import DetectedFailure, trace_packet
from corridor.controller.intent.intent import Intent, Protection
from corridor.controller.intent.specification import elements, failures_of, up_to
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.topologies.base.errors import InputError
from policy_lab import applicable_policies, corridor, permit


def test_every_kind_of_failure_has_a_name():
    named = failures_of(
        corridor(), ["link:west-kun", "srlg:corridor:karakoram", "hub:kun", "gateway:coast"]
    )
    assert named == Failures(
        *(frozenset([one]) for one in ("west-kun", "corridor:karakoram", "kun", "coast"))
    )
    assert failures_of(corridor(), []) == NO_FAILURES


def test_a_shared_risk_group_may_go_by_its_own_name():
    same = failures_of(corridor(), ["corridor:karakoram"])
    assert same == failures_of(corridor(), ["srlg:corridor:karakoram"])


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("link:west-kum", 'did you mean "link:west-kun"'),
        ("corridor:karakorum", 'did you mean "srlg:corridor:karakoram"'),
        ("hub:", "did you mean|write"),
        ("zzz", "link:NAME"),
    ],
)
def test_a_name_that_nothing_has_is_an_error_with_a_way_out(written, hint):
    with pytest.raises(InputError, match="can fail in lab") as raised:
        failures_of(corridor(), [written])
    assert any(part in str(raised.value) for part in hint.split("|"))


def test_elements_are_all_that_may_fail():
    graph = corridor()
    names = elements(graph)
    assert len(names) == len(set(names)) == len(graph.fibres) + 1 + 2 * len(graph.hubs)
    assert elements(graph, ["srlg"]) == ("srlg:corridor:karakoram",)
    assert all(failures_of(graph, [name]) != NO_FAILURES for name in names)


def test_sets_of_failures_come_the_smaller_first():
    assert list(up_to(2, ["a", "b"])) == [(), ("a",), ("b",), ("a", "b")]


def test_a_journey_tells_what_it_found_dead_and_where():
    graph = corridor()
    planned = GraphBuilder(graph).graph(
        Intent(applicable_policies(permit()), protection=Protection(1))
    )
    assert planned.first is not None
    walk = trace_packet(planned, graph, failures_of(graph, ["hub:gilgit"]))
    assert walk.found == (DetectedFailure(1, "link:kash-gilgit"),)
    assert walk.path.hubs == ("west", "kash", "west", "kun", "mandalay", "mumbai", "karachi")
    assert walk.delivered
    assert walk.one_way_ns == 17_000_000
    nothing = trace_packet(planned, graph, failures_of(graph, ["hub:west"]))
    assert (nothing.path.hubs, nothing.taken, nothing.delivered) == (("west",), (), False)
