"""Open vSwitch's datapath in the kernel, over generic netlink (linux/openvswitch.h)."""

from __future__ import annotations

import errno
import struct
import sys

from corridor.topologies.emulation.netlink_socket import (
    NETLINK_GENERIC,
    KernelRefuses,
    NetlinkSocket,
)
from corridor.topologies.emulation.octets import rtnetlink
from corridor.topologies.emulation.octets.rtnetlink import Request

SYSTEM = "ovs-system"
"""The one datapath that holds every kernel bridge of an ovs-vswitchd."""
FAMILY = "ovs_datapath"
OVS_DP_CMD_DEL, OVS_DATAPATH_VERSION, OVS_DP_ATTR_NAME = 2, 2, 1
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
_GENERIC = struct.Struct("=BBxx")
_OVS_HEADER = struct.Struct("=i")


def is_available() -> bool:
    """Whether this kernel has the datapath; OSError if it cannot be asked."""
    with NetlinkSocket(NETLINK_GENERIC) as kernel:
        return _family(kernel) is not None


def delete(name: str = SYSTEM) -> None:
    """Remove a datapath with its flows and ports; bridges' own interfaces go with it.

    Nobody may be running it: an ovs-vswitchd would go on as if it were there. No such datapath is
    no error.
    """
    with NetlinkSocket(NETLINK_GENERIC) as kernel:
        family = _family(kernel)
        if family is None:
            return
        body = _GENERIC.pack(OVS_DP_CMD_DEL, OVS_DATAPATH_VERSION) + _OVS_HEADER.pack(0)
        body += rtnetlink.text(OVS_DP_ATTR_NAME, name)
        try:
            kernel.carry_out([Request(family, 0, body, f"datapath {name}")])
        except KernelRefuses as error:
            if error.errno not in (errno.ENOENT, errno.ENODEV):
                raise


def _family(kernel: NetlinkSocket) -> int | None:
    """The number of the datapath's family, or None in a kernel without it."""
    body = _GENERIC.pack(CTRL_CMD_GETFAMILY, 1) + rtnetlink.text(CTRL_ATTR_FAMILY_NAME, FAMILY)
    try:
        ((_kind, said),) = kernel.ask(Request(GENL_ID_CTRL, 0, body, FAMILY))
    except KernelRefuses as error:
        if error.errno != errno.ENOENT:
            raise
        return None
    number = rtnetlink.attributes(said[_GENERIC.size :])[CTRL_ATTR_FAMILY_ID]
    return int.from_bytes(number, sys.byteorder)
