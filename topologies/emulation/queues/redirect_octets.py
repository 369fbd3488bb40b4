"""What leads labelled frames that an interface is to send through another one first, as octets.

That other one is an intermediate functional block (ifb): what is sent into it queues there, and is
then sent by the interface that it was for. Frames without a label pass by. Layouts and numbers:
linux/pkt_cls.h, linux/tc_act/tc_mirred.h, linux/pkt_sched.h. Pure.
"""

from __future__ import annotations

import struct

from corridor.topologies.emulation.queues import rtnetlink
from corridor.topologies.emulation.queues.rtnetlink import (
    IFLA_GROUP,
    IFLA_IFNAME,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    LINK,
    NLM_F_CREATE,
    NLM_F_EXCL,
    QDISC,
    RTM_DELLINK,
    RTM_DELQDISC,
    RTM_NEWLINK,
    RTM_NEWQDISC,
    TCA_KIND,
    TCA_OPTIONS,
    Request,
    attribute,
    attributes,
    text,
    u32,
)

IFB, CLSACT, MATCHALL, MIRRED = "ifb", "clsact", "matchall", "mirred"
CLSACT_HANDLE, CLSACT_PARENT, EGRESS = 0xFFFF0000, 0xFFFFFFF1, 0xFFFFFFF3
MPLS_NETWORK_ORDER = 0x4788
"""0x8847 as the kernel has it in a filter."""
PREFERENCE, FILTER_HANDLE = 1, 1
MATCHALL_ACTIONS = 2
ACTION_KIND, ACTION_OPTIONS = 1, 2
MIRRED_PARAMETERS = 2
STOLEN, EGRESS_REDIRECT = 4, 1
_MIRRED = struct.Struct("=IIiiiiI")
"""Index, capabilities, verdict, references, bindings, direction, interface."""


def ifb(name: str, mtu: int, group: int) -> Request:
    """Make one, down."""
    body = LINK.pack(0, 0, 0, 0, 0) + text(IFLA_IFNAME, name) + u32(IFLA_MTU, mtu)
    body += u32(IFLA_GROUP, group) + attribute(IFLA_LINKINFO, text(IFLA_INFO_KIND, IFB))
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body, name)


def link_deleted(name: str) -> Request:
    body = LINK.pack(0, 0, 0, 0, 0) + text(IFLA_IFNAME, name)
    return Request(RTM_DELLINK, 0, body, name)


def hook(index: int, name: str) -> Request:
    """Let an interface have filters for what it is to send; refused where it has them."""
    body = QDISC.pack(0, index, CLSACT_HANDLE, CLSACT_PARENT, 0) + text(TCA_KIND, CLSACT)
    return Request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, body, name)


def hook_deleted(index: int, name: str) -> Request:
    """With its filters."""
    body = QDISC.pack(0, index, CLSACT_HANDLE, CLSACT_PARENT, 0) + text(TCA_KIND, CLSACT)
    return Request(RTM_DELQDISC, 0, body, name)


def redirection(index: int, into: int, name: str) -> Request:
    """All labelled frames go into another interface."""
    parameters = _MIRRED.pack(0, 0, STOLEN, 0, 0, EGRESS_REDIRECT, into)
    action = text(ACTION_KIND, MIRRED)
    action += attribute(ACTION_OPTIONS, attribute(MIRRED_PARAMETERS, parameters))
    options = attribute(MATCHALL_ACTIONS, attribute(1, action))
    info = PREFERENCE << 16 | MPLS_NETWORK_ORDER
    return rtnetlink.tfilter(index, EGRESS, FILTER_HANDLE, info, MATCHALL, options, name)


def redirected_into(dumped: bytes) -> int | None:
    """The interface that a dumped filter leads labelled frames into; None if it does nothing like
    that."""
    info = QDISC.unpack_from(dumped)[4]
    said = attributes(dumped[QDISC.size :])
    options = attributes(said.get(TCA_OPTIONS, b""))
    action = attributes(attributes(options.get(MATCHALL_ACTIONS, b"")).get(1, b""))
    parameters = attributes(action.get(ACTION_OPTIONS, b"")).get(MIRRED_PARAMETERS)
    if parameters is None or info & 0xFFFF != MPLS_NETWORK_ORDER:
        return None
    _, _, verdict, _, _, direction, into = _MIRRED.unpack_from(parameters)
    return into if (verdict, direction) == (STOLEN, EGRESS_REDIRECT) else None
