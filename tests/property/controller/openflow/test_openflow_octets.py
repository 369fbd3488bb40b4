"""Octets to and from switches are those of the framework's own serializer and parser."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.controller.forwarding.program import (
    COOKIE_MAGIC,
    NOT_OURS,
    Bucket,
    FastFailover,
    Flow,
    Meter,
    back_to_sender,
    decrement_label_ttl,
    output,
    pop_label,
    push_label,
    set_field,
    to_controller,
)
from corridor.controller.forwarding.program import group as to_group
from corridor.controller.openflow import decoding, encoding
from corridor.controller.openflow.framework import ofproto, parser
from corridor.controller.openflow.message_check import Malformed, check
from corridor.controller.openflow.modifications import Modification
from corridor.controller.openflow.table_dump import HeldEntry, dump_of, plain_item
from corridor.controller.reconcile.interfaces import Interfaces
from corridor.topologies.base.codec import to_plain
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import wire
from framework_messages import (
    as_dumped,
    as_octets,
    group_of,
    message_of,
)
from switch_messages import (
    GOTO,
    IN_PORT,
    LABEL,
    OUTPUT,
    apply,
    bucket,
    entry,
    group,
    match,
    multipart,
    spoilt,
)

WIRING = wire(load_topology("mini"))
HUB = WIRING.hubs[0]
NUMBER = {bits: st.integers(0, 2**bits - 1) for bits in (8, 16, 20, 32, 48)}
ADDRESS = st.ip_addresses(v=4).map(str)
MAC = NUMBER[48].map(lambda number: ":".join(f"{number:012x}"[i : i + 2] for i in range(0, 12, 2)))
FIELDS = {
    "in_port": NUMBER[32],
    "eth_type": st.sampled_from((0x0800, 0x0806, 0x8847, 0x88CC)),
    "eth_src": MAC,
    "eth_dst": MAC,
    "vlan_vid": st.integers(0, 4095),
    "ip_proto": NUMBER[8],
    "ipv4_src": ADDRESS,
    "ipv4_dst": ADDRESS,
    "tcp_src": NUMBER[16],
    "tcp_dst": NUMBER[16],
    "udp_src": NUMBER[16],
    "udp_dst": NUMBER[16],
    "arp_op": NUMBER[16],
    "arp_spa": ADDRESS,
    "arp_tpa": ADDRESS,
    "arp_sha": MAC,
    "mpls_label": NUMBER[20],
    "mpls_bos": st.integers(0, 1),
}
MATCH = st.fixed_dictionaries({}, optional=FIELDS).map(lambda fields: tuple(sorted(fields.items())))
PORT = st.integers(1, ofproto.OFPP_MAX)
ACTION = st.one_of(
    PORT.map(output),
    st.builds(to_controller),
    st.builds(back_to_sender),
    NUMBER[20].map(push_label),
    st.builds(pop_label),
    st.builds(decrement_label_ttl),
    MAC.map(lambda mac: set_field("eth_dst", mac)),
    NUMBER[20].map(lambda label: set_field("mpls_label", label)),
    NUMBER[32].map(to_group),
)
ACTIONS = st.lists(ACTION, max_size=4).map(tuple)
COOKIE = st.one_of(st.integers(0, 2**64 - 1), NUMBER[48].map(lambda low: COOKIE_MAGIC << 48 | low))
FLOW = st.builds(
    Flow,
    NUMBER[8],
    NUMBER[16],
    MATCH,
    ACTIONS,
    st.none() | st.integers(0, 254),
    COOKIE,
    st.none() | st.integers(1, 1 << 16),
)
BUCKET = st.builds(Bucket, st.none() | PORT, st.none() | st.integers(1, 1 << 16), ACTIONS)
GROUP = st.builds(FastFailover, st.integers(0, 1 << 31), st.lists(BUCKET, max_size=3).map(tuple))
METER = st.builds(Meter, st.integers(1, 1 << 16), NUMBER[32], NUMBER[32])
ORDER = st.one_of(
    st.builds(Modification, st.sampled_from(("add", "remove")), FLOW),
    st.builds(Modification, st.sampled_from(("add", "change", "remove")), GROUP | METER),
    st.builds(Modification, st.just("remove"), st.sampled_from(NOT_OURS)),
)
ATOMIC = ofproto.ONF_BF_ATOMIC | ofproto.ONF_BF_ORDERED


class Datapath:
    """A connection, as far as the framework's messages need one."""

    ofproto, ofproto_parser = ofproto, parser


@given(ORDER, NUMBER[32])
def test_modifications_are_the_octets_that_the_framework_sends(order, xid):
    assert encoding.order(order, xid) == as_octets(message_of(Datapath(), order), xid)


@given(ORDER, NUMBER[32], NUMBER[32])
def test_modifications_in_bundles_are_the_octets_that_the_framework_sends(order, xid, number):
    switch = Datapath()
    added = parser.ONFBundleAddMsg(switch, number, ATOMIC, message_of(switch, order), [])
    made = encoding.in_bundle(number, ATOMIC, encoding.order(order, xid))
    assert made == as_octets(added, xid)


PLAIN = {
    ofproto.OFPMP_FLOW: as_dumped,
    ofproto.OFPMP_GROUP_DESC: lambda said: to_plain(group_of(said)),
    ofproto.OFPMP_METER_CONFIG: lambda said: to_plain(encoding.meter_of(said)),
}


def by_the_framework(reply):
    """The items of a reply as a dump has them; None where it cannot be read."""
    (kind,) = struct.unpack_from("!H", reply, 8)
    try:
        read = parser.OFPMultipartReply.parser(Datapath(), 4, 19, len(reply), 7, reply)
        return [PLAIN[kind](item) for item in read.body]
    except Exception:  # noqa: BLE001 - the framework logs it, and drops the message
        return None


def by_us(reply):
    switch = Datapath()
    decoding.read_as_values(switch, 7)
    try:
        return decoding.read_reply(switch, 4, 19, len(reply), 7, reply).body
    except Exception:  # noqa: BLE001 - the framework logs it, and drops the message
        return None


def plain(items):
    return None if items is None else [*map(plain_item, items)]


def said_of(flow, idle_s=0):
    """The octets by which a switch reports an entry."""
    octets = encoding.entry(flow, 0)
    head = struct.pack("!HBxIIHHHH4x", len(octets), flow.table, 1, 2, flow.priority, idle_s, 0, 0)
    return head + struct.pack("!QQQ", flow.cookie, 5, 500) + octets[48:]


@given(st.lists(st.tuples(FLOW, st.sampled_from((0, 0, 9))), max_size=5))
def test_entries_are_read_as_the_framework_reads_them(some):
    reply = multipart(1, b"".join(said_of(flow, idle_s) for flow, idle_s in some))
    assert plain(by_us(reply)) == by_the_framework(reply)


@given(st.lists(GROUP, max_size=5), st.sampled_from((0, 1, 2, 3)))
def test_groups_are_read_as_the_framework_reads_them(some, kind):
    octets = [encoding.group(one, 0)[16:] for one in some]
    body = [
        struct.pack("!HBxI", 8 + len(buckets), kind, one.id) + buckets
        for one, buckets in zip(some, octets, strict=True)
    ]
    reply = multipart(7, b"".join(body))
    assert plain(by_us(reply)) == by_the_framework(reply)


@given(st.lists(METER, max_size=3), st.sampled_from((1, 4, 5)))
def test_meters_are_read_as_the_framework_reads_them(some, flags):
    bands = [encoding.meter(one, 0)[16:] for one in some]
    heads = [struct.pack("!HHI", 24, flags, one.id) for one in some]
    reply = multipart(10, b"".join(a + b for a, b in zip(heads, bands, strict=True)))
    assert plain(by_us(reply)) == by_the_framework(reply)


@pytest.mark.parametrize("seed", range(10))
def test_spoilt_replies_are_read_as_the_framework_reads_them_or_not_at_all(seed):
    compared = 0
    for reply in spoilt(seed, 400):
        try:
            check(reply)
        except Malformed:
            continue
        if reply[1] == ofproto.OFPT_MULTIPART_REPLY and reply[8:10] in (b"\0\1", b"\0\7", b"\0\12"):
            assert plain(by_us(reply)) == by_the_framework(reply)
            compared += 1
    assert compared > 20


MASKED = match(bytes.fromhex("80001908") + bytes([10, 0, 0, 0, 255, 0, 0, 0]))
WRITE = struct.pack("!HHI", 3, 24, 0) + OUTPUT
NOBODYS = struct.pack("!HHIHHI", 0xFFFF, 16, 0x2320, 1, 0, 0)
OTHERS = {
    "masked": entry(match=MASKED),
    "expires": entry(idle_s=5),
    "writes actions": entry(WRITE),
    "expands": entry(apply(NOBODYS)),
    "ours": entry(apply(OUTPUT), GOTO, match=match(LABEL)),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_no_value_can_hold_reaches_the_prover_as_a_dump_tells_it(name):
    """Both inputs of the prover agree: values for what is plain, a dump for what is not."""
    body = [*by_us(multipart(1, OTHERS[name] + entry()))]
    assert plain(body) == by_the_framework(multipart(1, OTHERS[name] + entry()))
    said = {HUB.dpid: {"switches": body, "groups": [], "meters": []}}

    class Switches:
        def dump(self, _dpids):
            return said

    interfaces = Interfaces(WIRING, Switches(), None, None, None)
    held = interfaces.tables({HUB.dpid})
    assert held == interfaces.read(dump_of(said, interfaces.hub), {HUB.dpid})
    assert len(held.switches[HUB.hub].flows) == 2
    assert isinstance(body[0], HeldEntry) == (name in ("writes actions", "expands", "ours"))


def test_what_is_read_twice_is_the_same_value():
    reply = multipart(1, entry(apply(OUTPUT), match=match(IN_PORT, LABEL)))
    (first,), (again,) = by_us(reply), by_us(reply)
    assert first.flow is again.flow


def test_answers_to_others_stay_as_the_framework_makes_them():
    reply = multipart(1, entry())
    read = decoding.read_reply(Datapath(), 4, 19, len(reply), 7, reply)
    assert isinstance(read.body[0], parser.OFPFlowStats)


def test_a_group_of_another_kind_is_told_by_its_kind():
    reply = multipart(7, group(bucket(OUTPUT)))
    assert isinstance(by_us(reply)[0], FastFailover)
    other = reply[:18] + b"\0" + reply[19:]
    (read,) = by_us(other)
    assert read.buckets[0].actions[0].arguments == ("group of type 0",)
