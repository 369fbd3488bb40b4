"""LLDP of the wiring check: frames out of every fibre port, and who sent one that came in."""

from __future__ import annotations

from corridor.controller.openflow.framework import lldp

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
    """Datapath id and port that sent an LLDP frame of ours, or None for any other frame."""
    if frame[12:14] != b"\x88\xcc":
        return None
    try:
        chassis, port = lldp.lldp.parser(frame[14:])[0].tlvs[:2]
        kind, _, dpid = chassis.chassis_id.decode("ascii").partition(":")
        return (int(dpid, 16), int(port.port_id)) if kind == "dpid" else None
    except (AttributeError, ValueError, UnicodeDecodeError, AssertionError):
        return None
