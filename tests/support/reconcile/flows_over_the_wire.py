"""Entries to OpenFlow bytes and back, in a separate process, because a framework patches sockets.

Standard input: a compiled program as JSON, and frames as hex. Standard output: per entry the bytes
of its message and the entry a switch would say it holds; per frame its LLDP origin.
"""

from __future__ import annotations

import json
import struct
import sys

from corridor.controller.forwarding.program import Program
from corridor.controller.openflow import decoding, encoding
from corridor.topologies.base.codec import from_plain, to_plain

FIXED = 48
"""Bytes before the match of ofp_flow_mod and ofp_flow_stats (OpenFlow 1.3.5, 7.3.4.1, 7.3.5.2)."""


def as_statistics(flow_mod: bytes) -> bytes:
    """The ofp_flow_stats with which a switch reports what an ofp_flow_mod made it hold."""
    cookie, _mask, table = struct.unpack_from("!QQB", flow_mod, 8)
    idle, hard, priority = struct.unpack_from("!HHH", flow_mod, 26)
    (flags,) = struct.unpack_from("!H", flow_mod, 44)
    rest = flow_mod[FIXED:]
    seconds, nanoseconds, packets, octets = 5, 6, 7, 8
    head = struct.pack(
        "!HBxIIHHHH4x", FIXED + len(rest), table, seconds, nanoseconds, priority, idle, hard, flags
    )
    return head + struct.pack("!QQQ", cookie, packets, octets) + rest


def main() -> None:
    given = json.load(sys.stdin)
    wire, held = [], []
    for switch in from_plain(Program, given["program"]).switches:
        for flow in switch.flows:
            message = encoding.entry(flow, 7)
            wire.append(message.hex())
            (one,) = decoding.entries(as_statistics(message), 0)
            held.append(to_plain(one.flow))
    deletion, _, _ = encoding.everything_off(7)

    from corridor.controller.openflow import wiring_check

    frames = [wiring_check.lldp_frame(0x2A, 7).hex(), *given["frames"]]
    origins = [wiring_check.lldp_origin(bytes.fromhex(frame)) for frame in frames]
    said = {"wire": wire, "held": held, "origins": origins, "deletion": deletion.hex()}
    print(json.dumps(said | {"lldp": frames[0]}))


if __name__ == "__main__":
    main()
