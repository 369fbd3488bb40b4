"""Open vSwitch's datapath in the kernel, over generic netlink."""

from __future__ import annotations

import errno

from pyroute2 import GenericNetlinkSocket
from pyroute2.netlink import NLM_F_ACK, NLM_F_REQUEST, genlmsg
from pyroute2.netlink.exceptions import NetlinkError

SYSTEM = "ovs-system"
"""The one datapath that holds every kernel bridge of an ovs-vswitchd."""
OVS_DP_CMD_DEL = 2
OVS_DATAPATH_VERSION = 2


class DatapathMessage(genlmsg):
    """``struct ovs_header`` and the attributes of <linux/openvswitch.h> that are used here."""

    fields = (*genlmsg.fields, ("dp_ifindex", "I"))
    nla_map = (("OVS_DP_ATTR_UNSPEC", "none"), ("OVS_DP_ATTR_NAME", "asciiz"))


def delete(name: str = SYSTEM) -> None:
    """Remove a datapath with its flows and ports; bridges' own interfaces go with it.

    Nobody may be running it: an ovs-vswitchd would go on as if it were there. No such datapath is
    no error.
    """
    with GenericNetlinkSocket() as kernel:
        try:
            kernel.bind("ovs_datapath", DatapathMessage)
            message = DatapathMessage()
            message["cmd"], message["version"] = OVS_DP_CMD_DEL, OVS_DATAPATH_VERSION
            message["attrs"] = [("OVS_DP_ATTR_NAME", name)]
            flags = NLM_F_REQUEST | NLM_F_ACK
            kernel.nlm_request(message, msg_type=kernel.prid, msg_flags=flags)
        except NetlinkError as error:
            if error.code not in (errno.ENOENT, errno.ENODEV):
                raise
