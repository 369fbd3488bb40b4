"""Open vSwitch's datapath in the kernel, over generic netlink (linux/openvswitch.h)."""

from __future__ import annotations

import errno
import socket
import struct
import sys

from corridor.topologies.emulation.netlink_socket import (
    NETLINK_GENERIC,
    KernelRefuses,
    NetlinkSocket,
)
from corridor.topologies.emulation.queues import rtnetlink
from corridor.topologies.emulation.queues.rtnetlink import Request

SYSTEM = "ovs-system"
"""The one datapath that holds every kernel bridge of an ovs-vswitchd."""
FAMILY, METERS = "ovs_datapath", "ovs_meter"
OVS_DP_CMD_DEL, OVS_DATAPATH_VERSION, OVS_DP_ATTR_NAME = 2, 2, 1
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 3, 1, 2
OVS_METER_CMD_GET, OVS_METER_VERSION = 4, 1
OVS_METER_ATTR_ID, OVS_METER_ATTR_STATS, OVS_METER_ATTR_BANDS = 1, 3, 4
OVS_BAND_ATTR_STATS = 4
METERS_APART = 64
"""Numbers in a row without a meter: updates leave gaps, for meters are numbered on."""
_GENERIC = struct.Struct("=BBxx")
_OVS_HEADER = struct.Struct("=i")
_METER_COUNTS = struct.Struct("=QQ")


def is_available() -> bool:
    """Whether this kernel has the datapath; OSError if it cannot be asked."""
    with NetlinkSocket(NETLINK_GENERIC) as kernel:
        return _family(kernel) is not None


def delete(name: str = SYSTEM) -> None:
    """Remove a datapath with its flows and ports; bridges' own interfaces go with it.

    No one may be running it: an ovs-vswitchd would go on as if it were there. No such datapath is
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


def dropped_by_meters(meters: int, name: str = SYSTEM) -> dict[int, int]:
    """Packets that each meter of the datapath has dropped, by its number there. It does not tell
    which there are: they are looked for until ``meters`` are found, and a stretch has none."""
    found: dict[int, int] = {}
    with NetlinkSocket(NETLINK_GENERIC) as kernel:
        family = _family(kernel, METERS)
        if family is None:
            return found
        index, number, missed = socket.if_nametoindex(name), 0, 0
        while missed < METERS_APART + (meters if len(found) < meters else 0):
            dropped = _dropped_by_meter(kernel, family, index, number)
            if dropped is None:
                missed += 1
            else:
                found[number], missed = dropped, 0
            number += 1
    return found


def _dropped_by_meter(kernel: NetlinkSocket, family: int, index: int, number: int) -> int | None:
    """By its bands; None if the meter does not exist."""
    body = _GENERIC.pack(OVS_METER_CMD_GET, OVS_METER_VERSION) + _OVS_HEADER.pack(index)
    body += rtnetlink.u32(OVS_METER_ATTR_ID, number)
    try:
        ((_kind, said),) = kernel.ask(Request(family, 0, body, f"meter {number}"))
    except KernelRefuses as error:
        if error.errno != errno.ENOENT:
            raise
        return None
    told = rtnetlink.attributes(said[_GENERIC.size + _OVS_HEADER.size :])
    bands = rtnetlink.attributes(told[OVS_METER_ATTR_BANDS]).values()
    counts = [rtnetlink.attributes(band)[OVS_BAND_ATTR_STATS] for band in bands]
    return sum(int(_METER_COUNTS.unpack_from(one)[0]) for one in counts)


def _family(kernel: NetlinkSocket, name: str = FAMILY) -> int | None:
    """The number of a family of generic netlink, or None in a kernel without it."""
    body = _GENERIC.pack(CTRL_CMD_GETFAMILY, 1) + rtnetlink.text(CTRL_ATTR_FAMILY_NAME, name)
    try:
        ((_kind, said),) = kernel.ask(Request(GENL_ID_CTRL, 0, body, name))
    except KernelRefuses as error:
        if error.errno != errno.ENOENT:
            raise
        return None
    number = rtnetlink.attributes(said[_GENERIC.size :])[CTRL_ATTR_FAMILY_ID]
    return int.from_bytes(number, sys.byteorder)
