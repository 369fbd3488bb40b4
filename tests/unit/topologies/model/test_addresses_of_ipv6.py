"""IPv6 addresses of hosts: one for each IPv4 address, in the one form that switches report."""

import socket
from ipaddress import IPv6Address

from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.base.codec import to_plain
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.addresses import IPV6_PREFIX, family_of, ipv6_of, octets_of
from corridor.topologies.model.wiring import wire


@given(st.ip_addresses(v=4).map(str))
def test_an_address_is_the_prefix_and_the_ipv4_address_in_the_form_of_rfc_5952(ipv4):
    ipv6 = ipv6_of(ipv4)
    assert ipv6 == str(IPv6Address(ipv6)) == socket.inet_ntop(socket.AF_INET6, octets_of(ipv6))
    assert octets_of(ipv6) == octets_of(IPV6_PREFIX)[:12] + octets_of(ipv4)
    assert (family_of(ipv4), family_of(ipv6)) == ("ipv4", "ipv6")


@given(st.ip_addresses(v=6).map(str))
def test_octets_are_those_of_the_address(ipv6):
    if "." not in ipv6:  # of the mapped form, which no host has
        assert octets_of(ipv6) == socket.inet_pton(socket.AF_INET6, ipv6)


def test_a_wiring_says_only_where_hosts_have_such_addresses():
    mini = load_topology("mini")
    assert "ipv6" not in to_plain(wire(mini))
    laid = wire(mini, ipv6=True)
    assert to_plain(laid)["ipv6"] is True
    assert laid.host("guian").ip("ipv6") == "fd00:c0da::a00:2"
    assert laid.host("guian").ip("ipv4") == "10.0.0.2"
