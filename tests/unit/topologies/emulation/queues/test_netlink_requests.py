"""Requests to the kernel, read by a library that has nothing to do with how they are packed."""

import pytest
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from corridor.topologies.emulation.queues import rtnetlink
from corridor.topologies.emulation.queues.rtnetlink import Interface, Request


def read(kind, request: Request):
    """A request as pyroute2 decodes it."""
    message = kind(request.packed(7, acknowledged=True))
    message.decode()
    assert message["header"]["length"] == len(request.packed(7, acknowledged=True))
    assert message["header"]["sequence_number"] == 7
    assert message["header"]["type"] == request.kind
    return message


def test_a_pair_is_asked_for_with_names_addresses_and_the_namespace_of_its_other_end():
    ours = Interface("c0s1p1", "02:c0:01:00:01:01", 1500, group=77)
    theirs = Interface("c0h1-eth0", "02:c0:00:00:01:00", 1400, namespace=5, gso_max_segs=1)
    said = read(ifinfmsg, rtnetlink.veth(ours, theirs))
    assert said.get_attr("IFLA_IFNAME") == "c0s1p1"
    assert said.get_attr("IFLA_ADDRESS") == "02:c0:01:00:01:01"
    assert (said.get_attr("IFLA_MTU"), said.get_attr("IFLA_GROUP")) == (1500, 77)
    assert said.get_attr("IFLA_NET_NS_FD") is None
    link = said.get_attr("IFLA_LINKINFO")
    assert link.get_attr("IFLA_INFO_KIND") == "veth"
    peer = link.get_attr("IFLA_INFO_DATA").get_attr("VETH_INFO_PEER")
    assert peer.get_attr("IFLA_IFNAME") == "c0h1-eth0"
    assert peer.get_attr("IFLA_ADDRESS") == "02:c0:00:00:01:00"
    assert (peer.get_attr("IFLA_MTU"), peer.get_attr("IFLA_NET_NS_FD")) == (1400, 5)
    assert peer.get_attr("IFLA_GSO_MAX_SEGS") == 1
    assert peer.get_attr("IFLA_GROUP") is None


def test_an_interface_is_kept_silent_about_ipv6_before_it_is_up():
    said = read(ifinfmsg, rtnetlink.no_ipv6("c0s1p1"))
    assert said.get_attr("IFLA_IFNAME") == "c0s1p1"
    assert (said["flags"], said["change"]) == (0, 0)
    family = said.get_attr("IFLA_AF_SPEC").get_attr("AF_INET6")
    assert family.get_attr("IFLA_INET6_ADDR_GEN_MODE") == 1  # IN6_ADDR_GEN_MODE_NONE


@pytest.mark.parametrize("up", [True, False])
def test_switching_an_interface_changes_that_flag_only(up):
    said = read(ifinfmsg, rtnetlink.switched("c0s1p1", up=up))
    assert (said["flags"], said["change"]) == (int(up), 1)
    assert said.get_attr("IFLA_IFNAME") == "c0s1p1"


def test_an_address_is_given_by_index():
    said = read(ifaddrmsg, rtnetlink.addressed(9, "10.0.1.2", 8, "c0h1-eth0"))
    assert (said["index"], said["prefixlen"], said["family"]) == (9, 8, 2)
    assert said.get_attr("IFA_LOCAL") == said.get_attr("IFA_ADDRESS") == "10.0.1.2"


def test_a_discipline_is_put_where_it_belongs_whatever_is_there():
    request = rtnetlink.qdisc(9, 0x10000, 0xFFFFFFFF, "netem", b"\1" * 24, "c0s1p2")
    said = read(tcmsg, request)
    assert (said["index"], said["handle"], said["parent"]) == (9, 0x10000, 0xFFFFFFFF)
    assert said.get_attr("TCA_KIND") == "netem"
    assert request.flags == rtnetlink.NLM_F_CREATE | rtnetlink.NLM_F_REPLACE


def test_a_neighbour_is_forgotten_by_what_the_kernel_said_of_it():
    told = ndmsg()
    told["family"], told["ifindex"], told["state"] = 2, 4, 2
    told["attrs"] = [("NDA_DST", "10.0.0.7"), ("NDA_LLADDR", "02:c0:00:00:07:00")]
    told.encode()
    body = bytes(told.data)[rtnetlink.HEADER.size :]
    said = read(ndmsg, rtnetlink.neighbour_deleted(body))
    assert (said["family"], said["ifindex"]) == (2, 4)
    assert said.get_attr("NDA_DST") == "10.0.0.7"


def test_a_link_is_read_as_the_kernel_says_it():
    told = ifinfmsg()
    told["index"], told["flags"] = 12, 0x1043
    told["attrs"] = [
        ("IFLA_IFNAME", "c0s1gi"),
        ("IFLA_MTU", 1600),
        ("IFLA_GROUP", 77),
        ("IFLA_ADDRESS", "02:c0:03:00:01:01"),
        ("IFLA_LINKINFO", {"attrs": [("IFLA_INFO_KIND", "tun")]}),
    ]
    told.encode()
    link = rtnetlink.link_of(bytes(told.data)[rtnetlink.HEADER.size :])
    assert link == rtnetlink.Link(12, "c0s1gi", True, 77, "tun", "02:c0:03:00:01:01", 1600)


def test_messages_that_stand_together_are_told_apart():
    first = rtnetlink.switched("a", up=True).packed(1, acknowledged=False)
    second = rtnetlink.switched("bcd", up=True).packed(2, acknowledged=True)
    padded = first + bytes(-len(first) % 4)
    found = list(rtnetlink.messages(padded + second))
    assert [(kind, sequence) for kind, sequence, _ in found] == [(19, 1), (19, 2)]
    assert rtnetlink.attributes(found[1][2][rtnetlink.LINK.size :])[3] == b"bcd\0"


def test_an_error_is_the_number_that_the_kernel_gives_and_none_is_an_acknowledgement():
    assert rtnetlink.error_of((-17).to_bytes(4, "little", signed=True)) == 17
    assert rtnetlink.error_of(bytes(4)) == 0
