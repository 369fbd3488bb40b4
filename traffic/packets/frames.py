"""Builds every frame that agents send, once, with Scapy; a program of its own.

Standard input holds a JSON list of frame specifications, standard output gets a JSON list of
templates in the same order, the same bytes for the same input. This is the only file that imports
Scapy (GPL-2.0-only); it runs as a process of its own and nothing imports it.

A specification::

    {"id": any, "kind": "stamp" | "stream", "src_mac": str, "dst_mac": str, "src_ip": str,
     "dst_ip": str, "sport": int, "dport": int, "dscp": int, "ttl": int,
     "size_bytes": int,                       # the frame from Ethernet header on, without FCS
     "ssid": int, "error_estimate": int,      # stamp, requests and replies
     "reply": bool,                           # stamp: a reflector's reply instead of a request
     "flow": int}                             # stream

A template: ``{"id", "kind", "size_bytes", "frame_hex", "offsets": {"payload", "sequence",
"timestamp", "udp_checksum"}}``, offsets counted from the first octet of the frame.
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
from scapy.layers.l2 import Ether  # noqa: E402
from scapy.packet import Raw  # noqa: E402

from corridor.traffic.packets import stamp, stream_header  # noqa: E402
from corridor.traffic.packets.template import udp_checksum_of  # noqa: E402


class SpecError(ValueError):
    """A specification that cannot become a frame."""


def _headers(spec: dict[str, Any]) -> Any:
    return (
        Ether(src=spec["src_mac"], dst=spec["dst_mac"], type=0x0800)
        / IP(
            src=spec["src_ip"],
            dst=spec["dst_ip"],
            tos=int(spec.get("dscp", 0)) << 2,
            ttl=int(spec.get("ttl", 255)),
            id=0,
            flags="DF",
        )
        / UDP(sport=int(spec["sport"]), dport=int(spec["dport"]))
    )


def _stamp_payload(spec: dict[str, Any], room: int) -> Any:
    """44 octets, then an Extra Padding TLV (RFC 8972 section 4.1) up to ``room``."""
    spare = room - stamp.PACKET_BYTES
    if spare < 0 or 0 < spare < stamp.TLV_HEADER_BYTES:
        raise SpecError(f"{room} B of payload fit neither 44 B of STAMP nor 44 B and a TLV of 4 B")
    estimate = int(spec.get("error_estimate", stamp.error_estimate(256)))
    fields: dict[str, Any] = {
        "seq": 0,
        "ts": 0,
        "err_estimate": ErrorEstimate(estimate.to_bytes(2)),
        "ssid": int(spec["ssid"]),
    }
    kind: Any = STAMPSessionSenderTestUnauthenticated
    if spec.get("reply"):
        kind = STAMPSessionReflectorTestUnauthenticated
        fields |= {"ts_rx": 0, "ts_sender": 0, "err_estimate_sender": ErrorEstimate(b"\x80\x01")}
    if spare:
        padding = bytes(spare - stamp.TLV_HEADER_BYTES)
        fields["tlv_objects"] = [
            STAMPTestTLV(
                flags=0 if spec.get("reply") else stamp.TLV_UNRECOGNISED,
                type=stamp.TLV_EXTRA_PADDING,
                len=len(padding),
                value=padding,
            )
        ]
    return kind(**fields)


def _stream_payload(spec: dict[str, Any], room: int) -> Any:
    if room < stream_header.BYTES:
        raise SpecError(f"{room} B of payload do not hold the {stream_header.BYTES} B header")
    filler = bytes(at & 0xFF for at in range(room - stream_header.BYTES))
    return Raw(stream_header.pack(int(spec["flow"]), 0, 0) + filler)


def template(spec: dict[str, Any]) -> dict[str, Any]:
    """One template; SpecError, KeyError or ValueError when the specification is unfit."""
    headers = _headers(spec)
    payload_at = len(headers)
    size = int(spec["size_bytes"])
    if spec["kind"] == "stamp":
        payload, sequence_at, time_at = (
            _stamp_payload(spec, size - payload_at),
            stamp.SEQ_OFFSET,
            stamp.TIMESTAMP_OFFSET,
        )
    elif spec["kind"] == "stream":
        payload, sequence_at, time_at = (
            _stream_payload(spec, size - payload_at),
            stream_header.SEQUENCE_OFFSET,
            stream_header.TIME_OFFSET,
        )
    else:
        raise SpecError(f"kind {spec['kind']!r} is neither 'stamp' nor 'stream'")
    frame = bytes(headers / payload)
    carried, wanted = udp_checksum_of(frame)
    if len(frame) != size or carried != wanted:
        raise SpecError(f"Scapy built {len(frame)} B for {size} B, checksum {carried:#06x}")
    return {
        "id": spec["id"],
        "kind": spec["kind"],
        "size_bytes": size,
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
            templates.append(template(spec))
        except (KeyError, ValueError, TypeError, OSError) as problem:
            print(f"frame {spec.get('id')!r}: {problem}", file=sys.stderr)
            return 2
    json.dump(templates, sys.stdout, separators=(",", ":"))
    sys.stdout.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
