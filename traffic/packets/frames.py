"""Builds every frame that agents send, once, with Scapy; a separate program.

Standard input holds a JSON list of frame specifications, standard output gets a JSON list of
templates in the same order, the same bytes for the same input. This is the only file that imports
Scapy (GPL-2.0-only); it runs as a separate process and nothing imports it.

Both are in ``template.py``: a specification is a ``FrameSpec`` with all or some of what it has
by default, a template a ``BuiltFrame``.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from scapy.config import conf

conf.route_autoload = False
conf.route6_autoload = False

from scapy.contrib.stamp import (  # noqa: E402
    ErrorEstimate,
    STAMPSessionReflectorTestUnauthenticated,
    STAMPSessionSenderTestUnauthenticated,
    STAMPTestTLV,
)
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.inet6 import IPv6  # noqa: E402
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

from corridor.topologies.model.addresses import family_of  # noqa: E402
from corridor.traffic.packets import stamp  # noqa: E402
from corridor.traffic.packets.frame_spec import BuiltFrame, FrameSpec  # noqa: E402
from corridor.traffic.packets.template import udp_checksum_of  # noqa: E402


class SpecError(ValueError):
    """A specification that cannot become a frame."""


def _headers(spec: FrameSpec) -> Any:
    if family_of(spec.src_ip) == "ipv6":
        return (
            Ether(src=spec.src_mac, dst=spec.dst_mac, type=0x86DD)
            / IPv6(src=spec.src_ip, dst=spec.dst_ip, tc=spec.dscp << 2, hlim=spec.ttl)
            / UDP(sport=spec.sport, dport=spec.dport)
        )
    return (
        Ether(src=spec.src_mac, dst=spec.dst_mac, type=0x0800)
        / IP(src=spec.src_ip, dst=spec.dst_ip, tos=spec.dscp << 2, ttl=spec.ttl, id=0, flags="DF")
        / UDP(sport=spec.sport, dport=spec.dport)
    )


def _stamp_payload(spec: FrameSpec, room: int) -> Any:
    """44 octets, then an Extra Padding TLV (RFC 8972 section 4.1) up to ``room``."""
    spare = room - stamp.PACKET_BYTES
    if spare < 0 or 0 < spare < stamp.TLV_HEADER_BYTES:
        raise SpecError(f"{room} B of payload fit neither 44 B of STAMP nor 44 B and a TLV of 4 B")
    estimate = ErrorEstimate(spec.error_estimate.to_bytes(2))
    kind: Any = STAMPSessionSenderTestUnauthenticated
    if spec.reply:
        kind = STAMPSessionReflectorTestUnauthenticated
    packet = kind(seq=0, ts=0, err_estimate=estimate, ssid=spec.ssid)
    if spec.reply:
        packet.ts_rx = packet.ts_sender = 0
        packet.err_estimate_sender = ErrorEstimate(b"\x80\x01")
    if spare:
        padding = bytes(spare - stamp.TLV_HEADER_BYTES)
        flags = 0 if spec.reply else stamp.TLV_UNRECOGNISED
        packet.tlv_objects = [
            STAMPTestTLV(flags=flags, type=stamp.TLV_EXTRA_PADDING, len=len(padding), value=padding)
        ]
    return packet


def _stream_payload(spec: FrameSpec, room: int) -> Any:
    if room < stamp.BYTES:
        raise SpecError(f"{room} B of payload do not hold the {stamp.BYTES} B header")
    filler = bytes(at & 0xFF for at in range(room - stamp.BYTES))
    return Raw(stamp.pack(spec.flow, 0, 0) + filler)


def template(spec: FrameSpec) -> BuiltFrame:
    """One template; ValueError (SpecError, too) when the specification is unfit."""
    headers = _headers(spec)
    payload_at = len(headers)
    kind: str = spec.kind
    if kind == "stamp":
        payload = _stamp_payload(spec, spec.size_bytes - payload_at)
        sequence_at, time_at = stamp.SEQ_OFFSET, stamp.TIMESTAMP_OFFSET
    elif kind == "stream":
        payload = _stream_payload(spec, spec.size_bytes - payload_at)
        sequence_at, time_at = stamp.SEQUENCE_OFFSET, stamp.TIME_OFFSET
    else:
        raise SpecError(f"kind {kind!r} is neither 'stamp' nor 'stream'")
    frame = bytes(headers / payload)
    carried, wanted = udp_checksum_of(frame)
    if len(frame) != spec.size_bytes or carried != wanted:
        raise SpecError(
            f"Scapy built {len(frame)} B for {spec.size_bytes} B, checksum {carried:#06x}"
        )
    return {
        "id": spec.id,
        "frame_hex": frame.hex(),
        "offsets": {
            "payload": payload_at,
            "sequence": payload_at + sequence_at,
            "timestamp": payload_at + time_at,
            "udp_checksum": payload_at - 2,
        },
    }


def main() -> int:
    templates = []
    for spec in json.load(sys.stdin):
        try:
            templates.append(template(FrameSpec(**spec)))
        except (KeyError, ValueError, TypeError, OSError) as problem:
            print(f"frame {spec.get('id')!r}: {problem}", file=sys.stderr)
            return 2
    json.dump(templates, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
