"""The wiring check: LLDP out of every fibre port until each declared link has been seen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from corridor.controller.forwarding.program import WiredLink
from corridor.controller.openflow.framework import lldp, ofproto, parser
from corridor.controller.openflow.installation import Installation

RETRY_S = 0.5
PORT_MAC_OFFSET = "02:c0:02:00:00:00"


def lldp_frame(dpid: int, port: int) -> bytes:
    """IEEE 802.1AB: chassis id and port id are locally assigned text."""
    tlvs = (
        lldp.ChassisID(
            subtype=lldp.ChassisID.SUB_LOCALLY_ASSIGNED, chassis_id=f"dpid:{dpid:016x}".encode()
        ),
        lldp.PortID(subtype=lldp.PortID.SUB_LOCALLY_ASSIGNED, port_id=f"{port}".encode()),
        lldp.TTL(ttl=120),
        lldp.End(),
    )
    addresses = lldp.LLDP_MAC_NEAREST_BRIDGE + PORT_MAC_OFFSET
    header = bytes.fromhex(addresses.replace(":", "")) + b"\x88\xcc"
    return header + bytes(lldp.lldp(tlvs).serialize(None, None))


def lldp_origin(frame: bytes) -> tuple[int, int] | None:
    """Datapath id and port that sent an LLDP frame of this product, or None for any other frame."""
    if frame[12:14] != b"\x88\xcc":
        return None
    try:
        chassis, port = lldp.lldp.parser(frame[14:])[0].tlvs[:2]
        kind, _, dpid = chassis.chassis_id.decode("ascii").partition(":")
        return (int(dpid, 16), int(port.port_id)) if kind == "dpid" else None
    except (AttributeError, ValueError, UnicodeDecodeError, AssertionError):
        return None


def lldp_out(datapath: Any, port: int) -> Any:
    """The message that has a switch send such a frame."""
    return parser.OFPPacketOut(
        datapath,
        buffer_id=ofproto.OFP_NO_BUFFER,
        in_port=ofproto.OFPP_CONTROLLER,
        actions=[parser.OFPActionOutput(port)],
        data=lldp_frame(datapath.id, port),
    )


def seen_by(message: Any) -> WiredLink | None:
    """The link along which a packet came to the controller, or None if it is not ours."""
    origin = lldp_origin(message.data)
    return origin and WiredLink(*origin, message.datapath.id, message.match["in_port"])


def check_wiring(
    links: Installation,
    send: Callable[[Sequence[WiredLink]], object],
    sleep: Callable[[float], object],
    unexpected: Callable[[], Collection[tuple[int, int]]] = frozenset,
) -> None:
    """Returns once every link has been seen, but for those from ``unexpected`` switches and ports.

    Until all switches hold their tables it waits. Links of one switch are sent together. A domain
    whose links have all been seen sends its outgoing ones once more: its neighbours were ready.
    """
    while True:
        dead = unexpected()
        missing = [one for one in links.missing_links if _sender(one) not in dead]
        is_done = not (missing or links.missing_switches)
        if not links.missing_switches and (missing or links.outgoing):
            send(sorted([*missing, *links.outgoing], key=_sender))
        if is_done:
            return
        sleep(RETRY_S)


def _sender(link: WiredLink) -> tuple[int, int]:
    return link.src_dpid, link.src_port
