"""Entries as octets: what the framework would send, made without making it each time.

The cache of octets is bounded, so that no sender of messages fills the memory.
"""

from __future__ import annotations

import pytest

from corridor.controller.forwarding.program import Flow, group, output, push_label, set_field
from corridor.controller.openflow import decoding, encoding, message_check
from corridor.controller.openflow.framework import ofproto, parser
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.memory import SHORT, remembered_if_short
from framework_messages import (
    add_flow,
    as_octets,
    delete_all_flows,
    delete_all_groups,
    delete_all_meters,
)


class Switch:
    """As much of a datapath as messages need, and what it was sent."""

    def __init__(self, protocol):
        self.ofproto, self.ofproto_parser = protocol
        self.sent = []
        self.most = 1000
        self.last_xid = 0

    def set_xid(self, message):
        self.last_xid += 1
        message.set_xid(self.last_xid)
        return self.last_xid

    def send(self, octets):
        self.sent.append(octets)
        return len(self.sent) < self.most


@pytest.fixture
def switch():
    return Switch((ofproto, parser))


def by_the_framework(switch, flow: Flow, xid: int) -> bytes:
    return as_octets(add_flow(switch, flow), xid)


@pytest.mark.parametrize("scenario", ["mini", "sovereignty"])
def test_entries_of_a_scenario_are_the_octets_that_the_framework_sends(switch, scenario):
    loaded = load_scenario(scenario)
    plan = make_plan(loaded, clock="virtual", run_id="c0", seed=1)
    flows = [flow for one in plan.program.switches for flow in one.flows]
    step = max(1, len(flows) // 2000)
    assert flows
    for flow in flows[::step]:
        assert encoding.entry(flow, 77) == by_the_framework(switch, flow, 77)


@pytest.mark.parametrize(
    "change",
    [
        {"meter": 3},
        {"goto": 4},
        {"actions": (push_label(17), output(9))},
        {"actions": (set_field("eth_dst", "02:c0:00:00:01:00"), group(5))},
        {"cookie": 2**63 + 5, "priority": 0, "table": 3},
        {"match": ()},
    ],
)
def test_each_part_of_an_entry_is_in_its_octets(switch, change):
    plain = {
        "table": 1,
        "priority": 100,
        "match": (("eth_type", 0x0800), ("in_port", 1), ("ipv4_dst", "10.0.0.2")),
        "actions": (output(2),),
        "goto": None,
        "cookie": 1,
        "meter": None,
    }
    flow, other = Flow(**plain), Flow(**(plain | change))
    assert encoding.entry(other, 5) == by_the_framework(switch, other, 5)
    assert encoding.entry(other, 5) != encoding.entry(flow, 5)


def test_messages_leave_in_order_and_in_few_writes(switch):
    parts = [bytes([number]) * 1000 for number in range(200)]
    encoding.send_together(switch, parts)
    assert b"".join(switch.sent) == b"".join(parts)
    assert max(map(len, switch.sent)) < encoding.WRITE_OCTETS + 1000
    assert len(switch.sent) <= 4


def test_who_sends_is_told_where_one_write_is_not_taken(switch):
    parts = [bytes(encoding.WRITE_OCTETS)] * 3
    assert encoding.send_together(switch, parts)
    switch.most = len(switch.sent) + 2
    assert not encoding.send_together(switch, parts)


def test_nothing_to_say_is_not_sent(switch):
    encoding.send_together(switch, [])
    assert switch.sent == []


def test_messages_of_the_framework_are_numbered_once(switch):
    asked = parser.OFPBarrierRequest(switch)
    (octets,) = encoding.encoded(switch, [asked])
    assert int.from_bytes(octets[4:8], "big") == asked.xid == 1


def test_all_that_a_switch_holds_is_removed_by_what_the_framework_sends(switch):
    made = [delete(switch) for delete in (delete_all_flows, delete_all_groups, delete_all_meters)]
    assert encoding.everything_off(9) == tuple(as_octets(one, 9) for one in made)


MOST_KEPT = 1 << 16


@pytest.mark.parametrize("module", [decoding, encoding, message_check])
def test_every_cache_of_messages_has_a_limit(module):
    caches = [one for one in vars(module).values() if hasattr(one, "cache_parameters")]
    assert all(0 < one.cache_parameters()["maxsize"] <= MOST_KEPT for one in caches)
    limits = [number for name, number in vars(module).items() if name.endswith("KEPT")]
    assert limits
    assert max(limits) <= MOST_KEPT


def test_the_oldest_and_the_long_are_not_kept():
    asked = []
    measured = remembered_if_short(2)(lambda octets: asked.append(octets) or len(octets))
    first, second, third = b"1", b"22", b"333"
    for octets in (first, first, second, third, first):
        assert measured(octets) == len(octets)
    assert asked == [first, second, third, first]
    asked.clear()
    long = bytes(SHORT + 1)
    assert measured(long) == measured(long) == SHORT + 1
    assert asked == [long, long]
