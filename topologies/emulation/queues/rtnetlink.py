"""Route netlink as octets: requests that make and shape interfaces, and what the kernel answers.

Pure. A network is some thousand requests, so they are packed here and sent many at a time.
Layouts and numbers: netlink(7), rtnetlink(7), linux/if_link.h, linux/pkt_sched.h.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from corridor.topologies.model.addresses import Family, family_of, octets_of

NLM_F_REQUEST, NLM_F_ACK = 0x1, 0x4
NLM_F_DUMP, NLM_F_DUMP_INTR = 0x300, 0x10
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE = 0x100, 0x200, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR = 20
RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 28, 29, 30
RTM_NEWQDISC, RTM_DELQDISC, RTM_GETQDISC = 36, 37, 38
RTM_NEWTCLASS, RTM_GETTCLASS = 40, 42
RTM_NEWTFILTER, RTM_GETTFILTER = 44, 46

IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_TXQLEN, IFLA_LINKINFO = 1, 3, 4, 13, 18
IFLA_AF_SPEC, IFLA_GROUP, IFLA_NET_NS_FD, IFLA_EXT_MASK, IFLA_GSO_MAX_SEGS = 26, 27, 28, 29, 40
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE = 8, 1
RTEXT_FILTER_SKIP_STATS = 8
IFA_ADDRESS, IFA_LOCAL = 1, 2
NDA_DST, NDA_LLADDR = 1, 2
NUD_PERMANENT = 0x80
TCA_KIND, TCA_OPTIONS, TCA_STATS2 = 1, 2, 7
AF_INET, AF_INET6 = 2, 10
IFA_F_NODAD = 0x02
IFF_UP, IFF_NOARP = 1, 0x80
NLA_TYPE_MASK = 0x3FFF

HEADER = struct.Struct("=IHHII")
LINK = struct.Struct("=BxHiII")
ADDRESS = struct.Struct("=BBBBI")
QDISC = struct.Struct("=BxxxiIII")
QDISC_ROOT = 0xFFFFFFFF
NEIGHBOUR = struct.Struct("=BxxxiHBB")
_ATTRIBUTE = struct.Struct("=HH")
_U32 = struct.Struct("=I")
_ERROR = struct.Struct("=i")

Attributes = dict[int, bytes]


@dataclass(frozen=True)
class Request:
    """One message without its header. ``about`` names what it is for, in a failure."""

    kind: int
    flags: int
    body: bytes
    about: str

    def packed(self, sequence: int, *, acknowledged: bool) -> bytes:
        """With its header; the kernel answers one that fails, and any that asks for it."""
        flags = self.flags | NLM_F_REQUEST | (NLM_F_ACK if acknowledged else 0)
        length = HEADER.size + len(self.body)
        return HEADER.pack(length, self.kind, flags, sequence, 0) + self.body


@dataclass(frozen=True)
class Interface:
    """One end of a pair, as it is asked for; ``namespace`` is a descriptor of where it goes."""

    name: str
    mac: str
    mtu: int
    group: int | None = None
    namespace: int | None = None
    gso_max_segs: int | None = None


@dataclass(frozen=True)
class Link:
    """An interface that is there."""

    index: int
    name: str
    up: bool
    group: int
    kind: str
    mac: str
    mtu: int


def attribute(number: int, value: bytes) -> bytes:
    """One attribute, padded to four octets."""
    padding = bytes(-len(value) % 4)
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), number) + value + padding


def u32(number: int, value: int) -> bytes:
    return attribute(number, _U32.pack(value))


def text(number: int, value: str) -> bytes:
    return attribute(number, value.encode() + b"\0")


def veth(a: Interface, z: Interface) -> Request:
    """Make a pair of interfaces, both down."""
    peer = attribute(VETH_INFO_PEER, LINK.pack(0, 0, 0, 0, 0) + _described(z))
    kind = text(IFLA_INFO_KIND, "veth") + attribute(IFLA_INFO_DATA, peer)
    body = LINK.pack(0, 0, 0, 0, 0) + _described(a) + attribute(IFLA_LINKINFO, kind)
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body, a.name)


def no_ipv6(name: str) -> Request:
    """Give an interface no automatic IPv6 address, so that it announces none; before it is up."""
    mode = attribute(IFLA_INET6_ADDR_GEN_MODE, bytes([IN6_ADDR_GEN_MODE_NONE]))
    family = attribute(AF_INET6, mode)
    body = LINK.pack(0, 0, 0, 0, 0) + text(IFLA_IFNAME, name) + attribute(IFLA_AF_SPEC, family)
    return Request(RTM_SETLINK, 0, body, name)


def switched(name: str, *, up: bool) -> Request:
    """Set an interface up or down."""
    body = LINK.pack(0, 0, 0, IFF_UP if up else 0, IFF_UP) + text(IFLA_IFNAME, name)
    return Request(RTM_SETLINK, 0, body, name)


def mtu_set(name: str, mtu: int) -> Request:
    """Give an interface another MTU, in octets."""
    body = LINK.pack(0, 0, 0, 0, 0) + text(IFLA_IFNAME, name) + u32(IFLA_MTU, mtu)
    return Request(RTM_SETLINK, 0, body, name)


def tap_set(tap: Interface, queue_frames: int) -> Request:
    """Describe a TAP device that is there."""
    body = LINK.pack(0, 0, 0, 0, 0) + _described(tap) + u32(IFLA_TXQLEN, queue_frames)
    return Request(RTM_SETLINK, 0, body, tap.name)


def resolving(name: str, *, wanted: bool) -> Request:
    """Have an interface ask for the addresses of neighbours, or not. One that does not joins no
    group of IPv6 for the addresses that it is given, and so announces none."""
    flags = 0 if wanted else IFF_NOARP
    body = LINK.pack(0, 0, 0, flags, IFF_NOARP) + text(IFLA_IFNAME, name)
    return Request(RTM_SETLINK, 0, body, name)


def addressed(index: int, ip: str, prefix_length: int, name: str) -> Request:
    """Give an interface an address; one of IPv6 without looking for another host that has it."""
    family, octets = _FAMILIES[family_of(ip)], octets_of(ip)
    flags = IFA_F_NODAD if family == AF_INET6 else 0
    body = ADDRESS.pack(family, prefix_length, flags, 0, index)
    body += attribute(IFA_LOCAL, octets) + attribute(IFA_ADDRESS, octets)
    return Request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body, name)


_FAMILIES: dict[Family, int] = {"ipv4": AF_INET, "ipv6": AF_INET6}


def group_deleted(group: int) -> Request:
    """Delete every interface of a group; the kernel refuses if there is none."""
    body = LINK.pack(0, 0, 0, 0, 0) + u32(IFLA_GROUP, group)
    return Request(RTM_DELLINK, 0, body, f"interface group {group}")


def qdisc(index: int, handle: int, parent: int, kind: str, options: bytes, name: str) -> Request:
    """Put a queueing discipline in its place, whatever is there."""
    body = QDISC.pack(0, index, handle, parent, 0)
    body += text(TCA_KIND, kind) + attribute(TCA_OPTIONS, options)
    return Request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, body, name)


def qdisc_deleted(index: int, name: str) -> Request:
    """Remove an interface's root discipline with its content; the kernel refuses if the interface
    has none that the emulator made."""
    return Request(RTM_DELQDISC, 0, QDISC.pack(0, index, 0, QDISC_ROOT, 0), name)


def tclass(index: int, handle: int, parent: int, kind: str, options: bytes, name: str) -> Request:
    """Put a class of a discipline in its place, or change the one that is there."""
    body = QDISC.pack(0, index, handle, parent, 0)
    body += text(TCA_KIND, kind) + attribute(TCA_OPTIONS, options)
    return Request(RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_REPLACE, body, name)


def tfilter(
    index: int, parent: int, handle: int, info: int, kind: str, options: bytes, name: str
) -> Request:
    """Put a filter at a discipline, or change the one that is there; ``info`` is its preference,
    above the Ethernet type in the order of the network."""
    body = QDISC.pack(0, index, handle, parent, info)
    body += text(TCA_KIND, kind) + attribute(TCA_OPTIONS, options)
    return Request(RTM_NEWTFILTER, NLM_F_CREATE, body, name)


def all_neighbours() -> Request:
    """The ARP cache of a namespace."""
    return Request(RTM_GETNEIGH, NLM_F_DUMP, NEIGHBOUR.pack(AF_INET, 0, 0, 0, 0), "neighbours")


def neighbour_added(index: int, ip: str, mac: str, name: str) -> Request:
    """Know a neighbour's MAC address for good, without asking for it."""
    body = NEIGHBOUR.pack(_FAMILIES[family_of(ip)], index, NUD_PERMANENT, 0, 0)
    body += attribute(NDA_DST, octets_of(ip))
    body += attribute(NDA_LLADDR, bytes.fromhex(mac.replace(":", "")))
    return Request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body, name)


def neighbour_deleted(said: bytes) -> Request:
    """Forget what ``all_neighbours`` stated about one of them."""
    family, index, *_ = NEIGHBOUR.unpack_from(said)
    address = attribute(NDA_DST, attributes(said[NEIGHBOUR.size :])[NDA_DST])
    body = NEIGHBOUR.pack(family, index, 0, 0, 0) + address
    return Request(RTM_DELNEIGH, 0, body, "a neighbour")


def all_links() -> Request:
    body = LINK.pack(0, 0, 0, 0, 0) + u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    return Request(RTM_GETLINK, NLM_F_DUMP, body, "interfaces")


def all_qdiscs() -> Request:
    return Request(RTM_GETQDISC, NLM_F_DUMP, QDISC.pack(0, 0, 0, 0, 0), "queueing disciplines")


def all_classes(index: int) -> Request:
    """Of all disciplines of an interface."""
    return Request(RTM_GETTCLASS, NLM_F_DUMP, QDISC.pack(0, index, 0, 0, 0), "classes")


def all_filters(index: int, parent: int) -> Request:
    """Of one discipline of an interface."""
    return Request(RTM_GETTFILTER, NLM_F_DUMP, QDISC.pack(0, index, 0, parent, 0), "filters")


def attributes(data: bytes) -> Attributes:
    """By their number; of two of the same, the last."""
    found: Attributes = {}
    at, end = 0, len(data)
    while at + _ATTRIBUTE.size <= end:
        length, number = _ATTRIBUTE.unpack_from(data, at)
        if length < _ATTRIBUTE.size:
            break
        found[number & NLA_TYPE_MASK] = data[at + _ATTRIBUTE.size : at + length]
        at += length + 3 & ~3
    return found


def interrupted(data: bytes) -> bool:
    """Whether what was received is part of a dump that changed while it was read."""
    return any(HEADER.unpack_from(data, at)[2] & NLM_F_DUMP_INTR for at, _length in _headers(data))


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Kind, sequence number and body of each message in what was received."""
    for at, length in _headers(data):
        _length, kind, _flags, sequence, _port = HEADER.unpack_from(data, at)
        yield kind, sequence, data[at + HEADER.size : at + length]


def _headers(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each message begins, and its length."""
    at = 0
    while at + HEADER.size <= len(data):
        length = HEADER.unpack_from(data, at)[0]
        yield at, length
        at += max(length, HEADER.size) + 3 & ~3


def error_of(body: bytes) -> int:
    """The error number of an NLMSG_ERROR or NLMSG_DONE; 0 says that all went well."""
    return -int(_ERROR.unpack_from(body)[0]) if len(body) >= _ERROR.size else 0


def link_of(body: bytes) -> Link:
    """From the body of an RTM_NEWLINK."""
    _family, _type, index, flags, _change = LINK.unpack_from(body)
    said = attributes(body[LINK.size :])
    kind = attributes(said.get(IFLA_LINKINFO, b"")).get(IFLA_INFO_KIND, b"")
    return Link(
        index=index,
        name=_text(said[IFLA_IFNAME]),
        up=bool(flags & IFF_UP),
        group=_U32.unpack(said[IFLA_GROUP])[0],
        kind=_text(kind),
        mac=said.get(IFLA_ADDRESS, b"").hex(":"),
        mtu=_U32.unpack(said[IFLA_MTU])[0],
    )


def _described(interface: Interface) -> bytes:
    parts = [
        text(IFLA_IFNAME, interface.name),
        attribute(IFLA_ADDRESS, bytes.fromhex(interface.mac.replace(":", ""))),
        u32(IFLA_MTU, interface.mtu),
    ]
    for number, value in (
        (IFLA_GROUP, interface.group),
        (IFLA_NET_NS_FD, interface.namespace),
        (IFLA_GSO_MAX_SEGS, interface.gso_max_segs),
    ):
        if value is not None:
            parts.append(u32(number, value))
    return b"".join(parts)


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")
